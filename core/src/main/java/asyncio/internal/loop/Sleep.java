package asyncio.internal.loop;

import asyncio.WaitKind;
import org.jspecify.annotations.Nullable;

/**
 * A coroutine's wait for a time: the timer and the wait in one object, with few frames below it,
 * since there may be a million of them. Loop-confined.
 *
 * <pre>
 *   ASLEEP --fire()---> OVER
 *   ASLEEP --cancel()-> CANCELLED
 * </pre>
 */
public final class Sleep extends Timer implements Wait {
  private static final byte ASLEEP = 0;
  private static final byte OVER = 1;
  private static final byte CANCELLED = 2;

  private final Fiber fiber;
  private byte state = ASLEEP;
  private @Nullable String message;

  private Sleep(Fiber fiber) {
    this.fiber = fiber;
  }

  /**
   * Suspends the running coroutine until {@code time} of its loop's clock.
   *
   * @throws asyncio.CancelledError if cancelled, also between the time and the coroutine's next
   *     step
   */
  public static void until(Fiber fiber, long time) {
    var sleep = new Sleep(fiber);
    fiber.loop.addSleeper(sleep, time);
    try {
      fiber.suspend(sleep);
    } finally {
      fiber.loop.removeSleeper(sleep);
    }
    sleep.throwIfCancelled();
  }

  private void throwIfCancelled() {
    if (state == CANCELLED) {
      throw fiber.delivered(message);
    }
    fiber.throwIfCancelPending(null);
  }

  @Override
  protected void fire() {
    if (state == ASLEEP) { // a deadline of the same turn may have been first
      state = OVER;
      fiber.wake();
    }
  }

  @Override
  public boolean isOver() {
    return state != ASLEEP;
  }

  @Override
  public boolean cancel(@Nullable String why) {
    if (state != ASLEEP) {
      return false;
    }
    state = CANCELLED;
    message = why;
    fiber.wake();
    return true;
  }

  @Override
  public String describe() {
    return "sleep";
  }

  @Override
  public WaitKind kind() {
    return WaitKind.TIME;
  }
}
