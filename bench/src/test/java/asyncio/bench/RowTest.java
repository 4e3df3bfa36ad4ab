package asyncio.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.bench.Competitor.Figure;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.junit.jupiter.api.Test;

class RowTest {
  private static Competitor tells(String name, Double... values) {
    Iterator<Double> next = List.of(values).iterator();
    return new Competitor(name, () -> new Figure(next.next()));
  }

  private static Row run(List<Competitor> competitors, Hold... holds) throws InterruptedException {
    var row = new Row("row", "some work", "ns", 3, competitors, "bare", List.of(holds));
    row.run();
    return row;
  }

  @Test
  void theCompetitorsTakeTurns() throws InterruptedException {
    List<String> turns = new ArrayList<>();
    List<Competitor> competitors = new ArrayList<>();
    for (String name : List.of("bare", "ours")) {
      competitors.add(new Competitor(name, () -> {
        turns.add(name);
        return new Figure(1);
      }));
    }
    run(competitors);
    assertEquals(List.of("bare", "ours", "bare", "ours", "bare", "ours"), turns);
  }

  @Test
  void theTableShowsMediansTheSpreadAndRatios() throws InterruptedException {
    Row row = run(List.of(tells("bare", 10.0, 30.0, 20.0), tells("ours", 1000.0, 5000.0, 3000.0)));
    assertEquals("""

        row: some work, ns (3 runs)
                   median            min – max   ratio
          bare         20        10 –       30    1.00  (reference)
          ours      3,000     1,000 –    5,000  150.00
        """, row.table(true));
  }

  @Test
  void whoIsMissingIsSkippedByNameAndWithTheReason() throws InterruptedException {
    Peer peer = Peer.missing("Go", "skipped: go is missing");
    Row row = run(
        List.of(tells("bare", 1.0, 1.0, 1.0), peer.competitor(", large", "spawn", 1, 1)),
        Hold.ratioAtMost("bare ≤ Go", "bare", "Go, large", 1));
    assertTrue(row.table(true).contains("  Go, large  skipped: go is missing\n"), row.table(true));
    assertTrue(row.table(true).contains("hold: bare ≤ Go: not measured\n"), row.table(true));
    assertFalse(row.failed());
  }

  @Test
  void whoFailsFailsTheRowAndIsNotAskedAgain() throws InterruptedException {
    List<String> asked = new ArrayList<>();
    var failing = new Competitor("ours", () -> {
      asked.add("ours");
      throw new IOException("no memory");
    });
    Row row = run(List.of(tells("bare", 1.0, 1.0, 1.0), failing));
    assertEquals(List.of("ours"), asked);
    assertTrue(row.failed());
    assertTrue(row.table(true).contains("  ours  failed: no memory\n"), row.table(true));
  }

  @Test
  void aHoldIsJudgedByTheMedians() throws InterruptedException {
    Row row = run(
        List.of(tells("bare", 4.0, 4.0, 4.0), tells("ours", 5.0, 5.0, 90.0)),
        Hold.ratioAtMost("ours ≤ 1.25 × bare", "ours", "bare", 1.25),
        Hold.ratioAtLeast("ours ≥ 2 × bare", "ours", "bare", 2),
        Hold.atMost("ours ≤ 6", "ours", 6),
        Hold.flat("all within 1.1 ×", List.of("bare", "ours"), 1.1));
    List<String> verdicts = row.holds().stream().map(hold -> hold.verdict(row)).toList();
    assertEquals(List.of("held (1.25)", "MISSED (1.25)", "held (5.00)", "MISSED (1.25)"), verdicts);
    assertFalse(row.table(false).contains("hold:"));
  }

  @Test
  void whatIsAllocatedHasAColumnOfItsOwn() throws InterruptedException {
    var ours = new Competitor("ours", () -> new Figure(2, 0.04));
    Row row = run(
        List.of(tells("bare", 1.0, 1.0, 1.0), ours),
        Hold.allocatesAtMost("nothing", "ours", 1),
        Hold.allocatesAtMost("nothing", "bare", 1));
    assertEquals("""

        row: some work, ns (3 runs)
                   median            min – max   ratio  allocated
          bare          1         1 –        1    1.00             (reference)
          ours          2         2 –        2    2.00      0.0 B
          hold: nothing: held (0.04)
          hold: nothing: not measured
        """, row.table(true));
  }

  @Test
  void jsonHasEveryRun() throws InterruptedException {
    Row row = run(
        List.of(tells("bare", 2.0, 4.0, 4.0), Peer.missing("Go", "none").competitor("", "", 1, 1)),
        Hold.atMost("bare ≤ 3", "bare", 3));
    assertEquals(
        "{\"name\": \"row\", \"title\": \"some work\", \"unit\": \"ns\", \"reference\": \"bare\","
            + " \"results\": [{\"name\": \"bare\", \"values\": [2.0, 4.0, 4.0], \"median\": 4.0,"
            + " \"ratio\": 1.0, \"allocated\": null}, {\"name\": \"Go\", \"absent\": \"none\"}],"
            + " \"holds\": [{\"text\": \"bare ≤ 3\", \"value\": 4.0, \"limit\": 3.0,"
            + " \"verdict\": \"MISSED (4.00)\"}]}",
        Json.write(row.toJson()));
  }
}
