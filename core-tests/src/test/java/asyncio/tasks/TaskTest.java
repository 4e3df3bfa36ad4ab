package asyncio.tasks;

import static asyncio.Asyncio.await;
import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.currentTask;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Cancelling.assertCancelled;
import static asyncio.support.Cancelling.sleepAndCleanUp;
import static asyncio.support.Texts.assertContains;
import static asyncio.support.Texts.assertStartsWith;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Action;
import asyncio.CancelledError;
import asyncio.Coroutine;
import asyncio.Event;
import asyncio.Future;
import asyncio.Task;
import asyncio.TimeoutException;
import asyncio.conformance.Covers;
import asyncio.support.Failure;
import asyncio.support.Order;
import asyncio.testing.AsyncTest;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Nested;

class TaskTest {
  /** What happened, in order. */
  private final Order order = new Order();

  @Nested
  class Starting {
    @AsyncTest
    void aTaskDoesNotRunBeforeItsCreatorWaits() {
      var task = createTask(() -> order.add("task"));
      order.add("creator");
      yieldNow();
      order.add("creator again");
      task.await();
      order.assertIs("creator", "task", "creator again");
    }

    @AsyncTest
    void tasksRunInTheOrderOfTheirCreation() {
      for (int i = 0; i < 200; i++) {
        int number = i;
        createTask(() -> order.add("a" + number));
      }
      yieldNow();
      List<String> expected = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        expected.add("a" + i);
      }
      order.assertIs(expected);
    }

    @AsyncTest
    void stepsOfTasksTakeTurns() {
      var a = createTask(() -> threeSteps("a"));
      var b = createTask(() -> threeSteps("b"));
      a.await();
      b.await();
      order.assertIs("a1", "b1", "a2", "b2", "a3", "b3");
    }

    @AsyncTest
    @Covers({
      "test_tasks.BaseTaskTests.bare_create_task",
      "test_tasks.BaseTaskTests.create_task_with_async_function",
      "test_tasks.BaseTaskTests.ensure_future_coroutine",
      "test_tasks.BaseTaskTests.task_basics",
      "test_tasks.BaseTaskTests.task_class"
    })
    void aTaskBelongsToTheLoopAndHasTheResultOfItsBody() {
      var one = createTask(() -> 1);
      Task<Integer> sum = createTask(() -> {
        var two = runningLoop().createTask(() -> 2);
        return one.await() + two.await();
      });
      assertSame(runningLoop(), sum.loop());
      assertFalse(sum.isDone());
      assertEquals(3, sum.await());
      assertTrue(sum.isDone());
      assertEquals(3, sum.result());
    }

    private void threeSteps(String name) {
      order.add(name + 1);
      yieldNow();
      order.add(name + 2);
      yieldNow();
      order.add(name + 3);
    }

    @AsyncTest
    void aTaskMadeInATurnRunsInTheNext() {
      createTask(() -> {
        order.add("parent");
        createTask(() -> order.add("child"));
      });
      createTask(() -> order.add("sibling"));
      yieldNow();
      order.assertIs("parent", "sibling");
      yieldNow();
      order.assertIs("parent", "sibling", "child");
    }

    @AsyncTest
    @Covers({
      "test_base_events.BaseEventLoopTests.create_named_task_with_default_factory",
      "test_tasks.BaseTaskTests.bare_create_named_task"
    })
    void namesAreGivenOrNumbered() {
      var numbered = createTask(() -> 1);
      var next = createTask(() -> 1);
      var named = createTask("mail", () -> 1);
      assertTrue(numbered.name().matches("Task-\\d+"), numbered.name());
      assertEquals(number(numbered) + 1, number(next));
      assertEquals("mail", named.name());
      named.setName("post");
      assertEquals("post", named.name());
      assertThrows(NullPointerException.class, () -> named.setName(null));
      assertThrows(NullPointerException.class, () -> createTask((String) null, () -> 1));
    }

    private int number(Task<?> task) {
      return Integer.parseInt(task.name().substring("Task-".length()));
    }

