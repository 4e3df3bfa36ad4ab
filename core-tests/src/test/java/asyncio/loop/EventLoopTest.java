package asyncio.loop;

import static asyncio.Asyncio.await;
import static asyncio.Asyncio.blocking;
import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.currentTask;
import static asyncio.Asyncio.newEventLoop;
import static asyncio.Asyncio.openConnection;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Cancelling.assertCancelled;
import static asyncio.support.Texts.assertContains;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.time.Duration.ZERO;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Asyncio;
import asyncio.CancelledError;
import asyncio.EventLoop;
import asyncio.ExceptionContext;
import asyncio.Future;
import asyncio.Handle;
import asyncio.RunOptions;
import asyncio.Runner;
import asyncio.Task;
import asyncio.TimerHandle;
import asyncio.conformance.Covers;
import asyncio.support.CapturedLog;
import asyncio.support.ChildJvm;
import asyncio.support.Failure;
import asyncio.support.Order;
import asyncio.support.Reports;
import asyncio.testing.AsyncTest;
import asyncio.testing.VirtualClock;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A loop without a runner: run, stop, close; timers; what happens when the handlers fail. */
class EventLoopTest {
  private final Order order = new Order();
  private final EventLoop loop = newEventLoop(
      RunOptions.defaults().withClock(new VirtualClock().withOtherThreads()).withName("by hand"));

  @AfterEach
  void close() {
    loop.close();
  }

  // ---- runUntilComplete ----

  @Test
  @Covers("test_events.EventLoopTestsMixin.run_until_complete")
  void runUntilCompleteGivesTheResultOfABody() throws Exception {
    assertFalse(loop.isRunning());
    int five = loop.runUntilComplete(() -> {
      assertSame(loop, runningLoop());
      assertTrue(loop.isRunning());
      sleep(ofSeconds(1));
      return 5;
    });
    assertEquals(5, five);
    assertEquals("by hand", loop.name());
    assertFalse(loop.isRunning());
    assertFalse(loop.isClosed());
    loop.runUntilComplete(() -> order.add("without a result"));
    order.assertIs("without a result");
  }

  @Test
  void runUntilCompleteThrowsWhatTheBodyThrows() {
    var failure = new IOException("x");
    assertSame(
        failure,
        assertThrows(
            IOException.class,
            () -> loop.runUntilComplete(() -> {
              throw failure;
            })));
    assertThrows(
        CancelledError.class,
        () -> loop.runUntilComplete(() -> {
          throw new CancelledError("x");
        }));
  }

  @Test
  void runUntilCompleteWaitsForAFuture() {
    Future<String> future = loop.createFuture();
    loop.callSoonThreadsafe(() -> future.setResult("done"));
    assertEquals("done", loop.runUntilComplete(future));
    assertEquals("done", loop.runUntilComplete(future));
    Future<String> failed = loop.createFuture();
    var failure = new IOException("x");
    loop.callSoonThreadsafe(() -> failed.setException(failure));
    var wrapped = assertThrows(CompletionException.class, () -> loop.runUntilComplete(failed));
    assertSame(failure, wrapped.getCause());
  }

  @Test
  void aDoneFutureStillTakesOneTurn() {
    Future<String> future = loop.createFuture();
    loop.callSoonThreadsafe(() -> future.setResult("done"));
    loop.runUntilComplete(future);
    loop.callSoonThreadsafe(() -> {
      order.add("this turn");
      loop.callSoon(() -> order.add("next turn"));
    });
    loop.runUntilComplete(future);
    order.assertIs("this turn");
  }

  @Test
  @Covers("test_base_events.BaseEventLoopTests.run_until_complete_loop")
  void aFutureOfAnotherLoopIsRefused() {
    EventLoop other = newEventLoop();
    try {
      var error = assertThrows(
          IllegalArgumentException.class, () -> loop.runUntilComplete(other.createFuture()));
      assertContains(error.getMessage(), other.name());
    } finally {
      other.close();
    }
  }

  @Test
  void tasksStandStillBetweenRunsAndGoOn() {
    Task<Integer> task = loop.runUntilComplete(() -> createTask(() -> {
      sleep(ofSeconds(1));
      return 7;
    }));
    assertFalse(task.isDone());
    assertEquals(7, loop.runUntilComplete(task));
  }

