package asyncio.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Programs started by the benchmarks. */
final class Commands {
  private static final long LIMIT_SECONDS = 600;

  private Commands() {}

  /** What a program prints. Fails when it does, or hangs. */
  static String output(List<String> command) throws IOException, InterruptedException {
    Path errors = Files.createTempFile("bench", ".err");
    try {
      Process process =
          new ProcessBuilder(command).redirectError(errors.toFile()).start();
      process.getOutputStream().close();
      Thread stop = Thread.startVirtualThread(() -> {
        try {
          if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly();
          }
        } catch (InterruptedException e) {
          // The program has ended.
        }
      });
      String output = new String(process.getInputStream().readAllBytes());
      int code = process.waitFor();
      stop.interrupt();
      if (code != 0) {
        throw new IOException("exit code "
            + code
            + " of "
            + String.join(" ", command)
            + "\n"
            + Files.readString(errors));
      }
      return output.strip();
    } finally {
      Files.delete(errors);
    }
  }

  /** The number that a program prints last. */
  static double number(List<String> command) throws IOException, InterruptedException {
    return Double.parseDouble(output(command).lines().toList().getLast());
  }

  /** Milliseconds from start to exit. */
  static double duration(List<String> command) throws IOException, InterruptedException {
    var builder = new ProcessBuilder(command)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .redirectError(ProcessBuilder.Redirect.DISCARD);
    long begin = System.nanoTime();
    int code = builder.start().waitFor();
    long taken = System.nanoTime() - begin;
    if (code != 0) {
      throw new IOException("exit code " + code + " of " + String.join(" ", command));
    }
    return taken / 1e6;
  }
}
