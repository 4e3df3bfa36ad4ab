package asyncio.examples;

import static asyncio.support.Texts.assertContains;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import asyncio.support.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opentest4j.TestAbortedException;

/**
 * What `./asyncio` does on a machine where nc, a peer of some tests, is missing, and Maven only
 * says how it was called.
 */
class ScriptTest {
  private static final List<String> TOOLS = List.of(
      "sh",
      "env",
      "cat",
      "sed",
      "mkdir",
      "rm",
      "find",
      "readlink",
      "id",
      "head",
      "awk",
      "tr",
      "cp",
      "mv",
      "sort",
      "cksum",
      "sha256sum",
      "shasum");

  @TempDir
  Path folder;

  @BeforeEach
  void aCheckoutOnAMachineWithoutNetcat() throws IOException {
    assumeTrue(Program.mounted(), "the script has no carrier: once is enough");
    Files.createDirectories(checkout());
    for (String file : List.of("asyncio", "pom.xml")) {
      Files.copy(Program.root().resolve(file), checkout().resolve(file));
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
    for (String peer : List.of("python3", "openssl", "curl", "socat")) {
      program(bin.resolve(peer), "exit 0");
    }
    maven("exit 1");
  }

  private Path checkout() {
    return folder.resolve("checkout");
  }

  /** Whatever Maven does, it leaves its folder and its arguments in a file. */
  private void maven(String does) throws IOException {
    String called = "echo \"$(pwd -P) $*\" >>'" + folder.resolve("maven") + "'\n";
    program(folder.resolve("bin/mvn"), called + does);
  }

  private String calledMaven() throws IOException {
    Path calls = folder.resolve("maven");
    return Files.exists(calls) ? Files.readString(calls) : "";
  }

  private static void program(Path file, String text) throws IOException {
    Files.writeString(file, "#!/bin/sh\n" + text + "\n");
    assertTrue(file.toFile().setExecutable(true));
  }

  private Program script(Path script, List<String> variables, String... arguments)
      throws IOException {
    List<String> command = new ArrayList<>(List.of("env", "PATH=" + folder.resolve("bin")));
    command.addAll(variables);
    command.addAll(List.of("sh", script.toString()));
    command.addAll(List.of(arguments));
    return Program.start(Duration.ofSeconds(50), command);
  }

  private Program script(List<String> variables, String... arguments) throws IOException {
    return script(checkout().resolve("asyncio"), variables, arguments);
  }

  private Program test(String ci) throws IOException {
    return script(List.of("CI=" + ci), "--no-install", "test");
  }

  @Test
  void withCiSetAMissingPeerIsAFailureThatNamesIt() throws IOException {
    try (var script = test("true")) {
      assertEquals(1, script.exitCode(), script::whatHappened);
      assertTrue(script.errors().contains("tests need nc as a peer"), script::whatHappened);
      assertEquals("", calledMaven(), "nothing was built");
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
      assertFalse(calledMaven().isEmpty(), script::whatHappened);
    }
  }

  @Test
  void aTestOfAMissingPeerIsSkippedByNameOrFails() {
    String name = "no-such-peer-of-tests";
    boolean required = "1".equals(System.getenv("ASYNCIO_REQUIRE_PEERS"));
    Class<? extends Throwable> expected =
        required ? AssertionError.class : TestAbortedException.class;
    Throwable told = assertThrows(expected, () -> Program.peer(name));
    assertContains(told.getMessage(), name);
  }

  @Test
  void throughSymbolicLinksItWorksInItsOwnCheckout() throws IOException {
    Path elsewhere = Files.createDirectories(folder.resolve("elsewhere"));
    Path relative =
        Files.createSymbolicLink(elsewhere.resolve("relative"), Path.of("../checkout/asyncio"));
    Path absolute = Files.createSymbolicLink(folder.resolve("absolute"), relative);
    Path deep = Files.createDirectories(elsewhere.resolve("deep/bin"));
    Files.createSymbolicLink(deep.resolve("asyncio"), Path.of("../../../checkout/asyncio"));
    Path linkedFolder = Files.createSymbolicLink(folder.resolve("linked"), deep);
    for (Path link : List.of(relative, absolute, linkedFolder.resolve("asyncio"))) {
      Files.deleteIfExists(folder.resolve("maven"));
      try (var script = script(link, List.of("CI="), "--no-install", "test")) {
        script.exitCode();
        String calls = calledMaven();
        assertTrue(calls.startsWith(checkout().toRealPath() + " "), script::whatHappened);
      }
    }
    assertFalse(Files.exists(elsewhere.resolve("target")));
  }

  /** No permission keeps root from writing; a file where a folder should be does. */
  private Path aProgramInACheckoutThatMayNotBeWrittenTo() throws IOException {
    Files.createFile(checkout().resolve("target"));
    Path library = Program.library();
    String jar = Files.isDirectory(library)
        ? "'" + Path.of(System.getProperty("java.home"), "bin/jar") + "' --create --file"
        : "cp '" + library + "'";
    maven("""
        for argument; do
          case $argument in -Dbuild.folder=*) into=${argument#*=} ;; esac
        done
        mkdir -p "$into" && %s "$into/asyncio-1.jar" %s
        """.formatted(jar, Files.isDirectory(library) ? "-C '" + library + "' ." : ""));
    return Files.writeString(checkout().resolve("Works.java"), """
        public class Works {
          static void main(String[] arguments) {
            IO.println(asyncio.Asyncio.run(() -> "works " + String.join(" ", arguments)));
          }
        }
        """);
  }

  @Test
  void inACheckoutThatMayNotBeWrittenToRunUsesTheCacheFolder() throws IOException {
    Path program = aProgramInACheckoutThatMayNotBeWrittenTo();
    List<String> cache = List.of("XDG_CACHE_HOME=" + folder.resolve("cache"));
    for (int i = 0; i < 2; i++) {
      // After the program, --help is its own.
      try (var script = script(cache, "--no-install", "run", program.toString(), "--help")) {
        assertEquals(0, script.exitCode(), script::whatHappened);
        assertEquals("works --help\n", script.output());
      }
    }
    assertEquals(1, calledMaven().lines().count(), "the second run found what the first one built");
    assertTrue(Files.isDirectory(folder.resolve("cache/asyncio")));
    assertTrue(Files.isRegularFile(checkout().resolve("target")));
  }

  @Test
  void withoutACacheFolderItUsesOneForTemporaryFiles() throws IOException {
    Path program = aProgramInACheckoutThatMayNotBeWrittenTo();
    Path nobodys = Files.createFile(folder.resolve("no-folder"));
    List<String> variables = List.of(
        "XDG_CACHE_HOME=" + nobodys,
        "HOME=" + nobodys,
        "TMPDIR=" + Files.createDirectories(folder.resolve("temporary")));
    try (var script = script(variables, "--no-install", "run", program.toString())) {
      assertEquals(0, script.exitCode(), script::whatHappened);
      assertEquals("works \n", script.output());
    }
    try (var made = Files.list(folder.resolve("temporary"))) {
      assertTrue(made.anyMatch(file -> file.getFileName().toString().startsWith("asyncio-")));
    }
  }

  @Test
  void aCacheFolderThatOthersMayWriteToIsNotUsed() throws IOException {
    Path program = aProgramInACheckoutThatMayNotBeWrittenTo();
    Path open = Files.createDirectories(folder.resolve("cache/asyncio"));
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
    List<String> variables =
        List.of("XDG_CACHE_HOME=" + open.getParent(), "HOME=" + folder.resolve("home"));
    try (var script = script(variables, "--no-install", "run", program.toString())) {
      assertEquals(0, script.exitCode(), script::whatHappened);
    }
    try (var made = Files.list(open)) {
      assertEquals(List.of(), made.toList());
    }
    assertTrue(Files.isDirectory(folder.resolve("home/.cache/asyncio")));
  }

  @Test
  void whatBuildsInTheCheckoutSaysThatItMayNot() throws IOException {
    Files.createFile(checkout().resolve("target"));
    for (String command : List.of("test", "format", "conformance")) {
      try (var script = script(List.of("CI="), "--no-install", command)) {
        assertEquals(1, script.exitCode(), script::whatHappened);
        assertTrue(script.errors().contains("may not write to"), script::whatHappened);
      }
    }
    assertEquals("", calledMaven());
  }

  @ParameterizedTest
  @ValueSource(strings = {"run", "test", "bench", "conformance", "format", "jdk"})
  void helpOfACommandIsPrintedAndNothingIsInstalledOrBuilt(String command) throws IOException {
    String usage = "usage: ./asyncio " + command;
    // A command that looked for a JDK would fail on this one.
    List<String> noJdk = List.of("ASYNCIO_JAVA_HOME=" + folder);
    for (List<String> asked :
        List.of(List.of(command, "--help"), List.of(command, "-h"), List.of("help", command))) {
      try (var script = script(noJdk, asked.toArray(String[]::new))) {
        assertEquals(0, script.exitCode(), script::whatHappened);
        assertTrue(script.output().startsWith(usage), script::whatHappened);
        assertEquals("", script.errors());
      }
    }
    assertEquals("", calledMaven());
  }

  /** As far as the script looks. */
  private Path jdk(String version) throws IOException {
    Path home = folder.resolve("jdk-" + version);
    program(Files.createDirectories(home.resolve("bin")).resolve("javac"), "exit 1");
    Files.writeString(home.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
    return home;
  }

  @ParameterizedTest
  @CsvSource({"25, true", "25.0.3, true", "25.0.4, false", "26, false"})
  void aJdkWhoseVirtualThreadsMayHangIsToldAndWhichIsBetter(String version, boolean told)
      throws IOException {
    Path home = jdk(version);
    try (var script = script(List.of("ASYNCIO_JAVA_HOME=" + home), "jdk")) {
      assertEquals(0, script.exitCode(), script::whatHappened);
      assertEquals(home.toRealPath() + "\n", script.output());
      assertEquals(told, script.errors().contains("25.0.4 or later is recommended"));
      assertEquals(told, !script.errors().isEmpty(), script::whatHappened);
    }
  }
}
