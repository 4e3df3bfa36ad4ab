package asyncio.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BuildsTest {
  @TempDir
  Path temporary;

  private Path source;
  private Builds builds;

  @BeforeEach
  void writeSource() throws IOException {
    source = Files.writeString(temporary.resolve("source"), "one\n");
    builds = new Builds(temporary.resolve("target"));
  }

  /** Builds by appending the source to a file. */
  private String build(String tools) throws IOException, InterruptedException {
    Path folder = builds.folder(
        "peer",
        tools,
        List.of(source),
        into -> List.of(List.of("sh", "-c", "cat " + source + " >>" + into + "/result")));
    return Files.readString(folder.resolve("result"));
  }

  @Test
  void nothingIsBuiltTwiceWhenNothingHasChanged() throws Exception {
    assertEquals("one\n", build("1.0"));
    assertEquals("one\n", build("1.0"));
  }

  @Test
  void aChangedSourceIsBuiltAnew() throws Exception {
    build("1.0");
    Files.writeString(source, "two\n");
    assertEquals("one\ntwo\n", build("1.0"));
  }

  @Test
  void anotherVersionOfTheToolBuildsAnew() throws Exception {
    build("1.0");
    assertEquals("one\none\n", build("1.1"));
  }

  @Test
  void whatFailedSaysWhyAndIsTriedAgain() throws Exception {
    String fails = "echo building; echo 'error: no network' >&2; exit 1";
    for (int i = 0; i < 2; i++) {
      var failure = assertThrows(
          IOException.class,
          () ->
              builds.folder("peer", "1.0", List.of(), into -> List.of(List.of("sh", "-c", fails))));
      assertEquals("it can't be built: error: no network", failure.getMessage());
    }
  }
}
