package asyncio.loop;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertAnyContains;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.RunOptions;
import asyncio.Runner;
import asyncio.support.CapturedLog;
import asyncio.support.Only;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * One exception out of a loop's executor kills the JDK's own unblocker thread, and with it every
 * virtual thread of the process that waits for a monitor (experiment E2).
 */
class ExecuteNeverThrowsTest {
  private static final class Owner {
    final CountDownLatch owned = new CountDownLatch(1);
    final CountDownLatch release = new CountDownLatch(1);

    Owner(Object monitor) throws InterruptedException {
      Thread.ofPlatform().daemon().start(() -> {
        synchronized (monitor) {
          owned.countDown();
          try {
            release.await();
          } catch (InterruptedException e) {
            throw new AssertionError(e);
          }
        }
      });
      owned.await();
    }
  }

  @Test
  void monitorsOfOthersGoOnAfterALoopClosedUnderAWaiter() throws Exception {
    Only.mounted("on the portable carrier the JDK schedules all virtual threads");
    Object monitor = new Object();
    boolean[] notified = {false};
    var entered = new CompletableFuture<Boolean>();
    try (var log = new CapturedLog("asyncio.loop")) {
      try (var runner = new Runner(RunOptions.defaults().withCloseTimeout(ofMillis(20)))) {
        runner.run(() -> {
          createTask(() -> {
            synchronized (monitor) {
              while (!notified[0]) {
                try {
                  monitor.wait();
                } catch (InterruptedException swallowed) {
                  // It survives the loop.
                }
              }
              entered.complete(true);
            }
          });
          yieldNow();
        });
      }
      assertAnyContains(log.messages(), "did not end");
    }
    synchronized (monitor) {
      notified[0] = true;
      monitor.notifyAll(); // the JDK's unblocker hands it to the executor
    }
    assertTrue(entered.get(10, TimeUnit.SECONDS), "the survivor itself goes on");

    Object another = new Object();
    var anotherOwner = new Owner(another);
    var reached = new CountDownLatch(1);
    Thread stranger = Thread.startVirtualThread(() -> {
      reached.countDown();
      synchronized (another) {
        Thread.yield();
      }
    });
    reached.await();
    while (stranger.getState() != Thread.State.BLOCKED) {
      Thread.onSpinWait();
    }
    anotherOwner.release.countDown();
    assertTrue(stranger.join(ofSeconds(10)), "a stranger's virtual thread is unblocked");
  }
}