  @Test
  void aLoopThatStandsStillTakesWorkByTheThreadsafeCalls() throws Exception {
    assertThrows(IllegalStateException.class, () -> loop.callSoon(() -> {}));
    assertThrows(IllegalStateException.class, () -> loop.createTask(() -> 1));
    loop.callSoonThreadsafe(() -> order.add("callback"));
    Future<Integer> five = Asyncio.runCoroutineThreadsafe(() -> 5, loop);
    assertEquals(5, loop.runUntilComplete(five));
    order.assertIs("callback");
  }

  @Test
  @Covers({
    "test_events.EventLoopTestsMixin.close_running_event_loop",
    "test_events.EventLoopTestsMixin.run_until_complete_nesting"
  })
  void aRunInsideARunIsRefused() {
    loop.runUntilComplete(() -> {
      assertThrows(IllegalStateException.class, () -> loop.runUntilComplete(() -> 1));
      assertThrows(IllegalStateException.class, loop::runForever);
      assertThrows(IllegalStateException.class, loop::close);
      EventLoop other = newEventLoop();
      assertThrows(IllegalStateException.class, () -> other.runUntilComplete(() -> 1));
      Asyncio.toThread(other::close);
    });
  }

  @Test
  void twoThreadsCannotRunOneLoop() throws Exception {
    var started = new CountDownLatch(1);
    var work = new FutureTask<Void>(() -> {
      loop.callSoonThreadsafe(started::countDown);
      loop.runForever();
      return null;
    });
    Thread.ofPlatform().start(work);
    started.await();
    var error = assertThrows(IllegalStateException.class, () -> loop.runUntilComplete(() -> 1));
    assertContains(error.getMessage(), "is already running");
    assertThrows(IllegalStateException.class, loop::close);
    loop.stop();
    work.get();
  }

  @Test
  @Covers({
    "test_events.EventLoopTestsMixin.run_until_complete_stopped",
    "test_tasks.BaseTaskTests.stop_while_run_in_complete"
  })
  void stoppingBeforeTheEndIsAnError() {
    var error = assertThrows(
        IllegalStateException.class,
        () -> loop.runUntilComplete(() -> {
          loop.stop();
          sleep(ofSeconds(1));
          order.add("the task goes on in the next run");
        }));
    assertContains(error.getMessage(), "was stopped before Task[");
    loop.runUntilComplete(() -> sleep(ofSeconds(2)));
    order.assertIs("the task goes on in the next run");
    try (var runner = new Runner()) {
      assertThrows(
          IllegalStateException.class,
          () -> runner.run(() -> {
            runningLoop().stop();
            sleep(ofDays(1));
          }));
    }
  }

  @Test
  void anInterruptOfTheCallerCancelsTheTask() {
    Thread caller = Thread.currentThread();
    assertThrows(
        CancelledError.class,
        () -> loop.runUntilComplete(() -> {
          caller.interrupt();
          return new Future<Integer>().await();
        }));
    assertTrue(Thread.interrupted());
  }

  @Test
  @Covers("test_base_events.BaseEventLoopTests.run_forever_keyboard_interrupt")
  void aFatalErrorLeavesTheLoopUsable() {
    var fatal = new InternalError("fatal");
    var reports = new Reports();
    loop.runUntilComplete(() -> runningLoop().setExceptionHandler(reports));
    assertSame(
        fatal,
        assertThrows(
            InternalError.class,
            () -> loop.runUntilComplete(() -> {
              throw fatal;
            })));
    loop.callSoonThreadsafe(() -> {
      throw fatal;
    });
    assertSame(fatal, assertThrows(InternalError.class, loop::runForever));
    assertEquals(1, loop.runUntilComplete(() -> 1));
    loop.close();
    reports.assertNone();
  }

  // ---- runForever and stop ----

  @Test
  @Covers("test_base_events.BaseEventLoopTests.single_selecter_event_callback_after_stopping")
  void anEventOfASocketCountsOnceThoughTheLoopStopsInItsTurn() throws Exception {
    try (var listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      var connection = loop.runUntilComplete(() -> {
        var made =
            openConnection(listening.getInetAddress().getHostAddress(), listening.getLocalPort());
        createTask(() -> {
          while (true) {
            order.add(new String(made.reader().read(10), US_ASCII));
          }
        });
        return made;
      });
      try (var peer = listening.accept()) {
        peer.getOutputStream().write('x');
        while (order.isEmpty()) {
          loop.callSoonThreadsafe(loop::stop);
          loop.runForever();
        }
        for (int i = 0; i < 2; i++) {
          loop.callSoonThreadsafe(loop::stop);
          loop.runForever();
        }
        order.assertIs("x");
      }
      loop.runUntilComplete(() -> {
        cancelAllBut(currentTask());
        connection.close();
      });
    }
  }

