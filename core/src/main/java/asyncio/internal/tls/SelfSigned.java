package asyncio.internal.tls;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;

/** A certificate that nobody else has signed, made by the JDK's keytool. */
public final class SelfSigned {
  private SelfSigned() {}

  /**
   * Makes a key and a certificate. Blocks for about a second.
   *
   * @param names of hosts, or their addresses
   */
  public static Identity make(List<String> names) throws IOException {
    Path folder = Files.createTempDirectory("asyncio-tls");
    try {
      Path store = folder.resolve("key.p12");
      char[] password = password();
      keytool(store, password, names);
      return KeyStores.load(store, password);
    } finally {
      try (var files = Files.newDirectoryStream(folder)) {
        for (Path file : files) {
          Files.delete(file);
        }
      }
      Files.delete(folder);
    }
  }

  private static char[] password() {
    byte[] random = new byte[16];
    new SecureRandom().nextBytes(random);
    return HexFormat.of().formatHex(random).toCharArray();
  }

  private static void keytool(Path store, char[] password, List<String> names) throws IOException {
    Path tool = Path.of(System.getProperty("java.home"), "bin", "keytool");
    String alternatives = names.stream()
        .map(name -> (ServerNames.isLiteral(name) ? "ip:" : "dns:") + name)
        .collect(Collectors.joining(","));
    List<String> words = new ArrayList<>(List.of(tool.toString(), "-J-XX:TieredStopAtLevel=1"));
    words.addAll(
        List.of("-genkeypair", "-alias", "own", "-keyalg", "EC", "-groupname", "secp256r1"));
    words.addAll(List.of("-dname", "CN=self-signed, O=for development", "-validity", "365"));
    words.addAll(List.of("-startdate", "-1H")); // for peers whose clock is behind
    words.addAll(List.of("-ext", "SAN=" + alternatives, "-ext", "EKU=serverAuth,clientAuth"));
    words.addAll(List.of("-ext", "BC=ca:false"));
    words.addAll(List.of("-storetype", "PKCS12", "-keystore", store.toString()));
    words.addAll(List.of("-storepass:env", "ASYNCIO_STORE_PASSWORD"));
    var builder = new ProcessBuilder(words).redirectErrorStream(true);
    builder.environment().put("ASYNCIO_STORE_PASSWORD", new String(password));
    Process process;
    try {
      process = builder.start();
    } catch (IOException missing) {
      throw new IOException(
          "Self-signed certificates are made by the JDK's keytool, which can't be run: "
              + missing.getMessage()
              + ". Load one from a file: TlsIdentity.load(chain, key).",
          missing);
    }
    process.getOutputStream().close();
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    int exit;
    try {
      exit = process.waitFor();
    } catch (InterruptedException interrupted) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new IOException("keytool was interrupted", interrupted);
    }
    if (exit != 0) {
      throw new IOException("The JDK's keytool made no certificate for " + names + ": " + output);
    }
  }
}
