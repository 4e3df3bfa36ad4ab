package asyncio.bench.echo;

import asyncio.bench.Measured;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Formatter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/**
 * The row of the TCP echo servers: what a round trip costs them, on a processor of their own, under
 * a load that comes from another one.
 */
public final class Echo implements Measured {
  static final String HEAP = "-Xmx1g";

  private static final List<Integer> SIZES = List.of(64, 16 * 1024);
  private static final int FEW = 100;
  private static final int MANY = 10_000;

  /** Descriptors that a server or the load has besides its connections, and some to spare. */
  private static final int OTHER_FILES = 100;

  private static final Setting SMALL = new Setting(FEW, 64);
  private static final Setting SMALL_MANY = new Setting(MANY, 64);
  private static final Setting LARGE = new Setting(FEW, 16 * 1024);

  /**
   * How long to measure.
   *
   * @param fresh whether each round has a new process of each server
   * @param largeToMany whether the large messages are measured on many connections too
   * @param firstSeconds to warm up a new process on a JVM; others have a fifth
   * @param warmUpSeconds before each measurement
   */
  public record Effort(
      int rounds,
      boolean fresh,
      boolean largeToMany,
      double firstSeconds,
      double warmUpSeconds,
      double seconds) {
    /** For publishing. */
    public static final Effort FULL = new Effort(5, true, true, 5, 0.3, 1.5);

    /** Tells what has changed a lot. */
    public static final Effort QUICK = new Effort(3, false, false, 4, 0.1, 0.4);

    /** Tells whether every server runs. */
    public static final Effort SMOKE = new Effort(1, false, false, 0.1, 0.01, 0.05);

    /**
     * Returns this effort for code that a JVM takes long to compile on one processor: a process
     * warms up six times as long, and serves all rounds.
     */
    Effort forMuchToCompile() {
      return new Effort(rounds, false, largeToMany, 6 * firstSeconds, warmUpSeconds, seconds);
    }
  }

  private record Verdict(String text, double value, double limit) {
    String verdict() {
      if (Double.isNaN(value)) {
        return "not measured";
      }
      return (value <= limit ? "held" : "MISSED") + String.format(Locale.ROOT, " (%.2f)", value);
    }
  }

  private final Contenders contenders;
  private final Path scratch;
  private final Effort effort;
  private final List<Setting> settings = new ArrayList<>();
  private final Map<String, String> conditions = new LinkedHashMap<>();
  private final Map<String, Double> allocated = new LinkedHashMap<>();
  private List<Contender> all = List.of();
  private String absent;
  private String load;
  private String serverCpu;
  private String loadCpu;

  /**
   * A row that is not measured yet.
   *
   * @param java which java to use
   * @param jar with this class, the library and Netty
   * @param peers the folder of the other servers; what is built of them is kept in target beside it
   * @param scratch a folder for what need not be kept
   */
  public Echo(String java, Path jar, Path peers, Path scratch, Effort effort) {
    this.contenders = new Contenders(java, jar, peers);
    this.scratch = scratch;
    this.effort = effort;
  }

