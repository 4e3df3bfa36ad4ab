package asyncio.cancel;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.gather;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.shield;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.timeout;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Cancelling.assertCancelled;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofNanos;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Asyncio;
import asyncio.CancelledError;
import asyncio.Future;
import asyncio.Task;
import asyncio.TimeoutException;
import asyncio.conformance.Covers;
import asyncio.support.Failure;
import asyncio.support.Order;
import asyncio.support.Reports;
import asyncio.testing.AsyncTest;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.function.Executable;

class ShieldTest {
  private final Reports reports = new Reports();

  private void captureReports() {
    runningLoop().setExceptionHandler(reports);
  }

  @AsyncTest
  @Covers({
    "test_tasks.BaseTaskTests.shield_coroutine_use_running_loop",
    "test_tasks.BaseTaskTests.shield_result"
  })
  void givesTheResult() {
    var inner = new Future<Integer>();
    runningLoop().callLater(ofSeconds(1), () -> inner.setResult(42));
    assertEquals(42, shield(inner));
    assertEquals(7, shield(() -> 7));
    shield(() -> sleep(ofSeconds(1)));
  }

  @AsyncTest
  @Covers("test_tasks.BaseTaskTests.shield_exception")
  void throwsTheFailureBare() {
    var failure = new IOException("x");
    assertSame(
        failure,
        assertThrows(
            IOException.class,
            () -> shield(() -> {
              throw failure;
            })));
    var inner = new Future<Integer>();
    inner.setException(new Failure("y"));
    assertThrows(Failure.class, () -> shield(inner));
  }

  @AsyncTest
  @Covers("test_tasks.BaseTaskTests.shield_shortcut")
  void aDoneFutureIsTakenWithoutWaiting() {
    var inner = new Future<Integer>();
    inner.setResult(1);
    var order = new Order();
    createTask(() -> order.add("other"));
    assertEquals(1, shield(inner));
    order.assertIsEmpty();
  }

  @AsyncTest
  @Covers({"test_tasks.BaseTaskTests.shield_cancel_outer", "test_tasks.BaseTaskTests.shield_effect"
  })
  void aCancelOfTheCallerLeavesTheFutureAlone() {
    var inner = createTask(() -> {
      sleep(ofSeconds(5));
      return "went on";
    });
    var outer = createTask(() -> shield(inner));
    sleep(ofSeconds(1));
    outer.cancel("outer");
    assertCancelled("outer", outer);
    assertEquals(ofSeconds(1), runningLoop().time());
    assertFalse(inner.isDone());
    assertEquals(0, inner.cancelling());
    assertEquals("went on", inner.await());
  }

  @AsyncTest
  @Covers("test_tasks.BaseTaskTests.shield_cancel_inner")
  void aCancelOfTheFutureReachesTheCaller() {
    var inner = createTask(() -> sleep(ofDays(1)));
    var outer = createTask(() -> shield(inner));
    yieldNow();
    inner.cancel("inner");
    assertCancelled("inner", outer);
    assertEquals(0, outer.cancelling());
  }

  @AsyncTest
  @Covers("test_tasks.BaseTaskTests.shield_cancel_outer_exception")
  void aFailureAfterTheCallerWasCancelledIsReportedOnce() {
    captureReports();
    var inner = new Future<Integer>();
    var outer = createTask(() -> shield(inner));
    yieldNow();
    outer.cancel();
    yieldNow();
    assertTrue(outer.isCancelled());
    var failure = new Failure("too late");
    inner.setException(failure);
    yieldNow();
    yieldNow();
    assertSame(failure, reports.only().exception());
  }

  @AsyncTest
  @Covers("test_tasks.BaseTaskTests.shield_duplicate_log_once")
  void aFailureAfterTwoCallersWereCancelledIsReportedOnce() {
    captureReports();
    var inner = new Future<Integer>();
    for (int i = 0; i < 2; i++) {
      var outer = createTask(() -> shield(inner));
      yieldNow();
      outer.cancel();
      yieldNow();
    }
    inner.setException(new Failure("too late"));
    yieldNow();
    yieldNow();
    reports.assertOne();
  }

  @AsyncTest
  @Covers("test_tasks.BaseTaskTests.shield_cancel_outer_result")
  void successAndCancelAfterTheCallerWasCancelledAreSilent() {
    captureReports();
    var success = new Future<Integer>();
    var cancelled = new Future<Integer>();
    var outer = List.of(createTask(() -> shield(success)), createTask(() -> shield(cancelled)));
    yieldNow();
    outer.forEach(Task::cancel);
    yieldNow();
    success.setResult(1);
    cancelled.cancel();
    yieldNow();
    yieldNow();
    reports.assertNone();
  }

