package asyncio.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Who takes part in each row, and what is to be held there. */
final class Rows {
  static final List<String> NAMES = List.of(
      "switch",
      "spawn",
      "queue",
      "queues",
      "locks",
      "foreign",
      "loops",
      "timers",
      "gather",
      "wait",
      "memory",
      "startup",
      "files",
      "echo",
      "tls",
      "connect",
      "sendfile",
      "idle");

  // Those with a load, servers and tables of their own.
  static final String ECHO = "echo";
  static final String TLS = "tls";
  static final String CONNECT = "connect";
  static final String SEND_FILE = "sendfile";
  static final String IDLE = "idle";

  /** The rows that JMH runs. */
  static final List<String> PROFILED = NAMES.subList(0, 10);

  /** For these a quick run has no time, unless they are named. */
  private static final List<String> NOT_QUICK =
      List.of("queues", "locks", "foreign", "loops", "files", TLS, CONNECT, SEND_FILE, IDLE);

  private static final List<Integer> PENDING = List.of(10, 10_000, 1_000_000);
  private static final List<Integer> LOOPS = List.of(1, 64, 1_000);
  private static final List<Integer> TOGETHER = List.of(10, 1_000, 100_000);

  private final Effort effort;
  private final Jmh jmh;
  private final List<Peer> peers;
  private final String java;
  private final Path jar;
  private final Path scratch;

  /**
   * The rows with these peers.
   *
   * @param jar has the library and the programs
   * @param scratch a folder for what is made on the way
   */
  Rows(Effort effort, Jmh jmh, List<Peer> peers, String java, Path jar, Path scratch) {
    this.effort = effort;
    this.jmh = jmh;
    this.peers = peers;
    this.java = java;
    this.jar = jar;
    this.scratch = scratch;
  }

  /** The rows of a run for which none are named. */
  static List<String> unlessNamed(Effort effort) {
    return NAMES.stream()
        .filter(name -> effort != Effort.QUICK || !NOT_QUICK.contains(name))
        .toList();
  }

  Row row(String name) throws IOException, InterruptedException {
    return switch (name) {
      case "switch" -> switches();
      case "spawn" -> spawn();
      case "queue" -> queue();
      case "queues" -> queues();
      case "locks" -> locks();
      case "foreign" -> foreign();
      case "loops" -> loops();
      case "timers" -> timers();
      case "gather" -> gather();
      case "wait" -> waits();
      case "memory" -> memory();
      case "startup" -> startUp();
      case "files" -> files();
      default -> throw new AssertionError(name);
    };
  }

  private Row switches() {
    Class<?> type = SwitchBenchmark.class;
    List<Competitor> ours = List.of(
        jmh.benchmark("bare threads, park", Jmh.MOUNTED, type, "barePark"),
        jmh.benchmark("bare threads, yield", Jmh.MOUNTED, type, "bareYield"),
        jmh.benchmark("mounted", Jmh.MOUNTED, type, "twoTasks"),
        jmh.benchmark("mounted, 100 tasks", Jmh.MOUNTED, type, "hundredTasks"),
        jmh.benchmark("portable", Jmh.PORTABLE, type, "twoTasks"),
        jmh.benchmark("portable, 100 tasks", Jmh.PORTABLE, type, "hundredTasks"));
    return new Row(
        "switch",
        "a switch between tasks",
        "ns",
        effort.rounds(),
        all(ours, peers("", "switch", 2), others(", 100 tasks", "switch", 100)),
        "bare threads, park",
        List.of(
            Hold.ratioAtMost(
                "mounted ≤ 1.25 × a bare switch", "mounted", "bare threads, park", 1.25),
            Hold.ratioAtLeast("CPython ≥ 10 × mounted", "CPython", "mounted", 10),
            Hold.allocatesAtMost("mounted allocates nothing (< 1 byte)", "mounted", 1)));
  }

