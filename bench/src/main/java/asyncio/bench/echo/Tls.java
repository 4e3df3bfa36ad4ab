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
 * The row of TLS: what handshakes and round trips cost a server, on a processor of its own, under a
 * load in Go that comes from another one.
 */
public final class Tls implements Measured {
  private static final int CONNECTIONS = 50;
  private static final String REFERENCE = "Netty, JDK";

  /** What the load does, with what it is called. */
  private static final Map<String, String> MODES = modes();

  private final Contenders contenders;
  private final Path scratch;
  private final Echo.Effort effort;
  private final Map<String, Map<String, List<Result>>> results = new HashMap<>();
  private final Map<String, String> conditions = new LinkedHashMap<>();
  private List<Contender> all = List.of();
  private String absent;
  private String load;
  private String ca;
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
   * @param java which java to use
   * @param jar with this class, the library and Netty
   * @param peers the folder of the other servers; what is built of them is kept in target beside it
   * @param scratch a folder for what need not be kept
   */
  public Tls(String java, Path jar, Path peers, Path scratch, Echo.Effort effort) {
    this.contenders =
        new Contenders(java, jar, peers, peers.resolveSibling("target").resolve("echo"));
    this.scratch = scratch;
    this.effort = effort;
  }

  private static Map<String, String> modes() {
    Map<String, String> modes = new LinkedHashMap<>();
    modes.put("16384", "round trip of 16 KiB");
    modes.put("64", "round trip of 64 bytes");
    modes.put("full", "full handshake");
    modes.put("resumed", "resumed handshake");
    return modes;
  }

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
            System.err.printf("tls %d/%d: %s%n", round, effort.rounds(), one.name);
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
    for (String tool : List.of("go", "openssl", "taskset")) {
      if (!Programs.exists(tool)) {
        throw new IOException(tool + " is missing");
      }
    }
    List<String> cpus = Echo.allowedCpus();
    serverCpu = cpus.getLast();
    loadCpu = cpus.getFirst();
    conditions.put("load", CONNECTIONS + " connections, Go's crypto/tls, on " + loadCpu);
    conditions.put("certificate", "EC P-256, self-signed");
    conditions.put("JVM flags", Echo.HEAP);
    ca = scratch.resolve("tls.pem").toString();
    String key = scratch.resolve("tls.key").toString();
    Programs.output(List.of(
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-keyout",
        key,
        "-out",
        ca,
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=DNS:localhost"));
    load = contenders.buildTlsLoad();
    all = contenders.tls(ca, key);
  }

  private void measure(Contender one) throws InterruptedException {
    try {
      if (!one.isRunning()) {
        one.start(serverCpu, scratch);
        load(one, effort.firstSeconds() / (one.warmsUp ? 1 : 5), 0); // for each mode
      }
      List<Result> measured = load(one, effort.warmUpSeconds(), effort.seconds());
      int at = 0;
      for (String mode : MODES.keySet()) {
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
        load, "" + one.port(), "" + one.pid(), "" + CONNECTIONS, "" + warmUp, "" + seconds, ca));
    command.addAll(MODES.keySet());
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
      return String.format("%ntls: %s%n", absent);
    }
    var text = new Formatter(Locale.ROOT);
    text.format("%n");
    conditions.forEach((name, value) -> text.format("tls, %s: %s%n", name, value));
    for (Contender one : all) {
      text.format("tls, %s: %s%n", one.name, one.absent() != null ? one.absent() : one.version());
    }
    MODES.forEach((mode, what) -> {
      text.format("%ntls: CPU of the server for a %s, µs (%d runs)%n", what, effort.rounds());
      text.format("  %-22s  %9s  %5s  %9s  %s%n", "", "median", "ratio", "/ second", "resumed");
      double base = median(REFERENCE, mode, Result::cpuOfEach);
      for (Contender one : all) {
        if (one.absent() != null) {
          text.format("  %-22s  %s%n", one.name, one.absent());
          continue;
        }
        double median = median(one.name, mode, Result::cpuOfEach);
        text.format(
            "  %-22s  %,9.1f  %5.2f  %,9.0f  %3.0f%%%s%n",
            one.name,
            median,
            median / base,
            median(one.name, mode, Result::perSecond),
            100 * median(one.name, mode, result -> result.resumed() / result.count()),
            one.name.equals(REFERENCE) ? "  (reference)" : "");
      }
    });
    return text.toString();
  }

  @Override
  public Map<String, Object> toJson() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("name", "tls");
    json.put("title", "CPU of the server for handshakes and round trips over TLS");
    json.put("unit", "µs");
    if (absent != null) {
      json.put("absent", absent);
      return json;
    }
    json.put("conditions", conditions);
    json.put("reference", REFERENCE);
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
    MODES.keySet().forEach(mode -> json.put(mode, median(one.name, mode, Result::cpuOfEach)));
    return json;
  }
}
