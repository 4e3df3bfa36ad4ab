package asyncio.testing;

import static asyncio.Asyncio.blocking;
import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.toThread;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;
import static java.time.Duration.ZERO;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static java.time.temporal.ChronoUnit.FOREVER;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Clock;
import asyncio.Event;
import asyncio.EventLoop;
import asyncio.support.Failure;
import asyncio.support.Order;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class VirtualClockTest {
  private static VirtualClock impatient() {
    return new VirtualClock(ofMillis(20));
  }

  @AsyncTest
  void timeJumpsFromTimerToTimer() {
    List<Duration> seen = new ArrayList<>();
    createTask(() -> {
      sleep(ofDays(1));
      seen.add(runningLoop().time());
    });
    sleep(ofDays(3));
    seen.add(runningLoop().time());
    assertEquals(List.of(ofDays(1), ofDays(3)), seen);
  }

  @AsyncTest
  void timeStandsStillWhileSomethingIsReady() {
    runningLoop().callLater(Duration.ofNanos(1), () -> {});
    for (int i = 0; i < 1000; i++) {
      yieldNow();
    }
    assertEquals(ZERO, runningLoop().time());
  }

  @Test
  void theResultAndTheFailureComeOut() {
    assertEquals(1, VirtualTime.run(() -> 1));
    assertThrows(
        Failure.class,
        () -> VirtualTime.run(() -> {
          throw new Failure("x");
        }));
    VirtualTime.run(() -> sleep(ofDays(1)));
  }

  @Test
  void aStepCanTakeVirtualTime() {
    var clock = new VirtualClock();
    VirtualTime.run(clock, () -> {
      var order = new Order();
      runningLoop().callLater(ofSeconds(1), () -> order.add("due"));
      clock.advance(ofSeconds(3));
      yieldNow();
      yieldNow();
      assertEquals(ofSeconds(3), runningLoop().time());
      sleep(Duration.ofNanos(1));
      order.assertIs("due");
      assertThrows(IllegalArgumentException.class, () -> clock.advance(ofSeconds(-1)));
    });
  }

  @Test
  void noTimeIsTooLong() {
    var clock = new VirtualClock(FOREVER.getDuration());
    VirtualTime.run(clock, () -> {
      clock.advance(FOREVER.getDuration());
      yieldNow();
      assertTrue(runningLoop().time().isPositive());
    });
  }

  private static void waitHere(CountDownLatch latch) throws InterruptedException {
    latch.await();
  }

  @Test
  void whatHoldsTheClockTooLongIsTold() {
    var latch = new CountDownLatch(1);
    var error = assertThrows(
        AssertionError.class,
        () -> VirtualTime.run(impatient(), () -> {
          try {
            toThread(() -> waitHere(latch));
          } finally {
            latch.countDown();
          }
        }));
    assertContains(error.getMessage(), "1 body on a helper thread", "waitHere", "20 ms", "Task[");
  }

  @Test
  void aForeignWaitThatHoldsTheClockTooLongIsTold() {
    var error = assertThrows(
        AssertionError.class,
        () -> VirtualTime.run(impatient(), () -> {
          createTask("foreign", () -> blocking(() -> new CountDownLatch(1).await()));
          sleep(ofDays(1));
        }));
    assertContains(error.getMessage(), "1 coroutine in a foreign blocking call", "foreign");
  }

  @Test
  void nobodyCallingInIsTold() {
    var error = assertThrows(
        AssertionError.class,
        () -> VirtualTime.run(
            impatient().withOtherThreads(),
            () -> createTask("stuck", () -> new Event().await()).await()));
    assertContains(error.getMessage(), "nothing left to do", "Task[stuck, waits for an event]");
  }

  @Test
  void anotherThreadMayCallInWithinTheLimit() {
    VirtualTime.run(new VirtualClock().withOtherThreads(), () -> {
      EventLoop loop = runningLoop();
      var called = new Event();
      Thread.ofPlatform().start(() -> loop.callSoonThreadsafe(called::set));
      called.await();
    });
  }

  @Test
  void cleanUpAfterTheFailureStillHasVirtualTime() {
    var order = new Order();
    assertThrows(
        AssertionError.class,
        () -> VirtualTime.run(impatient().withOtherThreads(), () -> {
          try {
            new Event().await();
          } finally {
            sleep(ofDays(1));
            order.add("cleaned up");
          }
        }));
    order.assertIs("cleaned up");
  }

  @Test
  void aLimitIsPositive() {
    assertThrows(IllegalArgumentException.class, () -> new VirtualClock(ZERO));
    assertThrows(IllegalArgumentException.class, () -> new VirtualClock(ofSeconds(-1)));
  }

  @Test
  void openSocketsHoldTheClockForACushionOnly() {
    record Sockets(int openHandles) implements Clock.Activity {
      @Override
      public long steps() {
        return 2;
      }

      @Override
      public String loopName() {
        return "loop";
      }

      @Override
      public int helpers() {
        return 0;
      }

      @Override
      public int foreignWaits() {
        return 0;
      }
    }
    var clock = new VirtualClock();
    long next = ofSeconds(1).toNanos();
    long cushion = clock.idle(next, new Sockets(1));
    assertTrue(cushion > 0 && cushion <= ofMillis(10).toNanos(), cushion + " ns");
    assertEquals(0, clock.nanoTime());
    while (clock.idle(next, new Sockets(1)) > 0) {
      Thread.onSpinWait();
    }
    assertEquals(next, clock.nanoTime());
    assertFalse(clock.toString().isEmpty());
  }

  @AsyncTest
  void anAsyncTestRunsOnALoopOfItsOwn() {
    assertTrue(Thread.currentThread().isVirtual());
    assertEquals(ZERO, runningLoop().time());
    assertEquals(1, runningLoop().allTasks().size());
  }
}