  private static void cancelAllBut(Task<?> one) {
    for (Task<?> task : runningLoop().allTasks()) {
      if (task != one) {
        task.cancel();
        assertThrows(CancelledError.class, task::await);
      }
    }
  }

  @Test
  void stopEndsTheRunAfterTheCurrentTurn() {
    loop.callSoonThreadsafe(() -> {
      order.add("a");
      loop.stop();
      loop.callSoon(() -> order.add("next run"));
    });
    loop.callSoonThreadsafe(() -> order.add("b"));
    loop.runForever();
    order.assertIs("a", "b");
    loop.callSoonThreadsafe(loop::stop);
    loop.runForever();
    order.assertIs("a", "b", "next run");
  }

  @Test
  @Covers("test_base_events.BaseEventLoopTests.run_forever_pre_stopped")
  void stopBeforeARunMakesItOneTurn() {
    loop.callSoonThreadsafe(() -> {
      order.add("a");
      loop.callSoon(() -> order.add("left for later"));
    });
    loop.stop();
    loop.runForever();
    order.assertIs("a");
    loop.stop();
    loop.runForever();
    order.assertIs("a", "left for later");
  }

  @Test
  void stopFromAnotherThreadWakesTheLoop() throws Exception {
    var started = new CountDownLatch(1);
    loop.callSoonThreadsafe(started::countDown);
    var stops = new FutureTask<Void>(() -> {
      started.await();
      loop.stop();
      return null;
    });
    Thread.ofPlatform().start(stops);
    loop.runForever();
    stops.get();
    assertFalse(loop.isRunning());
  }

  @Test
  void anInterruptOfTheCallerStopsTheLoop() {
    Thread caller = Thread.currentThread();
    loop.callSoonThreadsafe(caller::interrupt);
    loop.runForever();
    assertTrue(Thread.interrupted());
  }

  // ---- close ----

  @Test
  @Covers({"test_base_events.BaseEventLoopTests.close", "test_events.EventLoopTestsMixin.close"})
  void aClosedLoopRefusesAllAndClosesAgain() {
    Future<Integer> future = loop.createFuture();
    loop.runUntilComplete(() -> 1);
    loop.close();
    assertTrue(loop.isClosed());
    loop.close();
    assertThrows(IllegalStateException.class, () -> loop.runUntilComplete(() -> 1));
    assertThrows(IllegalStateException.class, () -> loop.runUntilComplete(future));
    assertThrows(IllegalStateException.class, loop::runForever);
    assertThrows(IllegalStateException.class, () -> loop.callSoonThreadsafe(() -> {}));
    assertThrows(IllegalStateException.class, () -> Asyncio.runCoroutineThreadsafe(() -> 1, loop));
    assertThrows(IllegalStateException.class, () -> loop.callSoon(() -> {}));
    assertThrows(IllegalStateException.class, () -> loop.callLater(ZERO, () -> {}));
    assertThrows(IllegalStateException.class, () -> loop.callAt(ZERO, () -> {}));
    assertThrows(IllegalStateException.class, () -> loop.createTask(() -> 1));
    assertThrows(IllegalStateException.class, () -> loop.runInExecutor(() -> 1));
    loop.stop();
  }

  @Test
  void closingDropsTimersAndNamesTheTasksThatAreLeft() {
    loop.runUntilComplete(() -> {
      loop.callLater(ofSeconds(1), () -> order.add("never"));
      createTask("forgotten", () -> sleep(ofSeconds(1)));
      yieldNow();
    });
    try (var log = new CapturedLog("asyncio.loop")) {
      loop.close();
      String message = log.spinUntil("closed with tasks");
      assertContains(message, "forgotten");
    }
    order.assertIsEmpty();
  }

  @Test
  void closingReportsFailuresThatNobodyReceived() {
    Task<?> failed = loop.runUntilComplete(() -> {
      var task = createTask(() -> {
        throw new Failure("nobody");
      });
      yieldNow();
      return task;
    });
    try (var log = new CapturedLog("asyncio.task")) {
      loop.close();
      assertEquals(1, log.messages().size(), log.messages().toString());
    }
    assertTrue(failed.isDone());
  }

  @Test
  void aRunnerWhoseLoopWasClosedIsClosedToo() {
    try (var runner = new Runner()) {
      runner.run(() -> 1);
      runner.loop().close();
      assertThrows(IllegalStateException.class, () -> runner.run(() -> 1));
    }
  }

