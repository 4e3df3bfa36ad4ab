package asyncio.bench;

import asyncio.bench.echo.Connect;
import asyncio.bench.echo.Echo;
import asyncio.bench.echo.Idle;
import asyncio.bench.echo.SendFile;
import asyncio.bench.echo.Tls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Runs the benchmarks row by row, the competitors of a row in turn, each time in a new process, and
 * prints the tables. {@code bench/run} starts it.
 */
final class Main {
  private static final String JAVA =
      Path.of(System.getProperty("java.home"), "bin", "java").toString();
  private static final Path JAR = Path.of(System.getProperty("java.class.path")).toAbsolutePath();

  private final Arguments arguments;
  private final Effort effort;
  private final Path scratch;

  private Main(Arguments arguments, Path scratch) {
    this.arguments = arguments;
    this.effort = arguments.effort();
    this.scratch = scratch;
  }

  public static void main(String[] args) throws IOException, InterruptedException {
    Arguments arguments = null;
    try {
      arguments = Arguments.parse(args);
    } catch (IllegalArgumentException e) {
      System.err.println("bench: " + e.getMessage());
      System.exit(2);
    }
    Path scratch = Files.createTempDirectory("asyncio-bench");
    int code;
    try {
      var main = new Main(arguments, scratch);
      code = arguments.effort() == Effort.PROFILE ? main.profile() : main.measure();
    } finally {
      delete(scratch);
    }
    System.exit(code);
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  private int measure() throws IOException, InterruptedException {
    Path sources = Path.of(System.getProperty("bench.peers"));
    var builds = new Builds(JAR.resolveSibling("peers"));
    var peers = new Peers(sources, builds, Search.ofEnvironment(), JAVA, effort).all();
    Map<String, Object> conditions = Conditions.of(peers, effort);
    conditions.forEach((name, value) -> System.out.printf("%s: %s%n", name, value));
    var rows = new Rows(effort, new Jmh(JAVA, effort, null), peers, JAVA, JAR, scratch);
    List<Measured> measured = new ArrayList<>();
    for (String name : arguments.rows()) {
      Measured row = switch (name) {
        case Rows.ECHO -> new Echo(JAVA, JAR, sources, scratch, effort.echo());
        case Rows.TLS -> new Tls(JAVA, JAR, sources, scratch, effort.echo());
        case Rows.CONNECT -> new Connect(JAVA, JAR, sources, scratch, effort.echo());
        case Rows.SEND_FILE -> new SendFile(JAVA, JAR, sources, scratch, effort.echo());
        case Rows.IDLE -> new Idle(JAVA, JAR, sources, scratch, effort.tells());
        default -> rows.row(name);
      };
      row.run();
      System.out.print(row.table(effort.tells()));
      measured.add(row);
    }
    conditions.put("load after", Conditions.load());
    System.out.printf("%nload after: %s%n", conditions.get("load after"));
    if (!effort.tells()) {
      System.out.println("These figures mean nothing: they only show that every program runs.");
    }
    if (arguments.json() != null) {
      var all = Json.object(
          "conditions",
          conditions,
          "rows",
          measured.stream().map(Measured::toJson).toList());
      Files.writeString(arguments.json(), Json.write(all) + "\n");
    }
    return measured.stream().anyMatch(Measured::failed) ? 1 : 0;
  }

  /** Without peers: each of our own benchmarks of the row leaves a flame graph. */
  private int profile() throws IOException, InterruptedException {
    String name = arguments.rows().getFirst();
    Profiler profiler;
    try {
      profiler = Profiler.load(JAR.resolveSibling("profiles"), name, scratch);
    } catch (IOException e) {
      System.err.println("bench: --profile is skipped: " + e.getMessage());
      return 1;
    }
    System.out.println("event: " + profiler.event());
    var rows = new Rows(effort, new Jmh(JAVA, effort, profiler), List.of(), JAVA, JAR, scratch);
    Row row = rows.row(name);
    row.run();
    for (Competitor competitor : row.competitors()) {
      String result = competitor.absent();
      System.out.println(
          competitor.name + ": " + (result == null ? profiler.graph(competitor.name) : result));
    }
    return row.failed() ? 1 : 0;
  }
}
