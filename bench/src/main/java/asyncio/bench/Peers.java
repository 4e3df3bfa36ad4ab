package asyncio.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Other runtimes, where they are installed. */
final class Peers {
  private final Path sources;
  private final Path scratch;
  private final Effort effort;

  /** The interpreter itself, not a script in front of it; null without one. */
  final String python;

  private final String goMissing;
  private String goBinary;

  Peers(Path sources, Path scratch, Effort effort) {
    this.sources = sources;
    this.scratch = scratch;
    this.effort = effort;
    this.python = ask("python3", "-c", "import sys; print(sys.executable)");
    this.goMissing = Commands.find("go") == null ? "go is missing" : null;
  }

  private static String ask(String... command) {
    if (Commands.find(command[0]) == null) {
      return null;
    }
    try {
      return Commands.output(List.of(command));
    } catch (IOException e) {
      return null;
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  String pythonVersion() {
    String version = ask("python3", "-c", "import sys; print(*sys.version.split())");
    return version == null ? "missing" : version;
  }

  String goVersion() {
    String version = ask("go", "env", "GOVERSION");
    return version == null ? "missing" : version + ", GOMAXPROCS(1)";
  }

  Competitor python(String name, String work, int size, double seconds) {
    if (python == null) {
      return Competitor.skipped(name, "python3 is missing");
    }
    String program = sources.resolve("cpython/peer.py").toString();
    return new Competitor(
        name, () -> Commands.number(List.of(python, program, work, "" + size, "" + seconds)));
  }

  Competitor python(String name, String work, int size) {
    return python(name, work, size, effort.peerSeconds());
  }

  Competitor go(String name, String work) {
    if (goMissing != null) {
      return Competitor.skipped(name, goMissing);
    }
    return new Competitor(
        name, () -> Commands.number(List.of(builtGo(), work, "" + effort.peerSeconds())));
  }

  private String builtGo() throws IOException, InterruptedException {
    if (goBinary == null) {
      String binary = scratch.resolve("go-peer").toString();
      Commands.output(
          List.of("go", "build", "-o", binary, sources.resolve("go/peer.go").toString()));
      goBinary = binary;
    }
    return goBinary;
  }
}
