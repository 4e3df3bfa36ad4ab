package asyncio.bench.echo;

import asyncio.bench.Measured;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Formatter;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * A row of what servers need for some kinds of work, on a processor of their own, under a load in Go
 * that comes from another one.
 */
abstract class LoadRow implements Measured {
  private final String name;
  private final String reference;

  /** What the load does, with what it is called. */
  private final Map<String, String> modes;

  final Contenders contenders;
  final Path scratch;
  private final Echo.Effort effort;
  private final Map<String, Map<String, List<Result>>> results = new HashMap<>();
  final Map<String, String> conditions = new LinkedHashMap<>();
  private List<Contender> all = List.of();
  private String absent;
  private String load;
  private String serverCpu;
  private String loadCpu;

  /** A line of the load. */
  private record Result(double count, double seconds, double cpu, double resumed) {
    static Result parse(String line) {
      String[] numbers = line.split(" ");
      return new Result(
          Double.parseDouble(numbers[1]),
          Double.parseDouble(numbers[2]),
          Double.parseDouble(numbers[3]),
          Double.parseDouble(numbers[4]));
    }

    /** In microseconds. */
    double cpuOfEach() {
      return cpu / count / 1e3;
    }

    double perSecond() {
      return count / seconds;
    }
  }

  /**
   * A row that is not measured yet.
   *
   * @param reference the contender that ratios are of
   * @param modes what the load does, each with what it is called, "a round trip"
   */
  LoadRow(
      String name,
      String reference,
      Map<String, String> modes,
      Contenders contenders,
      Path scratch,
      Echo.Effort effort) {
    this.name = name;
    this.reference = reference;
    this.modes = modes;
    this.contenders = contenders;
    this.scratch = scratch;
    this.effort = effort;
  }

  /** The tools without which nothing can be measured. */
  abstract List<String> tools();

  /** Makes what the servers need, and returns them. */
  abstract List<Contender> servers() throws IOException, InterruptedException;

  /** How many connections the load has at a time. */
  abstract int connections();

  /** The certificate of the servers; "-" if they have none. */
  abstract String authority();

  @Override
  public void run() throws InterruptedException {
    try {
      prepare();
    } catch (IOException e) {
      absent = "skipped: " + e.getMessage();
      return;
    }
    var stopAll = new Thread(() -> all.forEach(Contender::stop));
    Runtime.getRuntime().addShutdownHook(stopAll);
    try {
      for (int round = 1; round <= effort.rounds(); round++) {
        for (Contender one : all) {
          if (one.absent() == null) {
            System.err.printf("%s %d/%d: %s%n", name, round, effort.rounds(), one.name);
            measure(one);
          }
        }
      }
    } finally {
      all.forEach(Contender::stop);
      Runtime.getRuntime().removeShutdownHook(stopAll);
    }
  }

  private void prepare() throws IOException, InterruptedException {
    for (String tool : tools()) {
      if (!Programs.exists(tool)) {
        throw new IOException(tool + " is missing");
      }
    }
    List<String> cpus = Echo.allowedCpus();
    serverCpu = cpus.getLast();
    loadCpu = cpus.getFirst();
    conditions.put("load", connections() + " connections, in Go, on " + loadCpu);
    conditions.put("JVM flags", Echo.HEAP);
    load = contenders.buildGoLoad();
    all = servers();
  }

  private void measure(Contender one) throws InterruptedException {
    try {
      if (!one.isRunning()) {
        one.start(serverCpu, scratch);
        load(one, effort.firstSeconds() / (one.warmsUp ? 1 : 5), 0); // for each mode
      }
      List<Result> measured = load(one, effort.warmUpSeconds(), effort.seconds());
      int at = 0;
      for (String mode : modes.keySet()) {
        results
            .computeIfAbsent(one.name, _ -> new HashMap<>())
            .computeIfAbsent(mode, _ -> new ArrayList<>())
            .add(measured.get(at++));
      }
      if (effort.fresh()) {
        one.stop();
      }
    } catch (IOException e) {
      one.fail(e);
    }
  }

  private List<Result> load(Contender one, double warmUp, double seconds)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(
        load,
        "" + one.port(),
        "" + one.pid(),
        "" + connections(),
        "" + warmUp,
        "" + seconds,
        authority()));
    command.addAll(modes.keySet());
    try {
      return Programs.output(Contender.pinned(loadCpu, command))
          .lines()
          .map(Result::parse)
          .toList();
    } catch (IOException failure) {
      one.checkAlive();
      throw failure;
    }
  }

  @Override
  public boolean failed() {
    return all.stream().anyMatch(Contender::failed);
  }

  private double median(String name, String mode, ToDoubleFunction<Result> what) {
    double[] sorted = results.getOrDefault(name, Map.of()).getOrDefault(mode, List.of()).stream()
        .mapToDouble(what)
        .sorted()
        .toArray();
    return sorted.length == 0 ? Double.NaN : sorted[sorted.length / 2];
  }

  @Override
  public String table(boolean judged) {
    if (absent != null) {
      return String.format("%n%s: %s%n", name, absent);
    }
    var text = new Formatter(Locale.ROOT);
    text.format("%n");
    conditions.forEach((what, value) -> text.format("%s, %s: %s%n", name, what, value));
    for (Contender one : all) {
      text.format(
          "%s, %s: %s%n", name, one.name, one.absent() != null ? one.absent() : one.version());
    }
    modes.forEach((mode, what) -> {
      text.format("%n%s: CPU of the server for %s, µs (%d runs)%n", name, what, effort.rounds());
      text.format(
          "  %-22s  %9s  %5s  %9s  %s%n",
          "", "median", "ratio", "/ second", showsResumed() ? "resumed" : "");
      double base = median(reference, mode, Result::cpuOfEach);
      for (Contender one : all) {
        if (one.absent() != null) {
          text.format("  %-22s  %s%n", one.name, one.absent());
          continue;
        }
        double median = median(one.name, mode, Result::cpuOfEach);
        text.format(
            "  %-22s  %,9.1f  %5.2f  %,9.0f  %s%s%n",
            one.name,
            median,
            median / base,
            median(one.name, mode, Result::perSecond),
            showsResumed() ? resumed(one.name, mode) : "",
            one.name.equals(reference) ? "  (reference)" : "");
      }
    });
    return text.toString();
  }

  private boolean showsResumed() {
    return !authority().equals("-");
  }

  private String resumed(String server, String mode) {
    double part = median(server, mode, result -> result.resumed() / result.count());
    return String.format(Locale.ROOT, "%3.0f%%", 100 * part);
  }

  @Override
  public Map<String, Object> toJson() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("name", name);
    json.put("title", "CPU of the server for " + String.join(", ", modes.values()));
    json.put("unit", "µs");
    if (absent != null) {
      json.put("absent", absent);
      return json;
    }
    json.put("conditions", conditions);
    json.put("reference", reference);
    json.put("results", all.stream().map(this::toJson).toList());
    return json;
  }

  private Map<String, Object> toJson(Contender one) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("name", one.name);
    if (one.absent() != null) {
      json.put("absent", one.absent());
      return json;
    }
    json.put("version", one.version());
    modes.keySet().forEach(mode -> json.put(mode, median(one.name, mode, Result::cpuOfEach)));
    return json;
  }
}
