package asyncio.examples;

import static asyncio.support.Texts.assertContains;
import static org.junit.jupiter.api.Assertions.assertEquals;

import asyncio.support.Program;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The program of {@code ./asyncio soak}, for a moment. */
class SoakTest {
  @TempDir
  Path folder;

  private Path classes;

  @BeforeEach
  void compile() throws Exception {
    Path source = Program.root().resolve("soak").resolve("Soak.java");
    classes = Compiler.javac(source, folder.resolve("classes"));
  }

  @Test
  void nothingIsLeftOfSomeConnectionsAndFiles() throws Exception {
    try (Program soak =
        Program.java(classes, "Soak", "--connections", "30", "--seconds", "1", "--seed", "1")) {
      assertEquals(0, soak.exitCode(), soak::whatHappened);
      assertContains(soak.output(), "30 connections at once", "seed 1", "all is as it was");
    }
  }

  @Test
  void wrongArgumentsAreExplained() throws Exception {
    for (String[] arguments : new String[][] {
      {"--connections"}, {"--connections", "0"}, {"--seconds", "many"}, {"--loops", "1"}
    }) {
      try (Program soak = Program.java(classes, "Soak", arguments)) {
        assertEquals(2, soak.exitCode(), soak::whatHappened);
        assertContains(soak.errors(), "usage: ./asyncio soak");
      }
    }
  }
}
