package asyncio.cancel;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.currentTask;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.shield;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.waitFor;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Cancelling.assertCancelled;
import static asyncio.support.Cancelling.sleepAndCleanUp;
import static java.time.Duration.ZERO;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.CancelledError;
import asyncio.Coroutine;
import asyncio.Future;
import asyncio.Timeout;
import asyncio.TimeoutException;
import asyncio.conformance.Covers;
import asyncio.support.Failure;
import asyncio.support.Order;
import asyncio.testing.AsyncTest;
import asyncio.testing.VirtualClock;
import asyncio.testing.VirtualTime;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class WaitForTest {
  private final Order order = new Order();

  @AsyncTest
  @Covers("test_waitfor.AsyncioWaitForTest.wait_for_blocking")
  void givesTheResultInTime() {
    assertEquals("x", waitFor(() -> "x", ofSeconds(1)));
    assertEquals(5, waitFor(createTask(() -> 5), ofSeconds(1)));
    waitFor(() -> sleep(ofSeconds(1)), ofSeconds(2));
    assertEquals(ofSeconds(1), runningLoop().time());
  }

  @AsyncTest
  void aBodyRunsInTheCallersTask() {
    assertSame(currentTask(), waitFor(() -> currentTask(), ofSeconds(1)));
  }

  @AsyncTest
  void failuresComeOutAsTheyAre() {
    var failure = new IOException("x");
    assertSame(
        failure,
        assertThrows(
            IOException.class,
            () -> waitFor(
                () -> {
                  throw failure;
                },
                ofSeconds(1))));
  }

  @AsyncTest
  @Covers({
    "test_waitfor.AsyncioWaitForTest.asyncio_wait_for_timeout",
    "test_waitfor.AsyncioWaitForTest.wait_for",
    "test_waitfor.AsyncioWaitForTest.wait_for_waits_for_task_cancellation"
  })
  void onTimeoutTheTaskIsCancelledAndWaitedFor() {
    var task = createTask(() -> sleepAndCleanUp(() -> {
      sleep(ofSeconds(1));
      order.add("cleaned up");
    }));
    var error = assertThrows(TimeoutException.class, () -> waitFor(task, ofSeconds(2)));
    assertInstanceOf(CancelledError.class, error.getCause());
    order.assertIs("cleaned up");
    assertTrue(task.isCancelled());
    assertEquals(ofSeconds(3), runningLoop().time());
    assertEquals(0, currentTask().cancelling());
  }

  @AsyncTest
  void onTimeoutABodyIsCancelledAndCleansUpFirst() {
    assertThrows(
        TimeoutException.class,
        () -> waitFor(
            () -> sleepAndCleanUp(() -> {
              sleep(ofSeconds(1));
              order.add("cleaned up");
            }),
            ofSeconds(2)));
    order.assertIs("cleaned up");
  }

  @AsyncTest
  @Covers("test_waitfor.AsyncioWaitForTest.wait_for_timeout_less_then_0_or_0_future_done")
  void aLimitOfZeroOrLessTakesADoneFuture() {
    var done = new Future<Integer>();
    done.setResult(1);
    assertEquals(1, waitFor(done, ZERO));
    assertEquals(1, waitFor(done, ofSeconds(-1)));
  }

  @AsyncTest
  @Covers(
      "test_waitfor.AsyncioWaitForTest.wait_for_timeout_less_then_0_or_0_coroutine_do_not_started")
  void aLimitOfZeroOrLessNeverStartsABody() {
    assertThrows(TimeoutException.class, () -> waitFor(() -> order.add("started"), ZERO));
    assertThrows(TimeoutException.class, () -> waitFor(() -> order.add("started"), ofSeconds(-1)));
    yieldNow();
    order.assertIsEmpty();
  }

  @AsyncTest
  void aLimitOfZeroNeverStartsATaskThatHasNotBegun() {
    var task = createTask(() -> order.add("started"));
    assertThrows(TimeoutException.class, () -> waitFor(task, ZERO));
    assertTrue(task.isCancelled());
    order.assertIsEmpty();
  }

  @AsyncTest
  @Covers({
    "test_waitfor.AsyncioWaitForTest.wait_for_timeout_less_then_0_or_0",
    "test_waitfor.AsyncioWaitForTest.wait_for_waits_for_task_cancellation_w_timeout_0"
  })
  void aLimitOfZeroOrLessCancelsARunningTaskAndWaitsForIt() {
    for (Duration limit : List.of(ZERO, ofSeconds(-1))) {
      order.clear();
      var task = createTask(() -> {
        try {
          sleep(ofDays(1));
        } finally {
          sleep(ofSeconds(1));
          order.add("cleaned up");
        }
      });
      yieldNow();
      assertThrows(TimeoutException.class, () -> waitFor(task, limit));
      assertTrue(task.isCancelled());
      order.assertIs("cleaned up");
    }
  }

  @AsyncTest
  void aForeignCancelDuringALimitOfZeroIsNotTurnedIntoATimeout() {
    var task = createTask(() -> sleepAndCleanUp(() -> sleep(ofSeconds(5))));
    yieldNow();
    var outer = createTask(() -> waitFor(task, ZERO));
    sleep(ofSeconds(1));
    outer.cancel("from outside");
    assertCancelled("from outside", outer);
  }

  @AsyncTest
  @Covers({
    "test_waitfor.AsyncioWaitForTest.wait_for_cancel_suppressed",
    "test_waitfor.AsyncioWaitForTest.wait_for_cancellation_race_condition"
  })
  void aBodyThatSwallowsTheCancelReturnsItsValue() {
    String value = waitFor(
        () -> {
          try {
            sleep(ofDays(1));
            return "slept";
          } catch (CancelledError swallowed) {
            return "swallowed";
          }
        },
        ofSeconds(1));
    assertEquals("swallowed", value);
    assertEquals(0, currentTask().cancelling());
    yieldNow();
  }

  @AsyncTest
  @Covers({
    "test_waitfor.AsyncioWaitForTest.wait_for_cancel_suppressed",
    "test_waitfor.AsyncioWaitForTest.wait_for_cancellation_race_condition"
  })
  void aTaskThatSwallowsTheCancelReturnsItsValue() {
    Coroutine<String, RuntimeException> body = () -> {
      try {
        sleep(ofDays(1));
        return "slept";
      } catch (CancelledError swallowed) {
        return "swallowed";
      }
    };
    assertEquals("swallowed", waitFor(createTask(body), ofSeconds(1)));
    var running = createTask(body);
    yieldNow();
    assertEquals("swallowed", waitFor(running, ZERO));
  }

  @AsyncTest
  @Covers("test_waitfor.AsyncioWaitForTest.wait_for_reraises_exception_during_cancellation")
  void aFailureOfTheCleanUpIsWhatTheCallerSees() {
    var failure = new Failure("clean-up");
    var task = createTask(() -> {
      try {
        sleep(ofDays(1));
      } catch (CancelledError cancelled) {
        throw failure;
      }
    });
    assertSame(failure, assertThrows(Failure.class, () -> waitFor(task, ofSeconds(1))));
    assertEquals(0, currentTask().cancelling());
  }

  @AsyncTest
  void aFailureOfTheCleanUpWithALimitOfZeroIsWhatTheCallerSees() {
    var task = createTask(() -> {
      try {
        sleep(ofDays(1));
      } catch (CancelledError cancelled) {
        throw new Failure("clean-up");
      }
    });
    yieldNow();
    assertThrows(Failure.class, () -> waitFor(task, ZERO));
  }

  @AsyncTest
  @Covers("test_waitfor.AsyncioWaitForTest.wait_for_race_condition")
  void aResultInTheTurnOfTheExpiryWinsOverTheTimeout() {
    var future = new Future<Integer>();
    runningLoop().callLater(ofSeconds(1), () -> future.setResult(1));
    // Deadlines come before sleepers of the same turn: the limit is later by a nanosecond.
    assertEquals(1, waitFor(future, ofSeconds(1).plusNanos(1)));
  }

  @Test
  @Covers("test_waitfor.AsyncioWaitForTest.wait_for_race_condition")
  void aResultBeforeTheExpiryOfTheSameTurnWins() {
    var clock = new VirtualClock();
    VirtualTime.run(clock, () -> {
      var future = new Future<String>();
      runningLoop().callSoon(() -> {
        clock.advance(ofSeconds(2)); // the limit is over, and the loop has not seen it
        future.setResult("in time");
      });
      assertEquals("in time", waitFor(future, ofSeconds(1)));
      assertEquals(0, currentTask().cancelling());
      yieldNow();
    });
  }

  @AsyncTest
  @Covers({
    "test_waitfor.AsyncioWaitForTest.asyncio_wait_for_cancelled",
    "test_waitfor.AsyncioWaitForTest.cancel_blocking_wait_for",
    "test_waitfor.AsyncioWaitForTest.cancel_wait_for"
  })
  void anOuterCancelCancelsTheInnerTaskAndWaitsForIt() {
    var inner = createTask(() -> sleepAndCleanUp(() -> {
      sleep(ofSeconds(1));
      order.add("cleaned up");
    }));
    var outer = createTask(() -> waitFor(inner, ofDays(2)));
    sleep(ofSeconds(1));
    outer.cancel("outer");
    assertCancelled("outer", outer);
    assertTrue(inner.isCancelled());
    order.assertIs("cleaned up");
  }

  @AsyncTest
  void aCancelInTheTurnOfTheInnerResultLetsTheValueWin() {
    var inner = new Future<String>();
    var outer = createTask(() -> {
      order.add(waitFor(inner, ofDays(1)));
      yieldNow();
      order.add("never");
    });
    yieldNow();
    inner.setResult("value");
    outer.cancel("late");
    assertEquals("late", assertThrows(CancelledError.class, outer::await).getMessage());
    order.assertIs("value");
    assertEquals("value", inner.result());
  }

  @AsyncTest
  void aCancelOfTheInnerTaskIsNoTimeout() {
    var inner = createTask(() -> sleep(ofDays(1)));
    var outer = createTask(() -> waitFor(inner, ofDays(2)));
    yieldNow();
    inner.cancel("inner");
    assertCancelled("inner", outer);
    assertEquals(0, outer.cancelling());
  }

  @AsyncTest
  @Covers("test_waitfor.AsyncioWaitForTest.wait_for_issue86296")
  void aWaiterThatIsCancelledWhenTheTaskIsDoneIsCancelledAndTheValueKept() {
    var inner = createTask(() -> "done");
    var outer = createTask(() -> {
      waitFor(inner, ofSeconds(100));
      sleep(ofSeconds(1));
      order.add("never");
    });
    yieldNow();
    assertTrue(inner.isDone());
    outer.cancel();
    assertThrows(CancelledError.class, outer::await);
    assertEquals("done", inner.await());
    order.assertIsEmpty();
  }

  @AsyncTest
  @Covers("test_waitfor.WaitForShieldTests.shielded_timeout")
  void shieldedWorkGoesOnAfterTheTimeout() {
    var inner = createTask(() -> {
      sleep(ofSeconds(5));
      return "done";
    });
    assertThrows(TimeoutException.class, () -> waitFor(() -> shield(inner), ofSeconds(1)));
    assertThrows(TimeoutException.class, () -> waitFor(() -> shield(inner), ZERO));
    assertFalse(inner.isDone());
    assertEquals("done", inner.await());
  }

  @AsyncTest
  @Covers("test_waitfor.WaitForShieldTests.zero_timeout")
  void aLimitOfZeroCancelsTheTaskThatShieldsAndNotTheShieldedOne() {
    var inner = createTask(() -> {
      sleep(ofSeconds(5));
      return "done";
    });
    var shielding = createTask(() -> shield(inner));
    assertThrows(TimeoutException.class, () -> waitFor(shielding, ZERO));
    assertTrue(shielding.isCancelled());
    assertFalse(inner.isDone());
    assertEquals("done", inner.await());
  }

  @AsyncTest
  @Covers("test_waitfor.WaitForShieldTests.none_timeout")
  void shieldedWorkWithoutALimit() {
    var inner = createTask(() -> {
      sleep(ofDays(1));
      return "done";
    });
    assertEquals("done", Timeout.none().run(() -> shield(inner)));
  }

  @AsyncTest
  void waitForInsideWaitFor() {
    assertThrows(
        TimeoutException.class,
        () -> waitFor(() -> waitFor(() -> sleep(ofDays(1)), ofSeconds(1)), ofSeconds(2)));
    assertEquals(ofSeconds(1), runningLoop().time());
    assertThrows(
        TimeoutException.class,
        () -> waitFor(() -> waitFor(() -> sleep(ofDays(1)), ofSeconds(2)), ofSeconds(1)));
    assertEquals(ofSeconds(2), runningLoop().time());
    assertEquals(0, currentTask().cancelling());
  }
}
