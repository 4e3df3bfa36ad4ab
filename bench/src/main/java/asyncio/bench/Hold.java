package asyncio.bench;

import java.util.List;
import java.util.Locale;

/** A number that the design says to hold, and how it comes from the figures. */
record Hold(String text, Value value, double limit, boolean atMost) {
  interface Value {
    double of(Row row);
  }

  static Hold ratioAtMost(String text, String name, String reference, double limit) {
    return new Hold(text, row -> row.median(name) / row.median(reference), limit, true);
  }

  static Hold ratioAtLeast(String text, String name, String reference, double limit) {
    return new Hold(text, row -> row.median(name) / row.median(reference), limit, false);
  }

  static Hold atMost(String text, String name, double limit) {
    return new Hold(text, row -> row.median(name), limit, true);
  }

  static Hold allocatesAtMost(String text, String name, double limit) {
    return new Hold(text, row -> row.allocated(name), limit, true);
  }

  /** The largest of some is not much more than the smallest. */
  static Hold flat(String text, List<String> names, double limit) {
    return new Hold(
        text,
        row -> {
          double[] some = names.stream().mapToDouble(row::median).toArray();
          double least = some[0];
          double most = some[0];
          for (double one : some) {
            least = Math.min(least, one); // NaN if one was not measured
            most = Math.max(most, one);
          }
          return most / least;
        },
        limit,
        true);
  }

  String verdict(Row row) {
    double found = value.of(row);
    if (Double.isNaN(found)) {
      return "not measured";
    }
    boolean held = atMost ? found <= limit : found >= limit;
    return (held ? "held" : "MISSED") + String.format(Locale.ROOT, " (%.2f)", found);
  }
}
