package asyncio.loop;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.currentTask;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;
import static java.time.Duration.ZERO;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofNanos;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Asyncio;
import asyncio.Clock;
import asyncio.Event;
import asyncio.EventLoop;
import asyncio.ExceptionContext;
import asyncio.Future;
import asyncio.Handle;
import asyncio.Lock;
import asyncio.Queue;
import asyncio.RunOptions;
import asyncio.Runner;
import asyncio.Semaphore;
import asyncio.TaskGroup;
import asyncio.TimerHandle;
import asyncio.conformance.Covers;
import asyncio.support.CapturedLog;
import asyncio.support.Failure;
import asyncio.support.Only;
import asyncio.support.Order;
import asyncio.support.Reports;
import asyncio.testing.AsyncTest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** callSoon, callLater, callSoonThreadsafe and the exception handler. */
class CallbackTest {
  private final Order order = new Order();

  @AsyncTest
  @Covers({
    "test_base_events.BaseEventLoopTests._add_callback_handle",
    "test_base_events.BaseEventLoopTests.call_soon",
    "test_events.EventLoopTestsMixin.call_soon"
  })
  void callbacksAndTaskStepsShareOneOrder() {
    EventLoop loop = runningLoop();
    loop.callSoon(() -> order.add("callback 1"));
    createTask(() -> order.add("task 1"));
    loop.callSoon(() -> order.add("callback 2"));
    loop.callSoon(() -> order.add("callback 3"));
    createTask(() -> order.add("task 2"));
    order.add("creator");
    yieldNow();
    order.assertIs("creator", "callback 1", "task 1", "callback 2", "callback 3", "task 2");
  }

  @AsyncTest
  @Covers({
    "test_base_events.BaseEventLoopTests._run_once_schedule_handle",
    "test_base_events.BaseEventLoopTests.run_once"
  })
  void aCallbackAddedByACallbackWaitsForTheNextTurn() {
    EventLoop loop = runningLoop();
    loop.callSoon(() -> {
      order.add("a");
      loop.callSoon(() -> order.add("c"));
    });
    loop.callSoon(() -> order.add("b"));
    yieldNow();
    order.assertIs("a", "b");
    yieldNow();
    order.assertIs("a", "b", "c");
  }

  @AsyncTest
  @Covers("test_base_events.BaseEventLoopTests._add_callback_cancelled_handle")
  void aCancelledCallbackIsNotCalled() {
    EventLoop loop = runningLoop();
    Handle handle = loop.callSoon(() -> order.add("never"));
    assertFalse(handle.isCancelled());
    handle.cancel();
    assertTrue(handle.isCancelled());
    Handle ran = loop.callSoon(() -> order.add("ran"));
    yieldNow();
    ran.cancel();
    assertFalse(ran.isCancelled());
    order.assertIs("ran");
  }

  @AsyncTest
  @Covers({
    "test_base_events.BaseEventLoopTests._run_once",
    "test_base_events.BaseEventLoopTests.call_later",
    "test_events.EventLoopTestsMixin.call_later"
  })
  void callLaterGoesByTimeThenByOrder() {
    EventLoop loop = runningLoop();
    loop.callLater(ofSeconds(2), () -> order.add("2a at " + loop.time().toSeconds()));
    loop.callLater(ofSeconds(1), () -> order.add("1 at " + loop.time().toSeconds()));
    loop.callLater(ofSeconds(2), () -> order.add("2b"));
    loop.callLater(ofSeconds(2), () -> order.add("2c"));
    loop.callLater(ofMillis(500), () -> order.add("never")).cancel();
    assertEquals(4, loop.statistics().timers());
    sleep(ofSeconds(3));
    order.assertIs("1 at 1", "2a at 2", "2b", "2c");
  }

