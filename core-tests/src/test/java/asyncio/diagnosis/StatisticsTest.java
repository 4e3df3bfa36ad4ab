package asyncio.diagnosis;

import static asyncio.Asyncio.blocking;
import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.startServer;
import static asyncio.Asyncio.statistics;
import static asyncio.Asyncio.timeout;
import static asyncio.Asyncio.toThread;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertStartsWith;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Asyncio;
import asyncio.EventLoop;
import asyncio.LoopStatistics;
import asyncio.RunOptions;
import asyncio.Runner;
import asyncio.SlowStep;
import asyncio.support.CapturedLog;
import asyncio.testing.AsyncTest;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** What a loop says about itself. */
class StatisticsTest {
  @AsyncTest
  void theyNameTheLoopAndItsCarrier() {
    assertEquals(runningLoop().name(), statistics().loop());
    assertEquals(Asyncio.carrier(), statistics().carrier());
  }

  @AsyncTest
  void theyCountTasksTimersAndWhatIsReady() {
    assertEquals(1, statistics().tasks());
    createTask(() -> sleep(ofSeconds(1)));
    createTask(() -> timeout(ofSeconds(2), () -> sleep(ofSeconds(1))));
    assertEquals(3, statistics().tasks());
    assertEquals(2, statistics().ready());
    assertEquals(0, statistics().timers());
    yieldNow();
    assertEquals(0, statistics().ready());
    assertEquals(3, statistics().timers());
    sleep(ofSeconds(1));
    assertEquals(1, statistics().tasks());
    assertEquals(0, statistics().timers());
  }

  @AsyncTest
  void theyCountSteps() {
    long before = statistics().steps();
    assertEquals(before, statistics().steps());
    yieldNow();
    assertEquals(before + 1, statistics().steps());
    runningLoop().callSoon(() -> {});
    runningLoop().callSoon(() -> {});
    yieldNow();
    assertEquals(before + 4, statistics().steps());
  }

  @AsyncTest
  void theyCountHelpersUntilTheyHaveDelivered() {
    var latch = new CountDownLatch(1);
    var task = createTask(() -> toThread(() -> latch.await()));
    yieldNow();
    assertEquals(1, statistics().helpers());
    latch.countDown();
    task.await();
    assertEquals(0, statistics().helpers());
  }

  @AsyncTest
  void theyCountCoroutinesInForeignCode() {
    var latch = new CountDownLatch(1);
    var task = createTask(() -> blocking(() -> latch.await()));
    yieldNow();
    assertEquals(1, statistics().foreignWaits());
    latch.countDown();
    task.await();
    assertEquals(0, statistics().foreignWaits());
  }

  @AsyncTest
  void theyCountOpenSockets() throws IOException {
    assertEquals(0, statistics().openHandles());
    try (var _ = startServer(client -> {}, "127.0.0.1", 0)) {
      assertEquals(1, statistics().openHandles());
    }
    assertEquals(0, statistics().openHandles());
  }

  @AsyncTest
  void anyThreadMayAskWhileTheLoopWorks() {
    EventLoop loop = runningLoop();
    long steps = loop.statistics().steps();
    var answer = CompletableFuture.supplyAsync(loop::statistics);
    while (!answer.isDone()) {
      Thread.onSpinWait();
    }
    assertEquals(loop.name(), answer.join().loop());
    assertEquals(1, answer.join().tasks());
    assertEquals(steps, answer.join().steps());
  }

  @Test
  void aClosedLoopStillTells() {
    EventLoop loop;
    try (var runner = new Runner(RunOptions.defaults().withName("gone"))) {
      loop = runner.loop();
      runner.run(() -> createTask(() -> sleep(ofSeconds(100))));
    }
    LoopStatistics last = loop.statistics();
    assertEquals("gone", last.loop());
    assertEquals(0, last.tasks());
    assertEquals(0, last.timers());
    assertEquals(0, last.openHandles());
    assertTrue(last.steps() > 0);
  }

  @Test
  void outsideALoopThereAreNone() {
    var refused = assertThrows(IllegalStateException.class, Asyncio::statistics);
    assertStartsWith(refused.getMessage(), "statistics() was called");
  }

  @Test
  void theWatchdogSeesHowBusyALoopIs() {
    try (var runner = new Runner(RunOptions.defaults().withSlowStep(ofMillis(4)))) {
      runner.run(() -> {
        while (statistics().busy().isZero()) {
          Thread.onSpinWait();
        }
      });
      LoopStatistics now = runner.loop().statistics();
      assertTrue(now.busy().compareTo(now.uptime()) <= 0, now::toString);
    }
  }

  @Test
  void theWorstStepsAreKept() {
    try (var log = new CapturedLog("asyncio.watchdog");
        var runner = new Runner(RunOptions.defaults().withSlowStep(ofMillis(4)))) {
      runner.run(() -> {
        createTask("first", () -> hog(log, "'first'")).await();
        createTask("second", () -> hog(log, "'second'")).await();
        runningLoop().callSoon(() -> hog(log, "a callback"));
        yieldNow();
      });
      List<SlowStep> worst = runner.loop().statistics().worstSteps();
      for (String task : List.of("first", "second", "a callback")) {
        SlowStep step =
            worst.stream().filter(slow -> slow.task().equals(task)).findFirst().orElseThrow();
        assertFalse(step.held().compareTo(ofMillis(4)) < 0, step::toString);
        assertFalse(step.started().plus(step.held()).isAfter(Instant.now()), step::toString);
        assertTrue(
            step.stack().stream().anyMatch(frame -> frame.getMethodName().equals("hog")),
            step::toString);
      }
      for (int i = 1; i < worst.size(); i++) {
        assertFalse(worst.get(i - 1).held().compareTo(worst.get(i).held()) < 0, worst::toString);
      }
      assertThrows(UnsupportedOperationException.class, worst::clear);
    }
  }

  /** Holds the loop until the watchdog has said so. */
  private static void hog(CapturedLog log, String who) {
    log.spinUntil(who);
  }

  @Test
  void aStepThatStillRunsIsAmongThemAndGrows() {
    try (var log = new CapturedLog("asyncio.watchdog");
        var runner = new Runner(RunOptions.defaults().withSlowStep(ofMillis(4)))) {
      runner.run(() -> {
        log.spinUntil("has held");
        Duration first = held();
        while (held().compareTo(first) <= 0) {
          Thread.onSpinWait();
        }
      });
    }
  }

  private static Duration held() {
    List<SlowStep> worst = statistics().worstSteps();
    assertEquals(1, worst.size(), worst::toString);
    return worst.getFirst().held();
  }
}
