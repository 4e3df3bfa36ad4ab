package asyncio.threads;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.currentTask;
import static asyncio.Asyncio.runCoroutineThreadsafe;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;
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
import asyncio.Event;
import asyncio.EventLoop;
import asyncio.Future;
import asyncio.Lock;
import asyncio.Queue;
import asyncio.RunOptions;
import asyncio.Runner;
import asyncio.Semaphore;
import asyncio.Task;
import asyncio.TaskGroup;
import asyncio.Timeout;
import asyncio.conformance.Covers;
import asyncio.support.Failure;
import asyncio.testing.AsyncTest;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** What other threads may do with a loop and what they may not. */
class ThreadsTest {
  /** Runs {@code call} on a thread that is no coroutine while the loop goes on; its outcome. */
  private static <T> T elsewhere(Thread.Builder builder, Callable<T> call) {
    var outcome = new CompletableFuture<T>();
    builder.start(() -> {
      try {
        outcome.complete(call.call());
      } catch (Throwable failure) {
        outcome.completeExceptionally(failure);
      }
    });
    return Asyncio.await(outcome);
  }

  private interface Callable<T> {
    T call() throws Throwable;
  }

  private static List<Supplier<Thread.Builder>> foreignThreads() {
    return List.of(Thread::ofPlatform, Thread::ofVirtual);
  }

  @AsyncTest
  void aForeignThreadHasNoCurrentTaskAndNoLoop() {
    for (var foreign : foreignThreads()) {
      assertNull(elsewhere(foreign.get(), () -> currentTask()));
      String message = elsewhere(
          foreign.get().name("stranger"),
          () -> assertThrows(IllegalStateException.class, Asyncio::runningLoop).getMessage());
      assertContains(message, "stranger", "runCoroutineThreadsafe", "callSoonThreadsafe");
    }
  }

  @AsyncTest
  @Covers("test_base_events.BaseEventLoopTests.check_thread")
  void waitsAndLoopCallsOnAForeignThreadAreErrorsThatCoach() {
    EventLoop loop = runningLoop();
    var pending = new Future<Integer>();
    var main = currentTask();
    List<org.junit.jupiter.api.function.Executable> wrong = List.of(
        () -> sleep(ofSeconds(1)),
        Asyncio::yieldNow,
        () -> createTask(() -> 1),
        () -> loop.createTask(() -> 1),
        () -> loop.callSoon(() -> {}),
        () -> loop.callLater(ofSeconds(1), () -> {}),
        loop::allTasks,
        pending::await,
        () -> pending.setResult(1),
        () -> pending.setException(new Failure("x")),
        () -> pending.trySetResult(1),
        () -> pending.addDoneCallback(f -> {}),
        main::cancelling,
        main::uncancel,
        () -> new TaskGroup().run(() -> 1),
        () -> new Timeout(ofSeconds(1)).run(() -> 1),
        () -> Asyncio.toThread(() -> 1),
        () -> Asyncio.gather(List.of(pending)),
        () -> Asyncio.shield(pending),
        () -> new Event().await(),
        () -> new Lock().acquire(),
        () -> new Semaphore().acquire(),
        () -> new Queue<Integer>().get(),
        () -> new Queue<Integer>().put(1));
    for (var foreign : foreignThreads()) {
      int[] number = {0};
      for (var call : wrong) {
        number[0]++;
        String message = elsewhere(
            foreign.get(),
            () -> assertThrows(IllegalStateException.class, call, "call number " + number[0])
                .getMessage());
        assertContains(message, "thread");
      }
    }
    assertFalse(pending.isDone());
  }

  @AsyncTest(otherThreads = true)
  void aVirtualThreadStartedInACoroutineIsForeign() throws Exception {
    var done = new Future<String>();
    EventLoop loop = runningLoop();
    Thread.startVirtualThread(() -> {
      String seen = "task " + currentTask();
      try {
        yieldNow();
      } catch (IllegalStateException error) {
        seen += ", " + error.getMessage().contains("not a coroutine");
      }
      String result = seen;
      loop.callSoonThreadsafe(() -> done.setResult(result));
    });
    assertEquals("task null, true", done.await());
    assertSame(loop, runningLoop());
  }

