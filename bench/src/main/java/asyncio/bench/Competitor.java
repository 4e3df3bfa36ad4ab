package asyncio.bench;

import java.util.ArrayList;
import java.util.List;

/** One way to do the work of a row, and what was measured of it. Lower is better. */
final class Competitor {
  /**
   * What one run tells.
   *
   * @param allocated bytes for each element; NaN where nobody counts them
   */
  record Figure(double value, double allocated) {
    Figure(double value) {
      this(value, Double.NaN);
    }
  }

  /** Does the work once, in a process of its own. */
  interface Measure {
    Figure once() throws Exception;
  }

  final String name;
  private final Measure measure;
  private final List<Figure> figures = new ArrayList<>();
  private String absent;
  private boolean failed;

  Competitor(String name, Measure measure) {
    this.name = name;
    this.measure = measure;
  }

  /** A competitor that can't be measured here. */
  static Competitor skipped(String name, String why) {
    var skipped = new Competitor(name, () -> new Figure(Double.NaN));
    skipped.absent = why;
    return skipped;
  }

  void run() throws InterruptedException {
    if (absent != null) {
      return;
    }
    try {
      figures.add(measure.once());
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
    return figures.stream().map(Figure::value).toList();
  }

  double median() {
    return quantile(0.5);
  }

  double quantile(double share) {
    return quantile(values(), share);
  }

  /** Bytes for each element, the median; NaN where nobody counts them. */
  double allocated() {
    return quantile(figures.stream().map(Figure::allocated).toList(), 0.5);
  }

  /** Of the sorted values; NaN without a result. */
  private double quantile(List<Double> values, double share) {
    if (absent != null || values.isEmpty()) {
      return Double.NaN;
    }
    List<Double> sorted = values.stream().sorted().toList();
    double place = share * (sorted.size() - 1);
    int below = (int) place;
    int above = Math.min(below + 1, sorted.size() - 1);
    return sorted.get(below) + (place - below) * (sorted.get(above) - sorted.get(below));
  }
}
