package asyncio.support;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import asyncio.Asyncio;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A program in a process of its own, started as a user starts it: with the flag of the mounted
 * carrier, or without any flag. Closing kills it. It is killed as well, with what it has started,
 * when it takes too long.
 */
public final class Program implements AutoCloseable {
  private static final Duration LIMIT = Duration.ofSeconds(50);

  private final Process process;
  private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
  private final CompletableFuture<String> output;
  private final CompletableFuture<String> errors;
  private final BufferedWriter input;
  private volatile boolean tooLate;

  private Program(ProcessBuilder builder, Duration limit) throws IOException {
    process = builder.start();
    input = process.outputWriter();
    output = read(process.getInputStream(), lines);
    errors = read(process.getErrorStream(), new LinkedBlockingQueue<>());
    CompletableFuture.delayedExecutor(limit.toMillis(), TimeUnit.MILLISECONDS).execute(() -> {
      tooLate = process.isAlive();
      close();
    });
  }

  /** The carrier of this run of the suite. */
  public static boolean mounted() {
    return System.getProperty("asyncio.carrier", "mounted").equals("mounted");
  }

  /**
   * A compiled Java program on the carrier of this run of the suite. The watchdog keeps quiet: on a
   * busy machine it may have something to say about any program.
   */
  public static Program java(Path classes, String main, String... arguments) throws IOException {
    List<String> command = command(classes, main, arguments);
    command.add(1, "-Dasyncio.slowStepMillis=30000");
    return new Program(new ProcessBuilder(command), LIMIT);
  }

  /** As {@link #java}, with the watchdog as users have it. */
  public static Program javaWatched(Path classes, String main) throws IOException {
    return new Program(new ProcessBuilder(command(classes, main)), LIMIT);
  }

  /** As {@link #java}, with a limit of how many files it may have open. */
  public static Program javaWithFiles(int limit, Path classes, String main, String... arguments)
      throws IOException {
    List<String> command =
        new ArrayList<>(List.of("sh", "-c", "ulimit -n " + limit + " && exec \"$@\"", "sh"));
    int java = command.size();
    command.addAll(command(classes, main, arguments));
    command.add(java + 1, "-Dasyncio.slowStepMillis=30000");
    return new Program(new ProcessBuilder(command), LIMIT);
  }

  private static List<String> command(Path classes, String main, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    if (mounted()) {
      command.addAll(List.of("--add-opens", "java.base/java.lang=ALL-UNNAMED"));
    }
    command.addAll(
        List.of("-cp", library() + System.getProperty("path.separator") + classes, main));
    command.addAll(List.of(arguments));
    return command;
  }

  /** Any program; its errors go to {@link #errors}. */
  public static Program start(Duration limit, List<String> command) throws IOException {
    var builder = new ProcessBuilder(command).directory(root().toFile());
    builder.environment().put("ASYNCIO_JAVA_HOME", System.getProperty("java.home"));
    return new Program(builder, limit);
  }

  /** A program of somebody else; where it is not installed, the test is skipped or fails. */
  public static Program peer(String name, String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of(name));
    command.addAll(List.of(arguments));
    try {
      return start(LIMIT, command);
    } catch (IOException missing) {
      if ("1".equals(System.getenv("ASYNCIO_REQUIRE_PEERS"))) {
        return fail(name + " is needed for this test, and ASYNCIO_REQUIRE_PEERS=1", missing);
      }
      assumeTrue(false, name + " is not installed");
      throw missing;
    }
  }

  /** The folder of the whole project. */
  public static Path root() {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.exists(folder.resolve("asyncio")) || !Files.exists(folder.resolve("examples"))) {
      folder = folder.getParent();
      if (folder == null) {
        throw new IllegalStateException("not inside the project: " + Path.of("").toAbsolutePath());
      }
    }
    return folder;
  }

  /** The library alone: what users have on their class path. */
  public static Path library() {
    try {
      return Path.of(
          Asyncio.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (java.net.URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The text of a script among the resources of the tests, as a file. */
  public static Path script(Path folder, String name) throws IOException {
    try (InputStream script = Program.class.getResourceAsStream("/asyncio/peers/" + name)) {
      return Files.write(folder.resolve(name), script.readAllBytes());
    }
  }

  private static CompletableFuture<String> read(InputStream stream, BlockingQueue<String> lines) {
    var text = new CompletableFuture<String>();
    Thread.ofVirtual().start(() -> {
      var all = new StringBuilder();
      try (var reader = new BufferedReader(new java.io.InputStreamReader(stream))) {
        for (String line; (line = reader.readLine()) != null; ) {
          all.append(line).append('\n');
          lines.add(line);
        }
      } catch (IOException killed) {
        all.append("(").append(killed).append(")\n");
      } finally {
        text.complete(all.toString());
      }
    });
    return text;
  }

  /** The next line it prints. */
  public String line() throws InterruptedException {
    for (long end = System.nanoTime() + LIMIT.toNanos(); System.nanoTime() < end; ) {
      String line = lines.poll(50, TimeUnit.MILLISECONDS);
      if (line != null) {
        return line;
      }
      if (output.isDone() && lines.isEmpty()) {
        break;
      }
    }
    return fail("no more output\n" + whatHappened());
  }

  /** Lines are skipped until one contains the text; returns it. */
  public String lineWith(String text) throws InterruptedException {
    String line;
    do {
      line = line();
    } while (!line.contains(text));
    return line;
  }

  /** Types a line. */
  public void type(String line) {
    try {
      input.write(line);
      input.newLine();
      input.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(whatHappened(), e);
    }
  }

  /** Ends its input. */
  public void endInput() {
    try {
      input.close();
    } catch (IOException e) {
      throw new UncheckedIOException(whatHappened(), e);
    }
  }

  /** Ctrl-C. */
  public void interrupt() throws IOException, InterruptedException {
    signal("INT");
  }

  public void signal(String name) throws IOException, InterruptedException {
    assumeTrue(!interruptsAreIgnored(), "this process ignores SIGINT, and its children inherit it");
    new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
  }

  /** Whether we were started in the background of a shell that ignores SIGINT there. */
  private static boolean interruptsAreIgnored() throws IOException {
    Path status = Path.of("/proc/self/status");
    if (!Files.exists(status)) {
      return false;
    }
    for (String line : Files.readAllLines(status)) {
      if (line.startsWith("SigIgn:")) {
        return (Long.parseUnsignedLong(line.substring(7).trim(), 16) & 2) != 0;
      }
    }
    return false;
  }

  /** Waits for its end. */
  public int exitCode() {
    try {
      int code = process.waitFor();
      output.join();
      errors.join();
      if (tooLate) {
        fail("did not end in time and was killed\n" + whatHappened());
      }
      return code;
    } catch (InterruptedException e) {
      close();
      return fail("did not end in time\n" + whatHappened());
    }
  }

  /** The processes it has started. */
  public List<ProcessHandle> children() {
    return process.children().toList();
  }

  /** All it has printed, once it has ended. */
  public String output() {
    return output.join();
  }

  /**
   * All it has printed to the standard error, once it has ended, but for the record of a signal: a
   * log that closes as the process ends may or may not have written it.
   */
  public String errors() {
    return errors.join().replaceAll("(?m)^.*\\R^INFO: SIG(INT|TERM): Task .* is halted .*\\R", "");
  }

  /** For messages of failed tests; ends the program. */
  public String whatHappened() {
    close();
    return "--- output\n" + output.join() + "--- errors\n" + errors.join() + "---";
  }

  @Override
  public void close() {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }
}
