package asyncio.internal.carrier;

import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Scheduler;

/** How often the running loop went on without a coroutine that waited for a lock, and why. */
public final class HandOvers {
  private HandOvers() {}

  /** Who had the lock runs on the same loop. */
  public static long toTheOwner() {
    return count(Hold.HandOver.OWNER);
  }

  /** One arrived that could get it next. */
  public static long toTheNextOwner() {
    return count(Hold.HandOver.NEXT_OWNER);
  }

  /** It was kept too long. */
  public static long afterTheTime() {
    return count(Hold.HandOver.TIME);
  }

  /** How long a loop waits, for tests of what happens then. */
  public static void limitNanos(long nanos) {
    Hold.limitNanos = nanos;
  }

  private static long count(Hold.HandOver why) {
    Scheduler scheduler = Current.require("handOvers()");
    Hold hold = scheduler.carrier() instanceof MountedCarrier mounted ? mounted.hold() : null;
    return hold == null ? 0 : hold.handOvers(why);
  }
}
