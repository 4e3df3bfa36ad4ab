package asyncio.examples;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;

import asyncio.support.Program;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The annotations of JSpecify are needed to compile the library and nowhere else: programs are
 * compiled, with all warnings as errors, and run where only the library is to be found.
 */
class WithoutJspecifyTest {
  private static final Duration LIMIT = Duration.ofSeconds(50);

  /** Touches what is annotated: types that may be null, in methods, overrides and inference. */
  private static final String PROGRAM = """
      package program;

      import static asyncio.Asyncio.*;
      import static asyncio.Asyncio.*;

      import asyncio.*;
      import java.io.IOException;

      public final class Program {
        private Program() {}

        private static String annotations() {
          try {
            return Class.forName("org.jspecify.annotations.Nullable").getName();
          } catch (ClassNotFoundException expected) {
            return "no annotations";
          }
        }

        public static void main(String[] arguments) throws IOException {
          String line =
              run(
                  () -> {
                    Task<?> me = currentTask();
                    runningLoop().setExceptionHandler(null);
                    var nothing = createTask(() -> (Object) null);
                    if (me == null || nothing.await() != null) {
                      return "wrong";
                    }
                    try (var server =
                            startServer(client -> client.writer().write("hello\\n"), "127.0.0.1", 0);
                        var connection = openConnection("127.0.0.1", server.port())) {
                      String first = connection.reader().readLine();
                      return first + ", " + connection.reader().readLine();
                    }
                  });
          System.out.println(line + ", " + annotations());
        }
      }
      """;

  private static final String MODULE = "module program { requires asyncio; }";

  @TempDir
  Path folder;

  private static String jdk(String tool) {
    return Path.of(System.getProperty("java.home"), "bin", tool).toString();
  }

  private List<String> sources(boolean module) throws IOException {
    Path sources = Files.createDirectories(folder.resolve("src"));
    List<String> files = new ArrayList<>();
    Path program = Files.createDirectories(sources.resolve("program")).resolve("Program.java");
    files.add(Files.writeString(program, PROGRAM).toString());
    if (module) {
      files.add(Files.writeString(sources.resolve("module-info.java"), MODULE).toString());
    }
    return files;
  }

  private static void check(List<String> command, String output) throws IOException {
    try (var process = Program.start(LIMIT, command)) {
      int code = process.exitCode();
      assertAll(
          () -> assertEquals("", process.errors()),
          () -> assertEquals(output, process.output()),
          () -> assertEquals(0, code));
    }
  }

  private void compileAndRun(boolean module, String path, String opens, List<String> main)
      throws IOException {
    String classes = folder.resolve("classes").toString();
    List<String> javac = new ArrayList<>();
    javac.addAll(List.of(jdk("javac"), "-Xlint:all", "-Werror", "-proc:none", "-d", classes));
    javac.addAll(List.of(path, Program.library().toString()));
    javac.addAll(sources(module));
    check(javac, "");

    List<String> java = new ArrayList<>();
    java.addAll(List.of(jdk("java"), "-Dasyncio.slowStepMillis=30000"));
    if (Program.mounted()) {
      java.addAll(List.of("--add-opens", "java.base/java.lang=" + opens));
    }
    java.add("-Dasyncio.carrier=" + (Program.mounted() ? "mounted" : "portable"));
    java.addAll(List.of(path, Program.library() + File.pathSeparator + classes));
    java.addAll(main);
    check(java, "hello, null, no annotations\n");
  }

  @Test
  void onTheClassPathProgramsCompileAndRun() throws IOException {
    compileAndRun(false, "--class-path", "ALL-UNNAMED", List.of("program.Program"));
  }

  @Test
  void onTheModulePathProgramsCompileAndRun() throws IOException {
    compileAndRun(true, "--module-path", "asyncio", List.of("-m", "program/program.Program"));
  }
}