  @AsyncTest
  @Covers("test_tasks.RunCoroutineThreadsafeTests.run_coroutine_threadsafe")
  void runCoroutineThreadsafeGivesTheResult() {
    EventLoop loop = runningLoop();
    for (var foreign : foreignThreads()) {
      int result = elsewhere(foreign.get(), () -> {
        var future = runCoroutineThreadsafe(
            () -> {
              sleep(ofSeconds(1));
              return 5;
            },
            loop);
        return future.get();
      });
      assertEquals(5, result);
    }
  }

  @AsyncTest
  @Covers("test_tasks.RunCoroutineThreadsafeTests.run_coroutine_threadsafe_with_exception")
  void runCoroutineThreadsafeGivesTheFailure() {
    EventLoop loop = runningLoop();
    var failure = new Failure("in the coroutine");
    Throwable thrown = elsewhere(
        Thread.ofPlatform(),
        () -> assertThrows(
            ExecutionException.class,
            runCoroutineThreadsafe(
                () -> {
                  throw failure;
                },
                loop)::get));
    assertSame(failure, thrown.getCause());
  }

  @AsyncTest
  @Covers("test_tasks.RunCoroutineThreadsafeTests.run_coroutine_threadsafe_with_timeout")
  void aTimeoutOfTheCallerLeavesTheTaskRunning() {
    EventLoop loop = runningLoop();
    var release = new Event();
    Future<String> future = elsewhere(Thread.ofPlatform(), () -> {
      var submitted = runCoroutineThreadsafe(
          () -> {
            release.await();
            return "done";
          },
          loop);
      assertThrows(
          java.util.concurrent.TimeoutException.class,
          () -> submitted.get(1, TimeUnit.MILLISECONDS));
      return submitted;
    });
    release.set();
    assertEquals("done", future.await());
  }

  @AsyncTest
  @Covers("test_tasks.RunCoroutineThreadsafeTests.run_coroutine_threadsafe_with_timeout")
  void aCallerThatTimesOutCanCancelTheTask() {
    EventLoop loop = runningLoop();
    var ended = new Future<String>();
    Future<Void> future = elsewhere(Thread.ofPlatform(), () -> {
      var submitted = runCoroutineThreadsafe(
          () -> {
            try {
              new Event().await();
            } catch (CancelledError cancelled) {
              ended.setResult(cancelled.getMessage());
              throw cancelled;
            }
          },
          loop);
      assertThrows(
          java.util.concurrent.TimeoutException.class,
          () -> submitted.get(0, TimeUnit.MILLISECONDS));
      loop.callSoonThreadsafe(() -> {}); // the task's first step comes before this
      assertTrue(submitted.cancel("took too long"));
      return submitted;
    });
    assertThrows(CancelledError.class, future::await);
    assertTrue(future.isCancelled());
    assertTrue(!ended.isDone() || ended.result().equals("took too long"));
  }

  @AsyncTest
  @Covers("test_tasks.RunCoroutineThreadsafeTests.run_coroutine_threadsafe_and_cancel")
  void cancellingTheFutureCancelsTheTask() {
    EventLoop loop = runningLoop();
    var cancelled = new Future<String>();
    elsewhere(Thread.ofPlatform(), () -> {
      var started = new CountDownLatch(1);
      var future = runCoroutineThreadsafe(
          () -> {
            started.countDown();
            try {
              new Event().await();
            } catch (CancelledError error) {
              cancelled.setResult(error.getMessage());
              throw error;
            }
          },
          loop);
      started.await();
      assertTrue(future.cancel("enough"));
      return assertThrows(CancellationException.class, future::get);
    });
    assertEquals("enough", cancelled.await());
  }

  @AsyncTest
  @Covers("test_tasks.RunCoroutineThreadsafeTests.run_coroutine_threadsafe_task_cancelled")
  void aTaskThatIsCancelledIsSeenAsCancelledByItsThread() {
    EventLoop loop = runningLoop();
    var error = elsewhere(
        Thread.ofPlatform(),
        () -> assertThrows(
            CancellationException.class,
            runCoroutineThreadsafe(
                () -> {
                  currentTask().cancel("by itself");
                  yieldNow();
                },
                loop)::get));
    assertEquals("by itself", error.getMessage());
    assertInstanceOf(CancelledError.class, error.getCause());
  }

