package asyncio.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ArgumentsTest {
  @Test
  void withoutArgumentsEverythingIsMeasuredInFull() {
    Arguments arguments = Arguments.parse();
    assertEquals(Effort.FULL, arguments.effort());
    assertEquals(Rows.NAMES, arguments.rows());
    assertNull(arguments.json());
  }

  @Test
  void rowsKeepTheirOrderAndAreFoundByAPartOfTheName() {
    Arguments arguments = Arguments.parse("queue", "--quick", "spa", "--json", "a.json");
    assertEquals(Effort.QUICK, arguments.effort());
    assertEquals(List.of("spawn", "queue"), arguments.rows());
    assertEquals(Path.of("a.json"), arguments.json());
  }

  @Test
  void aWholeNameIsNotAPartOfAnother() {
    assertEquals(List.of("queue"), Arguments.parse("queue").rows());
    assertEquals(List.of("queue", "queues"), Arguments.parse("que").rows());
  }

  @Test
  void aQuickRunHasQueuesAndLocksOnlyIfTheyAreNamed() {
    assertEquals(
        List.of("switch", "spawn", "queue", "timers", "gather", "wait"),
        Arguments.parse("--quick").rows().subList(0, 6));
    assertEquals(
        List.of("queues", "locks"),
        Arguments.parse("--quick", "locks", "queues").rows());
    assertEquals(Rows.NAMES, Arguments.parse("--smoke").rows());
  }

  @ParameterizedTest
  @ValueSource(strings = {"queue", "queues", "locks", "foreign", "wait"})
  void aProfileIsOfEachRowOfJmh(String name) {
    assertEquals(List.of(name), Arguments.parse("--profile", name).rows());
  }

  @Test
  void aProfileIsOfOneRow() {
    Arguments arguments = Arguments.parse("--profile", "switch");
    assertEquals(Effort.PROFILE, arguments.effort());
    assertEquals(List.of("switch"), arguments.rows());
  }

  @ParameterizedTest
  @CsvSource({
    "--json,                  --json needs a file",
    "--profile,               --profile needs the name of a row",
    "--profile memory,        there is no benchmark 'memory'",
    "--profile spawn queue,   --profile takes one row and nothing else",
    "--profile spawn --json x, --profile takes one row and nothing else",
    "--quick --smoke,         --quick and --smoke exclude each other",
    "--slow,                  there is no benchmark '--slow'",
    "swich,                   there is no benchmark 'swich'",
  })
  void aWrongArgumentIsRefused(String line, String message) {
    var refused =
        assertThrows(IllegalArgumentException.class, () -> Arguments.parse(line.split(" ")));
    assertEquals(
        message, refused.getMessage().substring(0, message.length()), refused.getMessage());
  }
}
