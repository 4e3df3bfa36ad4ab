package asyncio.threads;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.currentTask;
import static asyncio.Asyncio.newEventLoop;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.toThread;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;
import static asyncio.support.Texts.assertStartsWith;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static java.time.temporal.ChronoUnit.FOREVER;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Asyncio;
import asyncio.CancelledError;
import asyncio.ContextVar;
import asyncio.EventLoop;
import asyncio.Future;
import asyncio.RunOptions;
import asyncio.Runner;
import asyncio.conformance.Covers;
import asyncio.support.CapturedLog;
import asyncio.support.Failure;
import asyncio.support.Order;
import asyncio.support.Reports;
import asyncio.testing.AsyncTest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** runInExecutor and the default executor. */
class RunInExecutorTest {
  private final Order order = Order.ofManyThreads();

  @AsyncTest
  @Covers("test_events.EventLoopTestsMixin.run_in_executor")
  void theDefaultExecutorIsTheLoopsHelperThreads() throws Exception {
    EventLoop loop = runningLoop();
    Thread thread = loop.runInExecutor(Thread::currentThread).await();
    assertFalse(thread.isVirtual());
    assertStartsWith(thread.getName(), loop.name());
    var failure = new IOException("x");
    Future<Object> failed = loop.runInExecutor(() -> {
      throw failure;
    });
    assertSame(
        failure, assertThrows(IOException.class, () -> failed.awaitThrowing(IOException.class)));
    loop.runInExecutor(() -> order.add("without a result")).await();
    order.assertIs("without a result");
  }

  @AsyncTest
  void aCallRunsThoughItsFutureWasCompletedByHandButNotThoughItWasCancelled() throws Exception {
    var submitted = new LinkedBlockingQueue<Runnable>();
    Future<Integer> completed = runningLoop().runInExecutor(submitted::add, () -> ran("first", 1));
    Future<Integer> cancelled = runningLoop().runInExecutor(submitted::add, () -> ran("second", 2));
    assertTrue(completed.trySetResult(0));
    assertTrue(cancelled.cancel());
    toThread(() -> submitted.take().run());
    toThread(() -> submitted.take().run());
    order.assertIs("first");
    assertEquals(0, completed.result());
  }

  private int ran(String what, int value) {
    order.add(what);
    return value;
  }

  @AsyncTest
  void theCallerGoesOnAtOnce() throws Exception {
    var release = new CountDownLatch(1);
    Future<String> future = runningLoop().runInExecutor(() -> {
      release.await();
      return "done";
    });
    assertFalse(future.isDone());
    release.countDown();
    assertEquals("done", future.await());
  }

