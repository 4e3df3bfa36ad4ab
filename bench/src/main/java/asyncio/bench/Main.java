package asyncio.bench;

import asyncio.bench.echo.Echo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Runs the benchmarks row by row, the competitors of a row in turn, each time in a new process, and
 * prints the tables. {@code bench/run} starts it.
 */
final class Main {
  private static final List<String> NAMES =
      List.of("switch", "spawn", "queue", "timers", "gather", "memory", "startup", "echo");
  private static final List<Integer> PENDING = List.of(10, 10_000, 1_000_000);
  private static final List<Integer> GATHERED = List.of(10, 1_000, 100_000);

  private final Effort effort;
  private final Jmh jmh;
  private final Peers peers;
  private final String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
  private final Path jar = Path.of(System.getProperty("java.class.path")).toAbsolutePath();
  private final Path scratch;

  private Main(Effort effort, Path scratch) {
    this.effort = effort;
    this.scratch = scratch;
    this.jmh = new Jmh(java, effort);
    this.peers = new Peers(Path.of(System.getProperty("bench.peers")), scratch, effort);
  }

  public static void main(String[] args) throws IOException, InterruptedException {
    boolean quick = false;
    Path json = null;
    List<String> wanted = new ArrayList<>();
    for (int i = 0; i < args.length; i++) {
      String argument = args[i];
      switch (argument) {
        case "--quick" -> quick = true;
        case "--json" -> {
          if (++i == args.length) {
            refuse("--json needs a file");
          }
          json = Path.of(args[i]);
        }
        default -> {
          List<String> found = NAMES.stream().filter(name -> name.contains(argument)).toList();
          if (argument.startsWith("-") || found.isEmpty()) {
            refuse(
                "there is no benchmark '" + argument + "'; there are " + String.join(", ", NAMES));
          }
          wanted.addAll(found);
        }
      }
    }
    List<String> names =
        wanted.isEmpty() ? NAMES : NAMES.stream().filter(wanted::contains).toList();
    Path scratch = Files.createTempDirectory("asyncio-bench");
    int code;
    try {
      code = new Main(quick ? Effort.QUICK : Effort.FULL, scratch).run(names, quick, json);
    } finally {
      delete(scratch);
    }
    System.exit(code);
  }