  private Row spawn() {
    Class<?> type = SpawnBenchmark.class;
    List<Competitor> ours = List.of(
        jmh.benchmark("bare threads", Jmh.MOUNTED, type, "bare"),
        jmh.benchmark("mounted", Jmh.MOUNTED, type, "task"),
        jmh.benchmark("portable", Jmh.PORTABLE, type, "task"));
    return new Row(
        "spawn",
        "start a task and await it",
        "ns",
        effort.rounds(),
        all(ours, peers("", "spawn", 1)),
        "bare threads",
        List.of(
            Hold.ratioAtMost("mounted ≤ 1.3 × bare threads", "mounted", "bare threads", 1.3),
            Hold.ratioAtMost("mounted ≤ Go", "mounted", "Go", 1),
            Hold.ratioAtLeast("CPython ≥ 15 × mounted", "CPython", "mounted", 15)));
  }

  private Row queue() {
    Class<?> type = QueueBenchmark.class;
    List<Competitor> ours = List.of(
        jmh.benchmark("mounted", Jmh.MOUNTED, type, "capacityOne"),
        jmh.benchmark("mounted, unbounded", Jmh.MOUNTED, type, "unbounded"),
        jmh.benchmark("portable", Jmh.PORTABLE, type, "capacityOne"),
        jmh.benchmark("portable, unbounded", Jmh.PORTABLE, type, "unbounded"));
    List<Competitor> unbounded = new ArrayList<>(others(", unbounded", "queue", 0));
    unbounded.removeIf(competitor -> competitor.name.startsWith("Go")); // every channel has a bound
    return new Row(
        "queue",
        "an item handed from task to task",
        "ns",
        effort.rounds(),
        all(ours, peers("", "queue", 1), unbounded),
        "Go",
        List.of(
            Hold.ratioAtMost("mounted ≤ 2.5 × a Go channel", "mounted", "Go", 2.5),
            Hold.ratioAtLeast("CPython ≥ 25 × mounted", "CPython", "mounted", 25)));
  }

  private Row queues() {
    List<Work> handed = new ArrayList<>();
    List<Work> filled = new ArrayList<>();
    for (String kind : List.of("fifo", "lifo", "priority")) {
      String what = kind.equals("priority") ? kind : kind.toUpperCase(Locale.ROOT);
      Map<String, String> alone = Map.of("kind", kind, "company", "alone");
      handed.add(new Work(what, "capacityOne", alone, kind, 1));
      filled.add(new Work(what + ", unbounded", "filledAndEmptied", alone, kind, 0));
    }
    Class<?> type = QueueKindsBenchmark.class;
    return new Row(
        "queues",
        "an item through the kinds of queue",
        "ns",
        effort.fewRounds(),
        all(
            ours("mounted", Jmh.MOUNTED, type, handed),
            ours("mounted", Jmh.MOUNTED, type, filled), // switches never: the same on both carriers
            ours("portable", Jmh.PORTABLE, type, handed),
            pythons(handed),
            pythons(filled)),
        "mounted, FIFO",
        List.of());
  }

  private Row locks() {
    List<Work> works = List.of(
        new Work("lock", "lockHandedOver", Map.of(), "lock", 1),
        new Work("semaphore", "semaphoreHandedOver", Map.of(), "semaphore", 1),
        new Work("condition", "conditionHandedOver", Map.of(), "condition", 1));
    return new Row(
        "locks",
        "a lock and the like handed from task to task",
        "ns",
        effort.fewRounds(),
        all(
            ours("mounted", Jmh.MOUNTED, LocksBenchmark.class, works),
            ours("portable", Jmh.PORTABLE, LocksBenchmark.class, works),
            pythons(works)),
        "mounted, lock",
        List.of());
  }

  private Row foreign() {
    Class<?> type = ForeignBenchmark.class;
    return new Row(
        "foreign",
        "a wait in code of others, handed from task to task",
        "ns",
        effort.fewRounds(),
        List.of(
            jmh.benchmark("mounted, lock across a wait", Jmh.MOUNTED, type, "lockAcrossAWait"),
            jmh.benchmark(
                "mounted, monitor across a wait", Jmh.MOUNTED, type, "monitorAcrossAWait"),
            jmh.benchmark("mounted, blocking queue", Jmh.MOUNTED, type, "blockingQueue")),
        "mounted, blocking queue",
        List.of());
  }

