package asyncio.cancel;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.currentTask;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.timeout;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Cancelling.assertCancelled;
import static asyncio.support.Cancelling.sleepAndCleanUp;
import static java.time.Duration.ZERO;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Action;
import asyncio.Asyncio;
import asyncio.CancelledError;
import asyncio.ExceptionGroup;
import asyncio.Future;
import asyncio.TaskGroup;
import asyncio.Timeout;
import asyncio.TimeoutException;
import asyncio.conformance.Covers;
import asyncio.support.Cancelling;
import asyncio.support.Failure;
import asyncio.support.Order;
import asyncio.testing.AsyncTest;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class TimeoutTest {
  private final Order order = new Order();

  @AsyncTest
  void aBodyThatIsInTimeGivesItsResult() {
    var limit = new Timeout(ofSeconds(2));
    assertEquals("x", limit.run(() -> {
      sleep(ofSeconds(1));
      return "x";
    }));
    assertFalse(limit.expired());
    assertEquals("y", timeout(ofSeconds(1), () -> "y"));
    sleep(ofSeconds(5));
    assertEquals(0, currentTask().cancelling());
  }

  @AsyncTest
  void anExpiredLimitCancelsTheBodyAndThrowsAtTheEdge() {
    var limit = new Timeout(ofSeconds(2));
    var error = assertThrows(
        TimeoutException.class,
        () -> limit.run(() -> {
          try {
            sleep(ofDays(1));
          } catch (CancelledError inside) {
            order.add("CancelledError inside");
            throw inside;
          }
        }));
    order.assertIs("CancelledError inside");
    assertInstanceOf(CancelledError.class, error.getCause());
    assertEquals(ofSeconds(2), runningLoop().time());
    assertTrue(limit.expired());
    assertEquals(0, currentTask().cancelling());
    yieldNow();
  }

  @AsyncTest
  @Covers({
    "test_tasks.BaseTaskTests.uncancel_structured_blocks",
    "test_timeouts.TimeoutTests.outer_task_is_not_cancelled"
  })
  void aTaskIsNotCancelledAfterItsTimeoutExpired() {
    var task = createTask(() -> {
      assertThrows(TimeoutException.class, () -> timeout(ofSeconds(1), () -> sleep(ofDays(1))));
      sleep(ofSeconds(1));
      return "went on";
    });
    assertEquals("went on", task.await());
    assertFalse(task.isCancelled());
  }

  @AsyncTest
  @Covers("test_timeouts.TimeoutTests.waiter_cancelled")
  void aWaitingFutureIsCancelledAtExpiry() {
    var future = new Future<Integer>();
    assertThrows(TimeoutException.class, () -> timeout(ofSeconds(1), () -> future.await()));
    assertTrue(future.isCancelled());
  }

  @AsyncTest
  void theBodyIsWaitedForWhileItCleansUp() {
    assertThrows(
        TimeoutException.class,
        () -> timeout(
            ofSeconds(1),
            () -> sleepAndCleanUp(() -> {
              sleep(ofSeconds(3));
              order.add("cleaned up");
            })));
    order.assertIs("cleaned up");
    assertEquals(ofSeconds(4), runningLoop().time());
  }

  /** Expires, and tells so, and when it was to. */
  private static void expires(Duration duration, Action<RuntimeException> body) {
    var limit = new Timeout(duration);
    Duration before = runningLoop().time();
    assertThrows(TimeoutException.class, () -> limit.run(body));
    assertTrue(limit.expired());
    assertEquals(before.plus(duration), limit.when());
    assertEquals(before, runningLoop().time());
  }

  @AsyncTest
  @Covers("test_timeouts.TimeoutTests.timeout_zero")
  void aLimitOfZeroOrLessExpiresAtTheNextTurn() {
    for (Duration limit : List.of(ZERO, ofSeconds(-5))) {
      expires(limit, () -> sleep(ofDays(1)));
      assertThrows(
          TimeoutException.class,
          () -> timeout(limit, () -> {
            yieldNow();
            order.add("after one turn");
            yieldNow();
          }));
      assertEquals("no wait", timeout(limit, () -> "no wait"));
    }
    assertEquals(ZERO, runningLoop().time());
    yieldNow();
    assertEquals(0, currentTask().cancelling());
  }

  @AsyncTest
  @Covers({
    "test_timeouts.TimeoutTests.timeout_in_the_past_sleep_zero",
    "test_timeouts.TimeoutTests.timeout_zero_sleep_zero"
  })
  void aLimitOfZeroOrLessStrikesEvenASleepOfZero() {
    for (Duration limit : List.of(ZERO, ofSeconds(-5))) {
      expires(limit, () -> {
        sleep(ZERO);
        order.add("never");
      });
    }
    order.assertIsEmpty();
  }

  @AsyncTest
  @Covers("test_timeouts.TimeoutTests.foreign_exception_passed")
  void otherFailuresPassUnchanged() {
    var failure = new IOException("x");
    var thrown = assertThrows(
        IOException.class,
        () -> timeout(ofSeconds(1), () -> {
          throw failure;
        }));
    assertSame(failure, thrown);
    assertEquals(0, thrown.getSuppressed().length);
  }

  @AsyncTest
  @Covers({
    "test_timeouts.TimeoutTests.foreign_exception_on_timeout",
    "test_timeouts.TimeoutTests.foreign_exception_on_timeout_2"
  })
  void aFailureDuringTheExpiryIsKeptAndCarriesTheTimeout() {
    var failure = new Failure("in clean-up");
    var thrown = assertThrows(
        Failure.class, () -> timeout(ofSeconds(1), () -> sleepAndCleanUp(() -> throwIt(failure))));
    assertSame(failure, thrown);
    assertInstanceOf(TimeoutException.class, thrown.getSuppressed()[0]);
    assertEquals(0, currentTask().cancelling());
  }

  private static void throwIt(RuntimeException failure) {
    throw failure;
  }

  @AsyncTest
  @Covers("test_timeouts.TimeoutTests.foreign_cancel_doesnt_timeout_if_not_expired")
  void aForeignCancelIsNeverTurnedIntoATimeout() {
    var task = createTask(() -> timeout(ofSeconds(5), () -> sleep(ofDays(1))));
    sleep(ofSeconds(1));
    task.cancel("foreign");
    assertCancelled("foreign", task);
    assertTrue(task.isCancelled());
    assertEquals(1, task.cancelling());
  }

  @AsyncTest
  @Covers("test_tasks.BaseTaskTests.uncancel_structured_blocks")
  void aForeignCancelDuringTheExpiryWins() {
    var task =
        createTask(() -> timeout(ofSeconds(1), () -> sleepAndCleanUp(() -> sleep(ofDays(1)))));
    sleep(ofSeconds(2));
    task.cancel("foreign");
    assertCancelled("foreign", task);
    assertEquals(1, task.cancelling());
  }

  @AsyncTest
  void aForeignCancelBeforeTheExpiryWinsThoughTheLimitRunsOutMeanwhile() {
    var task = createTask(() -> timeout(ofSeconds(2), () -> {
      try {
        sleep(ofDays(1));
      } finally {
        try {
          sleep(ofDays(1));
        } catch (CancelledError expiry) {
          order.add("expired in clean-up");
        }
      }
    }));
    sleep(ofSeconds(1));
    task.cancel("foreign");
    assertThrows(CancelledError.class, task::await);
    order.assertIs("expired in clean-up");
    assertEquals(1, task.cancelling());
  }

  @AsyncTest
  @Covers("test_timeouts.TimeoutTests.timeout_after_cancellation")
  void aTimeoutWorksInTheCleanUpAfterACancel() {
    var task = createTask(() -> {
      try {
        sleep(ofDays(1));
      } catch (CancelledError cancelled) {
        assertThrows(TimeoutException.class, () -> timeout(ofSeconds(1), () -> sleep(ofDays(1))));
        order.add("clean-up timed out");
        throw cancelled;
      }
    });
    yieldNow();
    task.cancel();
    assertThrows(CancelledError.class, task::await);
    order.assertIs("clean-up timed out");
    assertEquals(1, task.cancelling());
  }

  @AsyncTest
  @Covers("test_timeouts.TimeoutTests.cancel_in_timeout_after_cancellation")
  void aCancelInsideATimeoutInTheCleanUpWins() {
    var task = createTask(() -> {
      try {
        sleep(ofDays(1));
      } finally {
        timeout(ofSeconds(1), () -> {
          currentTask().cancel("again");
          sleep(ofDays(1));
        });
      }
    });
    yieldNow();
    task.cancel("first");
    assertCancelled("again", task);
    assertEquals(2, task.cancelling());
  }

  @AsyncTest
  void anExpiryThatTheBodyDoesNotMeetLeavesNoCancelBehind() {
    timeout(ZERO, () -> {
      try {
        yieldNow();
      } catch (CancelledError swallowed) {
        order.add("swallowed");
      }
    });
    // Expires while the body runs, without another wait of it.
    var limit = new Timeout(ofSeconds(1));
    var future = new Future<Void>();
    runningLoop().callLater(ofSeconds(1), () -> {});
    limit.run(() -> {
      runningLoop().callLater(ofSeconds(1).minusNanos(1), () -> future.setResult(null));
      future.await();
    });
    yieldNow();
    sleep(ofSeconds(1));
    assertEquals(0, currentTask().cancelling());
  }

  @AsyncTest
  void anExpiryInACleanUpThatTheBodyDoesNotMeetLeavesNoCancelBehind() {
    var done = new Future<Void>();
    var task = createTask(() -> {
      try {
        sleep(ofDays(1));
      } catch (CancelledError first) {
        // The result and the expiry come in one turn: the value wins, and the cancel of the
        // scope is taken back.
        timeout(ZERO, () -> done.await());
        sleep(ofSeconds(1));
        order.add("cleaned up");
        throw first;
      }
    });
    yieldNow();
    task.cancel();
    runningLoop().callSoon(() -> done.setResult(null));
    assertThrows(CancelledError.class, task::await);
    order.assertIs("cleaned up");
  }

  @AsyncTest
  void theInnerOfTwoExpires() {
    var outer = new Timeout(ofSeconds(5));
    var inner = new Timeout(ofSeconds(1));
    outer.run(() -> {
      assertThrows(TimeoutException.class, () -> inner.run(() -> sleep(ofDays(1))));
      sleep(ofSeconds(1));
    });
    assertTrue(inner.expired());
    assertFalse(outer.expired());
  }

  @AsyncTest
  void theOuterOfTwoExpires() {
    var outer = new Timeout(ofSeconds(1));
    var inner = new Timeout(ofSeconds(5));
    assertThrows(
        TimeoutException.class,
        () ->
            outer.run(() -> inner.run(() -> sleepAndCleanUp(() -> order.add("inner body ends")))));
    assertFalse(inner.expired());
    assertTrue(outer.expired());
    assertEquals(0, currentTask().cancelling());
  }

  @AsyncTest
  void twoThatExpireTogetherThrowOnceFromTheOuter() {
    var outer = new Timeout(ofSeconds(1));
    var inner = new Timeout(ofSeconds(1));
    assertThrows(TimeoutException.class, () -> outer.run(() -> inner.run(() -> sleep(ofDays(1)))));
    assertTrue(outer.expired());
    assertEquals(0, currentTask().cancelling());
    yieldNow();
    assertEquals(ofSeconds(1), runningLoop().time());
  }

  @AsyncTest
  void deadlinesComeBeforeSleepersOfTheSameTurn() {
    assertThrows(
        TimeoutException.class,
        () -> timeout(ofSeconds(1), () -> {
          sleep(ofSeconds(1));
          order.add("never");
        }));
    order.assertIsEmpty();
  }

  // ---- reschedule ----

  @AsyncTest
  @Covers("test_timeouts.TimeoutTests.reschedule")
  void anotherTaskMovesTheDeadlineAndSeesItMoved() {
    var limit = Timeout.at(ofSeconds(10));
    var task = createTask(() -> limit.run(() -> sleep(ofSeconds(50))));
    yieldNow();
    assertEquals(ofSeconds(10), limit.when());
    limit.rescheduleAt(ofSeconds(30));
    assertEquals(ofSeconds(30), limit.when());
    limit.reschedule(null);
    assertNull(limit.when());
    task.cancel();
    assertThrows(CancelledError.class, task::await);
    assertFalse(limit.expired());
  }

  @AsyncTest
  void rescheduleMovesTheDeadline() {
    var limit = new Timeout(ofSeconds(1));
    limit.run(() -> {
      limit.reschedule(ofSeconds(10));
      sleep(ofSeconds(9));
    });
    var shorter = new Timeout(ofDays(1));
    assertThrows(
        TimeoutException.class,
        () -> shorter.run(() -> {
          sleep(ofSeconds(1));
          shorter.reschedule(ofSeconds(2));
          sleep(ofDays(1));
        }));
    assertEquals(ofSeconds(12), runningLoop().time());
  }

  @AsyncTest
  @Covers("test_timeouts.TimeoutTests.reschedule")
  void rescheduleToNullTakesTheLimitAway() {
    var limit = new Timeout(ofSeconds(1));
    limit.run(() -> {
      limit.reschedule(null);
      sleep(ofDays(1));
    });
    assertFalse(limit.expired());
  }

  @AsyncTest
  void rescheduleToThePastExpiresAtTheNextTurn() {
    var limit = Timeout.none();
    assertThrows(
        TimeoutException.class,
        () -> limit.run(() -> {
          sleep(ofSeconds(1));
          limit.reschedule(ofSeconds(-1));
          sleep(ofDays(1));
        }));
    assertEquals(ofSeconds(1), runningLoop().time());
  }

  @AsyncTest
  void rescheduleCallsAnExpiryOfTheNextTurnOff() {
    var limit = new Timeout(ZERO);
    limit.run(() -> {
      limit.reschedule(ofSeconds(5));
      yieldNow();
      sleep(ofSeconds(1));
    });
    assertFalse(limit.expired());
  }

  @AsyncTest
  @Covers("test_waitfor.AsyncioWaitForTest.wait_for_blocking")
  void noneHasNoLimit() {
    Timeout.none().run(() -> sleep(ofDays(1000)));
  }

  // ---- at a time of the loop's clock ----

  @AsyncTest
  void aLimitCanBeATimeOfTheLoopsClock() {
    sleep(ofSeconds(3));
    var limit = Timeout.at(ofSeconds(5));
    assertEquals(ofSeconds(5), limit.when());
    var error = assertThrows(TimeoutException.class, () -> limit.run(() -> sleep(ofDays(1))));
    assertEquals("The time limit at PT5S of the loop's clock ran out.", error.getMessage());
    assertEquals(ofSeconds(5), runningLoop().time());
    assertTrue(limit.expired());
    assertEquals(ofSeconds(5), limit.when());
  }

  @AsyncTest
  void severalScopesCanShareOneTime() {
    var end = runningLoop().time().plusSeconds(5);
    assertEquals("x", Asyncio.timeoutAt(end, () -> {
      sleep(ofSeconds(3));
      return "x";
    }));
    assertThrows(TimeoutException.class, () -> Asyncio.timeoutAt(end, () -> sleep(ofSeconds(3))));
    assertEquals(ofSeconds(5), runningLoop().time());
  }

  @AsyncTest
  void aTimeThatHasPassedExpiresAtTheNextTurn() {
    sleep(ofSeconds(3));
    for (Duration when : List.of(ofSeconds(3), ofSeconds(1), ofSeconds(-1))) {
      var limit = Timeout.at(when);
      assertThrows(
          TimeoutException.class,
          () -> limit.run(() -> {
            order.add("began");
            yieldNow();
            yieldNow();
            order.add("never");
          }));
      assertTrue(limit.expired());
    }
    order.assertIs("began", "began", "began");
    assertEquals(ofSeconds(3), runningLoop().time());
  }

  @AsyncTest
  void whenTellsTheDeadline() {
    sleep(ofSeconds(1));
    var limit = new Timeout(ofSeconds(2));
    assertEquals(null, limit.when());
    limit.run(() -> {
      assertEquals(ofSeconds(3), limit.when());
      sleep(ofSeconds(1));
      limit.reschedule(ofSeconds(5));
      assertEquals(ofSeconds(7), limit.when());
      limit.rescheduleAt(ofSeconds(4));
      assertEquals(ofSeconds(4), limit.when());
      limit.reschedule(null);
      assertEquals(null, limit.when());
      limit.reschedule(ofSeconds(Long.MAX_VALUE));
      assertEquals(ofSeconds(Long.MAX_VALUE, 999_999_999), limit.when());
    });
    assertEquals(null, Timeout.none().when());
  }

  @AsyncTest
  void rescheduleAtMovesTheDeadlineToATime() {
    var limit = Timeout.none();
    assertThrows(
        TimeoutException.class,
        () -> limit.run(() -> {
          sleep(ofSeconds(3));
          limit.rescheduleAt(ofSeconds(5));
          sleep(ofDays(1));
        }));
    assertEquals(ofSeconds(5), runningLoop().time());
    var past = Timeout.none();
    assertThrows(
        TimeoutException.class,
        () -> past.run(() -> {
          past.rescheduleAt(ofSeconds(1));
          yieldNow();
          yieldNow();
        }));
    assertEquals(ofSeconds(5), runningLoop().time());
    assertThrows(IllegalStateException.class, () -> past.rescheduleAt(ofSeconds(9)));
    assertThrows(NullPointerException.class, () -> Timeout.at(null));
    assertThrows(NullPointerException.class, () -> past.rescheduleAt(null));
  }

  @AsyncTest
  void zeroExpiresThoughTheBodyOnlyYieldsOnce() {
    for (var limit : List.of(new Timeout(ZERO), Timeout.at(ofSeconds(-1)))) {
      assertThrows(TimeoutException.class, () -> limit.run(() -> yieldNow()));
    }
  }

  @AsyncTest
  @Covers("test_timeouts.TimeoutTests.timeout_exception_context")
  void theTimeoutStandsInTheCauseChainOfAFailureThatReplacesTheCancel() {
    var thrown = assertThrows(
        Failure.class,
        () -> timeout(ofSeconds(1), () -> {
          try {
            sleep(ofDays(1));
          } catch (CancelledError cancelled) {
            var failure = new Failure("in place of the cancel");
            failure.initCause(cancelled);
            throw failure;
          }
        }));
    assertInstanceOf(CancelledError.class, thrown.getCause());
    assertEquals(1, thrown.getSuppressed().length);
    assertInstanceOf(TimeoutException.class, thrown.getSuppressed()[0]);
  }

  // ---- misuse ----

  @AsyncTest
  @Covers({
    "test_timeouts.TimeoutTests.timeout_already_entered",
    "test_timeouts.TimeoutTests.timeout_double_enter"
  })
  void aTimeoutIsUsedOnce() {
    var limit = new Timeout(ofSeconds(1));
    limit.run(() -> assertThrows(IllegalStateException.class, () -> limit.run(() -> 1)));
    assertThrows(IllegalStateException.class, () -> limit.run(() -> 1));
    var expired = new Timeout(ZERO);
    assertThrows(TimeoutException.class, () -> expired.run(() -> sleep(ofDays(1))));
    assertThrows(IllegalStateException.class, () -> expired.run(() -> 1));
  }

  @AsyncTest
  @Covers({
    "test_timeouts.TimeoutTests.timeout_expired",
    "test_timeouts.TimeoutTests.timeout_expiring",
    "test_timeouts.TimeoutTests.timeout_finished",
    "test_timeouts.TimeoutTests.timeout_not_entered"
  })
  void rescheduleBeforeAfterAndDuringTheExpiryIsAnError() {
    var limit = new Timeout(ofSeconds(1));
    assertThrows(IllegalStateException.class, () -> limit.reschedule(ofSeconds(1)));
    assertThrows(
        TimeoutException.class,
        () -> limit.run(() -> sleepAndCleanUp(() ->
            assertThrows(IllegalStateException.class, () -> limit.reschedule(ofSeconds(1))))));
    assertThrows(IllegalStateException.class, () -> limit.reschedule(ofSeconds(1)));
    var finished = new Timeout(ofSeconds(1));
    finished.run(() -> {});
    assertThrows(IllegalStateException.class, () -> finished.reschedule(ofSeconds(1)));
  }

  @Test
  @Covers("test_timeouts.TimeoutTests.timeout_without_task")
  void outsideATaskATimeoutIsAnError() {
    assertThrows(IllegalStateException.class, () -> new Timeout(ofSeconds(1)).run(() -> 1));
    assertThrows(NullPointerException.class, () -> new Timeout(null));
  }

  @AsyncTest
  void theTextShowsStateAndLimit() {
    var limit = new Timeout(ofSeconds(1));
    assertEquals("Timeout[CREATED, PT1S]", limit.toString());
    limit.run(() -> assertEquals("Timeout[ACTIVE, PT1S]", limit.toString()));
    assertEquals("Timeout[FINISHED, PT1S]", limit.toString());
    assertEquals("Timeout[CREATED, at PT1S]", Timeout.at(ofSeconds(1)).toString());
  }

  // ---- with a task group ----

  @AsyncTest
  void aTimeoutRoundATaskGroupCancelsItsTasks() {
    assertThrows(
        TimeoutException.class,
        () -> timeout(ofSeconds(1), () -> {
          var group = new TaskGroup();
          group.run(() -> {
            for (int i = 0; i < 3; i++) {
              group.createTask(() -> sleepAndCleanUp(() -> order.add("child ended")));
            }
          });
        }));
    order.assertIs("child ended", "child ended", "child ended");
    assertEquals(0, currentTask().cancelling());
  }

  @AsyncTest
  @Covers("test_timeouts.TimeoutTests.timeout_taskgroup")
  void failuresOfAGroupInATimeoutWinAndCarryTheTimeout() {
    var thrown = assertThrows(
        ExceptionGroup.class,
        () -> timeout(ofSeconds(1), () -> {
          var group = new TaskGroup();
          group.run(
              () -> group.createTask(() -> sleepAndCleanUp(() -> throwIt(new Failure("child")))));
        }));
    assertEquals("child", thrown.exceptions().getFirst().getMessage());
    assertInstanceOf(TimeoutException.class, thrown.exceptions().getFirst().getSuppressed()[0]);
    assertTrue(
        java.util.Arrays.stream(thrown.getSuppressed())
            .anyMatch(TimeoutException.class::isInstance),
        () -> java.util.Arrays.toString(thrown.getSuppressed()));
    assertEquals(0, currentTask().cancelling());
    yieldNow();
  }

  @AsyncTest
  void theEarliestOfTimesHasPassed() {
    sleep(ofSeconds(1));
    var limit = Timeout.at(Duration.ofSeconds(Long.MIN_VALUE));
    assertThrows(TimeoutException.class, () -> limit.run(() -> sleep(ofSeconds(1))));
    assertEquals(ofSeconds(1), runningLoop().time());
  }

  // ---- a cancel from outside, after the limit's own has struck ----

  @AsyncTest
  void aCancelThatComesWhenTheCleanUpHasItsValueStrikesAfterTheScope() {
    var value = new Future<String>();
    var victim = createTask(() -> {
      var limit = Timeout.none();
      String got = limit.run(() -> {
        limit.reschedule(Duration.ZERO);
        try {
          return new Future<String>().await();
        } catch (CancelledError ranOut) {
          return value.await(); // a clean-up that waits, and swallows the limit
        }
      });
      assertEquals("value", got);
      assertEquals(1, currentTask().cancelling());
      new Future<String>().await();
    });
    for (int i = 0; i < 5; i++) {
      yieldNow();
    }
    value.setResult("value");
    assertTrue(victim.cancel("from outside"));
    Cancelling.assertCancelled("from outside", victim);
  }
}
