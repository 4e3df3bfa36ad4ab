package asyncio.loop;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.currentTask;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Cancelling.sleepAndCleanUp;
import static asyncio.support.Texts.assertContains;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Action;
import asyncio.Asyncio;
import asyncio.CarrierKind;
import asyncio.Coroutine;
import asyncio.EventLoop;
import asyncio.RunOptions;
import asyncio.Runner;
import asyncio.Task;
import asyncio.conformance.Covers;
import asyncio.support.Failure;
import asyncio.support.Only;
import asyncio.support.Order;
import asyncio.testing.VirtualClock;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;

class RunnerTest {
  private static Runner virtualTime() {
    return new Runner(RunOptions.defaults().withClock(new VirtualClock()));
  }

  @Test
  @Covers("test_runners.RunnerTests.run")
  void severalRunsShareOneLoop() {
    try (var runner = new Runner()) {
      EventLoop loop = runner.run(Asyncio::runningLoop);
      assertSame(loop, runner.loop());
      assertSame(loop, runner.run(Asyncio::runningLoop));
      assertFalse(loop.isClosed());
    }
  }

  @Test
  @Covers("test_runners.RunnerTests.run")
  void eachRunHasAMainTaskOfItsOwn() {
    try (var runner = new Runner()) {
      Task<?> first = runner.run(() -> currentTask());
      assertNotSame(first, runner.run(() -> currentTask()));
    }
  }

  @Test
  @Covers("test_runners.RunnerTests.run_non_coro")
  void nullBodiesAreRefused() {
    try (var runner = new Runner()) {
      assertThrows(
          NullPointerException.class, () -> runner.run((Coroutine<Object, RuntimeException>) null));
      assertThrows(NullPointerException.class, () -> runner.run((Action<RuntimeException>) null));
      assertEquals(1, runner.run(() -> 1));
    }
  }

  @Test
  @Covers({"test_runners.RunnerTests.run_awaitable", "test_runners.RunnerTests.run_future"})
  void whateverCanBeAwaitedMakesABody() {
    try (var runner = virtualTime()) {
      var future = runner.loop().<String>createFuture();
      runner.loop().callSoonThreadsafe(() -> future.setResult("future"));
      assertEquals("future", runner.run(future::await));
      var task = runner.run(() -> Asyncio.createTask(() -> "task"));
      assertEquals("task", runner.run(task::await));
      var stage = CompletableFuture.completedFuture("stage");
      assertEquals("stage", runner.run(() -> Asyncio.await(stage)));
    }
  }

  @Test
  @Covers("test_runners.RunnerTests.no_repr_is_call_on_the_task_result")
  void aResultIsNeverAskedForItsText() {
    var result = new Object() {
      @Override
      public String toString() {
        throw new AssertionError("the runtime prints a result");
      }
    };
    try (var runner = new Runner()) {
      assertSame(result, runner.run(() -> result));
    }
  }

  @Test
  void tasksGoOnInTheNextRun() {
    try (var runner = virtualTime()) {
      var task = runner.run(() -> createTask(() -> 5));
      assertFalse(task.isDone());
      assertEquals(5, runner.run(() -> task.await()));
    }
  }

  @Test
  void closeCancelsWhatIsLeft() {
    var order = new Order();
    var runner = virtualTime();
    runner.run(() -> {
      createTask(() -> sleepAndCleanUp(() -> {
        sleep(ofDays(1));
        order.add("cleaned up");
      }));
      yieldNow();
    });
    order.add("run ended");
    runner.close();
    order.assertIs("run ended", "cleaned up");
    assertTrue(order.size() == 2);
  }

  @Test
  @Covers({
    "test_base_events.BaseEventLoopTests.close",
    "test_events.EventLoopTestsMixin.close",
    "test_runners.RunnerTests.double_close"
  })
  void closeIsIdempotent() {
    var runner = new Runner();
    EventLoop loop = runner.run(Asyncio::runningLoop);
    runner.close();
    runner.close();
    assertTrue(loop.isClosed());
  }

  @Test
  void aRunnerThatWasNeverUsedCanBeClosed() {
    new Runner().close();
  }

  @Test
  @Covers("test_runners.RunnerTests.explicit_close")
  void useAfterCloseIsAnError() {
    for (boolean used : List.of(false, true)) {
      var runner = new Runner();
      EventLoop loop = used ? runner.loop() : null;
      runner.close();
      assertThrows(IllegalStateException.class, runner::loop);
      assertThrows(IllegalStateException.class, () -> runner.run(() -> 1));
      assertTrue(loop == null || loop.isClosed());
    }
  }

  @Test
  @Covers("test_runners.RunnerTests.second_with_block_raises")
  void aSecondBlockIsUseAfterClose() {
    var runner = new Runner();
    try (runner) {
      assertEquals(1, runner.run(() -> 1));
    }
    try (runner) {
      assertThrows(IllegalStateException.class, () -> runner.run(() -> 2));
    }
  }

