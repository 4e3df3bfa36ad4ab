package asyncio.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opentest4j.TestAbortedException;

/** What `./asyncio test` does on a machine where nc, a peer of some tests, is missing. */
class ScriptTest {
  private static final List<String> TOOLS =
      List.of(
          "sh", "env", "cat", "sed", "mkdir", "rm", "find", "readlink", "id", "head", "awk", "tr");

  @TempDir Path folder;

  @BeforeEach
  void aCheckoutOnAMachineWithoutNetcat() throws IOException {
    assumeTrue(Program.mounted(), "the script has no carrier: once is enough");
    for (String file : List.of("asyncio", "pom.xml")) {
      Files.copy(Program.root().resolve(file), folder.resolve(file));
    }
    Path bin = Files.createDirectories(folder.resolve("bin"));
    for (String tool : TOOLS) {
      for (Path place : List.of(Path.of("/bin", tool), Path.of("/usr/bin", tool))) {
        if (Files.exists(place)) {
          program(bin.resolve(tool), "exec " + place + " \"$@\"");
        }
      }
    }
    // As far as the script knows, these are there.
    program(bin.resolve("python3"), "exit 0");
    program(bin.resolve("mvn"), "echo maven called >>\"" + folder.resolve("maven") + "\"; exit 1");
  }

  private static void program(Path file, String text) throws IOException {
    Files.writeString(file, "#!/bin/sh\n" + text + "\n");
    assertTrue(file.toFile().setExecutable(true));
  }

  private Program test(String ci) throws IOException {
    List<String> command = new ArrayList<>();
    command.addAll(List.of("env", "PATH=" + folder.resolve("bin"), "CI=" + ci, "sh"));
    command.addAll(List.of(folder.resolve("asyncio").toString(), "--no-install", "test"));
    return Program.start(Duration.ofSeconds(50), command);
  }

  @Test
  void withCiSetAMissingPeerIsAFailureThatNamesIt() throws IOException {
    try (var script = test("true")) {
      assertEquals(1, script.exitCode(), script::whatHappened);
      assertTrue(script.errors().contains("tests need nc as a peer"), script::whatHappened);
      assertFalse(Files.exists(folder.resolve("maven")), "nothing was built");
    }
  }

  @Test
  void elsewhereAMissingPeerIsToldAndTheTestsGoOn() throws IOException {
    try (var script = test("")) {
      script.exitCode();
      assertTrue(
          script.errors().contains("nc is missing: the tests that talk to it will be skipped"),
          script::whatHappened);
      assertFalse(script.errors().contains("python3"), script::whatHappened);
      assertTrue(Files.exists(folder.resolve("maven")), script::whatHappened);
    }
  }

  @Test
  void aTestOfAMissingPeerIsSkippedByNameOrFails() {
    String name = "no-such-peer-of-tests";
    boolean required = "1".equals(System.getenv("ASYNCIO_REQUIRE_PEERS"));
    Class<? extends Throwable> expected =
        required ? AssertionError.class : TestAbortedException.class;
    Throwable told = assertThrows(expected, () -> Program.peer(name));
    assertTrue(told.getMessage().contains(name), told.getMessage());
  }
}
