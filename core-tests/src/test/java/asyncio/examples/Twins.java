package asyncio.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import asyncio.support.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Programs of Python's asyncio that pages show beside ours. */
final class Twins {
  private Twins() {}

  /** The twin of an example, taken from the page that shows both, as a file. */
  static Path script(String example, Path folder) throws IOException {
    for (Path page : Pages.all()) {
      for (Pages.Block block : Pages.blocks(page)) {
        if (block.language().equals("python") && block.info().equals("twin of " + example)) {
          return Files.writeString(folder.resolve(example + ".py"), block.text());
        }
      }
    }
    throw new AssertionError("no page shows a twin of " + example);
  }

  /** They use what came with Python 3.11; the test is skipped where there is an older one. */
  static Program python(String script, String... arguments) throws IOException {
    String enough = "import sys; sys.exit(sys.version_info < (3, 11))";
    try (var version = Program.peer("python3", "-c", enough)) {
      assumeTrue(version.exitCode() == 0, "needs Python 3.11 or later");
    }
    String[] command = new String[arguments.length + 1];
    command[0] = script;
    System.arraycopy(arguments, 0, command, 1, arguments.length);
    return Program.peer("python3", command);
  }

  static void prints(String expected, Path script) throws IOException {
    try (var program = python(script.toString())) {
      assertEquals(0, program.exitCode(), program::whatHappened);
      assertEquals(expected, program.output());
    }
  }
}