  @Test
  @Covers({
    "test_base_events.BaseEventLoopTests.close",
    "test_events.EventLoopTestsMixin.close_running_event_loop",
    "test_runners.RunnerTests.recursive_run"
  })
  void aRunInsideItsOwnRunIsRefused() {
    try (var runner = new Runner()) {
      runner.run(() -> assertThrows(IllegalStateException.class, () -> runner.run(() -> 1)));
      runner.run(() -> assertThrows(IllegalStateException.class, runner::close));
      assertEquals(2, runner.run(() -> 2));
    }
  }

  @Test
  void twoThreadsCannotUseOneRunnerAtOnce() throws Exception {
    try (var runner = new Runner()) {
      var started = new CountDownLatch(1);
      EventLoop loop = runner.loop();
      var release = loop.<Void>createFuture();
      var other = new FutureTask<>(() -> runner.run(() -> {
        started.countDown();
        return release.await();
      }));
      Thread.ofPlatform().start(other);
      started.await();
      var error = assertThrows(IllegalStateException.class, () -> runner.run(() -> 1));
      assertContains(error.getMessage(), "runner");
      loop.callSoonThreadsafe(() -> release.setResult(null));
      other.get();
      assertEquals(1, runner.run(() -> 1));
    }
  }

  @Test
  void aFailureLeavesTheRunnerUsable() {
    try (var runner = new Runner()) {
      assertThrows(
          Failure.class,
          () -> runner.run(() -> {
            throw new Failure("first");
          }));
      assertEquals(1, runner.run(() -> 1));
    }
  }

  @Test
  @Covers("test_base_events.BaseEventLoopTests.run_until_complete_baseexception")
  void aFatalErrorLeavesTheRunnerUsable() {
    try (var runner = virtualTime()) {
      assertThrows(
          InternalError.class,
          () -> runner.run(() -> {
            createTask(() -> {
              throw new InternalError("by hand");
            });
            sleep(ofSeconds(1));
          }));
      assertEquals(2, runner.run(() -> 2));
    }
  }

  @Test
  @Covers("test_base_events.BaseEventLoopTests.run_until_complete_loop_orphan_future_close_loop")
  void aMainTaskThatAFatalErrorLeftBehindDoesNotEndALaterRun() {
    try (var runner = virtualTime()) {
      assertThrows(
          InternalError.class,
          () -> runner.run(() -> {
            createTask(() -> {
              throw new InternalError("by hand");
            });
            sleep(ofSeconds(1));
          }));
      String result = runner.run(() -> {
        sleep(ofSeconds(2)); // the first main task ends meanwhile
        return "slept";
      });
      assertEquals("slept", result);
    }
  }

  @Test
  void theLoopHasTheNameThatWasGiven() {
    try (var runner = new Runner(RunOptions.defaults().withName("mail"))) {
      assertEquals("mail", runner.loop().name());
      assertContains(runner.loop().toString(), "mail");
    }
  }

  @Test
  void loopsWithoutANameAreNumbered() {
    try (var runner = new Runner()) {
      assertTrue(runner.loop().name().matches("asyncio-\\d+"), runner.loop().name());
    }
  }

  @Test
  void theCarrierCanBeChosenForOneRunner() {
    try (var runner = new Runner(RunOptions.defaults().withCarrier(CarrierKind.PORTABLE))) {
      assertSame(CarrierKind.PORTABLE, runner.loop().carrier());
      assertSame(CarrierKind.PORTABLE, runner.run(() -> {
        yieldNow();
        return Asyncio.carrier();
      }));
    }
  }

  @Test
  void theStackSizeLimitsTheDepthOfCoroutines() {
    Only.mounted("ordinary virtual threads have the JVM's stack size");
    int little = depthWithStack(512 << 10);
    int much = depthWithStack(16 << 20);
    assertTrue(much > 4 * little, little + " with 512 KiB, " + much + " with 16 MiB");
  }

  @Test
  void aThreadThatCannotBeStartedIsAnErrorOfEachCall() {
    Only.mounted("ordinary virtual threads have the JVM's stack size");
    var runner = new Runner(RunOptions.defaults().withStackSize(1L << 50));
    assertThrows(OutOfMemoryError.class, () -> runner.run(() -> {}));
    assertThrows(OutOfMemoryError.class, () -> runner.run(() -> {}));
    assertThrows(OutOfMemoryError.class, runner::close);
  }

  @Test
  void aRunThatComesWhileAnotherThreadClosesEndsOrIsRefused() throws Exception {
    for (int i = 0; i < 200; i++) {
      var runner = new Runner();
      EventLoop loop = runner.loop();
      var both = new CyclicBarrier(2);
      var run = new FutureTask<>(() -> {
        both.await();
        try {
          return loop.<Integer, RuntimeException>runUntilComplete(() -> 1);
        } catch (IllegalStateException refused) {
          return 1;
        }
      });
      Thread.ofPlatform().start(run);
      both.await();
      runner.close();
      assertEquals(1, run.get());
    }
  }

  private static int depthWithStack(long bytes) {
    try (var runner = new Runner(RunOptions.defaults().withStackSize(bytes))) {
      return runner.run(() -> {
        int[] depth = new int[1];
        assertThrows(StackOverflowError.class, () -> recurse(depth));
        yieldNow();
        return depth[0];
      });
    }
  }

