package asyncio.internal.scheduler;

import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Clock;
import asyncio.WaitKind;
import asyncio.internal.carrier.Carriers;
import asyncio.internal.diagnosis.Watched;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * When the operating system takes the processor from a loop that is about to leave a step, the
 * watchdog sees what looks like a pinned wait. When that happens can't be arranged; what comes of
 * it can.
 */
class PinnedWaitTest {
  private final Loop loop =
      new Loop(
          "pinned",
          (callback, failure) -> {
            throw new AssertionError(failure);
          },
          Clock.system(),
          new LoopParts() {
            @Override
            public LoopMonitor monitor(Loop loop) {
              return new Watched(loop);
            }

            @Override
            public Carrier carrier(Loop loop) {
              return Carriers.make(loop, null);
            }

            @Override
            public Poller poller(Loop loop) {
              throw new AssertionError("no poller is needed");
            }
          });

  /** Waits once, and says how the wait ended. */
  private final class Waits extends Fiber {
    final Waiter waiter = new Waiter(this, WaitKind.OTHER, "its wake-up");
    long step;
    boolean wentOn;
    @Nullable Throwable failure;

    Waits() {
      super(PinnedWaitTest.this.loop);
    }

    @Override
    protected void body() {
      step = loop.steps();
      try {
        waiter.awaitPermit();
        wentOn = true;
      } catch (Throwable thrown) {
        failure = thrown;
      }
      loop.stop();
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
    loop.open();
    try {
      Thread thread =
          loop.newThread(
              0,
              () -> {
                waits.start();
                loop.add(
                    LoopAction.of(
                        () -> {
                          // As the watchdog does, when the wait has left its step already.
                          waits.pinnedInStep = (int) waits.step;
                          waits.waiter.wake();
                        }));
                loop.runUntilStopped();
                loop.close();
              });
      thread.start();
      thread.join();
    } finally {
      loop.monitor.closed();
    }
    assertNull(waits.failure);
    assertTrue(waits.wentOn);
  }
}
