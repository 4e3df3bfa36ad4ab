package asyncio.loop;

import static asyncio.Asyncio.carrier;
import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.currentTask;
import static asyncio.Asyncio.run;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Cancelling.sleepAndCleanUp;
import static asyncio.support.Texts.assertContains;
import static java.time.Duration.ofDays;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Action;
import asyncio.Asyncio;
import asyncio.CancelledError;
import asyncio.CarrierKind;
import asyncio.Coroutine;
import asyncio.EventLoop;
import asyncio.Future;
import asyncio.Task;
import asyncio.TaskGroup;
import asyncio.conformance.Covers;
import asyncio.support.Failure;
import asyncio.support.Order;
import asyncio.support.Reports;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** What {@link Asyncio#run} promises its caller. */
class RunTest {
  @Test
  @Covers("test_runners.RunTests.asyncio_run_return")
  void returnsTheResultOfTheBody() {
    assertEquals(42, run(() -> 42));
    assertNull(run(() -> (Object) null));
  }

  @Test
  void runsABodyWithoutAResult() {
    var ran = new AtomicBoolean();
    run(() -> ran.set(true));
    assertTrue(ran.get());
  }

  @Test
  @Covers("test_runners.RunTests.asyncio_run_raises")
  void throwsTheFailureOfTheBodyBare() {
    var checked = new IOException("checked");
    var unchecked = new Failure("unchecked");
    assertSame(checked, assertThrows(IOException.class, () -> failWith(checked)));
    assertSame(unchecked, assertThrows(Failure.class, () -> failWith(unchecked)));
  }

  private static void assertThrownBare(Throwable fatal, Action<?> body) {
    assertSame(fatal, assertThrows(fatal.getClass(), () -> run(body)));
  }

  private static void failWith(Exception failure) throws Exception {
    run(() -> {
      yieldNow();
      throw failure;
    });
  }

  @Test
  @Covers("test_runners.RunTests.asyncio_run_only_coro")
  void refusesNull() {
    assertThrows(NullPointerException.class, () -> run((Coroutine<Object, RuntimeException>) null));
    assertThrows(NullPointerException.class, () -> run((Action<RuntimeException>) null));
  }

  @Test
  void theBodyIsATaskOfTheLoop() {
    run(() -> {
      assertNotNull(currentTask());
      assertSame(runningLoop(), currentTask().loop());
      assertEquals(List.of(currentTask()), runningLoop().allTasks());
      assertTrue(Thread.currentThread().isVirtual());
    });
  }

  @Test
  @Covers({
    "test_events.GetEventLoopTestsMixin.get_running_loop_already_running",
    "test_tasks.BaseCurrentLoopTests.current_task_no_running_loop",
    "test_tasks.BaseCurrentLoopTests.current_task_no_running_loop_implicit"
  })
  void outsideARunThereIsNoLoopAndNoTask() {
    assertNull(currentTask());
    var error = assertThrows(IllegalStateException.class, Asyncio::runningLoop);
    assertContains(error.getMessage(), "Asyncio.run", "runCoroutineThreadsafe");
    assertThrows(IllegalStateException.class, () -> createTask(() -> 1));
    assertThrows(IllegalStateException.class, () -> sleep(ofDays(1)));
    assertThrows(IllegalStateException.class, Asyncio::yieldNow);
    assertThrows(IllegalStateException.class, Future::new);
  }

  @Test
  void carrierTellsTheCarrierInsideAndOutside() {
    CarrierKind outside = carrier();
    run(() -> {
      assertSame(outside, carrier());
      assertSame(outside, runningLoop().carrier());
    });
    assertEquals(
        System.getProperty("asyncio.carrier", outside.name()).toUpperCase(), outside.name());
  }

  @Test
  void eachRunHasALoopOfItsOwnThatIsClosedAfterwards() {
    EventLoop first = run(Asyncio::runningLoop);
    EventLoop second = run(Asyncio::runningLoop);
    assertNotSame(first, second);
    assertTrue(first.isClosed());
    assertThrows(IllegalStateException.class, () -> first.callSoonThreadsafe(() -> {}));
  }

  @Test
  @Covers({
    "test_base_events.RunningLoopTests.running_loop_within_a_loop",
    "test_runners.RunTests.asyncio_run_from_running_loop"
  })
  void aRunInsideARunIsRefusedAndNamesCreateTask() {
    run(() -> {
      var error = assertThrows(IllegalStateException.class, () -> run(() -> 1));
      assertContains(error.getMessage(), "createTask");
      yieldNow();
    });
  }

  @Test
  @Covers("test_base_events.RunningLoopTests.running_loop_within_a_loop")
  void aRunInsideACallbackIsRefused() {
    run(() -> {
      var refusal = new Future<Throwable>();
      runningLoop()
          .callSoon(() ->
              refusal.setResult(assertThrows(IllegalStateException.class, () -> run(() -> 1))));
      refusal.await();
    });
  }

  @Test
  void anInterruptOfTheCallerCancelsTheMainTask() throws Exception {
    var started = new CountDownLatch(1);
    var thrown = new AtomicReference<Throwable>();
    var flag = new AtomicBoolean();
    var cleanedUp = new AtomicBoolean();
    Thread caller = Thread.ofPlatform().start(() -> {
      try {
        run(() -> {
          started.countDown();
          sleepAndCleanUp(() -> {
            yieldNow();
            cleanedUp.set(true);
          });
        });
      } catch (Throwable failure) {
        thrown.set(failure);
      }
      flag.set(Thread.currentThread().isInterrupted());
    });
    started.await();
    caller.interrupt();
    caller.join();
    assertTrue(thrown.get() instanceof CancelledError, String.valueOf(thrown.get()));
    assertContains(thrown.get().getMessage(), "interrupted");
    assertTrue(cleanedUp.get());
    assertTrue(flag.get(), "the caller's interrupt flag is set again");
  }

  @Test
  void anInterruptedCallerGetsTheResultOfABodyThatCatchesTheCancel() throws Exception {
    var call = new FutureTask<>(() -> run(() -> {
      try {
        sleep(ofDays(1));
        return "slept";
      } catch (CancelledError cancelled) {
        return "caught";
      }
    }));
    Thread caller = Thread.ofPlatform().unstarted(call);
    caller.start();
    caller.interrupt();
    assertEquals("caught", call.get());
  }

  @Test
  void tasksThatAreLeftAreCancelledAndWaitedFor() {
    var order = new Order();
    run(() -> {
      createTask(() -> {
        try {
          sleep(ofDays(1));
        } catch (CancelledError cancelled) {
          order.add("cancelled");
          yieldNow();
          yieldNow();
          order.add("cleaned up");
          throw cancelled;
        }
      });
      yieldNow();
      order.add("main ended");
    });
    order.assertIs("main ended", "cancelled", "cleaned up");
  }

  @Test
  void aTaskThatIsLeftBeforeItsFirstStepNeverBegins() {
    var ran = new AtomicBoolean();
    Task<?> left = run(() -> createTask(() -> ran.set(true)));
    assertFalse(ran.get());
    assertTrue(left.isCancelled());
  }

  @Test
  @Covers("test_runners.RunTests.asyncio_run_reports_hanging_tasks_errors")
  void aFailureOfATaskThatWasLeftGoesToTheExceptionHandlerOnly() {
    var failure = new Failure("in clean-up");
    var reports = new Reports();
    int result = run(() -> {
      runningLoop().setExceptionHandler(reports);
      createTask("leftover", () -> sleepAndCleanUp(() -> throwIt(failure)));
      yieldNow();
      return 7;
    });
    assertEquals(7, result);
    assertSame(failure, reports.only().exception());
    assertEquals("leftover", reports.only().task());
  }

  private static void throwIt(RuntimeException failure) {
    throw failure;
  }

  @Test
  void canBeCalledOnAVirtualThread() throws Exception {
    var call = new FutureTask<>(() -> run(() -> {
      var task = createTask(() -> 20);
      yieldNow();
      return task.await() + 1;
    }));
    Thread.ofVirtual().start(call);
    assertEquals(21, call.get());
  }

  @Test
  void loopsOnSeveralThreadsAreIndependent() throws Exception {
    List<FutureTask<Integer>> calls = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      int number = i;
      var call = new FutureTask<>(() -> run(() -> {
        int sum = 0;
        for (int k = 0; k < 100; k++) {
          sum += createTask(() -> number).await();
          assertEquals(1, runningLoop().allTasks().size());
        }
        return sum;
      }));
      calls.add(call);
      Thread.ofPlatform().start(call);
    }
    for (int i = 0; i < 4; i++) {
      assertEquals(100 * i, calls.get(i).get());
    }
  }

  @Test
  void coroutinesHaveTheContextClassLoaderOfTheCaller() {
    withClassLoader(mine -> run(() -> {
      assertSame(mine, Thread.currentThread().getContextClassLoader());
      var inTask = createTask(() -> Thread.currentThread().getContextClassLoader());
      assertSame(mine, inTask.await());
    }));
  }

  @Test
  void callbacksHaveTheContextClassLoaderOfTheCaller() {
    withClassLoader(mine -> run(() -> {
      var inCallback = new Future<ClassLoader>();
      runningLoop()
          .callSoon(() -> inCallback.setResult(Thread.currentThread().getContextClassLoader()));
      assertSame(mine, inCallback.await());
    }));
  }

  @Test
  void aTaskHasTheContextClassLoaderOfItsCreator() {
    withClassLoader(mine -> run(() -> {
      Thread.currentThread().setContextClassLoader(null);
      var task = createTask(() -> Thread.currentThread().getContextClassLoader());
      Thread.currentThread().setContextClassLoader(mine);
      assertNull(task.await());
    }));
  }

  private static void withClassLoader(java.util.function.Consumer<ClassLoader> body) {
    Thread self = Thread.currentThread();
    ClassLoader before = self.getContextClassLoader();
    var mine = new URLClassLoader(new URL[0], before);
    self.setContextClassLoader(mine);
    try {
      body.accept(mine);
    } finally {
      self.setContextClassLoader(before);
    }
  }

  // ---- fatal errors and those that are none ----

  @Test
  void aFatalErrorOfATaskIsThrownBareAndEndsTheRun() {
    var fatal = new OutOfMemoryError("thrown by hand");
    assertThrownBare(fatal, () -> {
      createTask(() -> {
        throw fatal;
      });
      sleep(ofDays(1));
    });
  }

  @Test
  void aFatalErrorIsThrownEvenIfItsReceiverSwallowsIt() {
    var fatal = new InternalError("thrown by hand");
    assertThrownBare(fatal, () -> {
      var task = createTask(() -> {
        throw fatal;
      });
      try {
        task.await();
      } catch (InternalError swallowed) {
        return;
      }
    });
  }

  @Test
  @Covers("test_tasks.BaseTaskTests.baseexception_during_cancel")
  void aFatalErrorDuringACancelIsThrownBareAndKeptInItsTask() {
    var fatal = new InternalError("thrown by hand");
    List<Task<?>> made = new ArrayList<>();
    assertThrownBare(fatal, () -> {
      var task = createTask(() -> {
        try {
          sleep(ofDays(1));
        } catch (CancelledError cancelled) {
          throw fatal;
        }
      });
      made.add(task);
      yieldNow();
      task.cancel();
      sleep(ofDays(1));
    });
    Task<?> task = made.getFirst();
    assertTrue(task.isDone());
    assertFalse(task.isCancelled());
    assertSame(fatal, task.exception());
  }

  @Test
  void aFatalErrorPassesATaskGroupBare() {
    var fatal = new OutOfMemoryError("thrown by hand");
    assertThrownBare(fatal, () -> {
      var group = new TaskGroup();
      group.run(() -> {
        group.createTask(() -> {
          throw fatal;
        });
        sleep(ofDays(1));
      });
    });
  }

  @Test
  void aFatalErrorOfACallbackIsThrownBare() {
    var fatal = new InternalError("thrown by hand");
    assertThrownBare(fatal, () -> {
      runningLoop().callSoon(() -> {
        throw fatal;
      });
      sleep(ofDays(1));
    });
  }

  @Test
  void aFatalErrorOfAHelperIsThrownBare() {
    var fatal = new InternalError("thrown by hand");
    assertThrownBare(fatal, () -> {
      Asyncio.toThread(() -> {
        throw fatal;
      });
    });
  }

  @Test
  void anAssertionErrorIsAnOrdinaryFailureOfItsTask() {
    var failure = new AssertionError("in a task");
    run(() -> {
      var task = createTask(() -> {
        throw failure;
      });
      assertSame(failure, assertThrows(AssertionError.class, task::await));
      yieldNow();
    });
  }

  @Test
  void aStackOverflowIsAnOrdinaryFailureOfItsTask() {
    run(() -> {
      var task = createTask(() -> depth(0));
      assertThrows(StackOverflowError.class, task::await);
      assertEquals(1, createTask(() -> 1).await());
    });
  }

  @SuppressWarnings("InfiniteRecursion") // until the stack overflows
  private static int depth(int soFar) {
    return depth(soFar + 1) + 1;
  }
}
