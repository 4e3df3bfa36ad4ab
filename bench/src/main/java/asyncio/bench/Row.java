package asyncio.bench;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Competitors that do the same work, measured in turn, and the numbers to hold among them. */
record Row(
    String name,
    String title,
    String unit,
    int rounds,
    List<Competitor> competitors,
    String reference,
    List<Hold> holds) {

  void run() throws InterruptedException {
    for (int round = 1; round <= rounds; round++) {
      for (Competitor competitor : competitors) {
        if (rounds <= 5) {
          System.err.printf("%s %d/%d: %s%n", name, round, rounds, competitor.name);
        }
        competitor.run();
      }
    }
  }

  boolean failed() {
    return competitors.stream().anyMatch(Competitor::failed);
  }

  Map<String, Double> medians() {
    Map<String, Double> medians = new HashMap<>();
    competitors.forEach(competitor -> medians.put(competitor.name, competitor.median()));
    return medians;
  }

  void print() {
    int width =
        competitors.stream().mapToInt(competitor -> competitor.name.length()).max().orElse(0);
    double base = medians().get(reference);
    System.out.printf(
        "%n%s: %s, %s (%d %s)%n", name, title, unit, rounds, rounds == 1 ? "run" : "runs");
    System.out.printf("  %-" + width + "s  %9s  %19s  %s%n", "", "median", "min – max", "ratio");
    for (Competitor one : competitors) {
      System.out.printf("  %-" + width + "s", one.name);
      if (one.absent() != null) {
        System.out.printf("  %s%n", one.absent());
        continue;
      }
      double median = one.median();
      System.out.printf(
          Locale.ROOT,
          "  %,9.0f  %,8.0f – %,8.0f  %5.2f%s%n",
          median,
          one.quantile(0),
          one.quantile(1),
          median / base,
          one.name.equals(reference) ? "  (reference)" : "");
    }
    for (Hold hold : holds) {
      System.out.printf("  hold: %s: %s%n", hold.text(), hold.verdict(medians()));
    }
  }

  Map<String, Object> toJson() {
    Map<String, Double> medians = medians();
    List<Map<String, Object>> results =
        competitors.stream()
            .map(
                one ->
                    one.absent() != null
                        ? Json.object("name", one.name, "absent", one.absent())
                        : Json.object(
                            "name",
                            one.name,
                            "values",
                            one.values(),
                            "median",
                            one.median(),
                            "ratio",
                            one.median() / medians.get(reference)))
            .toList();
    List<Map<String, Object>> held =
        holds.stream()
            .map(
                hold ->
                    Json.object(
                        "text",
                        hold.text(),
                        "value",
                        hold.value().of(medians),
                        "limit",
                        hold.limit(),
                        "verdict",
                        hold.verdict(medians)))
            .toList();
    return Json.object(
        "name",
        name,
        "title",
        title,
        "unit",
        unit,
        "reference",
        reference,
        "results",
        results,
        "holds",
        held);
  }
}