  @Test
  void aRunnersLoopRunsByHandToo() {
    try (var runner = new Runner()) {
      assertEquals(1, runner.loop().runUntilComplete(() -> 1));
      assertEquals(2, runner.run(() -> 2));
    }
  }

  /** Never closes its loop. */
  static final class Forgets {
    private Forgets() {}

    public static void main(String[] args) {
      IO.println(newEventLoop().runUntilComplete(() -> "ran"));
    }
  }

  @Test
  void aLoopThatNobodyClosesDoesNotKeepTheJvm() throws Exception {
    try (var child = new ChildJvm(Forgets.class)) {
      child.awaitLine("ran");
      child.assertExitCode(0);
    }
  }

  // ---- timers ----

  @AsyncTest
  @Covers("test_base_events.BaseEventLoopTests.time_and_call_at")
  void callAtGoesByTheLoopsTime() {
    EventLoop here = runningLoop();
    sleep(ofSeconds(5));
    here.callAt(ofSeconds(7), () -> order.add("7 at " + here.time().toSeconds()));
    here.callAt(ofSeconds(6), () -> order.add("6 at " + here.time().toSeconds()));
    here.callAt(ofSeconds(1), () -> order.add("past at " + here.time().toSeconds()));
    here.callAt(ofSeconds(-1), () -> order.add("long past at " + here.time().toSeconds()));
    sleep(ofSeconds(5));
    order.assertIs("long past at 5", "past at 5", "6 at 6", "7 at 7");
  }

  @AsyncTest
  void timersAreOrderedByTheirTime() {
    EventLoop here = runningLoop();
    TimerHandle first = here.callAt(ofSeconds(1), () -> {});
    TimerHandle second = here.callLater(ofSeconds(2), () -> {});
    TimerHandle third = here.callAt(ofSeconds(2), () -> {});
    assertTrue(first.compareTo(second) < 0);
    assertTrue(second.compareTo(first) > 0);
    assertEquals(0, second.compareTo(third));
    assertNotEquals(second, third);
    assertEquals(ofSeconds(2), third.when());
  }

  @AsyncTest
  @Covers("test_events.TimerTests.timer_repr")
  void handlesSayWhatBecameOfThem() {
    EventLoop here = runningLoop();
    Handle handle = here.callSoon(() -> {});
    assertEquals("Handle[pending]", handle.toString());
    TimerHandle timer = here.callAt(ofMillis(1500), () -> {});
    assertEquals("TimerHandle[pending, when=PT1.5S]", timer.toString());
    timer.cancel();
    assertEquals("TimerHandle[cancelled, when=PT1.5S]", timer.toString());
    yieldNow();
    assertEquals("Handle[called]", handle.toString());
    handle.cancel();
    assertFalse(handle.isCancelled());
  }

  // ---- failures of the exception handlers ----

  @AsyncTest
  void aHandlerThatFailsLeavesBothFailuresToTheDefaultOne() {
    EventLoop here = runningLoop();
    here.setExceptionHandler((_, _) -> {
      throw new Failure("the handler's");
    });
    try (var log = new CapturedLog("asyncio.task")) {
      here.callSoon(() -> {
        throw new Failure("the callback's");
      });
      yieldNow();
      var record = log.records().getFirst();
      assertContains(record.getMessage(), "itself failed while handling");
      assertEquals("the handler's", record.getThrown().getMessage());
      assertEquals("the callback's", record.getThrown().getSuppressed()[0].getMessage());
    }
    here.setExceptionHandler(null);
    assertNull(here.exceptionHandler());
  }

  private static final class Broken extends Handler {
    @Override
    public void publish(LogRecord record) {
      throw new Failure("the log is broken");
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }

  @AsyncTest
  @Covers("test_base_events.BaseEventLoopTests.default_exc_handler_broken")
  void aDefaultHandlerThatFailsIsLoggedElsewhere() {
    EventLoop here = runningLoop();
    here.setExceptionHandler(null);
    var logger = Logger.getLogger("asyncio.task");
    var broken = new Broken();
    logger.addHandler(broken);
    logger.setUseParentHandlers(false);
    try (var log = new CapturedLog("asyncio.loop")) {
      here.callSoon(() -> {
        throw new Failure("the callback's");
      });
      yieldNow();
      var record = log.records().getFirst();
      assertContains(record.getMessage(), "the callback's");
      assertEquals("the log is broken", record.getThrown().getMessage());
      here.callSoon(() -> order.add("the loop goes on"));
      yieldNow();
      order.assertIs("the loop goes on");
    } finally {
      logger.removeHandler(broken);
      logger.setUseParentHandlers(true);
    }
  }

