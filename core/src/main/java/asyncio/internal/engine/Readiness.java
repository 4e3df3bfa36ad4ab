package asyncio.internal.engine;

import asyncio.WaitKind;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.Wait;
import org.jspecify.annotations.Nullable;

/**
 * The wait of one coroutine until a channel is ready. Made once for each channel and used again and
 * again, so that a round trip allocates nothing. Loop-confined.
 */
final class Readiness implements Wait {
  private final NioHandle handle;

  /** Who waits, or was woken and has not gone on yet. */
  private @Nullable Fiber fiber;

  Readiness(NioHandle handle) {
    this.handle = handle;
  }

  /**
   * Suspends the running coroutine until {@link #wake}. What it waited for is a value: a cancel
   * that arrives after the wake-up stays pending.
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

  /** Ends the wait, if there is one that goes on. */
  void wake() {
    Fiber waiting = fiber;
    if (waiting != null) {
      waiting.wake(this);
    }
  }

  /** Whether no coroutine waits, and none is on its way to act on its wake-up. */
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
    return WaitKind.SOCKET;
  }
}
