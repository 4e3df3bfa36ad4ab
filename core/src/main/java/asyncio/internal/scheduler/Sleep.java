package asyncio.internal.scheduler;

import asyncio.WaitKind;
import org.jspecify.annotations.Nullable;

/**
 * A coroutine's wait for a time: the timer and the wait in one object, with few frames below it,
 * because there may be a million of them. Loop-confined.
 */
public final class Sleep extends Timer implements Wait {
  private final Fiber fiber;

  private Sleep(Fiber fiber) {
    this.fiber = fiber;
  }

  /**
   * Suspends the running coroutine until {@code time} of its loop's clock.
   *
   * @throws asyncio.CancelledError if cancelled, even between the time and the coroutine's next
   *     step
   */
  public static void until(Fiber fiber, long time) {
    var sleep = new Sleep(fiber);
    fiber.scheduler.timers().addSleeper(sleep, time);
    try {
      fiber.suspend(sleep);
    } finally {
      fiber.scheduler.timers().removeSleeper(sleep);
    }
    fiber.throwIfCancelPending(null);
  }

  @Override
  protected void fire() {
    fiber.wake(this); // unless a time limit in the same turn came first
  }

  @Override
  public boolean cancel(@Nullable String why) {
    return fiber.endByCancel(this, why);
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
