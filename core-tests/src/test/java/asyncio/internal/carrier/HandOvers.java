package asyncio.internal.carrier;

import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Scheduler;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** How often the running loop went on without a coroutine that waited for a lock, and why. */
public final class HandOvers {
  private HandOvers() {}

  /** Who had the lock runs on the same loop. */
  public static long toTheOwner() {
    return count(Hold.HandOver.OWNER);
  }

  /** Of those, how often it was known who has a monitor, so that the loop did not wait to ask. */
  public static long toAKnownOwner() {
    Hold hold = hold();
    return hold == null ? 0 : hold.ownersKnown();
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

  /** Whether the running loop keeps a step open for a lock. To be asked on any thread. */
  public static BooleanSupplier isHolding() {
    Scheduler scheduler = Current.require("isHolding()");
    return () -> {
      Hold hold = hold(scheduler); // made by the first one
      return hold != null && hold.isHolding();
    };
  }

  private static long count(Hold.HandOver why) {
    Hold hold = hold();
    return hold == null ? 0 : hold.handOvers(why);
  }

  private static @Nullable Hold hold() {
    return hold(Current.require("handOvers()"));
  }

  private static @Nullable Hold hold(Scheduler scheduler) {
    return scheduler.carrier() instanceof MountedCarrier mounted ? mounted.hold() : null;
  }
}
