package asyncio.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RowsTest {
  private static Row row(Effort effort, String name) throws Exception {
    List<Peer> peers = Stream.of("Go", "Tokio", "Kotlin", "uvloop", "CPython", "CPython 3.13")
        .map(peer -> Peer.missing(peer, "skipped: not in a test"))
        .toList();
    Path none = Path.of("none");
    return new Rows(effort, new Jmh("java", effort, null), peers, "java", none, none).row(name);
  }

  private static List<String> competitors(Effort effort, String name) throws Exception {
    return row(effort, name).competitors().stream()
        .map(competitor -> competitor.name)
        .toList();
  }

  @Test
  void aQuickWaitHasTheSmallestAndTheLargestSizeAndOnePython() throws Exception {
    assertEquals(
        List.of(
            "mounted, wait, 10 tasks",
            "mounted, wait, 100,000 tasks",
            "mounted, as completed, 10 tasks",
            "mounted, as completed, 100,000 tasks",
            "portable, wait, 10 tasks",
            "portable, wait, 100,000 tasks",
            "portable, as completed, 10 tasks",
            "portable, as completed, 100,000 tasks",
            "CPython, wait, 10 tasks",
            "CPython, as completed, 10 tasks"),
        competitors(Effort.QUICK, "wait"));
  }

  @Test
  void aFullWaitHasEverySizeOfEveryPython() throws Exception {
    List<String> names = competitors(Effort.FULL, "wait");
    for (String who : List.of("mounted", "portable", "uvloop", "CPython", "CPython 3.13")) {
      for (String way : List.of("wait", "as completed")) {
        for (String size : List.of("10", "1,000", "100,000")) {
          String name = who + ", " + way + ", " + size + " tasks";
          assertTrue(names.contains(name), name + " is not in " + names);
        }
      }
    }
    assertEquals(30, names.size());
  }

  @Test
  void locksAreHandedOverInThreeKinds() throws Exception {
    assertEquals(
        List.of(
            "mounted, lock",
            "mounted, semaphore",
            "mounted, condition",
            "portable, lock",
            "portable, semaphore",
            "portable, condition",
            "CPython, lock",
            "CPython, semaphore",
            "CPython, condition"),
        competitors(Effort.QUICK, "locks"));
  }

  @Test
  void queuesAreOfThreeKindsWithABoundAndWithout() throws Exception {
    assertEquals(
        List.of(
            "mounted, FIFO",
            "mounted, LIFO",
            "mounted, priority",
            "mounted, FIFO, unbounded",
            "mounted, LIFO, unbounded",
            "mounted, priority, unbounded",
            "portable, FIFO",
            "portable, LIFO",
            "portable, priority",
            "CPython, FIFO",
            "CPython, LIFO",
            "CPython, priority",
            "CPython, FIFO, unbounded",
            "CPython, LIFO, unbounded",
            "CPython, priority, unbounded"),
        competitors(Effort.QUICK, "queues"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"timers", "gather", "wait"})
  void theLargestSizeIsHeldToTheSmallestOnBothCarriers(String name) throws Exception {
    Row row = row(Effort.QUICK, name);
    Set<String> held = new HashSet<>();
    for (Hold hold : row.holds()) {
      assertEquals(2, hold.limit());
      assertTrue(hold.atMost());
      assertTrue(hold.text().endsWith(", within 2 × from the smallest to the largest"));
      held.add(hold.text().split(",")[0]);
    }
    assertEquals(Set.of("mounted", "portable"), held);
    assertEquals(name.equals("wait") ? 4 : 2, row.holds().size());
  }

  @ParameterizedTest
  @ValueSource(strings = {"switch", "queue", "queues", "locks", "timers", "gather", "wait"})
  void nobodyIsInARowTwice(String name) throws Exception {
    List<String> names = new ArrayList<>(competitors(Effort.SMOKE, name));
    assertEquals(new HashSet<>(names).size(), names.size(), names.toString());
  }
}
