package asyncio;

import asyncio.internal.loop.Loop;
import java.time.Duration;

/** From durations to times of a loop's clock. */
final class Durations {
  private Durations() {}

  /** Nanoseconds; the longest representable where there are more (292 years). */
  static long nanos(Duration duration) {
    try {
      return duration.toNanos();
    } catch (ArithmeticException tooLong) {
      return duration.isNegative() ? Long.MIN_VALUE : Long.MAX_VALUE;
    }
  }

  /** When {@code delay} from now is over; now when it is not positive. */
  static long deadline(Loop loop, Duration delay) {
    long now = loop.time();
    long nanos = Math.max(0, nanos(delay));
    return nanos > Long.MAX_VALUE - 1 - now ? Long.MAX_VALUE - 1 : now + nanos;
  }

  /** Fails for what can't be the threshold of slow steps. */
  static void checkSlow(Duration threshold) {
    if (!threshold.isPositive()) {
      throw new IllegalArgumentException(
          "A step counts as slow after a positive duration; got "
              + threshold
              + ". To get no reports, give one that no step reaches: Duration.ofDays(365).");
    }
  }

  /** The sum; the longest possible duration where it would be longer. */
  static Duration sum(Duration a, Duration b) {
    try {
      return a.plus(b);
    } catch (ArithmeticException tooLong) {
      return Duration.ofSeconds(Long.MAX_VALUE, 999_999_999);
    }
  }
}
