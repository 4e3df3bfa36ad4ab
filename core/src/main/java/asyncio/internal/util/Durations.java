package asyncio.internal.util;

import java.time.Duration;

/** Converts durations, which may exceed any number of nanoseconds, to clock times. */
public final class Durations {
  private Durations() {}

  /** Returns nanoseconds; the longest representable value if there are more (292 years). */
  public static long nanos(Duration duration) {
    try {
      return duration.toNanos();
    } catch (ArithmeticException tooLong) {
      return duration.isNegative() ? Long.MIN_VALUE : Long.MAX_VALUE;
    }
  }

  /** Returns milliseconds, for reports; the longest representable value if there are more. */
  public static long millis(Duration duration) {
    try {
      return duration.toMillis();
    } catch (ArithmeticException tooLong) {
      return duration.isNegative() ? Long.MIN_VALUE : Long.MAX_VALUE;
    }
  }

  /**
   * Returns the time when {@code delay} from now is over, in real time. To be compared by its
   * distance from {@link System#nanoTime}.
   */
  public static long realDeadline(Duration delay) {
    return System.nanoTime() + Math.max(0, nanos(delay));
  }

  /** Throws if the duration can't be the threshold of slow steps. */
  public static void checkSlow(Duration threshold) {
    if (!threshold.isPositive()) {
      throw new IllegalArgumentException("The threshold for slow steps must be positive; got "
          + threshold
          + ". To turn reports off, set one that no step reaches: Duration.ofDays(365).");
    }
  }

  /** Returns the sum; the longest possible duration if it would be longer. */
  public static Duration sum(Duration a, Duration b) {
    try {
      return a.plus(b);
    } catch (ArithmeticException tooLong) { // then both have the same sign
      return a.isNegative()
          ? Duration.ofSeconds(Long.MIN_VALUE)
          : Duration.ofSeconds(Long.MAX_VALUE, 999_999_999);
    }
  }
}