  @AsyncTest
  @Covers("test_base_events.BaseEventLoopTests._run_once_cancelled_event_cleanup")
  void manyTimersFireInOrderAlsoWhenSomeAreCancelled() {
    EventLoop loop = runningLoop();
    List<Integer> fired = new ArrayList<>();
    List<TimerHandle> handles = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      int millis = (i * 7919) % 1000;
      handles.add(loop.callLater(ofMillis(millis), () -> fired.add(millis)));
    }
    for (int i = 0; i < 1000; i += 3) {
      handles.get(i).cancel();
      assertTrue(handles.get(i).isCancelled());
    }
    assertEquals(666, loop.statistics().timers());
    sleep(ofSeconds(2));
    assertEquals(666, fired.size());
    assertEquals(0, loop.statistics().timers());
    assertEquals(fired.stream().sorted().toList(), fired);
  }

  @AsyncTest
  @Covers("test_base_events.BaseEventLoopTests.call_later_negative_delays")
  void aDelayThatIsNotPositiveCallsAtOnce() {
    EventLoop loop = runningLoop();
    loop.callLater(ofSeconds(-5), () -> order.add("negative"));
    loop.callLater(ZERO, () -> order.add("zero"));
    sleep(ofMillis(1));
    order.assertIs("negative", "zero");
    assertEquals(ofMillis(1), loop.time());
  }

  @AsyncTest
  @Covers({"test_events.TimerTests.timer", "test_events.TimerTests.when"})
  void aTimerKnowsItsTimeAndCanBeCancelled() {
    EventLoop loop = runningLoop();
    sleep(ofSeconds(1));
    TimerHandle timer = loop.callLater(ofSeconds(5), () -> order.add("never"));
    assertEquals(ofSeconds(6), timer.when());
    timer.cancel();
    timer.cancel();
    sleep(ofSeconds(10));
    order.assertIsEmpty();
  }

  @AsyncTest
  void aTimerCanBeCancelledInTheTurnInWhichItIsDue() {
    EventLoop loop = runningLoop();
    TimerHandle[] second = new TimerHandle[1];
    loop.callLater(ofSeconds(1), () -> second[0].cancel());
    second[0] = loop.callLater(ofSeconds(1), () -> order.add("never"));
    sleep(ofSeconds(2));
    order.assertIsEmpty();
  }

  /** The loop may look at the clock again when a timer is near, but not spin until it is due. */
  @Test
  @Covers("test_events.EventLoopTestsMixin.timeout_rounding")
  void aTimerIsWaitedForOnceAndNotEarly() {
    int timers = 20;
    var idle = new AtomicInteger();
    Clock counting = new Clock() {
      @Override
      public long nanoTime() {
        return Clock.system().nanoTime();
      }

      @Override
      public long idle(long next, Activity activity) {
        idle.incrementAndGet();
        return Clock.system().idle(next, activity);
      }
    };
    try (var runner = new Runner(RunOptions.defaults().withClock(counting))) {
      runner.run(() -> {
        idle.set(0);
        for (int i = 0; i < timers; i++) {
          Duration before = runningLoop().time();
          Duration delay = ofNanos(1_000_001L + i * 31_415L);
          sleep(delay);
          assertTrue(runningLoop().time().compareTo(before.plus(delay)) >= 0, "too early");
        }
      });
    }
    assertTrue(idle.get() <= 5 * timers, idle.get() + " turns for " + timers + " timers");
  }

  @AsyncTest
  void nullIsRefused() {
    EventLoop loop = runningLoop();
    assertThrows(NullPointerException.class, () -> loop.callSoon(null));
    assertThrows(NullPointerException.class, () -> loop.callLater(ofSeconds(1), null));
    assertThrows(NullPointerException.class, () -> loop.callLater(null, () -> {}));
    assertThrows(NullPointerException.class, () -> loop.callSoonThreadsafe(null));
  }

  @AsyncTest
  @Covers({
    "test_events.GetEventLoopTestsMixin.get_running_loop_already_running",
    "test_tasks.BaseTaskIntrospectionTests._leave_task"
  })
  void aCallbackHasNoCurrentTaskButTheLoop() {
    EventLoop loop = runningLoop();
    var done = new Future<Void>();
    loop.callSoon(() -> {
      assertNull(currentTask());
      assertSame(loop, runningLoop());
      done.setResult(null);
    });
    done.await();
  }

  @AsyncTest
  void aCallbackMayCreateTasksAndFutures() {
    var done = new Future<Integer>();
    runningLoop()
        .callSoon(() -> createTask(() -> {
          sleep(ofSeconds(1));
          done.setResult(9);
        }));
    assertEquals(9, done.await());
  }

  @AsyncTest
  void waitsInACallbackAreErrorsThatNameCreateTask() {
    EventLoop loop = runningLoop();
    var lock = new Lock();
    var pending = new Future<Integer>();
    List<Runnable> waits = List.of(
        () -> sleep(ofSeconds(1)),
        () -> sleep(ZERO),
        Asyncio::yieldNow,
        pending::await,
        () -> new Event().await(),
        () -> lock.acquire(),
        () -> new Semaphore().acquire(),
        () -> new Queue<Integer>().get(),
        () -> new Queue<Integer>().put(1),
        () -> new Queue<Integer>().join(),
        () -> new TaskGroup().run(() -> 1),
        () -> Asyncio.timeout(ofSeconds(1), () -> 1),
        () -> Asyncio.gather(List.of(pending)),
        () -> Asyncio.shield(pending),
        () -> Asyncio.waitFor(pending, ofSeconds(1)),
        () -> Asyncio.toThread(() -> 1),
        () -> Asyncio.await(new java.util.concurrent.CompletableFuture<Integer>()));
    for (int i = 0; i < waits.size(); i++) {
      Runnable wait = waits.get(i);
      String number = "wait number " + i;
      var refusal = new Future<Throwable>();
      loop.callSoon(() -> {
        try {
          wait.run();
          refusal.setResult(null);
        } catch (IllegalStateException error) {
          refusal.setResult(error);
        }
      });
      Throwable error = refusal.await();
      assertTrue(error != null && error.getMessage().contains("createTask"), number + ": " + error);
    }
    assertFalse(lock.locked());
  }

  @AsyncTest
  void aDoneFutureMayBeAwaitedInACallback() {
    var done = new Future<Integer>();
    done.setResult(1);
    var seen = new Future<Integer>();
    runningLoop().callSoon(() -> seen.setResult(done.result()));
    assertEquals(1, seen.await());
  }

  @AsyncTest
  @Covers("test_base_events.BaseEventLoopTests.set_exc_handler_custom")
  void aCallbackThatThrowsGoesToTheHandlerAndTheNextOnesRun() {
    EventLoop loop = runningLoop();
    var reports = new Reports();
    loop.setExceptionHandler((on, context) -> {
      assertSame(loop, on);
      reports.handle(on, context);
      order.add("handler");
    });
    var failure = new Failure("in a callback");
    loop.callSoon(() -> {
      throw failure;
    });
    loop.callSoon(() -> order.add("next callback"));
    createTask(() -> order.add("task"));
    yieldNow();
    order.assertIs("handler", "next callback", "task");
    assertSame(failure, reports.only().exception());
    assertNull(reports.only().task());
    assertContains(reports.only().message(), "callback");
  }

  @AsyncTest
  void aTimerCallbackThatThrowsGoesToTheHandler() {
    var reports = new Reports();
    runningLoop().setExceptionHandler(reports);
    runningLoop().callLater(ofSeconds(1), () -> {
      throw new Failure("late");
    });
    sleep(ofSeconds(2));
    assertEquals("late", reports.only().exception().getMessage());
  }

  @Test
  @Covers("test_base_events.BaseEventLoopTests.default_exc_handler_callback")
  void withoutAHandlerFailuresAreLogged() {
    try (var log = new CapturedLog("asyncio.task")) {
      Asyncio.run(() -> {
        assertNull(runningLoop().exceptionHandler());
        runningLoop().callSoon(() -> {
          throw new Failure("logged");
        });
        yieldNow();
      });
      assertEquals(1, log.records().size());
      assertEquals("logged", log.records().getFirst().getThrown().getMessage());
      assertEquals(java.util.logging.Level.SEVERE, log.records().getFirst().getLevel());
    }
  }

  @AsyncTest
  @Covers("test_base_events.BaseEventLoopTests.set_exc_handler_broken")
  void aHandlerThatFailsIsLoggedWithTheFailureItWasGiven() {
    try (var log = new CapturedLog("asyncio.task")) {
      var first = new Failure("first");
      runningLoop().setExceptionHandler((loop, context) -> {
        throw new Failure("the handler's own");
      });
      runningLoop().callSoon(() -> {
        throw first;
      });
      runningLoop().callSoon(() -> order.add("next"));
      yieldNow();
      order.assertIs("next");
      assertEquals(1, log.records().size());
      Throwable thrown = log.records().getFirst().getThrown();
      assertEquals("the handler's own", thrown.getMessage());
      assertSame(first, thrown.getSuppressed()[0]);
    }
  }

  @AsyncTest
  void aHandlerMayRethrowWhatItWasGiven() {
    try (var log = new CapturedLog("asyncio.task")) {
      runningLoop().setExceptionHandler((loop, context) -> {
        throw (RuntimeException) context.exception();
      });
      runningLoop().callSoon(() -> {
        throw new Failure("thrown on");
      });
      yieldNow();
      assertEquals("thrown on", log.records().getFirst().getThrown().getMessage());
    }
  }

  @AsyncTest
  void theHandlerCanBeAskedAndCalledByHand() {
    var reports = new Reports();
    runningLoop().setExceptionHandler(reports);
    assertSame(reports, runningLoop().exceptionHandler());
    var context = new ExceptionContext("by hand", new Failure("x"), null);
    runningLoop().callExceptionHandler(context);
    assertSame(context, reports.only());
  }

  @AsyncTest
  @Covers("test_base_events.BaseEventLoopTests.set_exc_handler_custom")
  void aHandlerCanBeTakenAway() {
    var reports = new Reports();
    runningLoop().setExceptionHandler(reports);
    runningLoop().setExceptionHandler(null);
    assertNull(runningLoop().exceptionHandler());
    try (var log = new CapturedLog("asyncio.task")) {
      runningLoop().callSoon(() -> {
        throw new Failure("logged");
      });
      yieldNow();
      assertEquals("logged", log.records().getFirst().getThrown().getMessage());
    }
    reports.assertNone();
  }

  @AsyncTest
  void aCallbackThatParksInForeignCodeDoesNotHoldTheNextOne() {
    Only.mounted("on the portable carrier a foreign wait holds the loop");
    EventLoop loop = runningLoop();
    var latch = new CountDownLatch(1);
    var done = new Future<Void>();
    loop.callSoon(() -> {
      order.add("parks");
      try {
        latch.await();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
      order.add("goes on");
      done.setResult(null);
    });
    loop.callSoon(() -> order.add("next"));
    loop.callSoon(() -> order.add("next but one"));
    createTask(() -> order.add("task"));
    yieldNow();
    order.assertIs("parks", "next", "next but one", "task");
    latch.countDown();
    done.await();
    loop.callSoon(() -> order.add("later"));
    yieldNow();
    order.assertIs("parks", "next", "next but one", "task", "goes on", "later");
  }

  @AsyncTest(otherThreads = true)
  @Covers({
    "test_events.EventLoopTestsMixin.call_soon_threadsafe",
    "test_events.EventLoopTestsMixin.call_soon_threadsafe_same_thread"
  })
  void aCallbackMayBeHandedOverFromAnyThread() throws Exception {
    EventLoop loop = runningLoop();
    var done = new Future<Thread>();
    Thread other = Thread.ofPlatform()
        .start(() -> loop.callSoonThreadsafe(() -> done.setResult(Thread.currentThread())));
    assertTrue(done.await().isVirtual());
    Asyncio.toThread(() -> other.join());
    loop.callSoonThreadsafe(() -> order.add("from the loop itself"));
    yieldNow();
    yieldNow();
    order.assertIs("from the loop itself");
  }

  @AsyncTest
  void onItsOwnLoopACallbackHandedOverTakesItsPlaceAtOnce() {
    EventLoop loop = runningLoop();
    loop.callSoonThreadsafe(() -> order.add("1"));
    loop.callSoon(() -> order.add("2"));
    loop.callSoon(() -> order.add("3"));
    var task = Asyncio.runCoroutineThreadsafe(() -> order.add("4"), loop);
    loop.callSoon(() -> order.add("5"));
    task.await();
    order.assertIs("1", "2", "3", "5", "4");
  }

  @AsyncTest
  void aStageCompletedOnTheLoopWakesItsAwaiterBeforeWhatComesLater() {
    var stage = new CompletableFuture<String>();
    var awaiter = createTask(() -> order.add(Asyncio.await(stage)));
    yieldNow();
    stage.complete("awaiter");
    runningLoop().callSoon(() -> runningLoop().callSoon(() -> order.add("two turns later")));
    awaiter.await();
    yieldNow();
    order.assertIs("awaiter", "two turns later");
  }

  @AsyncTest
  void aCallbackHandedOverCanBeCancelled() {
    EventLoop loop = runningLoop();
    loop.callSoonThreadsafe(() -> order.add("never")).cancel();
    yieldNow();
    yieldNow();
    order.assertIsEmpty();
  }

  @AsyncTest
  void aCallbackThatCancelsItsOwnHandleIsCalledAndNotCancelled() {
    Handle[] own = new Handle[1];
    own[0] = runningLoop().callSoonThreadsafe(() -> {
      own[0].cancel();
      order.add("runs on");
    });
    yieldNow();
    order.assertIs("runs on");
    assertFalse(own[0].isCancelled());
  }

  @AsyncTest
  @Covers("test_events.EventLoopTestsMixin.call_soon_threadsafe_handle_cancel_other_thread")
  void aCallbackCanBeCancelledFromAnotherThread() {
    EventLoop loop = runningLoop();
    boolean cancelled = Asyncio.toThread(() -> {
      var hold = new CountDownLatch(1);
      loop.callSoonThreadsafe(() -> {
        // Until the other thread has called off what comes next.
        while (hold.getCount() > 0) {
          Thread.onSpinWait();
        }
      });
      Handle handle = loop.callSoonThreadsafe(() -> order.add("never"));
      handle.cancel();
      hold.countDown();
      return handle.isCancelled();
    });
    assertTrue(cancelled);
    yieldNow();
    yieldNow();
    order.assertIsEmpty();
  }

  @AsyncTest
  void aCallbackThatRunsCannotBeCancelled() throws InterruptedException {
    EventLoop loop = runningLoop();
    var begun = new CountDownLatch(1);
    var asked = new AtomicBoolean();
    var handle = Asyncio.toThread(() -> {
      Handle mine = loop.callSoonThreadsafe(() -> {
        begun.countDown();
        while (!asked.get()) {
          Thread.onSpinWait();
        }
        order.add("ran to its end");
      });
      begun.await();
      assertFalse(mine.isCancelled());
      mine.cancel();
      assertFalse(mine.isCancelled());
      asked.set(true);
      return mine;
    });
    yieldNow();
    assertFalse(handle.isCancelled());
    order.assertIs("ran to its end");
  }

  @Test
  @Covers("test_base_events.BaseEventLoopTests.close")
  void aClosedLoopTakesNoCallbacks() {
    EventLoop loop = Asyncio.run(Asyncio::runningLoop);
    var error = assertThrows(IllegalStateException.class, () -> loop.callSoonThreadsafe(() -> {}));
    assertContains(error.getMessage(), "closed");
    assertThrows(IllegalStateException.class, () -> loop.callSoon(() -> {}));
  }

  @AsyncTest
  void aLongRunOfCallbacksDoesNotStarveTimers() {
    EventLoop loop = runningLoop();
    boolean[] stop = {false};
    int[] turns = {0};
    loop.callSoon(new Runnable() {
      @Override
      public void run() {
        turns[0]++;
        if (!stop[0] && turns[0] < 100_000) {
          loop.callSoon(this);
        }
      }
    });
    loop.callLater(ZERO, () -> stop[0] = true);
    while (!stop[0] && turns[0] < 100_000) {
      yieldNow();
    }
    assertTrue(stop[0], "the timer fired after " + turns[0] + " turns");
  }

  @AsyncTest
  void whatAnotherThreadHandedOverBeforeComesBeforeWhatTheLoopItselfHandsOver() throws Exception {
    EventLoop loop = runningLoop();
    List<Integer> calls = new ArrayList<>();
    Thread.ofPlatform().start(() -> loop.callSoonThreadsafe(() -> calls.add(1))).join();
    loop.callSoonThreadsafe(() -> calls.add(2));
    while (calls.size() < 2) {
      yieldNow();
    }
    assertEquals(List.of(1, 2), calls);
  }
}