  @AsyncTest
  void getWaitsOnAnyThreadAndInACoroutine() throws Exception {
    var future = new Future<Integer>();
    runningLoop().callLater(ofSeconds(1), () -> future.setResult(3));
    assertEquals(3, future.get());
    assertEquals(3, elsewhere(Thread.ofPlatform(), () -> future.get()));
    assertEquals(3, elsewhere(Thread.ofPlatform(), () -> future.get(1, TimeUnit.DAYS)));
    var pending = new Future<Integer>();
    assertThrows(IllegalStateException.class, () -> pending.get(1, TimeUnit.SECONDS));
  }

  @AsyncTest
  void anInterruptOfAThreadInGetLeavesTheFutureAlone() {
    var future = new Future<Integer>();
    elsewhere(Thread.ofPlatform(), () -> {
      Thread.currentThread().interrupt();
      return assertThrows(InterruptedException.class, future::get);
    });
    assertFalse(future.isDone());
  }

  @AsyncTest(otherThreads = true)
  void callsFromManyThreadsAllArriveInTheOrderOfEachThread() {
    EventLoop loop = runningLoop();
    int threads = 4;
    int each = 500;
    List<List<Integer>> arrived = new ArrayList<>();
    var all = new Future<Void>();
    int[] left = {threads * each};
    for (int t = 0; t < threads; t++) {
      List<Integer> mine = new ArrayList<>();
      arrived.add(mine);
      Thread.ofPlatform().start(() -> {
        for (int i = 0; i < each; i++) {
          int number = i;
          loop.callSoonThreadsafe(() -> {
            mine.add(number);
            if (--left[0] == 0) {
              all.setResult(null);
            }
          });
        }
      });
    }
    all.await();
    for (List<Integer> mine : arrived) {
      for (int i = 0; i < each; i++) {
        assertEquals(i, mine.get(i));
      }
    }
  }

  @AsyncTest(otherThreads = true)
  @Covers("test_events.EventLoopTestsMixin.call_soon_threadsafe")
  void noCallFromAnotherThreadIsLost() {
    // The other thread calls in at all moments of the loop's way to sleep.
    EventLoop loop = runningLoop();
    int rounds = 20_000;
    var request = new AtomicReference<Future<Integer>>();
    Thread.ofPlatform().daemon().start(() -> {
      for (int i = 0; i < rounds; i++) {
        Future<Integer> future;
        while ((future = request.getAndSet(null)) == null && !loop.isClosed()) {
          Thread.onSpinWait();
        }
        for (int delay = i % 64; delay > 0; delay--) {
          Thread.onSpinWait();
        }
        if (future == null) {
          return;
        }
        var asked = future;
        int number = i;
        loop.callSoonThreadsafe(() -> asked.setResult(number));
      }
    });
    for (int i = 0; i < rounds; i++) {
      var future = new Future<Integer>();
      request.set(future);
      assertEquals(i, future.await());
    }
  }

