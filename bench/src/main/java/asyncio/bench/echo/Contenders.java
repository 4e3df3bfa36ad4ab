package asyncio.bench.echo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The servers that can be had here, built where there is something to build. */
final class Contenders {
  static final String MOUNTED = "mounted";
  static final String OWN_ARRAY = "mounted, own array";
  static final String BUFFER = "mounted, buffer";
  static final String PORTABLE = "portable";
  static final String NETTY_NIO = "Netty NIO";
  static final String NETTY_EPOLL = "Netty epoll";
  static final String GO_SENDFILE = "Go, sendfile";

  private static final String UVLOOP = "uvloop==0.23.0";

  private final String java;
  private final Path jar;
  private final Path sources;
  private final Path target;

  /**
   * Servers from these places.
   *
   * @param jar a jar with the servers in Java and all they need
   * @param sources of the others; what is built of them is kept in target beside it
   */
  Contenders(String java, Path jar, Path sources) {
    this.java = java;
    this.jar = jar;
    this.sources = sources;
    this.target = sources.resolveSibling("target").resolve("echo");
  }

  List<Contender> all() throws InterruptedException {
    List<Contender> all = new ArrayList<>();
    all.add(jvm(
        MOUNTED,
        AsyncioServer.class,
        "--add-opens=java.base/java.lang=ALL-UNNAMED",
        "-Dasyncio.carrier=mounted"));
    all.add(mounted(OWN_ARRAY, "own-array"));
    all.add(mounted(BUFFER, "buffer"));
    all.add(jvm(PORTABLE, AsyncioServer.class, "-Dasyncio.carrier=portable"));
    all.add(netty(NETTY_NIO, "nio"));
    all.add(netty(NETTY_EPOLL, "epoll"));
    all.add(netty("Netty io_uring", "io_uring"));
    all.add(
        jvm("virtual threads", ThreadsServer.class, "-Djdk.virtualThreadScheduler.parallelism=1"));
    all.add(built("C epoll", "gcc", this::buildC));
    all.add(built("Tokio", "cargo", this::buildTokio));
    all.add(built("Go", "go", this::buildGo));
    all.add(built(
        "uvloop protocol", "python3", () -> python("uvloop", "echo.py", "protocol", "uvloop")));
    all.add(
        built("uvloop streams", "python3", () -> python("uvloop", "echo.py", "streams", "uvloop")));
    all.add(built(
        "CPython streams", "python3", () -> python("asyncio", "echo.py", "streams", "asyncio")));
    all.add(built("Node", "node", () -> List.of("node", source("node/echo.js"))));
    return all;
  }

  /** Some of the servers: enough to compare what is not the echo itself. */
  List<Contender> plain() throws InterruptedException {
    List<Contender> some = new ArrayList<>(all());
    some.removeIf(one -> !List.of(
            MOUNTED, PORTABLE, NETTY_NIO, NETTY_EPOLL, "Go", "uvloop streams", "CPython streams")
        .contains(one.name));
    return some;
  }

  /** The servers that send a file. */
  List<Contender> files(Path file) throws InterruptedException {
    List<Contender> all = new ArrayList<>();
    for (String how : List.of("sendfile", "copy")) {
      for (String carrier : List.of(MOUNTED, PORTABLE)) {
        List<String> command = jvm(
            FileServer.class,
            "--add-opens=java.base/java.lang=ALL-UNNAMED",
            "-Dasyncio.carrier=" + carrier);
        command.addAll(List.of(file.toString(), how));
        all.add(new Contender(carrier + ", " + how, true, command));
      }
      all.add(built("Go, " + how, "go", () -> {
        String program = target("file-go");
        Programs.output(List.of("go", "build", "-o", program, source("go/file/file.go")));
        return List.of(program, file.toString(), how);
      }));
      all.add(built(
          "CPython, " + how, "python3", () -> python("asyncio", "file.py", file.toString(), how)));
    }
    List<String> netty = new ArrayList<>(jvm(
        NettyServer.class,
        "--enable-native-access=ALL-UNNAMED",
        "--sun-misc-unsafe-memory-access=allow"));
    netty.addAll(List.of("nio", "file", file.toString()));
    all.add(new Contender("Netty NIO, sendfile", true, netty));
    return all;
  }

  /** The servers that tell how much memory they use, plain and with TLS. */
  List<Contender> idle(String chain, String key) throws InterruptedException {
    List<Contender> all = new ArrayList<>();
    for (String carrier : List.of(MOUNTED, PORTABLE)) {
      String[] flags = {
        "--add-opens=java.base/java.lang=ALL-UNNAMED", "-Dasyncio.carrier=" + carrier
      };
      List<String> plain = jvm(AsyncioServer.class, flags);
      plain.add("memory");
      all.add(new Contender(carrier, true, plain));
      List<String> tls = jvm(TlsServer.class, flags);
      tls.addAll(List.of(chain, key, "idle"));
      all.add(new Contender(carrier + ", TLS", true, tls));
    }
    all.add(netty(NETTY_NIO, "nio"));
    List<String> nettyTls = jvm(
        NettyServer.class,
        "--enable-native-access=ALL-UNNAMED",
        "--sun-misc-unsafe-memory-access=allow");
    nettyTls.addAll(List.of("nio", "jdk", chain, key));
    all.add(new Contender(NETTY_NIO + ", TLS", true, nettyTls));
    all.add(built("Go", "go", this::buildGo));
    all.add(built("Go, TLS", "go", () -> goTls(chain, key)));
    return all;
  }

