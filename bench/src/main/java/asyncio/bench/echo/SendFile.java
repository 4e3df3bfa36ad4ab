package asyncio.bench.echo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * The row of files: each connection gets a file of 1 GiB, which the system has in memory, sent by the
 * system or read and written by the server.
 */
public final class SendFile extends LoadRow {
  private static final long SIZE = 1L << 30;

  /** A row that is not measured yet; see {@link Tls#Tls}. */
  public SendFile(String java, Path jar, Path peers, Path scratch, Echo.Effort effort) {
    super(
        "sendfile",
        Contenders.GO_SENDFILE,
        Map.of("fetch", "a MiB of a file"),
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
    return 2;
  }

  @Override
  String authority() {
    return "-";
  }

  @Override
  List<Contender> servers() throws IOException, InterruptedException {
    Path file = scratch.resolve("file");
    byte[] mebibyte = new byte[1 << 20];
    try (var out = Files.newOutputStream(file)) {
      for (long written = 0; written < SIZE; written += mebibyte.length) {
        out.write(mebibyte);
      }
    }
    conditions.put("file", "1 GiB, in " + Files.getFileStore(file).type() + ", read before");
    return contenders.files(file);
  }
}
