package asyncio.bench;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** Competitors that do the same work, measured in turn, and the numbers to hold among them. */
record Row(
    String name,
    String title,
    String unit,
    int rounds,
    List<Competitor> competitors,
    String reference,
    List<Hold> holds)
    implements Measured {

  @Override
  public void run() throws InterruptedException {
    for (int round = 1; round <= rounds; round++) {
      for (Competitor competitor : competitors) {
        if (rounds <= 5 && competitor.absent() == null) {
          System.err.printf("%s %d/%d: %s%n", name, round, rounds, competitor.name);
        }
        competitor.run();
      }
    }
  }

  @Override
  public boolean failed() {
    return competitors.stream().anyMatch(Competitor::failed);
  }

  /** NaN for one that was not measured, or is not in this row. */
  double median(String competitor) {
    return of(competitor, Competitor::median);
  }

  /** The same of the bytes for each element. */
  double allocated(String competitor) {
    return of(competitor, Competitor::allocated);
  }

  private double of(String competitor, ToDoubleFunction<Competitor> figure) {
    return competitors.stream()
        .filter(one -> one.name.equals(competitor))
        .mapToDouble(figure)
        .findFirst()
        .orElse(Double.NaN);
  }

  @Override
  public String table(boolean judged) {
    int width = competitors.stream()
        .mapToInt(competitor -> competitor.name.length())
        .max()
        .orElse(0);
    boolean counted = competitors.stream().anyMatch(one -> !Double.isNaN(one.allocated()));
    var table = new StringBuilder();
    table.append(String.format(
        "%n%s: %s, %s (%d %s)%n", name, title, unit, rounds, rounds == 1 ? "run" : "runs"));
    table.append(String.format(
        "  %-" + width + "s  %9s  %19s  %6s%s%n",
        "",
        "median",
        "min – max",
        "ratio",
        counted ? "  allocated" : ""));
    for (Competitor one : competitors) {
      table.append(String.format("  %-" + width + "s  ", one.name));
      if (one.absent() != null) {
        table.append(String.format("%s%n", one.absent()));
        continue;
      }
      table.append(String.format(
          Locale.ROOT,
          "%,9.0f  %,8.0f – %,8.0f  %6.2f",
          one.median(),
          one.quantile(0),
          one.quantile(1),
          one.median() / median(reference)));
      if (!Double.isNaN(one.allocated())) {
        table.append(String.format(Locale.ROOT, "  %,7.1f B", one.allocated()));
      } else if (counted && one.name.equals(reference)) {
        table.append(" ".repeat(11));
      }
      table.append(String.format("%s%n", one.name.equals(reference) ? "  (reference)" : ""));
    }
    if (judged) {
      for (Hold hold : holds) {
        table.append(String.format("  hold: %s: %s%n", hold.text(), hold.verdict(this)));
      }
    }
    return table.toString();
  }

  @Override
  public Map<String, Object> toJson() {
    List<Map<String, Object>> results = competitors.stream()
        .map(one -> one.absent() != null
            ? Json.object("name", one.name, "absent", one.absent())
            : Json.object(
                "name",
                one.name,
                "values",
                one.values(),
                "median",
                one.median(),
                "ratio",
                one.median() / median(reference),
                "allocated",
                one.allocated()))
        .toList();
    List<Map<String, Object>> held = holds.stream()
        .map(hold -> Json.object(
            "text",
            hold.text(),
            "value",
            hold.value().of(this),
            "limit",
            hold.limit(),
            "verdict",
            hold.verdict(this)))
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
