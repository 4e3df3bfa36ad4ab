package asyncio.tasks;

import static asyncio.Asyncio.ALL_COMPLETED;
import static asyncio.Asyncio.FIRST_COMPLETED;
import static asyncio.Asyncio.FIRST_EXCEPTION;
import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.waitUntil;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;
import static java.time.Duration.ZERO;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Action;
import asyncio.Asyncio;
import asyncio.CancelledError;
import asyncio.Event;
import asyncio.Future;
import asyncio.ReturnWhen;
import asyncio.Task;
import asyncio.TimeoutException;
import asyncio.Waited;
import asyncio.conformance.Covers;
import asyncio.support.Failure;
import asyncio.support.Order;
import asyncio.testing.AsyncTest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class WaitUntilTest {
  private final Order order = new Order();

  private static Task<String> after(Duration delay, String value) {
    return createTask(value, () -> {
      sleep(delay);
      return value;
    });
  }

  private static Task<String> failAfter(Duration delay, String message) {
    return createTask(message, () -> {
      sleep(delay);
      throw new Failure(message);
    });
  }

  @AsyncTest
  @Covers("test_tasks.BaseTaskTests.wait")
  void allAreWaitedForAndKeepTheOrderOfTheArguments() {
    var slow = after(ofSeconds(3), "slow");
    var fast = after(ofSeconds(1), "fast");
    var waited = waitUntil(ALL_COMPLETED, List.of(slow, fast));
    assertEquals(List.of(slow, fast), List.copyOf(waited.done()));
    assertEquals(Set.of(), waited.pending());
    assertEquals(ofSeconds(3), runningLoop().time());
    assertEquals("slow", waited.done().getFirst().await());
  }

  @AsyncTest
  @Covers("test_tasks.BaseTaskTests.wait_first_completed")
  void theFirstThatIsDoneEndsTheWait() {
    var slow = after(ofSeconds(3), "slow");
    var fast = after(ofSeconds(1), "fast");
    var waited = waitUntil(FIRST_COMPLETED, List.of(slow, fast));
    assertEquals(Set.of(fast), waited.done());
    assertEquals(Set.of(slow), waited.pending());
    assertEquals(ofSeconds(1), runningLoop().time());
  }

  @AsyncTest
  @Covers("test_tasks.BaseTaskTests.wait_really_done")
  void whatIsDoneWhenTheWaitReturnsCountsAsDone() {
    // The first completion wakes the caller, and the second one comes before the caller's turn.
    var two = createTask(() -> {
      yieldNow();
      yieldNow();
    });
    var one = createTask(() -> yieldNow());
    var waited = waitUntil(FIRST_COMPLETED, List.of(two, one));
    assertTrue(one.isDone());
    assertTrue(two.isDone());
    assertEquals(Set.of(one, two), waited.done());
  }

  @AsyncTest
  void severalThatCompleteInOneTurnAreAllDone() {
    var a = new Future<Integer>();
    var b = new Future<Integer>();
    var c = new Future<Integer>();
    runningLoop().callLater(ofSeconds(1), () -> {
      c.setResult(3);
      a.setResult(1);
    });
    var waited = waitUntil(FIRST_COMPLETED, List.of(a, b, c));
    assertEquals(List.of(a, c), List.copyOf(waited.done()));
    assertEquals(Set.of(b), waited.pending());
  }

  @AsyncTest
  void doneFuturesAreFoundWithoutSuspending() {
    var done = after(ZERO, "done");
    done.await();
    var pending = new Future<String>();
    createTask(() -> order.add("other"));
    assertEquals(
        Set.of(done),
        waitUntil(FIRST_COMPLETED, List.<Future<?>>of(pending, done)).done());
    assertEquals(Set.of(done), waitUntil(ALL_COMPLETED, List.of(done)).done());
    order.assertIsEmpty();
  }

  @AsyncTest
  @Covers("test_tasks.BaseTaskTests.wait_first_exception_in_wait")
  void aFailureEndsAWaitForTheFirstException() {
    var slow = after(ofSeconds(9), "slow");
    var fast = after(ofSeconds(1), "fast");
    var failing = failAfter(ofSeconds(2), "failing");
    var waited = waitUntil(FIRST_EXCEPTION, List.of(slow, failing, fast));
    assertEquals(List.of(failing, fast), List.copyOf(waited.done()));
    assertEquals(Set.of(slow), waited.pending());
    assertEquals(ofSeconds(2), runningLoop().time());
    assertInstanceOf(Failure.class, failing.exception());
  }

  @AsyncTest
  @Covers("test_tasks.BaseTaskTests.wait_first_exception")
  void aFailureThatIsThereAlreadyEndsAWaitForTheFirstExceptionAtOnce() {
    var failed = new Future<String>();
    failed.setException(new Failure("before"));
    var slow = after(ofSeconds(9), "slow");
    var waited = waitUntil(FIRST_EXCEPTION, List.of(slow, failed));
    assertEquals(Set.of(failed), waited.done());
    assertEquals(ZERO, runningLoop().time());
    assertInstanceOf(Failure.class, failed.exception());
  }

  @AsyncTest
  void withoutAFailureAWaitForTheFirstExceptionWaitsForAll() {
    var waited =
        waitUntil(FIRST_EXCEPTION, List.of(after(ofSeconds(1), "a"), after(ofSeconds(2), "b")));
    assertEquals(2, waited.done().size());
    assertEquals(ofSeconds(2), runningLoop().time());
  }

  @AsyncTest
  void aCancelledTaskIsNoExceptionToWaitFor() {
    var cancelled = after(ofDays(1), "cancelled");
    var slow = after(ofSeconds(2), "slow");
    runningLoop().callLater(ofSeconds(1), cancelled::cancel);
    var waited = waitUntil(FIRST_EXCEPTION, List.of(cancelled, slow));
    assertEquals(List.of(cancelled, slow), List.copyOf(waited.done()));
    assertEquals(ofSeconds(2), runningLoop().time());
  }

  @AsyncTest
  void aCancelledTaskIsTheFirstCompleted() {
    var cancelled = after(ofDays(1), "cancelled");
    var slow = after(ofSeconds(2), "slow");
    runningLoop().callLater(ofSeconds(1), cancelled::cancel);
    assertEquals(
        Set.of(cancelled), waitUntil(FIRST_COMPLETED, List.of(slow, cancelled)).done());
  }

  @AsyncTest
  @Covers("test_tasks.BaseTaskTests.wait_with_exception")
  void aFailureDoesNotEndAWaitForAllAndIsNotThrown() {
    var failing = failAfter(ofSeconds(1), "failing");
    var slow = after(ofSeconds(2), "slow");
    var waited = waitUntil(ALL_COMPLETED, List.of(failing, slow));
    assertEquals(2, waited.done().size());
    assertEquals(ofSeconds(2), runningLoop().time());
    assertEquals("failing", assertThrows(Failure.class, failing::await).getMessage());
  }

  // ---- with a limit ----

  @AsyncTest
  @Covers("test_tasks.BaseTaskTests.wait_with_timeout")
  void atTheLimitThePendingAreReturnedAndGoOn() {
    var slow = after(ofSeconds(9), "slow");
    var fast = after(ofSeconds(1), "fast");
    var waited = waitUntil(ALL_COMPLETED, List.of(slow, fast), ofSeconds(2));
    assertEquals(Set.of(fast), waited.done());
    assertEquals(Set.of(slow), waited.pending());
    assertEquals(ofSeconds(2), runningLoop().time());
    assertEquals("slow", slow.await());
  }

  @AsyncTest
  void atTheLimitNothingIsThrownThoughNoneIsDone() {
    var slow = after(ofSeconds(9), "slow");
    for (ReturnWhen mode : ReturnWhen.values()) {
      var waited = waitUntil(mode, List.of(slow), ofMillis(10));
      assertEquals(Set.of(), waited.done());
      assertEquals(Set.of(slow), waited.pending());
    }
  }

  @AsyncTest
  void aLimitThatIsNotReachedLeavesNoTimerBehind() {
    var fast = after(ofSeconds(1), "fast");
    assertEquals(
        Set.of(fast), waitUntil(ALL_COMPLETED, List.of(fast), ofDays(1)).done());
    // A wait that leaves a wake-up behind would wake the next one of this task.
    var never = new Future<Void>();
    assertThrows(TimeoutException.class, () -> Asyncio.waitFor(never, ofDays(3)));
    assertEquals(ofDays(3).plusSeconds(1), runningLoop().time());
  }

  @AsyncTest
  void aLimitOfZeroOrLessLetsWhatIsReadyRunOnce() {
    for (Duration limit : List.of(ZERO, ofSeconds(-1))) {
      var ready = createTask(() -> 1);
      var twoTurns = createTask(() -> {
        yieldNow();
        yieldNow();
      });
      var waited = waitUntil(ALL_COMPLETED, List.<Task<?>>of(ready, twoTurns), limit);
      assertEquals(Set.of(ready), waited.done());
      twoTurns.await();
    }
    assertEquals(ZERO, runningLoop().time());
  }

  // ---- cancelled ----

  @AsyncTest
  @Covers("test_tasks.BaseTaskTests.yield_wait_does_not_shield_cancel")
  void cancellingTheWaitLeavesTheChildren() {
    var child = after(ofSeconds(5), "child");
    var outer = createTask(() -> waitUntil(ALL_COMPLETED, List.of(child)));
    sleep(ofSeconds(1));
    outer.cancel("enough");
    assertEquals("enough", assertThrows(CancelledError.class, outer::await).getMessage());
    assertEquals(ofSeconds(1), runningLoop().time());
    assertFalse(child.isDone());
    assertEquals("child", child.await());
  }

  @AsyncTest
  void aCancelInTheTurnOfTheCompletionStrikes() {
    var future = new Future<Integer>();
    var outer = createTask(() -> waitUntil(ALL_COMPLETED, List.of(future)));
    yieldNow();
    future.setResult(1);
    outer.cancel("enough");
    assertThrows(CancelledError.class, outer::await);
    assertEquals(1, future.result());
  }

  @AsyncTest
  void aWaitThatIsOverNoLongerListens() {
    // Were one left behind, it would end a later wait of the same task.
    var late = new Future<Integer>();
    var early = new Future<Integer>();
    early.setResult(1);
    var next = new Event();
    var task = createTask(() -> {
      var both = List.of(early, late);
      waitUntil(FIRST_COMPLETED, both);
      waitUntil(ALL_COMPLETED, both, ofSeconds(1));
      try {
        timeout(() -> waitUntil(ALL_COMPLETED, both));
      } catch (TimeoutException expected) {
        order.add("timeout");
      }
      next.await();
      order.add("set");
    });
    sleep(ofSeconds(3));
    late.setResult(2);
    yieldNow();
    yieldNow();
    order.assertIs("timeout");
    next.set();
    task.await();
    order.assertIs("timeout", "set");
  }

  private static void timeout(Action<RuntimeException> body) {
    Asyncio.timeout(ofSeconds(1), body);
  }

  @AsyncTest
  void manyWaitsOnOneFutureAllEnd() {
    var future = new Future<Integer>();
    List<Task<Waited<Future<Integer>>>> waits = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      waits.add(createTask(() -> waitUntil(FIRST_COMPLETED, List.of(future))));
    }
    yieldNow();
    waits.get(50).cancel();
    future.setResult(1);
    for (Task<Waited<Future<Integer>>> wait : waits) {
      if (wait != waits.get(50)) {
        assertSame(future, wait.await().done().getFirst());
      }
    }
    assertTrue(waits.get(50).isCancelled());
  }

  // ---- arguments ----

  @AsyncTest
  @Covers("test_tasks.BaseTaskTests.wait_duplicate_coroutines")
  void aFutureThatStandsTwiceCountsOnce() {
    var task = after(ofSeconds(1), "x");
    var waited = waitUntil(ALL_COMPLETED, List.of(task, task));
    assertEquals(1, waited.done().size());
  }

  @AsyncTest
  @Covers({
    "test_tasks.BaseTaskTests.wait_generator",
    "test_tasks.BaseTaskTests.wait_with_iterator_of_tasks"
  })
  void anyIterableWillDo() {
    var task = after(ofSeconds(1), "x");
    Iterable<Task<String>> tasks = () -> List.of(task, task).iterator();
    assertEquals(Set.of(task), waitUntil(ALL_COMPLETED, tasks).done());
  }

  @AsyncTest
  @Covers("test_tasks.BaseTaskTests.wait_errors")
  void noFuturesAtAllIsAnError() {
    var error = assertThrows(
        IllegalArgumentException.class, () -> waitUntil(ALL_COMPLETED, List.<Task<?>>of()));
    assertContains(error.getMessage(), "no futures");
  }

  @AsyncTest
  @Covers("test_tasks.BaseTaskTests.wait_invalid_args")
  void nullIsRefused() {
    var task = after(ofSeconds(1), "x");
    assertThrows(NullPointerException.class, () -> waitUntil(null, List.of(task)));
    assertThrows(
        NullPointerException.class, () -> waitUntil(ALL_COMPLETED, (List<Task<String>>) null));
    assertThrows(NullPointerException.class, () -> waitUntil(ALL_COMPLETED, List.of(task), null));
  }

  @AsyncTest
  void aFutureOfAnotherLoopIsAnErrorThatNamesTheWay() {
    var theirs = Asyncio.toThread(() -> Asyncio.run(() -> new Future<Integer>()));
    var error = assertThrows(
        IllegalArgumentException.class, () -> waitUntil(ALL_COMPLETED, List.of(theirs)));
    assertContains(error.getMessage(), "wrapFuture");
  }

  @AsyncTest
  void theSetsCannotBeChanged() {
    var waited = waitUntil(ALL_COMPLETED, List.of(after(ZERO, "x")));
    assertThrows(UnsupportedOperationException.class, () -> waited.done().clear());
    assertThrows(UnsupportedOperationException.class, () -> waited.pending().add(after(ZERO, "y")));
  }

  @AsyncTest
  void theSetsAreOrderedAndHoldEachFutureOnce() {
    var done = after(ZERO, "done");
    waitUntil(ALL_COMPLETED, List.of(done));
    var first = new Future<String>();
    var second = new Future<String>();
    var third = new Future<String>();
    second.addDoneCallback(f -> {}); // it has other listeners
    runningLoop().callSoon(() -> second.setResult("second"));
    var waited =
        waitUntil(FIRST_COMPLETED, List.<Future<?>>of(first, second, third, second, first, third));
    assertEquals(List.of(second), List.copyOf(waited.done()));
    assertEquals(List.of(first, third), List.copyOf(waited.pending()));
    assertEquals(List.of(third, first), List.copyOf(waited.pending().reversed()));
    assertEquals(Set.of(third, first), waited.pending());
    assertTrue(waited.pending().contains(third));
    assertFalse(waited.pending().contains(second));
    var again = waitUntil(FIRST_COMPLETED, List.<Future<?>>of(done, first, done, second, first));
    assertEquals(List.of(done, second), List.copyOf(again.done()));
    assertEquals(List.of(first), List.copyOf(again.pending()));
  }

  @Test
  void outsideATaskItIsAnError() {
    assertThrows(IllegalStateException.class, () -> waitUntil(ALL_COMPLETED, List.<Task<?>>of()));
  }

  @AsyncTest
  void manyTasksAreWaitedFor() {
    List<Task<Integer>> tasks = new ArrayList<>();
    for (int i = 0; i < 2_000; i++) {
      int number = i;
      tasks.add(createTask(() -> {
        sleep(ofMillis(number % 7));
        return number;
      }));
    }
    assertEquals(tasks, List.copyOf(waitUntil(ALL_COMPLETED, tasks).done()));
  }

  @AsyncTest
  void manyThatWaitForOneTaskAreCancelledOneAfterTheOther() {
    var slow = createTask(() -> sleep(ofDays(1)));
    List<Task<?>> waiting = new ArrayList<>();
    for (int i = 0; i < 20_000; i++) {
      waiting.add(createTask(() -> waitUntil(ALL_COMPLETED, List.of(slow))));
    }
    yieldNow();
    waiting.reversed().forEach(Task::cancel);
    waitUntil(ALL_COMPLETED, waiting);
    assertTrue(waiting.stream().allMatch(Task::isCancelled));
    assertFalse(slow.isDone());
  }
}
