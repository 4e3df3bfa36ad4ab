package asyncio.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Finds other runtimes where they are installed, and builds their programs. */
final class Peers {
  private final Path sources;
  private final Builds builds;
  private final Search search;
  private final String java;
  private final Effort effort;

  /**
   * Peers whose programs are in {@code sources}.
   *
   * @param java runs those that are made for the JVM
   */
  Peers(Path sources, Builds builds, Search search, String java, Effort effort) {
    this.sources = sources;
    this.builds = builds;
    this.search = search;
    this.java = java;
    this.effort = effort;
  }

  /** One does the work of a row in some language, if it can be had. */
  private interface Attempt {
    Peer peer() throws IOException, InterruptedException;
  }

  List<Peer> all() throws InterruptedException {
    Peer python = attempt("CPython", this::python);
    List<Peer> all = new ArrayList<>();
    all.add(attempt("Go", this::go));
    all.add(attempt("Tokio", this::tokio));
    all.add(attempt("Kotlin", this::kotlin));
    all.add(attempt("uvloop", () -> uvloop(python)));
    all.add(python);
    newerPython(python).ifPresent(all::add);
    return all;
  }

  private static Peer attempt(String name, Attempt attempt) throws InterruptedException {
    try {
      return attempt.peer();
    } catch (IOException e) {
      return Peer.missing(name, "skipped: " + e.getMessage().lines().findFirst().orElse(""));
    }
  }

  private Peer go() throws IOException, InterruptedException {
    String go = search.program("go");
    Path source = sources.resolve("go/peer.go");
    String version = Commands.output(List.of(go, "env", "GOVERSION"));
    Path folder = builds.folder(
        "go",
        version,
        List.of(source),
        into -> List.of(List.of(go, "build", "-o", into + "/peer", source.toString())));
    return new Peer("Go", version + ", GOMAXPROCS(1)", List.of(folder + "/peer"), List.of());
  }

  private Peer tokio() throws IOException, InterruptedException {
    String cargo = search.program("cargo");
    String rust = Commands.output(List.of(search.program("rustc"), "--version"));
    Path project = sources.resolve("tokio");
    Path manifest = project.resolve("Cargo.toml");
    Path folder = builds.folder(
        "tokio",
        rust,
        List.of(manifest, project.resolve("peer.rs")),
        into -> List.of(List.of(
            cargo,
            "build",
            "--quiet",
            "--release",
            "--manifest-path",
            manifest.toString(),
            "--target-dir",
            into.toString())));
    return new Peer(
        "Tokio",
        after(manifest, "tokio = {", "version = \"=", "\"") + ", LocalRuntime; " + rust,
        List.of(folder + "/release/peer"),
        List.of());
  }

  private Peer kotlin() throws IOException, InterruptedException {
    String maven = search.program("mvn");
    Path pom = sources.resolve("kotlin/pom.xml");
    Path folder = builds.folder(
        "kotlin",
        System.getProperty("java.home"),
        List.of(pom, sources.resolve("kotlin/Peer.kt")),
        into -> List.of(List.of(
            maven, "-B", "-ntp", "-q", "-f", pom.toString(), "-Dbuild.folder=" + into, "compile")));
    return new Peer(
        "Kotlin",
        after(pom, "<version.kotlin>", "", "<")
            + ", kotlinx.coroutines "
            + after(pom, "<version.coroutines>", "", "<")
            + ", runBlocking",
        List.of(java, "-Xmx4g", "-cp", folder + "/classes:" + folder + "/lib/*", "PeerKt"),
        List.of("" + effort.warmUps() * effort.millis() / 1000.0)); // as long as JMH's
  }

  /** What stands in a file behind a mark and then a beginning, up to an end. */
  private static String after(Path file, String mark, String begin, String end) throws IOException {
    String text = Files.readString(file);
    int from = text.indexOf(begin, text.indexOf(mark) + mark.length()) + begin.length();
    return text.substring(from, text.indexOf(end, from));
  }

  private Peer python() throws IOException, InterruptedException {
    return python("CPython", search.program("python3"));
  }

  /** With the interpreter itself, not a script in front of it. */
  private Peer python(String name, String command) throws IOException, InterruptedException {
    String program = "import sys; print(sys.executable); print(*sys.version.split())";
    List<String> told = Commands.output(List.of(command, "-c", program)).lines().toList();
    return new Peer(name, told.get(1), List.of(told.getFirst(), script()), List.of());
  }

  private String script() {
    return sources.resolve("cpython/peer.py").toString();
  }

  /** The newest that is newer than {@code python3} is, if there is one. */
  private Optional<Peer> newerPython(Peer known) throws InterruptedException {
    Peer newest = known;
    for (Path command : search.pythons()) {
      try {
        Peer found = python("", command.toString());
        if (newest.isMissing() || BY_VERSION.compare(found, newest) > 0) {
          newest = found;
        }
      } catch (IOException e) {
        // One that does not start is none: a version manager's placeholder, for instance.
      }
    }
    if (newest == known) {
      return Optional.empty();
    }
    String[] parts = newest.version().split("[. ]");
    String name = "CPython " + parts[0] + "." + parts[1];
    return Optional.of(new Peer(name, newest.version(), newest.program(), newest.options()));
  }

  private static final Comparator<Peer> BY_VERSION =
      Comparator.comparing(Peers::numbers, Arrays::compare);

  private static int[] numbers(Peer python) {
    String version = python.version().replaceFirst("[^0-9.].*", "");
    return Stream.of(version.split("\\.")).mapToInt(Integer::parseInt).toArray();
  }

  /** The newest that there is for {@code python3}, in an environment of its own. */
  private Peer uvloop(Peer known) throws IOException, InterruptedException {
    if (known.isMissing()) {
      throw new IOException("python3 is missing");
    }
    String interpreter = known.program().getFirst();
    Path folder = builds.folder("uvloop", known.version(), List.of(), into -> {
      List<String> install = List.of(into + "/bin/python", "-m", "pip", "install");
      List<String> briefly =
          List.of("-q", "--disable-pip-version-check", "--retries=1", "--timeout=20");
      return List.of(
          List.of(interpreter, "-m", "venv", into.toString()),
          Stream.of(install, briefly, List.of("uvloop")).flatMap(List::stream).toList());
    });
    String python = folder + "/bin/python";
    String version =
        Commands.output(List.of(python, "-c", "import uvloop; print(uvloop.__version__)"));
    return new Peer(
        "uvloop",
        version + " in CPython " + known.version().split(" ")[0],
        List.of(python, script()),
        List.of("uvloop"));
  }
}