  private Row loops() {
    List<Work> works = new ArrayList<>();
    for (int open : LOOPS) {
      String text = String.format(Locale.ROOT, "%,d open", open);
      works.add(new Work(text, "yieldOnTheLast", Map.of("open", open), "", open));
    }
    List<Competitor> mounted = ours("mounted", Jmh.MOUNTED, LoopsBenchmark.class, works);
    List<Competitor> portable = ours("portable", Jmh.PORTABLE, LoopsBenchmark.class, works);
    return new Row(
        "loops",
        "a yield while other loops are open",
        "ns",
        effort.fewRounds(),
        all(mounted, portable),
        mounted.getFirst().name,
        List.of(flat("mounted", mounted), flat("portable", portable)));
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
        TOGETHER,
        "tasks",
        GatherBenchmark.class,
        "gatherAll",
        "size");
  }

  private Row waits() {
    List<Work> wait = waits("wait", "waitForAll", "wait");
    List<Work> inTurn = waits("as completed", "takeAsCompleted", "as_completed");
    Class<?> type = WaitBenchmark.class;
    List<Competitor> mounted = ours("mounted", Jmh.MOUNTED, type, wait);
    List<Competitor> mountedInTurn = ours("mounted", Jmh.MOUNTED, type, inTurn);
    List<Competitor> portable = ours("portable", Jmh.PORTABLE, type, wait);
    List<Competitor> portableInTurn = ours("portable", Jmh.PORTABLE, type, inTurn);
    int theirSizes = effort.everything() ? wait.size() : 1;
    return new Row(
        "wait",
        "a task of those waited for",
        "ns",
        effort.fewRounds(),
        all(
            mounted,
            mountedInTurn,
            portable,
            portableInTurn,
            pythons(wait.subList(0, theirSizes)),
            pythons(inTurn.subList(0, theirSizes))),
        mounted.getFirst().name,
        List.of(
            flat("mounted, wait", mounted),
            flat("mounted, as completed", mountedInTurn),
            flat("portable, wait", portable),
            flat("portable, as completed", portableInTurn)));
  }

  private List<Work> waits(String what, String method, String work) {
    List<Work> all = new ArrayList<>();
    for (int size : sizes(TOGETHER)) {
      String text = String.format(Locale.ROOT, "%s, %,d tasks", what, size);
      all.add(new Work(text, method, Map.of("size", size), work, size));
    }
    return all;
  }

  /** A row whose time for each element must not depend on how many there are. */
  private Row sizes(
      String name,
      String title,
      List<Integer> all,
      String what,
      Class<?> type,
      String method,
      String parameter) {
    List<Integer> sizes = sizes(all);
    List<Competitor> mounted = new ArrayList<>();
    List<Competitor> portable = new ArrayList<>();
    List<Competitor> theirs = new ArrayList<>();
    for (int size : sizes) {
      String text = String.format(Locale.ROOT, ", %,d %s", size, what);
      Map<String, Integer> sized = Map.of(parameter, size);
      mounted.add(jmh.benchmark("mounted" + text, Jmh.MOUNTED, type, method, sized));
      portable.add(jmh.benchmark("portable" + text, Jmh.PORTABLE, type, method, sized));
      theirs.addAll(size == sizes.getFirst() ? peers(text, name, size) : others(text, name, size));
    }
    return new Row(
        name,
        title,
        "ns",
        effort.rounds(),
        all(mounted, portable, theirs),
        mounted.getFirst().name,
        List.of(flat("mounted", mounted), flat("portable", portable)));
  }

  private Row memory() {
    double longEnough = 600;
    String work = "memory";
    return new Row(
        work,
        String.format(
            Locale.ROOT,
            "a sleeping task, of %,d at once, all of ours woken in order",
            effort.sleepers()),
        "bytes",
        effort.fewRounds(),
        all(
            List.of(sleepers("mounted", Jmh.MOUNTED), sleepers("portable", Jmh.PORTABLE)),
            peers.stream()
                .map(peer -> peer.competitor("", work, effort.sleepers(), longEnough))
                .toList()),
        "mounted",
        List.of(
            Hold.atMost("mounted ≤ 900 bytes", "mounted", 900),
            Hold.atMost("portable ≤ 900 bytes", "portable", 900)));
  }

  private Competitor sleepers(String name, List<String> carrier) {
    List<String> command = new ArrayList<>(List.of(java, "-Xmx8g"));
    command.addAll(carrier);
    command.addAll(List.of("-cp", jar.toString(), MemoryOfTasks.class.getName()));
    command.add("" + effort.sleepers());
    command.add("" + effort.sleepSeconds());
    return new Competitor(name, () -> new Competitor.Figure(Commands.number(command)));
  }

  private Row startUp() throws IOException, InterruptedException {
    Peer python =
        peers.stream().filter(peer -> peer.name().equals("CPython")).findFirst().get();
    return new Row(
        "startup",
        "hello world, from start to exit",
        "ms",
        effort.startUpRounds(),
        new StartUp(java, jar, scratch).competitors(python),
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

  private Row files() throws IOException {
    Path folder = scratch.resolve("files");
    SmallFiles.make(folder, effort.files());
    double seconds = Math.max(effort.peerSeconds(), 0.01) * 10;
    List<Competitor> ours = List.of(
        smallFiles("blocking, on one thread", Jmh.MOUNTED, "blocking", folder, seconds),
        smallFiles("mounted", Jmh.MOUNTED, "open", folder, seconds),
        smallFiles("mounted, whole", Jmh.MOUNTED, "whole", folder, seconds),
        smallFiles("portable", Jmh.PORTABLE, "open", folder, seconds),
        smallFiles("portable, whole", Jmh.PORTABLE, "whole", folder, seconds));
    List<Competitor> theirs = peers.stream()
        .filter(peer -> List.of("Go", "CPython", "uvloop").contains(peer.name()))
        .map(peer -> peer.competitor("", "files=" + folder, effort.files(), seconds))
        .toList();
    return new Row(
        "files",
        String.format(
            Locale.ROOT, "a file of 1,000 bytes opened, read and closed, of %,d", effort.files()),
        "ns",
        effort.fewRounds(),
        all(ours, theirs),
        "Go",
        List.of());
  }

  private Competitor smallFiles(
      String name, List<String> carrier, String work, Path folder, double seconds) {
    List<String> command = new ArrayList<>(List.of(java));
    command.addAll(carrier);
    command.addAll(List.of("-cp", jar.toString(), SmallFiles.class.getName()));
    command.addAll(List.of(work, folder.toString(), "" + seconds));
    return new Competitor(name, () -> new Competitor.Figure(Commands.number(command)));
  }

  private List<Competitor> peers(String text, String work, int size) {
    return peers.stream()
        .map(peer -> peer.competitor(text, work, size, effort.peerSeconds()))
        .toList();
  }

  /** Further sizes of the peers, for which a quick run has no time. */
  private List<Competitor> others(String text, String work, int size) {
    return effort.everything() ? peers(text, work, size) : List.of();
  }

  @SafeVarargs
  private static List<Competitor> all(List<Competitor>... some) {
    List<Competitor> all = new ArrayList<>();
    for (List<Competitor> one : some) {
      all.addAll(one);
    }
    return all;
  }

  private List<Integer> sizes(List<Integer> all) {
    return effort.everything() ? all : List.of(all.getFirst(), all.getLast());
  }

  private static Hold flat(String what, List<Competitor> competitors) {
    List<String> names = competitors.stream().map(competitor -> competitor.name).toList();
    return Hold.flat(what + ", within 2 × from the smallest to the largest", names, 2);
  }

  /**
   * What only asyncio has, ours and Python's.
   *
   * @param method ours, of JMH, with these parameters
   * @param work theirs, with this size
   */
  private record Work(
      String what, String method, Map<String, ?> parameters, String work, int size) {}

  private List<Competitor> ours(
      String name, List<String> carrier, Class<?> type, List<Work> works) {
    return works.stream()
        .map(
            one -> jmh.benchmark(name + ", " + one.what, carrier, type, one.method, one.parameters))
        .toList();
  }

  /** The peers that run asyncio itself; in a quick run the first of them only. */
  private List<Competitor> pythons(List<Work> works) {
    List<Competitor> all = new ArrayList<>();
    for (Work one : works) {
      for (Peer peer : peers) {
        String name = peer.name();
        if (name.equals("CPython")
            || effort.everything() && (name.equals("uvloop") || name.startsWith("CPython"))) {
          all.add(peer.competitor(", " + one.what, one.work, one.size, effort.peerSeconds()));
        }
      }
    }
    return all;
  }
}
