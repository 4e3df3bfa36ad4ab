package asyncio.bench.echo;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.ToDoubleFunction;

/**
 * An echo server and what was measured of it.
 *
 * <pre>
 *   STOPPED --start()--> RUNNING --stop()--> STOPPED
 * </pre>
 */
final class Contender {
  private static final int START_SECONDS = 60;

  final String name;

  /** Whether it gets faster for a while, as what runs on a JVM does. */
  final boolean warmsUp;

  private final List<String> command;
  private final Map<Setting, List<Sample>> samples = new HashMap<>();
  private String absent;
  private boolean failed;
  private String version = "";

  private Process process;
  private BufferedReader output;
  private Path errors;
  private int port;

  /**
   * A server that is started by {@code command} and prints its port, a blank and its version as
   * first line.
   */
  Contender(String name, boolean warmsUp, List<String> command) {
    this.name = name;
    this.warmsUp = warmsUp;
    this.command = command;
  }

  /** A server that can't be measured here. */
  static Contender skipped(String name, String why) {
    var skipped = new Contender(name, false, List.of());
    skipped.absent = "skipped: " + why;
    return skipped;
  }

  // ---- the process ----

  void start(String cpu, Path scratch) throws IOException, InterruptedException {
    errors = Files.createTempFile(scratch, "echo", ".err");
    process =
        new ProcessBuilder(pinned(cpu, command)).redirectError(errors.toFile()).start();
    output =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    String[] answer = readLine().split(" ", 2);
    port = Integer.parseInt(answer[0]);
    version = answer[1];
  }

  /** A command on one processor, with as many descriptors as there may be. */
  static List<String> pinned(String cpu, List<String> command) {
    List<String> pinned = new ArrayList<>(
        List.of("sh", "-c", "ulimit -S -n \"$(ulimit -H -n)\"; exec taskset -c \"$@\"", "sh"));
    pinned.add(cpu);
    pinned.addAll(command);
    return pinned;
  }

  /** A line from the server, which comes soon. */
  private String readLine() throws IOException, InterruptedException {
    var line = CompletableFuture.supplyAsync(() -> {
      try {
        return output.readLine();
      } catch (IOException e) {
        return null;
      }
    });
    String read;
    try {
      read = line.get(START_SECONDS, TimeUnit.SECONDS);
    } catch (TimeoutException | ExecutionException e) {
      throw new IOException("the server said nothing for " + START_SECONDS + " s", e);
    }
    if (read == null) {
      process.waitFor(1, TimeUnit.SECONDS);
      throw new IOException("the server ended: " + Programs.lastLine(errors, "without a word"));
    }
    return read;
  }

  /** Sends the server an empty line and returns the number it answers with. */
  long ask() throws IOException, InterruptedException {
    process.getOutputStream().write('\n');
    process.getOutputStream().flush();
    return Long.parseLong(readLine());
  }

  boolean isRunning() {
    return process != null;
  }

  long pid() {
    return process.pid();
  }

  int port() {
    return port;
  }

  /** Fails when the server has ended although nobody stopped it. */
  void checkAlive() throws IOException {
    if (!process.isAlive()) {
      throw new IOException("the server ended with code "
          + process.exitValue()
          + ": "
          + Programs.lastLine(errors, "without a word"));
    }
  }

  void stop() {
    if (process != null) {
      process.destroyForcibly();
      process = null;
    }
  }

  // ---- the results ----

  void add(Setting setting, Sample sample) {
    samples.computeIfAbsent(setting, _ -> new ArrayList<>()).add(sample);
  }

  void fail(Exception why) {
    failed = true;
    absent = "failed: " + why.getMessage();
    stop();
  }

  boolean failed() {
    return failed;
  }

  /** Why it is not measured at all; null when it is. */
  String absent() {
    return absent;
  }

  String version() {
    return version;
  }

  List<Sample> samples(Setting setting) {
    return samples.getOrDefault(setting, List.of());
  }

  /** The median of one thing; NaN without a result. */
  double median(Setting setting, ToDoubleFunction<Sample> what) {
    double[] sorted = samples(setting).stream().mapToDouble(what).toArray();
    if (absent != null || sorted.length == 0) {
      return Double.NaN;
    }
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
}