  private static void refuse(String why) {
    System.err.println("bench: " + why);
    System.exit(2);
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  private int run(List<String> names, boolean quick, Path json)
      throws IOException, InterruptedException {
    Map<String, Object> conditions = Conditions.of(peers, quick);
    conditions.forEach((name, value) -> System.out.printf("%s: %s%n", name, value));
    List<Row> rows = new ArrayList<>();
    Echo echo = null;
    for (String name : names) {
      if (name.equals("echo")) {
        echo = new Echo(java, jar, Path.of(System.getProperty("bench.peers")), scratch, quick);
        echo.run();
        echo.print();
        continue;
      }
      Row row = row(name);
      row.run();
      row.print();
      rows.add(row);
    }
    conditions.put("load after", Conditions.load());
    System.out.printf("%nload after: %s%n", conditions.get("load after"));
    if (json != null) {
      List<Map<String, Object>> results = new ArrayList<>();
      rows.forEach(row -> results.add(row.toJson()));
      if (echo != null) {
        results.add(echo.toJson());
      }
      var all = Json.object("conditions", conditions, "rows", results);
      Files.writeString(json, Json.write(all) + "\n");
    }
    return rows.stream().anyMatch(Row::failed) || (echo != null && echo.failed()) ? 1 : 0;
  }

  private Row row(String name) throws IOException, InterruptedException {
    return switch (name) {
      case "switch" -> switches();
      case "spawn" -> spawn();
      case "queue" -> queue();
      case "timers" -> timers();
      case "gather" -> gather();
      case "memory" -> memory();
      case "startup" -> startUp();
      default -> throw new AssertionError(name);
    };
  }

  private Row switches() {
    Class<?> type = SwitchBenchmark.class;
    return new Row(
        "switch",
        "a switch between tasks",
        "ns",
        effort.rounds(),
        List.of(
            jmh.benchmark("bare threads, park", Jmh.MOUNTED, type, "barePark"),
            jmh.benchmark("bare threads, yield", Jmh.MOUNTED, type, "bareYield"),
            jmh.benchmark("mounted", Jmh.MOUNTED, type, "twoTasks"),
            jmh.benchmark("mounted, 100 tasks", Jmh.MOUNTED, type, "hundredTasks"),
            jmh.benchmark("portable", Jmh.PORTABLE, type, "twoTasks"),
            jmh.benchmark("portable, 100 tasks", Jmh.PORTABLE, type, "hundredTasks"),
            peers.go("Go", "switch"),
            peers.python("CPython", "switch", 2),
            peers.python("CPython, 100 tasks", "switch", 100)),
        "bare threads, park",
        List.of(
            Hold.ratioAtMost(
                "mounted ≤ 1.25 × a bare switch", "mounted", "bare threads, park", 1.25),
            Hold.ratioAtLeast("CPython ≥ 10 × mounted", "CPython", "mounted", 10)));
  }

  private Row spawn() {
    Class<?> type = SpawnBenchmark.class;
    return new Row(
        "spawn",
        "start a task and await it",
        "ns",
        effort.rounds(),
        List.of(
            jmh.benchmark("bare threads", Jmh.MOUNTED, type, "bare"),
            jmh.benchmark("mounted", Jmh.MOUNTED, type, "task"),
            jmh.benchmark("portable", Jmh.PORTABLE, type, "task"),
            peers.go("Go", "spawn"),
            peers.python("CPython", "spawn", 1)),
        "bare threads",
        List.of(
            Hold.ratioAtMost("mounted ≤ Go", "mounted", "Go", 1),
            Hold.ratioAtLeast("CPython ≥ 15 × mounted", "CPython", "mounted", 15)));
  }

  private Row queue() {
    Class<?> type = QueueBenchmark.class;
    return new Row(
        "queue",
        "an item handed from task to task",
        "ns",
        effort.rounds(),
        List.of(
            jmh.benchmark("mounted", Jmh.MOUNTED, type, "capacityOne"),
            jmh.benchmark("mounted, unbounded", Jmh.MOUNTED, type, "unbounded"),
            jmh.benchmark("portable", Jmh.PORTABLE, type, "capacityOne"),
            jmh.benchmark("portable, unbounded", Jmh.PORTABLE, type, "unbounded"),
            peers.go("Go", "queue"),
            peers.python("CPython", "queue", 1),
            peers.python("CPython, unbounded", "queue", 0)),
        "Go",
        List.of(
            Hold.ratioAtMost("mounted ≤ 2.5 × a Go channel", "mounted", "Go", 2.5),
            Hold.ratioAtLeast("CPython ≥ 25 × mounted", "CPython", "mounted", 25)));
  }

  private Row timers() {
    return sizes(
        "timers",
        "add a timer and cancel it",
        PENDING,
        "pending",
        TimersBenchmark.class,
        "addAndCancel",
        "pending");
  }

  private Row gather() {
    return sizes(
        "gather",
        "a task of a gather",
        GATHERED,
        "tasks",
        GatherBenchmark.class,
        "gatherAll",
        "size");
  }

  /** A row whose time for each element must not depend on how many there are. */
  private Row sizes(
      String name,
      String title,
      List<Integer> sizes,
      String what,
      Class<?> type,
      String method,
      String parameter) {
    List<Competitor> competitors = new ArrayList<>();
    List<String> mounted = new ArrayList<>();
    List<String> portable = new ArrayList<>();
    for (int size : sizes) {
      String label = "mounted" + text(size, what);
      mounted.add(label);
      competitors.add(jmh.benchmark(label, Jmh.MOUNTED, type, method, parameter, size));
    }
    for (int size : sizes) {
      String label = "portable" + text(size, what);
      portable.add(label);
      competitors.add(jmh.benchmark(label, Jmh.PORTABLE, type, method, parameter, size));
    }
    for (int size : sizes) {
      competitors.add(peers.python("CPython" + text(size, what), name, size));
    }
    return new Row(
        name,
        title,
        "ns",
        effort.rounds(),
        competitors,
        mounted.getFirst(),
        List.of(
            Hold.flat("mounted, within 2 × from the smallest to the largest", mounted, 2),
            Hold.flat("portable, within 2 × from the smallest to the largest", portable, 2)));
  }

  private static String text(int size, String what) {
    return String.format(Locale.ROOT, ", %,d %s", size, what);
  }

  private Row memory() {
    return new Row(
        "memory",
        "a sleeping task, of a million at once, all woken in order",
        "bytes",
        effort.memoryRounds(),
        List.of(
            program("mounted", Jmh.MOUNTED),
            program("portable", Jmh.PORTABLE),
            peers.python("CPython", "memory", 1_000_000, 600)),
        "mounted",
        List.of(
            Hold.atMost("mounted ≤ 900 bytes", "mounted", 900),
            Hold.atMost("portable ≤ 900 bytes", "portable", 900)));
  }

  private Competitor program(String name, List<String> carrier) {
    List<String> command = new ArrayList<>(List.of(java, "-Xmx8g"));
    command.addAll(carrier);
    command.addAll(List.of("-cp", jar.toString(), MemoryOfTasks.class.getName(), "1000000", "20"));
    return new Competitor(name, () -> Commands.number(command));
  }

  private Row startUp() throws IOException, InterruptedException {
    return new Row(
        "startup",
        "hello world, from start to exit",
        "ms",
        effort.startUpRounds(),
        new StartUp(java, jar, scratch).competitors(peers.python),
        "bare hello",
        List.of(
            Hold.ratioAtMost(
                "with an AOT cache ≤ 1.8 × a bare hello", "asyncio, AOT cache", "bare hello", 1.8),
            Hold.ratioAtMost(
                "with an AOT cache ≤ CPython's asyncio",
                "asyncio, AOT cache",
                "CPython asyncio",
                1),
            Hold.ratioAtMost(
                "without ≤ 1.2 × one virtual thread and a selector",
                "asyncio",
                "virtual thread and selector",
                1.2)));
  }
}