  private List<String> goTls(String chain, String key) throws IOException, InterruptedException {
    String program = target("tls-go");
    Programs.output(List.of("go", "build", "-o", program, source("go/tls/tls.go")));
    return List.of(program, chain, key);
  }

  /** The servers with TLS. */
  List<Contender> tls(String chain, String key) throws InterruptedException {
    List<Contender> all = new ArrayList<>();
    for (String carrier : List.of(MOUNTED, PORTABLE)) {
      List<String> command = jvm(
          TlsServer.class,
          "--add-opens=java.base/java.lang=ALL-UNNAMED",
          "-Dasyncio.carrier=" + carrier);
      command.addAll(List.of(chain, key));
      all.add(new Contender(carrier, true, command));
    }
    for (String provider : List.of("JDK", "OpenSSL")) {
      List<String> command = new ArrayList<>(jvm(
          NettyServer.class,
          "--enable-native-access=ALL-UNNAMED",
          "--sun-misc-unsafe-memory-access=allow"));
      command.addAll(List.of("nio", provider.toLowerCase(Locale.ROOT), chain, key));
      all.add(new Contender("Netty, " + provider, true, command));
    }
    all.add(built("Go", "go", () -> goTls(chain, key)));
    for (String library : List.of("asyncio", "uvloop")) {
      String name = library.equals("asyncio") ? "CPython streams" : "uvloop streams";
      all.add(built(name, "python3", () -> python(library, "tls.py", library, chain, key)));
    }
    return all;
  }

  /** The program that makes the load of a {@link LoadRow}. */
  String buildGoLoad() throws IOException, InterruptedException {
    String program = target("load");
    Programs.output(List.of("go", "build", "-o", program, source("go/load/load.go")));
    return program;
  }

  // ---- on the JVM ----

  private Contender jvm(String name, Class<?> server, String... flags) {
    return new Contender(name, true, jvm(server, flags));
  }

  private List<String> jvm(Class<?> server, String... flags) {
    List<String> command = new ArrayList<>(List.of(java, Echo.HEAP));
    command.addAll(List.of(flags));
    command.addAll(List.of("-cp", jar.toString(), server.getName()));
    return command;
  }

  private Contender mounted(String name, String style) {
    List<String> command = jvm(
        AsyncioServer.class,
        "--add-opens=java.base/java.lang=ALL-UNNAMED",
        "-Dasyncio.carrier=mounted");
    command.add(style);
    return new Contender(name, true, command);
  }

  private Contender netty(String name, String transport) {
    List<String> command = new ArrayList<>(jvm(
        NettyServer.class,
        "--enable-native-access=ALL-UNNAMED",
        "--sun-misc-unsafe-memory-access=allow"));
    command.add(transport);
    return new Contender(name, true, command);
  }

  // ---- others ----

  private interface Build {
    /** The command that starts the server. */
    List<String> command() throws IOException, InterruptedException;
  }

  private static Contender built(String name, String tool, Build build)
      throws InterruptedException {
    if (!Programs.exists(tool)) {
      return Contender.skipped(name, tool + " is missing");
    }
    try {
      return new Contender(name, false, build.command());
    } catch (IOException e) {
      return Contender.skipped(name, "it can't be built or started here: " + e.getMessage());
    }
  }

  private String source(String name) {
    return sources.resolve(name).toString();
  }

  private String target(String name) throws IOException {
    Files.createDirectories(target);
    return target.resolve(name).toString();
  }

  /** The program that makes the load. */
  String buildLoad() throws IOException, InterruptedException {
    String program = target("echo-load");
    Programs.output(List.of("gcc", "-O2", "-o", program, source("c/echo-load.c")));
    return program;
  }

  private List<String> buildC() throws IOException, InterruptedException {
    String program = target("echo-c");
    Programs.output(List.of("gcc", "-O2", "-o", program, source("c/echo.c")));
    return List.of(program);
  }

  private List<String> buildGo() throws IOException, InterruptedException {
    String program = target("echo-go");
    Programs.output(List.of("go", "build", "-o", program, source("go/echo/echo.go")));
    return List.of(program);
  }

  private List<String> buildTokio() throws IOException, InterruptedException {
    String folder = target("tokio");
    String project = source("tokio/echo/Cargo.toml");
    Programs.output(
        300,
        Map.of("CARGO_TARGET_DIR", folder),
        List.of("cargo", "build", "--quiet", "--release", "--manifest-path", project));
    return List.of(folder + "/release/echo");
  }

  private List<String> python(String library, String script, String... arguments)
      throws IOException, InterruptedException {
    // The interpreter itself, not a script in front of it: that one would be measured.
    String python = Programs.output(List.of("python3", "-c", "import sys; print(sys.executable)"));
    if (library.equals("uvloop")) {
      python = pythonWithUvloop(python);
    }
    List<String> command = new ArrayList<>(List.of(python, source("cpython/" + script)));
    command.addAll(List.of(arguments));
    return command;
  }

  private String pythonWithUvloop(String python) throws IOException, InterruptedException {
    Path folder = Path.of(target("uvloop"));
    String inside = folder.resolve("bin/python").toString();
    if (!Files.exists(folder.resolve("installed"))) {
      Programs.output(List.of(python, "-m", "venv", folder.toString()));
      Programs.output(List.of(
          inside,
          "-m",
          "pip",
          "install",
          "--quiet",
          "--disable-pip-version-check",
          "--retries=0",
          "--timeout=10",
          "--only-binary=:all:",
          UVLOOP));
      Files.createFile(folder.resolve("installed"));
    }
    return inside;
  }
}
