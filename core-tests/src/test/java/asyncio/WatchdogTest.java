package asyncio;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.yieldNow;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.conformance.Covers;
import asyncio.testing.AsyncTest;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** Steps that hold the loop too long are told while they do. */
class WatchdogTest {
  private CapturedLog log;

  @BeforeEach
  void capture() {
    log = new CapturedLog("asyncio.watchdog");
  }

  @AfterEach
  void release() {
    log.close();
  }

  @AsyncTest
  @Covers("test_base_events.BaseEventLoopWithSelectorTests.log_slow_callbacks")
  void aStepThatHoldsTheLoopIsReportedWhileItDoes() {
    var hog = createTask("hog", () -> computeForLong());
    String message = hog.await();
    assertTrue(message.contains("Task 'hog'"), message);
    assertTrue(message.contains("'" + runningLoop().name() + "'"), message);
    assertTrue(message.contains("yieldNow()"), message);
    assertTrue(message.contains("toThread("), message);
    assertTrue(message.contains("computeForLong"), message);
  }

  private String computeForLong() {
    return log.spinUntil("'hog'");
  }

  @AsyncTest
  @Covers("test_base_events.BaseEventLoopWithSelectorTests.log_slow_callbacks")
  void aCallbackThatHoldsTheLoopIsReported() {
    var seen = new Future<String>();
    runningLoop().callSoon(() -> seen.setResult(log.spinUntil("callback")));
    assertTrue(seen.await().contains("a callback has held"), seen.result());
  }

  @AsyncTest
  void aForeignWaitIsNoHoldOnTheMountedCarrier() {
    Only.mounted("on the portable carrier a foreign wait holds the loop");
    var latch = new CountDownLatch(1);
    var waiting = createTask("waiting", () -> latch.await());
    yieldNow();
    createTask("hog", () -> computeForLong()).await();
    latch.countDown();
    waiting.await();
    assertTrue(log.messages().stream().noneMatch(message -> message.contains("'waiting'")));
  }

  @AsyncTest
  void aForeignWaitOnThePortableCarrierIsReportedWithTheWayOut() {
    Only.portable("the mounted carrier suspends the coroutine");
    var latch = new CountDownLatch(1);
    Thread.ofPlatform()
        .start(
            () -> {
              log.spinUntil("'waiting'");
              latch.countDown();
            });
    createTask("waiting", () -> latch.await()).await();
    String message = log.spinUntil("'waiting'");
    assertTrue(message.contains("blocking(() -> "), message);
    assertTrue(message.contains("--add-opens java.base/java.lang=ALL-UNNAMED"), message);
  }

  private static final CountDownLatch INITIALISER = new CountDownLatch(1);

  private static final class WaitsForeignInItsInitialiser {
    static final int VALUE;

    static {
      try {
        INITIALISER.await();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
      VALUE = 1;
    }
  }

  @AsyncTest
  void aForeignWaitThatTheJvmCannotSuspendIsReported() {
    Only.mounted("on the portable carrier every foreign wait holds the loop");
    Thread.ofPlatform()
        .start(
            () -> {
              log.spinUntil("'pinned'");
              INITIALISER.countDown();
            });
    assertEquals(1, createTask("pinned", () -> WaitsForeignInItsInitialiser.VALUE).await());
    String message = log.spinUntil("'pinned'");
    assertTrue(message.contains("can't suspend"), message);
    assertTrue(message.contains("<clinit>"), message);
  }

  private static final class WaitsInItsInitialiser {
    static final int VALUE;

    static {
      Asyncio.sleep(ofSeconds(1));
      VALUE = 1;
    }
  }

  @AsyncTest
  void anOwnWaitInAClassInitialiserIsEndedWithAnErrorThatNamesIt() {
    Only.mounted("on the portable carrier the loop has a thread of its own to go on with");
    var other = createTask(() -> "other");
    var task = createTask("initialises", () -> WaitsInItsInitialiser.VALUE);
    var thrown = assertThrows(ExceptionInInitializerError.class, task::await);
    var error = assertInstanceOf(IllegalStateException.class, thrown.getCause());
    assertTrue(error.getMessage().contains("initialises"), error.getMessage());
    assertTrue(
        error
            .getMessage()
            .contains("class initialiser of " + WaitsInItsInitialiser.class.getName()),
        error.getMessage());
    assertEquals("other", other.await());
    Asyncio.sleep(ofSeconds(5));
    assertEquals(1, runningLoop().allTasks().size());
  }

  @AsyncTest
  void shortStepsAreNotReported() {
    for (int i = 0; i < 10_000; i++) {
      yieldNow();
    }
    assertEquals(List.of(), log.messages());
  }
}
