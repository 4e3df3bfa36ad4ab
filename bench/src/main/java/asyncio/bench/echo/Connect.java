package asyncio.bench.echo;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The row of connections that come and go: each is opened, sends a byte, gets it back, and closes. */
public final class Connect extends LoadRow {
  /** A row that is not measured yet; see {@link Tls#Tls}. */
  public Connect(String java, Path jar, Path peers, Path scratch, Echo.Effort effort) {
    super(
        "connect",
        Contenders.NETTY_NIO,
        Map.of("connect", "a connection with a byte there and back"),
        new Contenders(java, jar, peers),
        scratch,
        effort);
  }

  @Override
  List<String> tools() {
    return List.of("go", "taskset");
  }

  @Override
  int connections() {
    return 50;
  }

  @Override
  String authority() {
    return "-";
  }

  @Override
  List<Contender> servers() throws InterruptedException {
    return contenders.plain();
  }
}