  @AsyncTest
  void anExecutorOfYourOwnGetsItsJobsInOrderFromAPlatformThread() {
    EventLoop loop = runningLoop();
    List<Thread> callers = Collections.synchronizedList(new ArrayList<>());
    ExecutorService single = Executors.newSingleThreadExecutor();
    try (single) {
      List<Future<?>> futures = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        int number = i;
        futures.add(loop.runInExecutor(
            job -> {
              callers.add(Thread.currentThread());
              single.execute(job);
            },
            () -> order.add("" + number)));
      }
      futures.forEach(Future::await);
    }
    assertEquals(20, order.size());
    for (int i = 0; i < 20; i++) {
      assertEquals("" + i, order.get(i));
    }
    assertTrue(callers.stream().noneMatch(Thread::isVirtual));
  }

  @AsyncTest
  void virtualThreadsOfAnExecutorDoNotRunOnTheLoop() {
    var answered = new AtomicBoolean();
    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<Boolean> future = runningLoop().runInExecutor(executor, () -> {
        long deadline = System.nanoTime() + 20_000_000_000L;
        while (!answered.get() && System.nanoTime() < deadline) {
          Thread.onSpinWait(); // would hold the loop
        }
        return answered.get();
      });
      createTask(() -> answered.set(true));
      assertTrue(future.await());
    }
  }

  @AsyncTest
  void aRejectionIsTheFuturesFailure() {
    Future<?> future = runningLoop()
        .runInExecutor(
            job -> {
              throw new RejectedExecutionException("full");
            },
            () -> order.add("never"));
    var rejected = assertThrows(RejectedExecutionException.class, future::await);
    assertEquals("full", rejected.getMessage());
    order.assertIsEmpty();
  }

  @AsyncTest
  void cancellingLetsGoOfARunningCallAndStopsAQueuedOne() throws Exception {
    EventLoop loop = runningLoop();
    var running = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    try (var single = Executors.newSingleThreadExecutor()) {
      Future<?> first = loop.runInExecutor(single, () -> {
        running.countDown();
        release.await();
        order.add("first goes on");
      });
      toThread(() -> running.await());
      Future<?> second = loop.runInExecutor(single, () -> order.add("never"));
      assertTrue(first.cancel());
      assertTrue(second.cancel());
      assertThrows(CancelledError.class, first::await);
      assertThrows(CancelledError.class, second::await);
      Future<?> third = loop.runInExecutor(single, () -> order.add("third"));
      release.countDown();
      third.await();
    }
    order.assertIs("first goes on", "third");
  }

  @Test
  @Covers("test_events.EventLoopTestsMixin.run_in_executor_cancel")
  void aCancelledCallThatEndsAfterItsLoopHasClosedTellsNobody() throws Exception {
    var reports = new Reports();
    var running = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    EventLoop loop = Asyncio.newEventLoop();
    try (var log = new CapturedLog("asyncio")) {
      try (var executor = Executors.newSingleThreadExecutor()) {
        loop.runUntilComplete(() -> {
          loop.setExceptionHandler(reports);
          Future<?> call = loop.runInExecutor(executor, () -> {
            running.countDown();
            release.await();
            throw new Failure("too late for all");
          });
          call.addDoneCallback(done -> order.add("cancelled: " + done.isCancelled()));
          toThread(() -> running.await());
          assertTrue(call.cancel());
          yieldNow();
        });
        loop.close();
        release.countDown();
      } // waits for the call
      assertEquals(List.of(), log.messages());
    }
    order.assertIs("cancelled: true");
    reports.assertNone();
  }

  @AsyncTest
  void theBodyRunsInAnEmptyContext() {
    var variable = new ContextVar<>("v", "empty");
    variable.set("the task's");
    assertEquals("empty", runningLoop().runInExecutor(() -> variable.get()).await());
    try (var executor = Executors.newCachedThreadPool()) {
      assertEquals(
          "empty", runningLoop().runInExecutor(executor, () -> variable.get()).await());
    }
  }

  @AsyncTest
  void aWrongThreadIsAnError() throws Exception {
    EventLoop loop = runningLoop();
    toThread(() -> assertThrows(IllegalStateException.class, () -> loop.runInExecutor(() -> 1)));
  }

  // ---- the default executor ----

  @Test
  @Covers("test_base_events.BaseEventLoopTests.set_default_executor")
  void aDefaultExecutorOfYourOwnIsUsedAndShutDownWithTheLoop() {
    ExecutorService mine =
        Executors.newFixedThreadPool(1, Thread.ofPlatform().name("mine").factory());
    Asyncio.run(() -> {
      runningLoop().setDefaultExecutor(mine);
      assertEquals("mine", toThread(() -> Thread.currentThread().getName()));
      assertEquals(
          "mine",
          runningLoop().runInExecutor(() -> Thread.currentThread().getName()).await());
      assertFalse(mine.isShutdown());
    });
    assertTrue(mine.isTerminated());
  }

  @Test
  void closingALoopByHandShutsTheExecutorDownWithoutWaiting() throws Exception {
    ExecutorService mine = Executors.newFixedThreadPool(1);
    EventLoop loop = Asyncio.newEventLoop();
    var release = new CountDownLatch(1);
    loop.runUntilComplete(() -> {
      loop.setDefaultExecutor(mine);
      loop.runInExecutor(() -> {
        release.await();
        order.add("ended by itself");
      });
    });
    loop.close();
    release.countDown();
    assertTrue(mine.awaitTermination(20, java.util.concurrent.TimeUnit.SECONDS));
    order.assertIs("ended by itself");
  }

  @AsyncTest
  void afterItsShutdownTheDefaultExecutorRefuses() throws Exception {
    EventLoop loop = runningLoop();
    Future<?> before = loop.runInExecutor(() -> order.add("before"));
    loop.shutdownDefaultExecutor(ofSeconds(10));
    before.await();
    var error = assertThrows(IllegalStateException.class, () -> loop.runInExecutor(() -> 1));
    assertContains(error.getMessage(), "is shut down");
    assertThrows(IllegalStateException.class, () -> toThread(() -> 1));
    loop.shutdownDefaultExecutor(ofSeconds(10));
    try (var own = Executors.newCachedThreadPool()) {
      assertEquals(1, loop.runInExecutor(own, () -> 1).await());
    }
    order.assertIs("before");
  }

  @AsyncTest
  void aDefaultExecutorOfYourOwnIsShutDownToo() {
    EventLoop loop = runningLoop();
    ExecutorService mine = Executors.newFixedThreadPool(1);
    loop.setDefaultExecutor(mine);
    loop.runInExecutor(() -> order.add("before"));
    loop.shutdownDefaultExecutor(ofSeconds(10));
    assertTrue(mine.isTerminated());
    order.assertIs("before");
  }

  @AsyncTest
  @Covers("test_base_events.BaseEventLoopTests.shutdown_default_executor_timeout")
  void aShutdownPastItsLimitNamesWhatIsLeftAndGoesOn() {
    EventLoop loop = runningLoop();
    var release = new CountDownLatch(1);
    Future<?> call = loop.runInExecutor(() -> release.await());
    try (var log = new CapturedLog("asyncio.loop")) {
      loop.shutdownDefaultExecutor(ofMillis(1));
      String message = log.spinUntil("default executor");
      assertContains(message, loop.name() + "-helper");
    }
    release.countDown();
    call.await();
  }

  @AsyncTest
  void aCancelEndsTheWaitForTheShutdownOnly() throws Exception {
    EventLoop loop = runningLoop();
    var release = new CountDownLatch(1);
    Future<?> call = loop.runInExecutor(() -> release.await());
    var waits = createTask(() -> loop.shutdownDefaultExecutor(ofSeconds(20)));
    yieldNow();
    waits.cancel("enough");
    assertEquals(
        "enough",
        Objects.requireNonNull(assertThrows(CancelledError.class, waits::await).getMessage()));
    release.countDown();
    call.await();
  }

  @AsyncTest
  void aShutdownThatIsCancelledBeforeItWaitsShutsDownAllTheSame() {
    EventLoop loop = runningLoop();
    var cancelled = createTask(() -> {
      currentTask().cancel();
      loop.shutdownDefaultExecutor(ofSeconds(20));
    });
    assertThrows(CancelledError.class, cancelled::await);
    assertThrows(IllegalStateException.class, () -> loop.runInExecutor(() -> 1));
  }

  @AsyncTest
  void aShutdownMayWaitForEver() {
    EventLoop loop = runningLoop();
    loop.runInExecutor(() -> order.add("before"));
    loop.shutdownDefaultExecutor(FOREVER.getDuration());
    order.assertIs("before");
  }

  @AsyncTest
  void aShutdownWhoseLimitHasLongPassedDoesNotWait() {
    EventLoop loop = runningLoop();
    var release = new CountDownLatch(1);
    Future<?> call = loop.runInExecutor(() -> release.await());
    try (var log = new CapturedLog("asyncio.loop")) {
      loop.shutdownDefaultExecutor(ofSeconds(Long.MIN_VALUE));
      String message = log.spinUntil("default executor");
      assertContains(message, loop.name() + "-helper");
    }
    release.countDown();
    call.await();
  }

  @AsyncTest
  void aShutdownOfAnExecutorOfYourOwnMayWaitForEver() {
    EventLoop loop = runningLoop();
    loop.setDefaultExecutor(Executors.newFixedThreadPool(1));
    loop.runInExecutor(() -> order.add("before"));
    loop.shutdownDefaultExecutor(FOREVER.getDuration());
    order.assertIs("before");
  }

  @Test
  void aCloseMayWaitForEver() {
    try (var runner = new Runner(RunOptions.defaults().withCloseTimeout(FOREVER.getDuration()))) {
      runner.run(() -> runningLoop().runInExecutor(() -> order.add("in time")));
    }
    order.assertIs("in time");
  }

  @AsyncTest
  void afterItsShutdownTheDefaultExecutorIsNotReplaced() {
    EventLoop loop = runningLoop();
    loop.shutdownDefaultExecutor(ofSeconds(10));
    try (var mine = Executors.newFixedThreadPool(1)) {
      var error = assertThrows(IllegalStateException.class, () -> loop.setDefaultExecutor(mine));
      assertContains(error.getMessage(), "is shut down");
    }
  }

  @Test
  void aClosedLoopTakesNoExecutor() {
    EventLoop loop = newEventLoop();
    loop.close();
    try (var mine = Executors.newFixedThreadPool(1)) {
      assertThrows(IllegalStateException.class, () -> loop.setDefaultExecutor(mine));
    }
  }

  @AsyncTest
  void anExecutorThatRunsTheBodyAndThrowsOrRunsItTwiceCountsOnce() {
    int[] runs = {0};
    var ranAndThrew = runningLoop()
        .runInExecutor(
            call -> {
              call.run();
              throw new RejectedExecutionException("after it ran");
            },
            () -> ++runs[0]);
    assertEquals(1, ranAndThrew.await());
    var ranTwice = runningLoop()
        .runInExecutor(
            call -> {
              call.run();
              call.run();
            },
            () -> ++runs[0]);
    assertEquals(2, ranTwice.await());
    toThread(() -> {}); // what the executors brought late has come before
    toThread(() -> {});
    assertEquals(2, runs[0]);
    assertEquals(0, runningLoop().statistics().helpers());
  }
}
