package asyncio.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PeersTest {
  @TempDir
  Path temporary;

  private List<String> found() throws InterruptedException {
    var search = new Search(List.of(temporary.resolve("bin")), temporary.resolve("versions"));
    var builds = new Builds(temporary.resolve("target"));
    List<String> found = new ArrayList<>();
    for (Peer peer : new Peers(Path.of("peers"), builds, search, "java", Effort.SMOKE).all()) {
      found.add(peer.name() + ": " + peer.version());
    }
    return found;
  }

  private void program(String name, String body) throws IOException {
    Path program = temporary.resolve(name);
    Files.createDirectories(program.getParent());
    Files.writeString(program, "#!/bin/sh\n" + body + "\n");
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private void python(String name, String version) throws IOException {
    program(
        name,
        "[ \"$1\" = -c ] || { echo 'Error: no network' >&2; exit 1; }\necho \"$0\"\necho "
            + version);
  }

  @Test
  void whatIsMissingIsSkippedByName() throws InterruptedException {
    assertEquals(
        List.of(
            "Go: skipped: go is missing",
            "Tokio: skipped: cargo is missing",
            "Kotlin: skipped: mvn is missing",
            "uvloop: skipped: python3 is missing",
            "CPython: skipped: python3 is missing"),
        found());
  }

  @Test
  void whatCannotBeBuiltIsSkippedWithTheReason() throws Exception {
    python("bin/python3", "3.11.7 main");
    assertEquals(
        List.of("uvloop: skipped: it can't be built: Error: no network", "CPython: 3.11.7 main"),
        found().subList(3, 5));
  }

  @Test
  void theNewestOtherCPythonTakesPartUnderItsVersion() throws Exception {
    python("bin/python3", "3.9.1 main");
    python("bin/python3.10", "3.10.2 main");
    python("versions/3.9.9/bin/python3", "3.9.9 main");
    program("bin/python3.13", "exit 127"); // as a version manager's placeholder does
    assertEquals(
        List.of("CPython: 3.9.1 main", "CPython 3.10: 3.10.2 main"), found().subList(4, 6));
  }

  @Test
  void anOlderCPythonTakesNoPart() throws Exception {
    python("bin/python3", "3.14.0rc1 main");
    python("bin/python3.9", "3.9.20 main");
    assertEquals(List.of("CPython: 3.14.0rc1 main"), found().subList(4, 5));
    assertEquals(5, found().size());
  }
}
