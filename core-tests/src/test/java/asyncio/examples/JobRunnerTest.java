package asyncio.examples;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;

import asyncio.support.Program;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** JobRunner and its twin in Python end gracefully on Ctrl-C. */
class JobRunnerTest {
  @TempDir
  Path folder;

  @Test
  void ctrlCLetsJobsThatWereBegunEnd() throws Exception {
    Path classes = Compiler.javac(ExamplesTest.example("JobRunner"), folder);
    try (var program = Program.java(classes, "JobRunner", "100000")) {
      endsGracefullyOnCtrlC(program);
      assertEquals("", program.errors());
    }
  }

  @Test
  void itsTwinInPythonDoesTheSame() throws Exception {
    try (var program = Twins.python(Twins.script("JobRunner", folder).toString(), "100000")) {
      endsGracefullyOnCtrlC(program);
    }
  }

  private static void endsGracefullyOnCtrlC(Program program) throws Exception {
    program.lineWith("job 4");
    program.interrupt();
    int code = program.exitCode();
    long begun =
        program.output().lines().filter(line -> line.matches("job \\d+")).count();
    assertAll(
        () -> assertEquals(
            (begun - 1) + " jobs done, 1 failed",
            program.output().lines().toList().getLast()),
        () -> assertEquals(130, code));
  }
}
