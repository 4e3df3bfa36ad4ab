package asyncio.internal.diagnosis;

import asyncio.SlowStep;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** The longest steps of the last minutes, longest first. Immutable, so any thread may read it. */
final class WorstSteps {
  static final WorstSteps NONE = new WorstSteps(List.of());

  private static final int KEPT = 10;
  private static final long KEPT_NANOS = 600_000_000_000L;

  /**
   * A step of a loop, with its number and the time of System.nanoTime at which it was last seen.
   */
  private record Entry(long number, SlowStep step, long seen) {
    boolean isOldAt(long now) {
      return now - seen > KEPT_NANOS;
    }
  }

  private final List<Entry> entries;

  private WorstSteps(List<Entry> entries) {
    this.entries = entries;
  }

  /**
   * Returns these steps and {@code step}, seen at {@code now}; it replaces what was known of that
   * number.
   */
  WorstSteps with(long number, SlowStep step, long now) {
    List<Entry> more = new ArrayList<>(entries.size() + 1);
    for (Entry entry : entries) {
      if (entry.number != number && !entry.isOldAt(now)) {
        more.add(entry);
      }
    }
    more.add(new Entry(number, step, now));
    more.sort(Comparator.comparing((Entry entry) -> entry.step.held()).reversed());
    return new WorstSteps(List.copyOf(more.subList(0, Math.min(KEPT, more.size()))));
  }

  /** Returns the steps that are not too old at {@code now}, a time of System.nanoTime. */
  List<SlowStep> at(long now) {
    List<SlowStep> steps = new ArrayList<>(entries.size());
    for (Entry entry : entries) {
      if (!entry.isOldAt(now)) {
        steps.add(entry.step);
      }
    }
    return steps;
  }
}
