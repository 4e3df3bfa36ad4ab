package asyncio.examples;

import static asyncio.support.Texts.assertContains;
import static asyncio.support.Texts.assertStartsWith;
import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;

import asyncio.support.Program;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * TenThousandConnections with few connections; DocsTest runs the command of README.md, which has
 * ten thousand.
 */
class TenThousandConnectionsTest {
  private static final String NAME = "TenThousandConnections";

  @TempDir
  Path folder;

  private Path classes;

  @BeforeEach
  void compile() {
    classes = Compiler.javac(ExamplesTest.example(NAME), folder);
  }

  @Test
  void everyMessageIsEchoed() throws Exception {
    try (var program = Program.java(classes, NAME, "200", "20")) {
      int code = program.exitCode();
      String carrier = Program.mounted() ? "carrier MOUNTED" : "carrier PORTABLE";
      assertAll(
          () -> assertEquals("", program.errors()),
          () -> assertStartsWith(program.output(), carrier),
          () -> assertContains(program.output(), "4,000 of 64 bytes, every one echoed"),
          () -> assertEquals(0, code));
    }
  }

  @Test
  void ctrlCEndsServerAndClients() throws Exception {
    try (var program = Program.java(classes, NAME, "100", "1000000")) {
      program.lineWith("now they talk");
      var clients = program.children();
      assertEquals(1, clients.size());
      program.interrupt();
      int code = program.exitCode();
      clients.getFirst().onExit().get(20, TimeUnit.SECONDS);
      assertAll(() -> assertEquals("", program.errors()), () -> assertEquals(130, code));
    }
  }

  @Test
  void clientsThatDieAreToldInOneLine() throws Exception {
    try (var program = Program.java(classes, NAME, "100", "1000000")) {
      program.lineWith("now they talk");
      program.children().getFirst().destroyForcibly();
      int code = program.exitCode();
      assertAll(
          () -> assertEquals(1, program.errors().lines().count(), program.errors()),
          () -> assertEquals(1, code));
    }
  }

  static Stream<String> wrongArguments() {
    return Stream.of("many", "0", "10 -1", "1 2 3", "1000000 1000000");
  }

  @ParameterizedTest
  @MethodSource("wrongArguments")
  @Timeout(value = 30, unit = TimeUnit.SECONDS)
  void wrongArgumentsAreToldInOneLine(String arguments) throws Exception {
    try (var program = Program.java(classes, NAME, arguments.split(" "))) {
      int code = program.exitCode();
      assertAll(
          () -> assertEquals(1, program.errors().lines().count(), program.errors()),
          () -> assertStartsWith(program.errors(), "usage: " + NAME),
          () -> assertEquals(2, code));
    }
  }

  @Test
  void aLowLimitOfDescriptorsMeansFewerConnections() throws Exception {
    try (var program = Program.javaWithFiles(300, classes, NAME, "1000", "5")) {
      int code = program.exitCode();
      assertAll(
          () -> assertContains(program.output(), "A process may open 300 files here"),
          () -> assertContains(program.output(), " at once"),
          () -> assertEquals("", program.errors()),
          () -> assertEquals(0, code));
    }
  }
}