  @Test
  void aFatalErrorOfTheHandlerEndsTheRun() {
    var fatal = new InternalError("fatal");
    loop.setExceptionHandler((_, _) -> {
      throw fatal;
    });
    loop.callSoonThreadsafe(() -> {
      throw new Failure("x");
    });
    assertSame(fatal, assertThrows(InternalError.class, loop::runForever));
    assertEquals(ZERO, loop.time());
  }

  @AsyncTest
  void aCoroutineMaySetItsThreadsHandlerOfUncaughtExceptions() {
    EventLoop loop = runningLoop();
    Thread.currentThread().setUncaughtExceptionHandler((thread, failure) -> {});
    assertSame(loop, runningLoop());
    yieldNow();
    Thread.currentThread().setUncaughtExceptionHandler(null);
    assertSame(loop, runningLoop());
    yieldNow();
  }

  @Test
  void amongManyLoopsACoroutineWithAHandlerOfItsOwnIsFoundAndAStrangerIsNot() throws Exception {
    List<EventLoop> others = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      others.add(newEventLoop());
    }
    try {
      Asyncio.run(() -> {
        EventLoop mine = runningLoop();
        Task<?> self = currentTask();
        Thread.currentThread().setUncaughtExceptionHandler((thread, failure) -> {});
        // On the portable carrier its place is given up meanwhile, and it is nobody.
        blocking(() -> currentTask());
        assertSame(mine, runningLoop());
        assertSame(self, currentTask());
        yieldNow();
        assertSame(self, currentTask());
        var strangers = new CompletableFuture<List<Boolean>>();
        Thread.startVirtualThread(() -> {
          boolean first = currentTask() == null;
          boolean second = currentTask() == null;
          strangers.complete(List.of(first, second));
        });
        assertEquals(List.of(true, true), await(strangers));
      });
    } finally {
      others.forEach(EventLoop::close);
    }
  }

  @AsyncTest
  void aCancelInsideTheExceptionHandlerStrikesAtTheNextWaitOfItsCaller() {
    runningLoop().setExceptionHandler((_, _) -> sleep(ofDays(1)));
    try (var log = new CapturedLog("asyncio.task")) {
      var reporter = createTask(() -> {
        runningLoop().callExceptionHandler(new ExceptionContext("x", new Failure("x"), null));
        order.add("goes on");
        sleep(ofDays(1));
      });
      yieldNow();
      reporter.cancel("why");
      assertCancelled("why", reporter);
      assertTrue(log.messages().getFirst().contains("x"), log.messages()::toString);
    }
    order.assertIs("goes on");
  }

  private static final class RunsCode extends Handler {
    private final Runnable code;

    RunsCode(Runnable code) {
      this.code = code;
    }

    @Override
    public void publish(LogRecord record) {
      code.run();
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }

  /** A handler that hands on to the default one, whose log runs {@code code}. */
  private static void handOnToALogThatRuns(Runnable code, Runnable body) {
    var logger = Logger.getLogger("asyncio.task");
    var handler = new RunsCode(code);
    logger.addHandler(handler);
    logger.setUseParentHandlers(false);
    try (var _ = new CapturedLog("asyncio.loop")) {
      body.run();
    } finally {
      logger.removeHandler(handler);
      logger.setUseParentHandlers(true);
    }
  }

  @Test
  void aFatalErrorInsideTheDefaultExceptionHandlerEndsTheRun() {
    var fatal = new InternalError("fatal");
    loop.setExceptionHandler(EventLoop::defaultExceptionHandler);
    loop.callSoonThreadsafe(() -> {
      throw new Failure("x");
    });
    handOnToALogThatRuns(
        () -> {
          throw fatal;
        },
        () -> assertSame(fatal, assertThrows(InternalError.class, loop::runForever)));
  }

  @AsyncTest
  void aCancelInsideTheDefaultExceptionHandlerStrikesAtTheNextWaitOfItsCaller() {
    runningLoop().setExceptionHandler(EventLoop::defaultExceptionHandler);
    handOnToALogThatRuns(() -> sleep(ofDays(1)), () -> {
      var reporter = createTask(() -> {
        runningLoop().callExceptionHandler(new ExceptionContext("x", new Failure("x"), null));
        order.add("goes on");
        sleep(ofDays(1));
      });
      yieldNow();
      reporter.cancel("why");
      assertCancelled("why", reporter);
    });
    order.assertIs("goes on");
  }
}
