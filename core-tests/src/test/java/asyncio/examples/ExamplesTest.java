package asyncio.examples;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;

import asyncio.support.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The programs in examples/ compile without a warning and print what they say they print. */
class ExamplesTest {
  private static final Pattern PRINTS = Pattern.compile("/\\* Prints:\n(.*?)\\*/", Pattern.DOTALL);

  @TempDir
  Path folder;

  static List<Path> examples() throws IOException {
    try (var files = Files.list(Program.root().resolve("examples"))) {
      return files.filter(file -> file.toString().endsWith(".java")).sorted().toList();
    }
  }

  static Path example(String name) {
    return Program.root().resolve("examples").resolve(name + ".java");
  }

  static List<String> thatSayWhatTheyPrint() throws IOException {
    return examples().stream()
        .filter(file -> PRINTS.matcher(text(file)).find())
        .map(file -> file.getFileName().toString().replace(".java", ""))
        .toList();
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @ParameterizedTest
  @MethodSource("examples")
  void compilesWithoutAWarning(Path example) {
    Compiler.javac(example, folder);
  }

  /** A time limit, since its type inference is exponential in nested expression lambdas. */
  @ParameterizedTest
  @MethodSource("examples")
  @Timeout(value = 20, unit = TimeUnit.SECONDS)
  void compilesWithEclipsesCompiler(Path example) {
    Compiler.ecj(example, folder);
  }

  @ParameterizedTest
  @MethodSource("thatSayWhatTheyPrint")
  void printsWhatItSays(String name) throws IOException {
    Matcher prints = PRINTS.matcher(text(example(name)));
    prints.find();
    Path classes = Compiler.javac(example(name), folder);
    try (var program = Program.java(classes, name)) {
      int code = program.exitCode();
      assertAll(
          () -> assertEquals(prints.group(1), program.output()),
          () -> assertEquals("", program.errors()),
          () -> assertEquals(0, code));
    }
  }

  @Test
  void theTwinOfThePipelineInPythonPrintsTheSame() throws IOException {
    theTwinPrintsTheSame("Pipeline");
  }

  @Test
  void theTwinOfTheJobRunnerInPythonPrintsTheSame() throws IOException {
    theTwinPrintsTheSame("JobRunner");
  }

  private void theTwinPrintsTheSame(String name) throws IOException {
    Matcher prints = PRINTS.matcher(text(example(name)));
    prints.find();
    Twins.prints(prints.group(1), Twins.script(name, folder));
  }

  @Test
  void whatEclipsesCompilerMakesRunsToo() throws IOException {
    Path classes = Compiler.ecj(example("Deadlines"), folder);
    try (var program = Program.java(classes, "Deadlines")) {
      assertEquals(0, program.exitCode(), program::errors);
    }
  }

  @Test
  void ctrlCEndsAProgramWithItsCleanUpDoneAndExitCode130() throws Exception {
    Path classes = Compiler.javac(example("Countdown"), folder);
    try (var program = Program.java(classes, "Countdown", "100")) {
      program.lineWith("100");
      program.interrupt();
      int code = program.exitCode();
      assertAll(
          () -> assertEquals(
              "the engines are off", program.output().lines().toList().getLast()),
          () -> assertEquals("", program.errors()),
          () -> assertEquals(130, code));
    }
  }
}
