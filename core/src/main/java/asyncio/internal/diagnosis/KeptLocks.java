package asyncio.internal.diagnosis;

import asyncio.internal.carrier.Contention;
import asyncio.internal.carrier.Hold;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.util.Stacks;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Reports locks that others held so long that a loop continued without the coroutine that wanted
 * one, so that others may have run between two of its waits. On the watchdog's thread.
 */
final class KeptLocks {
  private KeptLocks() {}

  /** Reports {@code last} and those before it, in order. */
  static void tell(Scheduler scheduler, Hold.@Nullable Kept last) {
    var inOrder = new ArrayDeque<Hold.Kept>();
    for (Hold.Kept kept = last; kept != null; kept = kept.before()) {
      inOrder.addFirst(kept);
    }
    inOrder.forEach(kept -> tellOf(scheduler, kept));
  }

  private static void tellOf(Scheduler scheduler, Hold.Kept kept) {
    StringBuilder text = new StringBuilder(1024);
    text.append(kept.who())
        .append(" waited so long for ")
        .append(kept.lock())
        .append(" that event loop '")
        .append(scheduler.name())
        .append(
            "' went on without it, so other coroutines may have changed what it had read. Hold the"
                + " lock for less time, or move the call to toThread(() -> …). It waits here:");
    Stacks.appendShort(text, kept.stack().toArray(new StackTraceElement[0]));
    Object monitor = kept.monitor();
    Thread owner = monitor == null ? kept.owner() : ownerOf(monitor);
    if (owner != null) {
      text.append(System.lineSeparator())
          .append("The thread '")
          .append(owner.getName())
          .append("' holds the lock. Its stack now:");
      Stacks.appendShort(text, owner.getStackTrace());
    }
    Watchdog.warn(text.toString());
  }

  /** Returns the platform thread that owns {@code monitor}; a virtual owner can't be found. */
  private static @Nullable Thread ownerOf(Object monitor) {
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (Contention.hasMonitor(thread, monitor)) {
        return thread;
      }
    }
    return null;
  }
}