  @SuppressWarnings("InfiniteRecursion") // until the stack overflows
  private static void recurse(int[] depth) {
    depth[0]++;
    recurse(depth);
  }

  @Test
  void optionsThatMakeNoSenseAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> RunOptions.defaults().withStackSize(-1));
    assertThrows(
        IllegalArgumentException.class, () -> RunOptions.defaults().withCloseTimeout(ofMillis(-1)));
    assertThrows(NullPointerException.class, () -> RunOptions.defaults().withName(null));
    assertThrows(NullPointerException.class, () -> RunOptions.defaults().withClock(null));
  }

  @Test
  void aTaskCanBeSubmittedBeforeTheFirstRun() throws Exception {
    try (var runner = new Runner()) {
      var future = Asyncio.runCoroutineThreadsafe(() -> 3, runner.loop());
      assertEquals(4, runner.run(() -> future.await() + 1));
      assertEquals(3, future.get());
    }
  }

  @Test
  void whoWaitsForATaskThatNeverRanIsToldThatTheLoopClosed() {
    var runner = new Runner();
    var future = Asyncio.runCoroutineThreadsafe(() -> 3, runner.loop());
    runner.close();
    assertThrows(Exception.class, future::get);
    assertThrows(
        IllegalStateException.class, () -> Asyncio.runCoroutineThreadsafe(() -> 3, runner.loop()));
  }

  @Test
  void anInterruptDuringCloseIsPutOff() {
    var runner = virtualTime();
    var order = new Order();
    runner.run(() -> {
      createTask(() -> sleepAndCleanUp(() -> {
        yieldNow();
        order.add("cleaned up");
      }));
      yieldNow();
    });
    Thread.currentThread().interrupt();
    runner.close();
    assertTrue(Thread.interrupted(), "the flag is set again");
    order.assertIs("cleaned up");
  }

  @Test
  void theLoopRunsOnAThreadOfItsOwn() {
    Thread caller = Thread.currentThread();
    try (var runner = new Runner()) {
      assertNotSame(caller, runner.run(Thread::currentThread));
      EventLoop loop = runner.loop();
      assertThrows(IllegalStateException.class, () -> loop.callSoon(() -> {}));
      assertThrows(IllegalStateException.class, loop::allTasks);
    }
  }

  @Test
  void timeBeginsAtZeroAndDoesNotGoBack() {
    try (var runner = virtualTime()) {
      runner.run(() -> {
        assertEquals(ofSeconds(0), runningLoop().time());
        sleep(ofSeconds(3));
        assertEquals(ofSeconds(3), runningLoop().time());
      });
      runner.run(() -> assertEquals(ofSeconds(3), runningLoop().time()));
    }
  }

  @Test
  void closeDoesNotThrowTheVeryErrorThatARunHasThrown() {
    var first = new InternalError("first");
    var second = new InternalError("second");
    var thrown = assertThrows(InternalError.class, () -> {
      try (var runner = new Runner()) {
        runner.run(() -> {
          Asyncio.createTask(() -> {
            try {
              Asyncio.sleep(java.time.Duration.ofDays(1));
            } finally {
              throwIt(first);
            }
          });
          Asyncio.yieldNow();
        });
        Error kept = assertThrows(
            InternalError.class,
            () -> runner.run(() -> {
              Asyncio.runningLoop().callSoon(() -> throwIt(first));
              Asyncio.yieldNow();
              Asyncio.yieldNow();
            }));
        assertThrows(InternalError.class, () -> runner.run(() -> throwIt(second)));
        throw kept;
      }
    });
    org.junit.jupiter.api.Assertions.assertSame(first, thrown);
    assertEquals(0, thrown.getSuppressed().length);
  }

  private static void throwIt(Error error) {
    throw error;
  }

  @Test
  void aVirtualThreadStartedInACoroutineGoesOnBetweenTwoRunsAndCoroutinesDoNot() throws Exception {
    var gate = new java.util.concurrent.CountDownLatch(1);
    var others =
        new java.util.concurrent.CountDownLatch(1); // who is woken at a latch wakes the next
    boolean[] wentOn = {false};
    try (var runner = new Runner()) {
      Thread foreign = runner.run(() -> {
        Asyncio.createTask(() -> {
          Asyncio.blocking(() -> gate.await());
          wentOn[0] = true;
        });
        Asyncio.yieldNow();
        Asyncio.yieldNow();
        return Thread.startVirtualThread(() -> {
          try {
            others.await();
            Thread.sleep(1);
          } catch (InterruptedException e) {
            throw new AssertionError(e);
          }
        });
      });
      gate.countDown();
      others.countDown();
      assertTrue(foreign.join(java.time.Duration.ofSeconds(20)));
      org.junit.jupiter.api.Assertions.assertFalse(wentOn[0]);
      runner.run(() -> {
        while (!wentOn[0]) {
          Asyncio.yieldNow();
        }
      });
    }
  }
}
