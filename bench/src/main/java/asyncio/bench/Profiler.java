package asyncio.bench;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.openjdk.jmh.profile.AsyncProfiler;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;

/**
 * Lets async-profiler watch the benchmarks of a row, and keeps a flame graph of each.
 *
 * @param graphs where the graphs are kept
 * @param library async-profiler's, taken out of the jar
 * @param event what makes it look at the stacks
 */
record Profiler(Path graphs, String row, Path library, Path scratch, String event) {
  /** Otherwise its agent makes every switch of a virtual thread dear, and fills the graph. */
  static final List<String> FLAGS = List.of(
      "-XX:+UnlockExperimentalVMOptions",
      "-XX:-DoJVMTIVirtualThreadTransitions",
      "--enable-native-access=ALL-UNNAMED");

  /** Fails where there is no async-profiler for the machine. */
  static Profiler load(Path graphs, String row, Path scratch) throws IOException {
    String resource = resource(System.getProperty("os.name"), System.getProperty("os.arch"));
    Path library = scratch.resolve(Path.of(resource).getFileName());
    try (InputStream content = Profiler.class.getResourceAsStream("/" + resource)) {
      if (content == null) {
        throw new IOException(
            "there is no async-profiler in the jar: build it with ./asyncio bench");
      }
      Files.copy(content, library);
    }
    Files.createDirectories(graphs);
    return new Profiler(graphs, row, library, scratch, event(library));
  }

  /**
   * The kernel's clock where this machine permits it, as containers often do not, otherwise a
   * timer. Plain {@code cpu} would fall back without a word.
   */
  private static String event(Path library) throws IOException {
    var here = AsyncProfiler.JavaApi.getInstance(library.toString());
    String why = "";
    for (String event : List.of("cpu-clock", "ctimer", "itimer")) {
      try {
        here.execute("start,event=" + event);
        here.execute("stop");
        return event;
      } catch (IOException | IllegalStateException e) {
        why = e.getMessage();
      }
    }
    throw new IOException(why);
  }

  static String resource(String system, String processor) throws IOException {
    String os = system.toLowerCase(Locale.ROOT);
    boolean arm = processor.equals("aarch64");
    if (os.startsWith("mac")) {
      return "macos/libasyncProfiler.so";
    }
    if (!os.equals("linux") || !(arm || processor.equals("amd64"))) {
      throw new IOException("async-profiler is not available for " + system + " on " + processor);
    }
    return (arm ? "linux-arm64" : "linux-x64") + "/libasyncProfiler.so";
  }

  void watch(ChainedOptionsBuilder options) {
    options.addProfiler(
        AsyncProfiler.class,
        "libPath=%s;output=flamegraph;direction=forward;event=%s;dir=%s"
            .formatted(library, event, scratch.resolve("watched")));
  }

  /** Moves what was left of the benchmark just run to where it is kept. */
  void keep(String competitor) throws IOException {
    try (Stream<Path> left = Files.walk(scratch.resolve("watched"))) {
      Path graph = left.filter(path -> path.toString().endsWith(".html"))
          .findFirst()
          .orElseThrow(() -> new IOException("async-profiler left no flame graph"));
      Files.move(graph, graph(competitor), StandardCopyOption.REPLACE_EXISTING);
    }
  }

  /** The file with a competitor's flame graph. */
  Path graph(String competitor) {
    return graphs.resolve(row + "-" + competitor.replaceAll("[^a-z0-9]+", "-") + ".html");
  }
}
