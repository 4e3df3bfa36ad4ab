package asyncio.internal.scheduler;

import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.WaitKind;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * When the operating system takes the processor from a loop that is about to leave a step, the
 * watchdog sees what looks like a pinned wait. When that happens can't be arranged; what comes of
 * it can.
 */
class PinnedWaitTest {
  private final Scheduler scheduler = WithoutSockets.loop("pinned", null);

  /** Waits once, and says how the wait ended. */
  private final class Waits extends Fiber {
    final Waiter waiter = new Waiter(this, WaitKind.OTHER, "its wake-up");
    long step;
    boolean wentOn;

    @Nullable
    Throwable failure;

    Waits() {
      super(PinnedWaitTest.this.scheduler);
    }

    @Override
    protected void body() {
      step = scheduler.steps();
      try {
        waiter.awaitPermit();
        wentOn = true;
      } catch (Throwable thrown) {
        failure = thrown;
      }
      scheduler.stop();
    }

    @Override
    protected void failedToStart(Throwable thrown) {
      failure = thrown;
    }

    @Override
    public String describe() {
      return "the one that waits";
    }
  }

  @Test
  void aMistakeOfTheWatchdogEndsNoWait() throws Exception {
    var waits = new Waits();
    scheduler.open();
    try {
      Thread thread = scheduler.newThread(0, () -> {
        waits.start();
        scheduler.add(LoopAction.of(() -> {
          // As the watchdog does, when the wait has left its step already.
          waits.pinnedInStep = (int) waits.step;
          waits.waiter.wake();
        }));
        scheduler.runUntilStopped();
        scheduler.close();
      });
      thread.start();
      thread.join();
    } finally {
      scheduler.monitor.closed();
    }
    assertNull(waits.failure);
    assertTrue(waits.wentOn);
  }
}
