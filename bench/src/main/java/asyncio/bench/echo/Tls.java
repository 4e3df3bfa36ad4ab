package asyncio.bench.echo;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The row of TLS: handshakes and round trips. */
public final class Tls extends LoadRow {
  private final Path certificate;
  private final Path key;

  /**
   * A row that is not measured yet.
   *
   * @param java which java to use
   * @param jar with this class, the library and Netty
   * @param peers the folder of the other servers; what is built of them is kept in target beside it
   * @param scratch a folder for what need not be kept
   */
  public Tls(String java, Path jar, Path peers, Path scratch, Echo.Effort effort) {
    super(
        "tls",
        "Netty, JDK",
        modes(),
        new Contenders(java, jar, peers),
        scratch,
        effort.forMuchToCompile());
    certificate = scratch.resolve("tls.pem");
    key = scratch.resolve("tls.key");
  }

  private static Map<String, String> modes() {
    Map<String, String> modes = new LinkedHashMap<>();
    modes.put("16384", "a round trip of 16 KiB");
    modes.put("64", "a round trip of 64 bytes");
    modes.put("full", "a full handshake");
    modes.put("resumed", "a resumed handshake");
    return modes;
  }

  @Override
  List<String> tools() {
    return List.of("go", "openssl", "taskset");
  }

  @Override
  int connections() {
    return 50;
  }

  @Override
  String authority() {
    return certificate.toString();
  }

  @Override
  List<Contender> servers() throws IOException, InterruptedException {
    conditions.put("certificate", "EC P-256, self-signed");
    Programs.certificate(certificate, key);
    return contenders.tls(certificate.toString(), key.toString());
  }
}
