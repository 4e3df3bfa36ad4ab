package asyncio.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** One way to do the work of a row, and what was measured of it. Lower is better. */
final class Competitor {
  /** Does the work once, in a process of its own, and tells its number. */
  interface Measure {
    double once() throws Exception;
  }

  final String name;
  private final Measure measure;
  private final List<Double> values = new ArrayList<>();
  private String absent;
  private boolean failed;

  Competitor(String name, Measure measure) {
    this.name = name;
    this.measure = measure;
  }

  /** A competitor that can't be measured here. */
  static Competitor skipped(String name, String why) {
    var skipped = new Competitor(name, () -> Double.NaN);
    skipped.absent = "skipped: " + why;
    return skipped;
  }

  void run() throws InterruptedException {
    if (absent != null) {
      return;
    }
    try {
      values.add(measure.once());
    } catch (InterruptedException e) {
      throw e;
    } catch (Exception e) {
      failed = true;
      absent = "failed: " + e.getMessage();
    }
  }

  boolean failed() {
    return failed;
  }

  /** Why there is no result; null when there is one. */
  String absent() {
    return absent;
  }

  List<Double> values() {
    return values;
  }

  double median() {
    return quantile(0.5);
  }

  /** Of the sorted values; NaN without a result. */
  double quantile(double share) {
    if (absent != null || values.isEmpty()) {
      return Double.NaN;
    }
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).toArray();
    Arrays.sort(sorted);
    double place = share * (sorted.length - 1);
    int below = (int) place;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
  }
}
