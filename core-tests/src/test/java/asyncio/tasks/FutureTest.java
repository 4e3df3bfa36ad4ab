package asyncio.tasks;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Asyncio;
import asyncio.CancelledError;
import asyncio.Event;
import asyncio.Future;
import asyncio.InvalidStateException;
import asyncio.conformance.Covers;
import asyncio.support.Failure;
import asyncio.support.Order;
import asyncio.support.Reports;
import asyncio.testing.AsyncTest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class FutureTest {
  private final Order order = new Order();

  @AsyncTest
  @Covers("test_futures.BaseFutureTests.future_repr")
  void aNewFutureIsPending() {
    var future = new Future<Integer>();
    assertFalse(future.isDone());
    assertFalse(future.isCancelled());
    assertSame(runningLoop(), future.loop());
    assertThrows(InvalidStateException.class, future::result);
    assertThrows(InvalidStateException.class, future::exception);
    assertEquals("Future[pending]", future.toString());
    assertSame(runningLoop(), runningLoop().createFuture().loop());
  }

  @AsyncTest
  @Covers("test_futures.BaseFutureTests.future_repr")
  void aResultCanBeReadAndAwaited() {
    var future = new Future<Integer>();
    future.setResult(4);
    assertTrue(future.isDone());
    assertEquals(4, future.result());
    assertNull(future.exception());
    assertEquals(4, future.await());
    assertEquals("Future[finished]", future.toString());
  }

  @AsyncTest
  void nullIsAResult() {
    var future = new Future<String>();
    future.setResult(null);
    assertTrue(future.isDone());
    assertNull(future.result());
  }

  @AsyncTest
  @Covers("test_futures.BaseFutureTests.future_repr")
  void aFailureIsThrownByResultAndAwaitAndGivenByException() {
    var failure = new IllegalArgumentException("x");
    var future = new Future<Integer>();
    future.setException(failure);
    assertSame(failure, future.exception());
    assertSame(failure, assertThrows(IllegalArgumentException.class, future::result));
    assertSame(
        failure, assertThrows(IllegalArgumentException.class, future::await).getCause());
    assertContains(future.toString(), "failed: java.lang.IllegalArgumentException");
  }

  @AsyncTest
  @Covers("test_futures.BaseFutureTests.exception_class")
  void aFailureIsNeverNull() {
    var future = new Future<Integer>();
    assertThrows(NullPointerException.class, () -> future.setException(null));
    assertFalse(future.isDone());
  }

  @AsyncTest
  void getWrapsAFailureInExecutionException() {
    var failure = new IOException("x");
    var future = new Future<Integer>();
    future.setException(failure);
    assertSame(failure, assertThrows(ExecutionException.class, future::get).getCause());
    assertSame(failure, assertThrows(CompletionException.class, future::await).getCause());
  }

  @AsyncTest
  @Covers("test_futures.BaseFutureTests.future_repr")
  void cancelIsFinal() {
    var future = new Future<Integer>();
    assertTrue(future.cancel("why"));
    assertTrue(future.isDone());
    assertTrue(future.isCancelled());
    assertFalse(future.cancel());
    assertEquals("why", assertThrows(CancelledError.class, future::result).getMessage());
    assertThrows(CancelledError.class, future::exception);
    assertThrows(CancelledError.class, future::await);
    assertEquals("Future[cancelled]", future.toString());
  }

  @AsyncTest
  void aDoneFutureTakesNothingMore() {
    var future = new Future<Integer>();
    future.setResult(1);
    assertThrows(InvalidStateException.class, () -> future.setResult(2));
    assertThrows(InvalidStateException.class, () -> future.setException(new Failure("x")));
    assertFalse(future.trySetResult(2));
    assertFalse(future.trySetException(new Failure("x")));
    assertFalse(future.cancel());
    assertEquals(1, future.result());
  }

  @AsyncTest
  void trySetTellsWhetherItDid() {
    var future = new Future<Integer>();
    assertTrue(future.trySetResult(1));
    var other = new Future<Integer>();
    assertTrue(other.trySetException(new Failure("x")));
    assertInstanceOf(Failure.class, other.exception());
  }

  @AsyncTest
  @Covers("test_tasks.BaseTaskTests.step_result_future")
  void aResumedAwaiterRunsInItsTurnNotInsideSetResult() {
    var future = new Future<Integer>();
    createTask(() -> order.add("awaiter " + future.await()));
    yieldNow();
    createTask(() -> order.add("ready before"));
    future.setResult(1);
    order.add("set");
    yieldNow();
    order.assertIs("set", "ready before", "awaiter 1");
  }

  // ---- callbacks ----

  @AsyncTest
  @Covers("test_futures.BaseFutureDoneCallbackTests.callbacks_invoked_on_set_result")
  void callbacksAreCalledSoonInOrderOfRegistration() {
    var future = new Future<Integer>();
    for (String name : List.of("a", "b", "c")) {
      future.addDoneCallback(done -> order.add(name + done.result()));
    }
    future.setResult(7);
    order.assertIsEmpty();
    yieldNow();
    order.assertIs("a7", "b7", "c7");
  }

  @AsyncTest
  @Covers("test_futures.BaseFutureDoneCallbackTests.callbacks_invoked_on_set_exception")
  void callbacksAreCalledOnFailureAndCancelToo() {
    var failed = new Future<Integer>();
    failed.addDoneCallback(done -> order.add("failed " + done.exception().getMessage()));
    failed.setException(new Failure("x"));
    var cancelled = new Future<Integer>();
    cancelled.addDoneCallback(done -> order.add("cancelled " + done.isCancelled()));
    cancelled.cancel();
    yieldNow();
    order.assertIs("failed x", "cancelled true");
  }

  @AsyncTest
  void aCallbackAddedToADoneFutureIsCalledSoon() {
    var future = new Future<Integer>();
    future.setResult(1);
    future.addDoneCallback(done -> order.add("called"));
    order.assertIsEmpty();
    yieldNow();
    order.assertIs("called");
  }

  @AsyncTest
  void callbacksAndAwaitersAreToldInOneOrder() {
    var future = new Future<Integer>();
    future.addDoneCallback(done -> order.add("callback 1"));
    createTask(() -> {
      future.await();
      order.add("awaiter");
    });
    yieldNow();
    future.addDoneCallback(done -> order.add("callback 2"));
    future.setResult(1);
    yieldNow();
    order.assertIs("callback 1", "awaiter", "callback 2");
  }

  @AsyncTest
  void aTaskHasCallbacksToo() {
    var task = createTask(() -> 3);
    task.addDoneCallback(done -> order.add("got " + done.result()));
    task.await();
    yieldNow();
    order.assertIs("got 3");
  }

  @AsyncTest
  @Covers("test_futures.BaseFutureDoneCallbackTests.remove_done_callback")
  void removeTakesAllEqualCallbacksAndCounts() {
    Consumer<Future<Integer>> a = done -> order.add("a");
    Consumer<Future<Integer>> b = done -> order.add("b");
    var future = new Future<Integer>();
    assertEquals(0, future.removeDoneCallback(a));
    future.addDoneCallback(a);
    assertEquals(0, future.removeDoneCallback(b));
    assertEquals(1, future.removeDoneCallback(a));
    future.addDoneCallback(a);
    future.addDoneCallback(b);
    future.addDoneCallback(a);
    assertEquals(2, future.removeDoneCallback(a));
    assertEquals(0, future.removeDoneCallback(a));
    future.setResult(1);
    yieldNow();
    order.assertIs("b");
  }

  @AsyncTest
  @Covers({
    "test_futures.BaseFutureDoneCallbackTests.callbacks_remove_first_callback",
    "test_futures.BaseFutureDoneCallbackTests.callbacks_remove_third_callback"
  })
  void theFirstTheSecondAndTheThirdCallbackCanBeRemoved() {
    for (String removed : List.of("a", "b", "c")) {
      order.clear();
      var future = new Future<Integer>();
      List<Consumer<Future<Integer>>> callbacks = new ArrayList<>();
      for (String name : List.of("a", "b", "c")) {
        Consumer<Future<Integer>> callback = done -> order.add(name);
        callbacks.add(callback);
        future.addDoneCallback(callback);
      }
      assertEquals(1, future.removeDoneCallback(callbacks.get("abc".indexOf(removed))));
      future.setResult(1);
      yieldNow();
      var left = new ArrayList<>(List.of("a", "b", "c"));
      left.remove(removed);
      order.assertIs(left);
    }
  }

  @AsyncTest
  @Covers("test_futures.BaseFutureDoneCallbackTests.callbacks_remove_first_and_second_callback")
  void theFirstAndTheSecondCallbackCanBeRemovedTogether() {
    Consumer<Future<Integer>> a = done -> order.add("a");
    Consumer<Future<Integer>> b = done -> order.add("b");
    Consumer<Future<Integer>> c = done -> order.add("c");
    var future = new Future<Integer>();
    future.addDoneCallback(a);
    future.addDoneCallback(b);
    future.addDoneCallback(c);
    assertEquals(1, future.removeDoneCallback(a));
    assertEquals(1, future.removeDoneCallback(b));
    assertEquals(0, future.removeDoneCallback(a));
    order.assertIsEmpty();
    future.setResult(1);
    yieldNow();
    order.assertIs("c");
  }

  @AsyncTest
  @Covers({
    "test_futures.BaseFutureDoneCallbackTests.remove_done_callbacks_list_clear",
    "test_futures.BaseFutureDoneCallbackTests.remove_done_callbacks_list_mutation"
  })
  void anEqualsThatRemovesAndAddsCallbacksItselfConfusesNothing() {
    var future = new Future<Integer>();
    Consumer<Future<Integer>> other = done -> order.add("other");
    Consumer<Future<Integer>> added = done -> order.add("added");
    class Meddling implements Consumer<Future<Integer>> {
      private boolean busy;

      @Override
      public void accept(Future<Integer> done) {
        order.add("meddling");
      }

      @Override
      public boolean equals(Object that) {
        if (!busy) {
          busy = true;
          future.removeDoneCallback(other);
          future.addDoneCallback(added);
          busy = false;
        }
        return that == this;
      }

      @Override
      public int hashCode() {
        return 1;
      }
    }
    var meddling = new Meddling();
    future.addDoneCallback(meddling);
    assertEquals(1, future.removeDoneCallback(meddling));
    future.addDoneCallback(meddling);
    future.addDoneCallback(other);
    assertEquals(1, future.removeDoneCallback(meddling));
    future.setResult(1);
    yieldNow();
    assertTrue(order.events().stream().allMatch("added"::equals), order::toString);
  }

  @AsyncTest
  void removingAfterTheFutureIsDoneIsTooLate() {
    Consumer<Future<Integer>> a = done -> order.add("a");
    var future = new Future<Integer>();
    future.addDoneCallback(a);
    future.setResult(1);
    assertEquals(0, future.removeDoneCallback(a));
    yieldNow();
    order.assertIs("a");
  }

  @AsyncTest
  @Covers({
    "test_futures.BaseFutureDoneCallbackTests.schedule_callbacks_list_mutation_1",
    "test_futures.BaseFutureDoneCallbackTests.schedule_callbacks_list_mutation_2"
  })
  void aCallbackMayRemoveAndAddOthers() {
    var future = new Future<Integer>();
    Consumer<Future<Integer>> second = done -> order.add("second");
    future.addDoneCallback(done -> {
      order.add("first");
      future.removeDoneCallback(second);
      future.addDoneCallback(again -> order.add("late"));
    });
    future.addDoneCallback(second);
    future.setResult(1);
    yieldNow();
    yieldNow();
    order.assertIs("first", "second", "late");
  }

  @AsyncTest
  void aCallbackThatThrowsGoesToTheHandlerAndTheOthersAreCalled() {
    var reports = new Reports();
    runningLoop().setExceptionHandler(reports);
    var failure = new Failure("in a callback");
    var future = new Future<Integer>();
    future.addDoneCallback(done -> {
      throw failure;
    });
    future.addDoneCallback(done -> order.add("next"));
    future.setResult(1);
    yieldNow();
    order.assertIs("next");
    assertSame(failure, reports.only().exception());
  }

  @AsyncTest
  void anAwaiterThatIsCancelledLeavesOtherAwaitersOfATaskAlone() {
    // Cancelling one awaiter cancels the awaited future, as in asyncio: shield keeps it.
    var future = new Future<Integer>();
    var one = createTask(() -> Asyncio.shield(future));
    var two = createTask(() -> future.await());
    yieldNow();
    one.cancel();
    yieldNow();
    assertTrue(one.isCancelled());
    assertFalse(two.isDone());
    future.setResult(5);
    assertEquals(5, two.await());
  }

  // ---- CompletableFuture ----

  @AsyncTest
  void toCompletableFutureFollowsResultFailureAndCancel() {
    var result = new Future<Integer>();
    CompletableFuture<Integer> resultCopy = result.toCompletableFuture();
    result.setResult(1);
    assertEquals(1, Asyncio.await(resultCopy));

    var failed = new Future<Integer>();
    CompletableFuture<Integer> failedCopy = failed.toCompletableFuture();
    var failure = new Failure("x");
    failed.setException(failure);
    assertSame(failure, assertThrows(Failure.class, () -> Asyncio.await(failedCopy)));

    var cancelled = new Future<Integer>();
    CompletableFuture<Integer> cancelledCopy = cancelled.toCompletableFuture();
    cancelled.cancel();
    assertThrows(CancelledError.class, () -> Asyncio.await(cancelledCopy));
    assertTrue(cancelledCopy.isCancelled());
  }

  @AsyncTest
  void cancellingTheCompletableFutureCancelsTheTask() {
    var task = createTask(() -> new Event().await());
    yieldNow();
    assertTrue(task.toCompletableFuture().cancel(true));
    assertThrows(CancelledError.class, task::await);
  }

  @AsyncTest
  void dependentsOfTheCompletableFutureRunOutsideTheStepThatCompletesIt() {
    var future = new Future<Integer>();
    future.toCompletableFuture().thenAccept(value -> order.add("dependent"));
    yieldNow();
    yieldNow();
    future.setResult(1);
    order.add("set");
    yieldNow();
    order.assertIs("set", "dependent");
  }

  @Test
  void aCompletableFutureIsCompletedThoughTheLoopClosesInTheSameStep() throws Exception {
    CompletableFuture<Integer> copy = Asyncio.run(() -> {
      var future = new Future<Integer>();
      var made = future.toCompletableFuture();
      yieldNow();
      yieldNow();
      future.setResult(1);
      return made;
    });
    assertEquals(1, copy.get());
  }

  @Test
  void aCompletableFutureOfAPendingFutureFailsWhenTheLoopCloses() {
    CompletableFuture<Integer> copy = Asyncio.run(() -> {
      var made = new Future<Integer>().toCompletableFuture();
      yieldNow();
      return made;
    });
    var failure = assertThrows(ExecutionException.class, copy::get).getCause();
    assertContains(failure.getMessage(), "closed before");
  }

  @Test
  void aFutureOfAClosedLoopCanStillBeTurnedIntoACompletableFuture() {
    Future<Integer> done = Asyncio.run(() -> {
      var future = new Future<Integer>();
      future.setResult(1);
      return future;
    });
    assertEquals(1, done.toCompletableFuture().join());
    assertEquals(1, done.result());
  }

  // ---- ties of cancel and completion ----

  @AsyncTest
  void aFutureCancelledAfterItsResultKeepsTheResult() {
    var future = new Future<Integer>();
    var task = createTask(() -> future.await());
    yieldNow();
    future.setResult(1);
    assertFalse(future.cancel());
    assertEquals(1, task.await());
  }
}