  @Test
  @Covers("test_free_threading.TestFreeThreading.all_tasks_race")
  void loopsOnSeveralThreadsHaveTheirOwnTasks() throws Exception {
    var together = new CyclicBarrier(4);
    List<FutureTask<Void>> calls = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      calls.add(new FutureTask<>(() -> {
        Asyncio.run(() -> {
          Asyncio.toThread(() -> together.await());
          ownTasksOnly();
        });
        return null;
      }));
    }
    calls.forEach(call -> Thread.ofPlatform().start(call));
    for (FutureTask<Void> call : calls) {
      call.get();
    }
  }

  private static void ownTasksOnly() {
    for (int round = 0; round < 20; round++) {
      var release = new Event();
      List<Task<?>> expected = new ArrayList<>(List.of(currentTask()));
      for (int k = 0; k < 50; k++) {
        expected.add(createTask(release::await));
      }
      yieldNow();
      assertEquals(expected, runningLoop().allTasks());
      release.set();
      expected.stream().skip(1).forEach(Task::await);
      assertEquals(List.of(currentTask()), runningLoop().allTasks());
    }
  }

  @AsyncTest
  @Covers("test_free_threading.TestFreeThreading.all_tasks_different_thread")
  void allTasksAreAskedFromAnotherThreadThroughTheLoop() {
    EventLoop loop = runningLoop();
    var main = currentTask();
    var other = createTask(() -> new Event().await());
    List<Task<?>> seen = elsewhere(Thread.ofPlatform(), () -> {
      assertThrows(IllegalStateException.class, loop::allTasks);
      return runCoroutineThreadsafe(
              () -> {
                List<Task<?>> all = new ArrayList<>(loop.allTasks());
                assertTrue(all.remove(currentTask()));
                return all;
              },
              loop)
          .get();
    });
    assertEquals(List.of(main, other), seen);
  }

  /** Each of three loops runs a coroutine on the next and awaits it, a failure too. */
  @Test
  @Covers({
    "test_free_threading.TestFreeThreading.run_coroutine_threadsafe",
    "test_free_threading.TestFreeThreading.run_coroutine_threadsafe_exception"
  })
  void loopsSubmitToEachOther() throws Exception {
    List<Runner> runners = List.of(new Runner(), new Runner(), new Runner());
    List<EventLoop> loops = runners.stream().map(Runner::loop).toList();
    var ended = new CyclicBarrier(3);
    List<FutureTask<Integer>> calls = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      int number = i;
      EventLoop next = loops.get((i + 1) % 3);
      calls.add(new FutureTask<>(() -> runners.get(number).run(() -> {
        int sum = submitTo(next);
        Asyncio.toThread(() -> ended.await());
        return sum;
      })));
    }
    calls.forEach(call -> Thread.ofPlatform().start(call));
    for (FutureTask<Integer> call : calls) {
      assertEquals(4950, call.get());
    }
    runners.forEach(Runner::close);
  }

  private static int submitTo(EventLoop next) {
    int sum = 0;
    for (int i = 0; i < 100; i++) {
      int value = i;
      var future = runCoroutineThreadsafe(
          () -> {
            yieldNow();
            assertSame(next, runningLoop());
            return value;
          },
          next);
      sum += Asyncio.await(future.toCompletableFuture());
    }
    var failing = runCoroutineThreadsafe(
        () -> {
          throw new Failure("over there");
        },
        next);
    var failure = assertThrows(Failure.class, () -> Asyncio.await(failing.toCompletableFuture()));
    assertEquals("over there", failure.getMessage());
    return sum;
  }

  @AsyncTest
  void anotherLoopsObjectsAreRefusedByName() {
    EventLoop mine = runningLoop();
    var future = new Future<Integer>();
    Throwable error = elsewhere(Thread.ofPlatform(), () -> {
      try (var other = new Runner(RunOptions.defaults().withName("other"))) {
        return other.run(() -> assertThrows(
            IllegalStateException.class, () -> mine.callSoon(() -> future.setResult(1))));
      }
    });
    assertContains(error.getMessage(), "'other'", mine.name());
  }

  @AsyncTest
  @Covers("test_tasks.BaseTaskTests.other_loop_future")
  void aFutureOfAnotherLoopIsAwaitedAsACompletionStage() {
    var handedOver = new CompletableFuture<Future<Integer>>();
    var awaited = new CountDownLatch(1);
    Action<InterruptedException> other = () -> {
      var future = new Future<Integer>();
      handedOver.complete(future);
      Asyncio.toThread(() -> awaited.await());
      future.setResult(8);
      yieldNow();
    };
    new Thread(new java.util.concurrent.FutureTask<>(() -> runIt(other))).start();
    Future<Integer> foreign = Asyncio.await(handedOver);
    var error = assertThrows(IllegalStateException.class, foreign::await);
    assertContains(
        error.getMessage(),
        "'" + foreign.loop().name() + "'",
        "'" + runningLoop().name() + "'",
        "toCompletableFuture");
    var stage = foreign.toCompletableFuture();
    awaited.countDown();
    assertEquals(8, Asyncio.await(stage));
  }

  private static boolean runIt(Action<InterruptedException> body) throws InterruptedException {
    Asyncio.run(body);
    return true;
  }
}
