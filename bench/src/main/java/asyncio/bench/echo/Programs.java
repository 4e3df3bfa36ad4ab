package asyncio.bench.echo;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Programs that run to their end. */
final class Programs {
  private Programs() {}

  static boolean exists(String program) {
    for (String folder : System.getenv().getOrDefault("PATH", "").split(File.pathSeparator)) {
      if (Files.isExecutable(Path.of(folder, program))) {
        return true;
      }
    }
    return false;
  }

  /** What a program prints. Fails, with the end of its error output, when it does, or hangs. */
  static String output(int limitSeconds, Map<String, String> environment, List<String> command)
      throws IOException, InterruptedException {
    Path output = Files.createTempFile("bench", ".out");
    Path errors = Files.createTempFile("bench", ".err");
    try {
      var builder = new ProcessBuilder(command)
          .redirectOutput(output.toFile())
          .redirectError(errors.toFile());
      builder.environment().putAll(environment);
      Process process = builder.start();
      process.getOutputStream().close();
      try {
        if (!process.waitFor(limitSeconds, TimeUnit.SECONDS)) {
          throw new IOException("did not end within " + limitSeconds + " s");
        }
      } finally {
        process.destroyForcibly();
      }
      if (process.exitValue() != 0) {
        throw new IOException(lastLine(errors, "exit code " + process.exitValue()));
      }
      return Files.readString(output).strip();
    } finally {
      Files.delete(output);
      Files.delete(errors);
    }
  }

  static String output(List<String> command) throws IOException, InterruptedException {
    return output(120, Map.of(), command);
  }

  static String lastLine(Path file, String otherwise) throws IOException {
    return Files.readString(file).strip().lines().reduce((before, last) -> last).orElse(otherwise);
  }

  /** Makes a certificate for localhost that signs itself, with its key. */
  static void certificate(Path certificate, Path key) throws IOException, InterruptedException {
    output(List.of(
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-keyout",
        key.toString(),
        "-out",
        certificate.toString(),
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=DNS:localhost"));
  }
}