  @AsyncTest
  @Covers("test_tasks.BaseTaskTests.shield_gather")
  void aShieldedGatherGoesOn() {
    var one = new Future<Integer>();
    var two = new Future<Integer>();
    var all = createTask(() -> gather(List.of(one, two)));
    var outer = createTask(() -> shield(all));
    yieldNow();
    outer.cancel();
    yieldNow();
    assertTrue(outer.isCancelled());
    one.setResult(1);
    two.setResult(2);
    assertEquals(List.of(1, 2), all.await());
  }

  @AsyncTest
  @Covers("test_tasks.BaseTaskTests.gather_shield")
  void aGatherOfShieldsIsCancelledAlone() {
    var one = new Future<Integer>();
    var two = new Future<Integer>();
    var outer = createTask(() -> gather(() -> shield(one), () -> shield(two)));
    yieldNow();
    yieldNow();
    outer.cancel();
    assertThrows(CancelledError.class, outer::await);
    assertFalse(one.isDone());
    assertFalse(two.isDone());
  }

  @AsyncTest
  void aValueThatWasDeliveredWins() {
    var inner = new Future<Integer>();
    var outer = createTask(() -> shield(inner));
    yieldNow();
    inner.setResult(3);
    outer.cancel();
    assertEquals(3, outer.await());
  }

  @AsyncTest
  void aPendingCancelStrikesAtAShield() {
    var inner = new Future<Integer>();
    var outer = createTask(() -> {
      Asyncio.currentTask().cancel("pending");
      return shield(inner);
    });
    assertCancelled("pending", outer);
    assertFalse(inner.isDone());
  }

  @AsyncTest
  void theEndOfTheRunIsNotKeptAway() {
    // Nothing protects from the close of the loop: the run of this test ends.
    var inner = createTask(() -> sleep(ofDays(1)));
    createTask(() -> shield(inner));
    yieldNow();
  }

  /** The result of a request that gave up; kept by nothing but what the shield may have left. */
  private static WeakReference<Object> resultOfOneThatGivesUp(Executable givesUp) {
    var result = new Object();
    var kept = new WeakReference<Object>(result);
    Object[] handedOver = {result};
    var request = createTask(() -> {
      Object own = handedOver[0];
      handedOver[0] = null;
      assertDoesNotThrow(givesUp);
      return own;
    });
    assertSame(result, request.await());
    return kept;
  }

  /** The last ones may be on the stack of the loop's own thread, or noted by the loop. */
  private static void assertFewAreKept(List<WeakReference<Object>> results) {
    System.gc();
    long kept = results.stream().filter(one -> one.get() != null).count();
    assertTrue(kept <= 3, kept + " of " + results.size());
  }

  @AsyncTest
  void whoGivesUpLeavesNothingAtTheFuture() {
    var inner = new Future<Integer>();
    var other = createTask(() -> shield(inner)); // one that goes on waiting
    List<WeakReference<Object>> results = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      results.add(resultOfOneThatGivesUp(() ->
          assertThrows(TimeoutException.class, () -> timeout(ofNanos(1), () -> shield(inner)))));
    }
    assertFewAreKept(results);
    inner.setResult(4);
    assertEquals(4, other.await());
  }

  @AsyncTest
  void whoGaveUpAndHasEndedIsKeptByNothingWhileTheLoopIsBusy() {
    var inner = createTask(() -> sleep(ofDays(1))); // waits itself, so a cycle is looked for
    createTask(() -> {
      while (true) {
        yieldNow();
      }
    });
    List<WeakReference<Object>> results = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      results.add(resultOfOneThatGivesUp(() -> {
        Asyncio.currentTask().cancel();
        assertThrows(CancelledError.class, () -> shield(inner));
      }));
    }
    assertFewAreKept(results);
  }

  @AsyncTest
  void aFailureThatComesBeforeTheCancelledCallerRunsIsReported() {
    captureReports();
    var inner = new Future<Integer>();
    var outer = createTask(() -> shield(inner));
    yieldNow();
    outer.cancel();
    var failure = new Failure("just after the cancel");
    inner.setException(failure);
    yieldNow();
    yieldNow();
    assertTrue(outer.isCancelled());
    assertSame(failure, reports.only().exception());
  }
}
