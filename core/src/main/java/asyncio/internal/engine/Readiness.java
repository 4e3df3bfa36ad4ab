package asyncio.internal.engine;

import asyncio.WaitKind;
import asyncio.internal.loop.Fiber;
import asyncio.internal.loop.Wait;
import org.jspecify.annotations.Nullable;

/**
 * The wait of one coroutine until a channel is ready. Made once for each channel and used again and
 * again, so that a round trip allocates nothing. Loop-confined.
 *
 * <pre>
 *   IDLE --await()--> WAITING --wake()----> OVER       --the coroutine runs--> IDLE
 *                     WAITING --cancel()--> CANCELLED  --the coroutine runs--> IDLE
 * </pre>
 */
final class Readiness implements Wait {
  private static final byte IDLE = 0;
  private static final byte WAITING = 1;
  private static final byte OVER = 2;
  private static final byte CANCELLED = 3;

  private final NioHandle handle;
  private byte state = IDLE;
  private @Nullable Fiber fiber;
  private @Nullable String message;

  Readiness(NioHandle handle) {
    this.handle = handle;
  }

  /**
   * Suspends the running coroutine until {@link #wake}. What it waited for is a value: a cancel
   * that arrives after the wake-up stays pending.
   */
  void await(Fiber running) {
    if (state != IDLE) {
      throw new AssertionError(
          "two coroutines wait for one direction of a channel: a bug, please report it");
    }
    fiber = running;
    state = WAITING;
    boolean cancelled;
    try {
      running.suspend(this);
    } finally {
      cancelled = state == CANCELLED;
      state = IDLE;
      fiber = null;
    }
    if (cancelled) {
      throw running.delivered(message);
    }
  }

  /** Ends the wait, if there is one that goes on. */
  void wake() {
    Fiber waiting = fiber;
    if (state == WAITING && waiting != null) {
      state = OVER;
      waiting.wake();
    }
  }

  /** Whether no coroutine waits, and none is on its way to act on its wake-up. */
  boolean isIdle() {
    return state == IDLE;
  }

  @Override
  public boolean isOver() {
    return state != WAITING;
  }

  @Override
  public boolean cancel(@Nullable String why) {
    Fiber waiting = fiber;
    if (state != WAITING || waiting == null) {
      return false;
    }
    state = CANCELLED;
    message = why;
    waiting.wake();
    return true;
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
