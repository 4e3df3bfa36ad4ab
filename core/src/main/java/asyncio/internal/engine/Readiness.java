package asyncio.internal.engine;

import asyncio.WaitKind;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.Wait;
import org.jspecify.annotations.Nullable;

/**
 * The wait of one coroutine until something can be read, accepted or connected. Created once for
 * each handle and reused, so that a round trip allocates nothing. Loop-confined.
 */
final class Readiness implements Wait {
  private final Of handle;

  /** What is waited for. */
  interface Of {
    /** Returns what a coroutine that waits here waits for, for reports. */
    String describeWait();

    /** Returns what kind of thing that is. */
    WaitKind waitKind();
  }

  /** The coroutine that waits, or that was woken and has not resumed yet. */
  private @Nullable Fiber fiber;

  Readiness(Of handle) {
    this.handle = handle;
  }

  /**
   * Suspends the running coroutine until {@link #wake}. The readiness counts as a value: a cancel
   * that comes after the wake-up stays pending.
   */
  void await(Fiber running) {
    if (fiber != null) {
      throw new AssertionError(
          "two coroutines wait for one direction of a channel: a bug, please report it");
    }
    fiber = running;
    try {
      running.suspend(this);
    } finally {
      fiber = null;
    }
  }

  /** Ends the wait, if one is in progress. */
  void wake() {
    Fiber waiting = fiber;
    if (waiting != null) {
      waiting.wake(this);
    }
  }

  /** Returns whether no coroutine waits, and none has been woken and is about to act on it. */
  boolean isIdle() {
    return fiber == null;
  }

  @Override
  public boolean cancel(@Nullable String why) {
    Fiber waiting = fiber;
    return waiting != null && waiting.endByCancel(this, why);
  }

  @Override
  public String describe() {
    return handle.describeWait();
  }

  @Override
  public WaitKind kind() {
    return handle.waitKind();
  }
}
