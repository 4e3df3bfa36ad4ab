package asyncio.internal.scheduler;

import org.jspecify.annotations.Nullable;

/** Something that happens at a time of the loop's clock. Confined to the loop. */
public abstract class Timer {
  /** Place in the heap of {@link Timers}, or -1. */
  int index = -1;

  /** Order among timers of the same time; compared by difference, so it may wrap around. */
  int sequence;

  /** Called when the time has come. Runs on the loop's own thread: no user code. */
  protected abstract void fire();

  /** Returns the coroutine that it cancels; null for none. */
  protected @Nullable Fiber cancels() {
    return null;
  }

  /** Whether it calls user code. */
  protected boolean callsBack() {
    return false;
  }

  /** Whether the timer is waiting to fire. */
  public final boolean isPending() {
    return index >= 0;
  }
}
