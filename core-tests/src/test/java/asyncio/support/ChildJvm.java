package asyncio.support;

import static org.junit.jupiter.api.Assertions.assertEquals;

import asyncio.Asyncio;
import asyncio.CarrierKind;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * A JVM of its own that runs a main class of the tests on the carrier of this JVM; killed after 20
 * s.
 */
public final class ChildJvm implements AutoCloseable {
  private static final long LIMIT_SECONDS = 20;

  private final Process process;
  private final BufferedReader output;
  private final List<String> seen = new ArrayList<>();

  public ChildJvm(Class<?> main, String... options) throws IOException {
    this(main, List.of(), options);
  }

  /** With more on the class path than this JVM has. */
  public ChildJvm(Class<?> main, List<Path> moreClasses, String... options) throws IOException {
    var classPath = new StringBuilder(System.getProperty("java.class.path"));
    moreClasses.forEach(more -> classPath.append(File.pathSeparator).append(more));
    List<String> command = new ArrayList<>();
    if (canResetSignals()) {
      // A shell that runs tests in the background lets its children ignore Ctrl-C.
      command.addAll(List.of("env", "--default-signal=INT,TERM,HUP"));
    }
    command.add(ProcessHandle.current().info().command().orElse("java"));
    if (Asyncio.carrier() == CarrierKind.MOUNTED) {
      command.addAll(List.of("--add-opens", "java.base/java.lang=ALL-UNNAMED"));
    }
    command.add("-Dasyncio.carrier=" + Asyncio.carrier().name().toLowerCase());
    command.addAll(
        List.of("-Xmx64m", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
    command.addAll(List.of(options));
    command.addAll(List.of("-cp", classPath.toString(), main.getName()));
    process = new ProcessBuilder(command).redirectErrorStream(true).start();
    output =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    CompletableFuture.delayedExecutor(LIMIT_SECONDS, TimeUnit.SECONDS)
        .execute(process::destroyForcibly);
  }

  private static boolean canResetSignals() throws IOException {
    try {
      return new ProcessBuilder("env", "--default-signal=INT,TERM,HUP", "true")
              .start()
              .waitFor()
          == 0;
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** Reads until a line of output is {@code line}. */
  public void awaitLine(String line) throws IOException {
    for (String next = output.readLine(); next != null; next = output.readLine()) {
      seen.add(next);
      if (next.equals(line)) {
        return;
      }
    }
    throw new AssertionError("the output ended without '" + line + "': " + seen);
  }

  /** Reads until a line of output contains {@code text}; returns it. */
  public String awaitLineWith(String text) throws IOException {
    for (String next = output.readLine(); next != null; next = output.readLine()) {
      seen.add(next);
      if (next.contains(text)) {
        return next;
      }
    }
    throw new AssertionError("the output ended without '" + text + "': " + seen);
  }

  /** Sends a signal: INT, TERM, HUP. */
  public void signal(String name) throws Exception {
    int code = new ProcessBuilder("kill", "-" + name, String.valueOf(process.pid()))
        .start()
        .waitFor();
    if (code != 0 && process.isAlive()) {
      throw new AssertionError("kill -" + name + " ended with " + code + "; output: " + seen);
    }
  }

  /** Whether it runs after a moment. */
  public boolean isAlive() throws InterruptedException {
    return !process.waitFor(20, TimeUnit.MILLISECONDS);
  }

  /** Waits for the end; the exit code. */
  public int exitCode() throws Exception {
    for (String next = output.readLine(); next != null; next = output.readLine()) {
      seen.add(next);
    }
    return process.waitFor();
  }

  /** Waits for the end; fails, with all output, unless it is by this exit code. */
  public void assertExitCode(int expected) throws Exception {
    assertEquals(expected, exitCode(), seen::toString);
  }

  /** All output that was read so far, as one text. */
  public String output() {
    return String.join("\n", seen);
  }

  /** All lines read so far, all there are after {@link #exitCode}. */
  public List<String> lines() {
    return seen;
  }

  /** As {@link #lines}, without those of the library's log: each record begins with two lines. */
  public List<String> printed() {
    List<String> printed = new ArrayList<>();
    for (int i = 0; i < seen.size(); i++) {
      if (i + 1 < seen.size() && seen.get(i + 1).startsWith("INFO: SIG")) {
        i++;
      } else {
        printed.add(seen.get(i));
      }
    }
    return printed;
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