  // ---- measuring ----

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
            System.err.printf("echo %d/%d: %s%n", round, effort.rounds(), one.name);
            measure(one);
          }
        }
      }
      measureAllocations();
    } finally {
      all.forEach(Contender::stop);
      Runtime.getRuntime().removeShutdownHook(stopAll);
    }
  }

  private void prepare() throws IOException, InterruptedException {
    for (String tool : List.of("gcc", "taskset")) {
      if (!Programs.exists(tool)) {
        throw new IOException(tool + " is missing");
      }
    }
    List<String> cpus = allowedCpus();
    serverCpu = cpus.getLast(); // the first one often has the machine's interrupts
    loadCpu = cpus.getFirst();
    conditions.put(
        "processors",
        cpus.size() > 1
            ? "server on " + serverCpu + ", load on " + loadCpu + ", which never sleeps"
            : "server and load share the only one: the figures include the load's interference");
    String files = Programs.output(List.of("sh", "-c", "ulimit -H -n"));
    conditions.put("descriptors", files);
    conditions.put("JVM flags", HEAP + "; on one processor the collector is Serial by default");
    int most =
        files.equals("unlimited") ? Integer.MAX_VALUE : Integer.parseInt(files) - OTHER_FILES;
    for (int connections : List.of(FEW, MANY)) {
      if (connections <= most) {
        sizes(connections).forEach(bytes -> settings.add(new Setting(connections, bytes)));
      } else {
        conditions.put(
            connections + " connections", "skipped: only " + files + " descriptors are allowed");
      }
    }
    load = contenders.buildLoad();
    all = contenders.all();
  }

  private List<Integer> sizes(int connections) {
    return connections == FEW || effort.largeToMany() ? SIZES : List.of(SMALL_MANY.bytes());
  }

  static List<String> allowedCpus() throws IOException {
    String list = Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("Cpus_allowed_list:"))
        .map(line -> line.substring(line.indexOf(':') + 1).strip())
        .findFirst()
        .orElseThrow(() -> new IOException("this system does not list its processors"));
    List<String> cpus = new ArrayList<>();
    for (String range : list.split(",")) {
      String[] ends = range.split("-");
      for (int i = Integer.parseInt(ends[0]); i <= Integer.parseInt(ends[ends.length - 1]); i++) {
        cpus.add("" + i);
      }
    }
    return cpus;
  }

  private void measure(Contender one) throws InterruptedException {
    try {
      if (!one.isRunning()) {
        start(one);
      }
      for (int connections :
          settings.stream().map(Setting::connections).distinct().toList()) {
        List<Integer> sizes = sizes(connections);
        List<Sample> samples =
            load(one, connections, effort.warmUpSeconds(), effort.seconds(), sizes);
        for (int i = 0; i < sizes.size(); i++) {
          one.add(new Setting(connections, sizes.get(i)), samples.get(i));
        }
      }
      if (effort.fresh()) {
        one.stop();
      }
    } catch (IOException e) {
      one.fail(e);
    }
  }

  private void start(Contender one) throws IOException, InterruptedException {
    one.start(serverCpu, scratch);
    double seconds = effort.firstSeconds() / (one.warmsUp ? 1 : 5);
    // Twice each: what is compiled for one size alone is compiled again when the other one comes.
    List<Integer> sizes = Stream.of(SIZES, SIZES).flatMap(List::stream).toList();
    load(one, FEW, seconds / sizes.size(), 0, sizes);
  }

  private List<Sample> load(
      Contender one, int connections, double warmUp, double seconds, List<Integer> sizes)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(
        load,
        "" + one.port(),
        "" + one.pid(),
        "" + connections,
        serverCpu.equals(loadCpu) ? "0" : "1",
        "" + warmUp,
        "" + seconds));
    sizes.forEach(size -> command.add("" + size));
    String output;
    try {
      output = Programs.output(Contender.pinned(loadCpu, command));
    } catch (IOException failure) {
      one.checkAlive();
      throw failure;
    }
    return output.lines().map(Sample::parse).toList();
  }

  /**
   * What our server allocates for a round trip: a long run less a short one, so that connecting
   * does not count.
   */
  private void measureAllocations() throws InterruptedException {
    for (Contender one : all) {
      if (!List.of(Contenders.MOUNTED, Contenders.OWN_ARRAY, Contenders.BUFFER, Contenders.PORTABLE)
              .contains(one.name)
          || one.absent() != null) {
        continue;
      }
      try {
        if (!one.isRunning()) {
          start(one);
        }
        long begin = one.ask();
        double fewer = load(one, FEW, 0, 0, List.of(SMALL.bytes())).getFirst().total();
        long between = one.ask();
        double more = load(one, FEW, 0, effort.seconds(), List.of(SMALL.bytes()))
            .getFirst()
            .total();
        long end = one.ask();
        allocated.put(one.name, ((end - between) - (between - begin)) / (more - fewer));
        one.stop();
      } catch (IOException e) {
        one.fail(e);
      }
    }
  }

  // ---- the result ----

  /** Whether a server failed, sent a wrong byte or lost a message. */
  @Override
  public boolean failed() {
    return all.stream().anyMatch(Contender::failed);
  }

  private double median(String name, Setting setting, ToDoubleFunction<Sample> what) {
    return all.stream()
        .filter(one -> one.name.equals(name))
        .mapToDouble(one -> one.median(setting, what))
        .findFirst()
        .orElse(Double.NaN);
  }

  private double cpu(String name, Setting setting) {
    return median(name, setting, Sample::cpu);
  }

  private double rise(String name) {
    return cpu(name, SMALL_MANY) / cpu(name, SMALL);
  }

  private List<Verdict> holds() {
    double ours = cpu(Contenders.MOUNTED, SMALL);
    return List.of(
        new Verdict(
            "100 connections: mounted ≤ 1.1 × Netty NIO",
            ours / cpu(Contenders.NETTY_NIO, SMALL),
            1.1),
        new Verdict(
            "100 connections: mounted ≤ Netty epoll", ours / cpu(Contenders.NETTY_EPOLL, SMALL), 1),
        new Verdict(
            "100 connections, 16 KiB: mounted with a buffer ≤ 1.1 × Netty NIO",
            cpu(Contenders.BUFFER, LARGE) / cpu(Contenders.NETTY_NIO, LARGE),
            1.1),
        new Verdict(
            "from 100 to 10,000 connections: mounted rises no more than Netty NIO",
            rise(Contenders.MOUNTED) / rise(Contenders.NETTY_NIO),
            1),
        new Verdict(
            "mounted allocates what read() returns and nothing else, 80 bytes",
            allocated.getOrDefault(Contenders.MOUNTED, Double.NaN) / 80,
            1.01));
  }

  /** A table for each number of connections and size, and the verdicts. */
  @Override
  public String table(boolean judged) {
    if (absent != null) {
      return String.format("%necho: %s%n", absent);
    }
    var text = new Formatter(Locale.ROOT);
    text.format("%n");
    conditions.forEach((name, value) -> text.format("echo, %s: %s%n", name, value));
    for (Contender one : all) {
      text.format("echo, %s: %s%n", one.name, one.absent() != null ? one.absent() : one.version());
    }
    settings.forEach(setting -> addTable(text, setting));
    text.format("%n");
    allocated.forEach((name, bytes) ->
        text.format("  allocated for a round trip of 64 bytes, %s: %.1f bytes%n", name, bytes));
    if (judged) {
      holds().forEach(hold -> text.format("  hold: %s: %s%n", hold.text(), hold.verdict()));
    }
    return text.toString();
  }

  private void addTable(Formatter text, Setting setting) {
    double base = cpu(Contenders.NETTY_NIO, setting);
    int width = all.stream().mapToInt(one -> one.name.length()).max().orElse(0);
    text.format(
        "%necho: %s: CPU of the server for a round trip, ns (%d runs)%n", setting, effort.rounds());
    text.format(
        "  %-" + width + "s  %9s  %19s  %5s  %7s %7s %5s %9s %8s %8s %8s%n",
        "",
        "median",
        "min – max",
        "ratio",
        "user",
        "system",
        "busy",
        "/ second",
        "p50, µs",
        "p99, µs",
        "max, µs");
    for (Contender one : all) {
      if (one.absent() != null) {
        text.format("  %-" + width + "s  %s%n", one.name, one.absent());
        continue;
      }
      double median = one.median(setting, Sample::cpu);
      text.format(
          "  %-"
              + width
              + "s  %,9.0f  %,8.0f – %,8.0f  %5.2f  %,7.0f %,7.0f %4.0f%% %,9.0f %,8.0f"
              + " %,8.0f %,8.0f%s%n",
          one.name,
          median,
          one.samples(setting).stream().mapToDouble(Sample::cpu).min().orElse(Double.NaN),
          one.samples(setting).stream().mapToDouble(Sample::cpu).max().orElse(Double.NaN),
          median / base,
          one.median(setting, Sample::user),
          one.median(setting, Sample::system),
          one.median(setting, Sample::busy) * 100,
          one.median(setting, Sample::perSecond),
          one.median(setting, Sample::p50) / 1e3,
          one.median(setting, Sample::p99) / 1e3,
          one.median(setting, Sample::max) / 1e3,
          one.name.equals(Contenders.NETTY_NIO) ? "  (reference)" : "");
    }
  }

  @Override
  public Map<String, Object> toJson() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("name", "echo");
    json.put("title", "CPU of the server for a round trip over TCP");
    json.put("unit", "ns");
    if (absent != null) {
      json.put("absent", absent);
      return json;
    }
    json.put("conditions", conditions);
    json.put("reference", Contenders.NETTY_NIO);
    json.put("results", all.stream().map(this::toJson).toList());
    json.put("allocatedBytes", allocated);
    json.put("holds", holds().stream().map(Echo::toJson).toList());
    return json;
  }

  private static Map<String, Object> toJson(Verdict hold) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("text", hold.text());
    json.put("value", hold.value());
    json.put("limit", hold.limit());
    json.put("verdict", hold.verdict());
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
    json.put("settings", settings.stream().map(setting -> toJson(one, setting)).toList());
    return json;
  }

  private static Map<String, Object> toJson(Contender one, Setting setting) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("connections", setting.connections());
    json.put("bytes", setting.bytes());
    json.put("median", one.median(setting, Sample::cpu));
    json.put("samples", one.samples(setting).stream().map(Echo::toJson).toList());
    return json;
  }

  private static Map<String, Object> toJson(Sample sample) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("cpu", sample.cpu());
    json.put("user", sample.user());
    json.put("system", sample.system());
    json.put("busy", sample.busy());
    json.put("perSecond", sample.perSecond());
    json.put("p50", sample.p50());
    json.put("p99", sample.p99());
    json.put("max", sample.max());
    json.put("loadIdle", sample.idle());
    return json;
  }
}
