package asyncio.internal.scheduler;

import org.jspecify.annotations.Nullable;

/** Something that happens at a time of the loop's clock. Confined to the loop. */
public abstract class Timer {
  /** Place in the heap of {@link Timers}, or -1. */
  int index = -1;

  /** Order among timers of the same time; compared by difference, so that it may wrap around. */
  int sequence;

  /** The time came. Runs on the loop's own thread: no user code. */
  protected abstract void fire();

  /** The coroutine that it cancels; null for none. */
  protected @Nullable Fiber strikes() {
    return null;
  }

  /** Whether it calls user code. */
  protected boolean callsBack() {
    return false;
  }

  /** Whether the timer waits to fire. */
  public final boolean isPending() {
    return index >= 0;
  }
}