    @AsyncTest
    void nullBodiesAreRefused() {
      assertThrows(
          NullPointerException.class, () -> createTask((Coroutine<Object, RuntimeException>) null));
      assertThrows(NullPointerException.class, () -> createTask((Action<RuntimeException>) null));
    }

    @AsyncTest
    @Covers({
      "test_tasks.BaseCurrentLoopTests.current_task_with_implicit_loop",
      "test_tasks.BaseTaskIntrospectionTests._enter_task"
    })
    void currentTaskIsRightAcrossInterleaving() {
      Task<?> main = currentTask();
      List<Task<?>> seen = new ArrayList<>();
      Action<RuntimeException> body = () -> {
        seen.add(currentTask());
        yieldNow();
        seen.add(currentTask());
      };
      var a = createTask(body);
      var b = createTask(body);
      a.await();
      b.await();
      assertEquals(List.of(a, b, a, b), seen);
      assertSame(main, currentTask());
    }

    @AsyncTest
    @Covers({
      "test_tasks.BaseTaskIntrospectionTests._register_task_1",
      "test_tasks.BaseTaskIntrospectionTests._register_task_2",
      "test_tasks.BaseTaskIntrospectionTests._register_task_3",
      "test_tasks.BaseTaskIntrospectionTests._unregister_task"
    })
    void allTasksListsTheUnfinishedOnesOldestFirst() {
      Task<?> main = currentTask();
      var a = createTask(() -> sleep(ofDays(1)));
      var b = createTask(() -> sleep(ofSeconds(1)));
      var c = createTask(() -> sleep(ofDays(1)));
      assertEquals(List.of(main, a, b, c), runningLoop().allTasks());
      b.await();
      assertEquals(List.of(main, a, c), runningLoop().allTasks());
      a.cancel();
      c.cancel();
      yieldNow();
      assertEquals(List.of(main), runningLoop().allTasks());
    }

    @AsyncTest
    void aTaskRunsOnAThreadOfItsOwnInOrderWithItsCreator() {
      int[] plain = {0};
      for (int i = 0; i < 100; i++) {
        createTask(() -> {
          int before = plain[0];
          plain[0] = before + 1;
        });
      }
      yieldNow();
      assertEquals(100, plain[0]);
    }
  }

  @Nested
  class Awaiting {
    @AsyncTest
    void awaitGivesTheResult() {
      assertEquals("x", createTask(() -> "x").await());
      assertNull(createTask(() -> {}).await());
    }

    @AsyncTest
    @Covers("test_tasks.BaseTaskTests.step_result_future")
    void awaitOfADoneTaskDoesNotSuspend() {
      var task = createTask(() -> 1);
      yieldNow();
      createTask(() -> order.add("other"));
      assertEquals(1, task.await());
      order.assertIsEmpty();
    }

    @AsyncTest
    void severalTasksMayAwaitOneAndGoOnInOrder() {
      var slow = createTask(() -> {
        sleep(ofSeconds(1));
        return 1;
      });
      List<Task<?>> awaiters = new ArrayList<>();
      for (String name : List.of("a", "b", "c")) {
        awaiters.add(createTask(() -> {
          slow.await();
          order.add(name);
        }));
      }
      awaiters.forEach(Task::await);
      order.assertIs("a", "b", "c");
    }

    @AsyncTest
    void theFirstReceiverGetsTheFailureItselfAndLaterOnesCopies() {
      var failure = new IllegalArgumentException("once");
      var task = createTask(() -> {
        throw failure;
      });
      assertSame(failure, assertThrows(IllegalArgumentException.class, task::await));
      for (int i = 0; i < 2; i++) {
        var copy = assertThrows(IllegalArgumentException.class, task::await);
        assertNotSame(failure, copy);
        assertSame(failure, copy.getCause());
        assertEquals("once", copy.getMessage());
      }
    }

    @AsyncTest
    void errorsAreThrownBare() {
      var failure = new AssertionError("error");
      var task = createTask(() -> {
        throw failure;
      });
      assertSame(failure, assertThrows(AssertionError.class, task::await));
    }

    @AsyncTest
    @Covers({
      "test_tasks.BaseTaskTests.exception_chaining_after_await",
      "test_tasks.BaseTaskTests.exception_chaining_after_await_with_context_cycle"
    })
    void aFailureAwaitedWhileItIsInFlightIsSuppressedWithoutACycle() {
      var failure = new IllegalArgumentException("once");
      var task = createTask(() -> {
        throw failure;
      });
      var thrown = assertThrows(IllegalArgumentException.class, () -> {
        try (AutoCloseable _ = task::await) {
          task.await();
        }
      });
      assertSame(failure, thrown);
      assertEquals(1, failure.getSuppressed().length);
      assertNotSame(failure, failure.getSuppressed()[0]);
      assertSame(failure, failure.getSuppressed()[0].getCause());
      var trace = new java.io.StringWriter();
      failure.printStackTrace(new java.io.PrintWriter(trace));
      assertContains(trace.toString(), "Suppressed: ");
    }

    @AsyncTest
    void aCheckedFailureComesWrappedOnce() {
      var failure = new IOException("checked");
      var task = createTask(() -> {
        throw failure;
      });
      assertSame(failure, assertThrows(CompletionException.class, task::await).getCause());
    }

    @AsyncTest
    void awaitThrowingThrowsItsTypeBare() {
      var failure = new FileNotFoundException("checked");
      var task = createTask(() -> {
        throw failure;
      });
      assertSame(
          failure,
          assertThrows(FileNotFoundException.class, () -> task.awaitThrowing(IOException.class)));
      var copy =
          assertThrows(FileNotFoundException.class, () -> task.awaitThrowing(IOException.class));
      assertSame(failure, copy.getCause());
    }

    @AsyncTest
    void awaitThrowingTakesSeveralTypes() throws Exception {
      Task<Integer> file = createTask(() -> {
        throw new FileNotFoundException("f");
      });
      assertThrows(
          FileNotFoundException.class,
          () -> file.awaitThrowing(TimeoutException.class, IOException.class));
      Task<Integer> instance = createTask(() -> {
        throw new InstantiationException("i");
      });
      assertThrows(
          InstantiationException.class,
          () -> instance.awaitThrowing(
              IOException.class, ClassNotFoundException.class, InstantiationException.class));
      assertThrows(
          CompletionException.class,
          () -> instance.awaitThrowing(IOException.class, ClassNotFoundException.class));
      assertEquals(
          4, createTask(() -> 4).awaitThrowing(IOException.class, ClassNotFoundException.class));
    }

    @AsyncTest
    void awaitThrowingWrapsOtherCheckedTypes() throws IOException {
      var failure = new InterruptedException("checked");
      var task = createTask(() -> {
        throw failure;
      });
      var wrapper =
          assertThrows(CompletionException.class, () -> task.awaitThrowing(IOException.class));
      assertSame(failure, wrapper.getCause());
      assertEquals(4, createTask(() -> 4).awaitThrowing(IOException.class));
    }

    @AsyncTest
    @Covers("test_tasks.BaseTaskTests.task_awaits_on_itself")
    void aTaskThatAwaitsItselfIsAnError() {
      List<Task<?>> self = new ArrayList<>();
      var task = createTask(() -> self.getFirst().await());
      self.add(task);
      var error = assertThrows(IllegalStateException.class, task::await);
      assertContains(error.getMessage(), "itself");
    }

    @AsyncTest
    @Covers("test_tasks.BaseTaskTests.task_set_methods")
    void setResultAndSetExceptionAreForbidden() {
      Task<Integer> task = createTask(() -> 1);
      assertThrows(IllegalStateException.class, () -> task.setResult(2));
      assertThrows(IllegalStateException.class, () -> task.setException(new Failure("x")));
      assertThrows(IllegalStateException.class, () -> task.trySetResult(2));
      assertThrows(IllegalStateException.class, () -> task.trySetException(new Failure("x")));
      assertEquals(1, task.await());
    }

    @AsyncTest
    @Covers("test_tasks.BaseTaskTests.exception_traceback")
    void theTraceOfAFailureShowsWhereItHappened() {
      var task = createTask(() -> failHere());
      var failure = assertThrows(Failure.class, task::await);
      assertEquals("failHere", failure.getStackTrace()[0].getMethodName());
    }

    private void failHere() {
      throw new Failure("here");
    }
  }

  @Nested
  class Describing {
    @AsyncTest
    @Covers({"test_tasks.BaseTaskTests.task_repr", "test_tasks.BaseTaskTests.task_repr_wait_for"})
    void theTextShowsNameAndState() {
      var task = createTask("mail", () -> sleep(ofSeconds(1)));
      assertEquals("Task[mail, pending]", task.toString());
      yieldNow();
      assertEquals("Task[mail, waits for sleep]", task.toString());
      task.await();
      assertEquals("Task[mail, finished]", task.toString());
      var cancelled = createTask("late", () -> {
        try {
          new Event().await();
        } finally {
          sleep(ofSeconds(1));
        }
      });
      yieldNow();
      assertEquals("Task[late, waits for an event]", cancelled.toString());
      cancelled.cancel();
      yieldNow();
      assertEquals("Task[late, waits for sleep]", cancelled.toString());
      assertThrows(CancelledError.class, cancelled::await);
      assertEquals("Task[late, cancelled]", cancelled.toString());
      var failed = createTask("bad", () -> {
        throw new Failure("x");
      });
      assertThrows(Failure.class, failed::await);
      assertStartsWith(failed.toString(), "Task[bad, failed: ");
    }

    @AsyncTest
    @Covers("test_runners.RunnerTests.no_repr_is_call_on_the_task_result")
    void theTextNeverAsksTheResultForItsOwn() {
      var result = new Object() {
        @Override
        public String toString() {
          throw new AssertionError("the runtime prints a result");
        }
      };
      var task = createTask(() -> result);
      task.await();
      assertEquals("finished", task.toString().replaceAll(".*, |]", ""));
    }

    @AsyncTest
    @Covers({
      "test_futures2.FutureReprTests.recursive_repr_for_pending_tasks",
      "test_tasks.BaseTaskTests.task_repr_wait_for"
    })
    void theTextOfTasksThatAwaitEachOtherEnds() {
      List<Task<?>> tasks = new ArrayList<>();
      tasks.add(createTask("a", () -> tasks.get(1).await()));
      tasks.add(createTask("b", () -> tasks.get(0).await()));
      yieldNow();
      assertEquals("Task[a, pending]", tasks.get(0).toString());
      assertEquals("Task[b, pending]", tasks.get(1).toString());
    }

    @AsyncTest
    void theTextOfALongChainOfTasksEnds() {
      Task<?> last = createTask(() -> sleep(ofSeconds(1)));
      for (int i = 0; i < 500; i++) {
        Task<?> before = last;
        last = createTask(before::await);
      }
      yieldNow();
      assertTrue(last.toString().length() < 1_000, "the text is too long");
    }
  }

  @Nested
  class Cancelling {
    @AsyncTest
    @Covers("test_tasks.BaseTaskTests.cancel_with_message_before_starting_task")
    void cancelBeforeFirstStepNeverRunsTheBody() {
      var task = createTask(() -> order.add("ran"));
      assertTrue(task.cancel("too early"));
      assertFalse(task.isDone());
      var error = assertThrows(CancelledError.class, task::await);
      assertEquals("too early", error.getMessage());
      assertTrue(task.isCancelled());
      order.assertIsEmpty();
    }

    @AsyncTest
    @Covers({
      "test_tasks.BaseTaskTests.cancel",
      "test_tasks.BaseTaskTests.sleep_cancel",
      "test_tasks.BaseTaskTests.task_cancel_sleeping_task"
    })
    void cancelWhileSleepingStrikesThereAndLeavesNoTimer() {
      var task = createTask(() -> {
        try {
          sleep(ofDays(1));
        } catch (CancelledError cancelled) {
          order.add("cancelled at " + runningLoop().time().toSeconds());
          throw cancelled;
        }
      });
      sleep(ofSeconds(2));
      assertTrue(task.cancel());
      assertThrows(CancelledError.class, task::await);
      order.assertIs("cancelled at 2");
      assertEquals(0, runningLoop().statistics().timers());
      sleep(ofSeconds(1));
      assertEquals(ofSeconds(3), runningLoop().time());
    }

    @AsyncTest
    @Covers("test_tasks.BaseTaskTests.cancel_yield")
    void cancelWhileYieldingStrikes() {
      var task = createTask(() -> {
        yieldNow();
        order.add("went on");
      });
      yieldNow();
      task.cancel();
      assertThrows(CancelledError.class, task::await);
      order.assertIsEmpty();
    }

    @AsyncTest
    @Covers({
      "test_tasks.BaseTaskTests.task_cancel_waiter_future",
      "test_tasks.BaseTaskTests.yield_future_passes_cancel"
    })
    void cancelWhileAwaitingAFutureCancelsTheFuture() {
      var future = new Future<Integer>();
      var task = createTask(() -> future.await());
      yieldNow();
      assertTrue(task.cancel("why"));
      assertTrue(future.isCancelled());
      var error = assertThrows(CancelledError.class, task::await);
      assertEquals("why", error.getMessage());
    }

    @AsyncTest
    @Covers("test_tasks.BaseTaskTests.cancel_inner_future")
    void cancelOfTheAwaitedFutureCancelsTheTask() {
      var future = new Future<Integer>();
      var task = createTask(() -> future.await());
      yieldNow();
      assertTrue(future.cancel("inner"));
      assertCancelled("inner", task);
      assertTrue(task.isCancelled());
      assertEquals(0, task.cancelling());
    }

    @AsyncTest
    @Covers("test_tasks.BaseTaskTests.cancel_both_task_and_inner_future")
    void cancelOfBothTaskAndFutureIsOneCancel() {
      var future = new Future<Integer>();
      var task = createTask(() -> {
        try {
          future.await();
        } finally {
          yieldNow();
          order.add("cleaned up");
        }
      });
      yieldNow();
      future.cancel();
      task.cancel();
      assertThrows(CancelledError.class, task::await);
      order.assertIs("cleaned up");
    }

    @AsyncTest
    void twoCancelsBeforeTheFirstIsDeliveredStrikeOnce() {
      var task = createTask(() -> sleepAndCleanUp(() -> {
        yieldNow();
        order.add("cleaned up");
      }));
      yieldNow();
      task.cancel("one");
      task.cancel("two");
      assertEquals(2, task.cancelling());
      assertThrows(CancelledError.class, task::await);
      order.assertIs("cleaned up");
    }

    @AsyncTest
    void twoCancelsOfATaskThatAwaitsAnotherStrikeOnce() {
      var inner = createTask(() -> sleepAndCleanUp(() -> {
        yieldNow();
        order.add("inner cleaned up");
      }));
      var outer = createTask(() -> inner.await());
      yieldNow();
      outer.cancel();
      inner.cancel();
      assertThrows(CancelledError.class, outer::await);
      order.assertIs("inner cleaned up");
    }

    @AsyncTest
    void aCancelDuringCleanUpStrikesAgain() {
      var task = createTask(() -> {
        try {
          sleep(ofDays(1));
        } finally {
          try {
            sleep(ofDays(1));
          } catch (CancelledError again) {
            order.add("again: " + again.getMessage());
          }
        }
      });
      yieldNow();
      task.cancel("one");
      yieldNow();
      task.cancel("two");
      assertThrows(CancelledError.class, task::await);
      order.assertIs("again: two");
    }

    @AsyncTest
    @Covers({
      "test_tasks.BaseTaskTests.cancel_awaited_task",
      "test_tasks.BaseTaskTests.yield_future_passes_cancel"
    })
    void cancelWhileAwaitingATaskPassesDownAndWaitsForItsEnd() {
      var inner = createTask(() -> sleepAndCleanUp(() -> {
        sleep(ofSeconds(1));
        order.add("inner cleaned up");
      }));
      var outer = createTask(() -> {
        try {
          inner.await();
        } finally {
          order.add("outer goes on");
        }
      });
      yieldNow();
      outer.cancel("down");
      assertCancelled("down", outer);
      assertTrue(inner.isCancelled());
      order.assertIs("inner cleaned up", "outer goes on");
      assertEquals(1, inner.cancelling());
      assertEquals(1, outer.cancelling());
    }

    @AsyncTest
    void aTaskWhoseAwaitedTaskSwallowsTheCancelGetsItsValue() {
      var inner = createTask(() -> {
        try {
          sleep(ofDays(1));
          return "slept";
        } catch (CancelledError swallowed) {
          return "swallowed";
        }
      });
      var outer = createTask(() -> inner.await());
      yieldNow();
      outer.cancel();
      assertEquals("swallowed", outer.await());
      assertFalse(outer.isCancelled());
    }

    @AsyncTest
    @Covers("test_tasks.BaseTaskTests.cancel_current_task")
    void aTaskMayCancelItself() {
      var task = createTask(() -> {
        assertTrue(currentTask().cancel("myself"));
        order.add("goes on to its next wait");
        yieldNow();
        order.add("never");
      });
      assertCancelled("myself", task);
      order.assertIs("goes on to its next wait");
    }

    @AsyncTest
    @Covers("test_tasks.BaseTaskTests.cancel_awaited_task")
    void aPendingCancelGoesDownToTheTaskThatIsAwaitedNext() {
      var future = new Future<Void>();
      List<Task<?>> inner = new ArrayList<>();
      var outer = createTask(() -> {
        inner.add(createTask(() -> future.await()));
        yieldNow();
        currentTask().cancel();
        inner.getFirst().await();
      });
      assertThrows(CancelledError.class, outer::await);
      assertTrue(outer.isCancelled());
      assertTrue(inner.getFirst().isCancelled());
      assertTrue(future.isCancelled());
    }

    @AsyncTest
    @Covers("test_tasks.BaseTaskTests.cancel_at_end")
    void aTaskThatIsCancelledInItsLastStepEndsCancelled() {
      var task = createTask(() -> {
        currentTask().cancel();
        return 1;
      });
      assertThrows(CancelledError.class, task::await);
      assertTrue(task.isCancelled());
    }

    @AsyncTest
    void aResultLostByACancelInTheLastStepIsClosed() {
      var closed = new AtomicBoolean();
      var task = createTask(() -> {
        currentTask().cancel();
        AutoCloseable resource = () -> closed.set(true);
        return resource;
      });
      assertThrows(CancelledError.class, task::await);
      yieldNow();
      yieldNow();
      assertTrue(closed.get());
    }

    @AsyncTest
    void anAwaitThatNeedNotSuspendDeliversAPendingCancelLater() {
      var done = new Future<Integer>();
      done.setResult(1);
      var task = createTask(() -> {
        currentTask().cancel();
        order.add("value " + done.await());
        yieldNow();
        order.add("never");
      });
      assertThrows(CancelledError.class, task::await);
      order.assertIs("value 1");
    }

    @AsyncTest
    void aDeliveredValueWinsAndTheCancelStrikesAtTheNextWait() {
      var future = new Future<String>();
      var task = createTask(() -> {
        order.add(future.await());
        yieldNow();
        order.add("never");
      });
      yieldNow();
      future.setResult("value");
      assertTrue(task.cancel());
      assertThrows(CancelledError.class, task::await);
      order.assertIs("value");
    }

    @AsyncTest
    void aDeliveredValueWinsForGoodIfTheBodyReturnsBeforeAWait() {
      var future = new Future<String>();
      var task = createTask(() -> future.await());
      yieldNow();
      future.setResult("value");
      task.cancel();
      assertEquals("value", task.await());
      assertFalse(task.isCancelled());
    }

    @AsyncTest
    void aWakeUpIsNoValue() {
      var task = createTask(() -> {
        sleep(ofSeconds(1));
        order.add("never");
      });
      runningLoop().callLater(ofSeconds(1), () -> task.cancel("in the turn of the wake-up"));
      assertThrows(CancelledError.class, task::await);
      order.assertIsEmpty();
    }

    @AsyncTest
    @Covers("test_tasks.BaseTaskTests.cancel_task_catching")
    void aTaskMayCatchTheCancelAndReturnAValue() {
      var task = createTask(() -> {
        try {
          sleep(ofDays(1));
          return 1;
        } catch (CancelledError caught) {
          return 2;
        }
      });
      yieldNow();
      task.cancel();
      assertEquals(2, task.await());
      assertFalse(task.isCancelled());
      assertEquals(1, task.cancelling());
    }

    @AsyncTest
    @Covers("test_tasks.BaseTaskTests.cancel_task_ignoring")
    void aTaskMayCatchTheCancelAndGoOn() {
      var task = createTask(() -> {
        try {
          sleep(ofDays(1));
        } catch (CancelledError ignored) {
          order.add("ignored");
        }
        sleep(ofSeconds(5));
        return "went on";
      });
      yieldNow();
      task.cancel();
      assertEquals("went on", task.await());
      order.assertIs("ignored");
    }

    @AsyncTest
    void aTaskMayTurnTheCancelIntoAnotherFailure() {
      var failure = new Failure("instead");
      var task = createTask(() -> {
        try {
          sleep(ofDays(1));
        } catch (CancelledError cancelled) {
          throw failure;
        }
      });
      yieldNow();
      task.cancel();
      assertSame(failure, assertThrows(Failure.class, task::await));
      assertFalse(task.isCancelled());
    }

    @AsyncTest
    void catchingExceptionDoesNotSwallowTheCancel() {
      var task = createTask(() -> {
        try {
          sleep(ofDays(1));
        } catch (Exception everything) {
          order.add("swallowed");
        }
      });
      yieldNow();
      task.cancel();
      assertThrows(CancelledError.class, task::await);
      order.assertIsEmpty();
    }

    @AsyncTest
    void throwingCancelledErrorByHandEndsTheTaskCancelled() {
      var task = createTask(() -> {
        throw new CancelledError("by hand");
      });
      assertCancelled("by hand", task);
      assertTrue(task.isCancelled());
      assertEquals(0, task.cancelling());
    }

    @AsyncTest
    @Covers("test_tasks.BaseTaskTests.cancelling")
    void requestsAreCountedAndTakenBack() {
      var task = createTask(() -> sleep(ofDays(1)));
      assertEquals(0, task.cancelling());
      assertEquals(0, task.uncancel());
      task.cancel();
      assertEquals(1, task.cancelling());
      task.cancel();
      assertEquals(2, task.cancelling());
      assertEquals(1, task.uncancel());
      assertEquals(0, task.uncancel());
      assertEquals(0, task.uncancel());
      assertEquals(0, task.cancelling());
    }

    @AsyncTest
    @Covers("test_tasks.BaseTaskTests.uncancel_resets_must_cancel")
    void uncancelToZeroDropsARequestThatCameWhenTheWaitWasOver() {
      var future = new Future<Void>();
      var task = createTask(() -> {
        future.await();
        yieldNow();
        return 42;
      });
      yieldNow();
      future.setResult(null);
      assertTrue(task.cancel());
      assertEquals(1, task.cancelling());
      assertEquals(0, task.uncancel());
      assertEquals(42, task.await());
      assertEquals(0, task.cancelling());
    }

    @AsyncTest
    void uncancelToZeroDropsARequestThatWasNotDelivered() {
      var task = createTask(() -> order.add("ran"));
      task.cancel();
      assertEquals(0, task.uncancel());
      task.await();
      order.assertIs("ran");
    }

    @AsyncTest
    void uncancelOfOneOfTwoKeepsTheRequest() {
      var task = createTask(() -> order.add("ran"));
      task.cancel();
      task.cancel();
      task.uncancel();
      assertThrows(CancelledError.class, task::await);
    }

    @AsyncTest
    @Covers("test_tasks.BaseTaskTests.uncancel_basic")
    void aTaskMayTakeARequestBackAndBeCancelledAgain() {
      var task = createTask(() -> {
        try {
          sleep(ofDays(1));
        } catch (CancelledError taken) {
          assertEquals(0, currentTask().uncancel());
          sleep(ofDays(1));
        }
      });
      yieldNow();
      assertTrue(task.cancel());
      assertEquals(1, task.cancelling());
      assertFalse(task.isCancelled());
      yieldNow();
      assertEquals(0, task.cancelling());
      assertFalse(task.isDone());
      assertTrue(task.cancel());
      assertThrows(CancelledError.class, task::await);
      assertTrue(task.isCancelled());
      assertFalse(task.cancel());
      assertEquals(1, task.cancelling());
      task.uncancel();
      assertTrue(task.isCancelled(), "a task that is done stays as it is");
    }

    @AsyncTest
    void aScopeThatCancelsAndUncancelsLeavesNothing() {
      var main = currentTask();
      runningLoop().callSoon(() -> main.cancel("scope"));
      try {
        sleep(ofDays(1));
      } catch (CancelledError ours) {
        assertEquals(0, main.uncancel());
      }
      yieldNow();
      assertEquals(0, main.cancelling());
    }

    @AsyncTest
    @Covers("test_tasks.BaseTaskTests.cancel")
    void cancelOfADoneTaskIsRefused() {
      var task = createTask(() -> 1);
      task.await();
      assertFalse(task.cancel());
      assertFalse(task.cancel(true));
      assertEquals(0, task.cancelling());
      assertFalse(task.isCancelled());
    }

    @AsyncTest
    @Covers({
      "test_tasks.BaseTaskTests.cancel_traceback_for_future_exception",
      "test_tasks.BaseTaskTests.cancel_traceback_for_future_result",
      "test_tasks.BaseTaskTests.cancel_with_message_then_future_exception",
      "test_tasks.BaseTaskTests.cancel_with_message_then_future_result",
      "test_tasks.BaseTaskTests.cancellation_exception_context"
    })
    void theMessageTravelsToTheAwaiterAndTheTraceShowsTheInterruptedLine() {
      var task = createTask(() -> waitHere());
      yieldNow();
      task.cancel("the reason");
      var error = assertThrows(CancelledError.class, task::await);
      assertEquals("the reason", error.getMessage());
      assertTrue(showsWaitHere(error), "the trace shows the line that waited");
      for (var again : List.of(
          assertThrows(CancelledError.class, task::result),
          assertThrows(CancelledError.class, task::exception))) {
        assertEquals("the reason", again.getMessage());
        assertTrue(showsWaitHere(again.getCause()), "the original is kept as cause");
      }
    }

    private static boolean showsWaitHere(Throwable error) {
      return java.util.Arrays.stream(error.getStackTrace())
          .anyMatch(frame -> frame.getMethodName().equals("waitHere"));
    }

    private void waitHere() {
      sleep(ofDays(1));
    }

    @AsyncTest
    void cancelFromAnotherThreadIsHandedToTheLoop() {
      var never = new Future<Void>();
      var task = createTask(() -> never.await());
      var result = new CompletableFuture<Boolean>();
      Thread.ofPlatform().start(() -> result.complete(task.cancel("from outside")));
      assertTrue(await(result));
      assertCancelled("from outside", task);
    }

    @AsyncTest
    void cancelGoesDownALongChainOfTasks() {
      Task<?> first = createTask(() -> sleep(ofSeconds(1)));
      Task<?> last = first;
      for (int i = 0; i < 5_000; i++) {
        Task<?> before = last;
        last = createTask(before::await);
      }
      yieldNow();
      last.cancel();
      assertThrows(CancelledError.class, last::await);
      assertTrue(first.isCancelled());
    }

    @AsyncTest
    void cancelOfACycleOfAwaitsEnds() {
      List<Task<?>> tasks = new ArrayList<>();
      tasks.add(createTask("a", () -> tasks.get(1).await()));
      tasks.add(createTask("b", () -> tasks.get(0).await()));
      yieldNow();
      assertTrue(tasks.get(0).cancel());
    }

    @AsyncTest
    void cancelBooleanCancelsAsWell() {
      var task = createTask(() -> sleep(ofDays(1)));
      assertTrue(task.cancel(false));
      assertThrows(CancelledError.class, task::await);
    }
  }
}
