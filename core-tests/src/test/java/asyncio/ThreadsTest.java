package asyncio;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.currentTask;
import static asyncio.Asyncio.runCoroutineThreadsafe;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.yieldNow;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.testing.AsyncTest;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/** What other threads may do with a loop and what they may not. */
class ThreadsTest {
  /** Runs {@code call} on a thread that is no coroutine while the loop goes on; its outcome. */
  private static <T> T elsewhere(Thread.Builder builder, Callable<T> call) {
    var outcome = new CompletableFuture<T>();
    builder.start(
        () -> {
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
      String message =
          elsewhere(
              foreign.get().name("stranger"),
              () -> assertThrows(IllegalStateException.class, Asyncio::runningLoop).getMessage());
      assertTrue(message.contains("stranger"), message);
      assertTrue(message.contains("runCoroutineThreadsafe"), message);
      assertTrue(message.contains("callSoonThreadsafe"), message);
    }
  }

  @AsyncTest
  void waitsAndLoopCallsOnAForeignThreadAreErrorsThatCoach() {
    EventLoop loop = runningLoop();
    var pending = new Future<Integer>();
    var main = currentTask();
    List<org.junit.jupiter.api.function.Executable> wrong =
        List.of(
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
        String message =
            elsewhere(
                foreign.get(),
                () ->
                    assertThrows(IllegalStateException.class, call, "call number " + number[0])
                        .getMessage());
        assertTrue(message.contains("thread"), message);
      }
    }
    assertFalse(pending.isDone());
  }

  @AsyncTest
  void aVirtualThreadStartedInACoroutineIsForeign() throws Exception {
    var done = new Future<String>();
    EventLoop loop = runningLoop();
    Thread.startVirtualThread(
        () -> {
          String seen = "task " + currentTask();
          try {
            yieldNow();
          } catch (IllegalStateException error) {
            seen += ", " + error.getMessage().contains("no coroutine");
          }
          String result = seen;
          loop.callSoonThreadsafe(() -> done.setResult(result));
        });
    assertEquals("task null, true", done.await());
    assertSame(loop, runningLoop());
  }

  @AsyncTest
  void runCoroutineThreadsafeGivesTheResult() {
    EventLoop loop = runningLoop();
    for (var foreign : foreignThreads()) {
      int result =
          elsewhere(
              foreign.get(),
              () -> {
                var future =
                    runCoroutineThreadsafe(
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
  void runCoroutineThreadsafeGivesTheFailure() {
    EventLoop loop = runningLoop();
    var failure = new Failure("in the coroutine");
    Throwable thrown =
        elsewhere(
            Thread.ofPlatform(),
            () ->
                assertThrows(
                    ExecutionException.class,
                    runCoroutineThreadsafe(
                            () -> {
                              throw failure;
                            },
                            loop)
                        ::get));
    assertSame(failure, thrown.getCause());
  }

  @AsyncTest
  void aTimeoutOfTheCallerLeavesTheTaskRunning() {
    EventLoop loop = runningLoop();
    var release = new Event();
    Future<String> future =
        elsewhere(
            Thread.ofPlatform(),
            () -> {
              var submitted =
                  runCoroutineThreadsafe(
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
  void cancellingTheFutureCancelsTheTask() {
    EventLoop loop = runningLoop();
    var cancelled = new Future<String>();
    elsewhere(
        Thread.ofPlatform(),
        () -> {
          var started = new CountDownLatch(1);
          var future =
              runCoroutineThreadsafe(
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
  void aTaskThatIsCancelledIsSeenAsCancelledByItsThread() {
    EventLoop loop = runningLoop();
    var error =
        elsewhere(
            Thread.ofPlatform(),
            () ->
                assertThrows(
                    CancellationException.class,
                    runCoroutineThreadsafe(
                            () -> {
                              currentTask().cancel("by itself");
                              yieldNow();
                            },
                            loop)
                        ::get));
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
    elsewhere(
        Thread.ofPlatform(),
        () -> {
          Thread.currentThread().interrupt();
          return assertThrows(InterruptedException.class, future::get);
        });
    assertFalse(future.isDone());
  }

  @AsyncTest
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
      Thread.ofPlatform()
          .start(
              () -> {
                for (int i = 0; i < each; i++) {
                  int number = i;
                  loop.callSoonThreadsafe(
                      () -> {
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

  @AsyncTest
  void noCallFromAnotherThreadIsLost() {
    // The other thread calls in at all moments of the loop's way to sleep.
    EventLoop loop = runningLoop();
    int rounds = 20_000;
    var request = new AtomicReference<Future<Integer>>();
    Thread.ofPlatform()
        .daemon()
        .start(
            () -> {
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

  @AsyncTest
  void anotherLoopsObjectsAreRefusedByName() {
    EventLoop mine = runningLoop();
    var future = new Future<Integer>();
    Throwable error =
        elsewhere(
            Thread.ofPlatform(),
            () -> {
              try (var other = new Runner(RunOptions.defaults().withName("other"))) {
                return other.run(
                    () ->
                        assertThrows(
                            IllegalStateException.class,
                            () -> mine.callSoon(() -> future.setResult(1))));
              }
            });
    assertTrue(error.getMessage().contains("'other'"), error.getMessage());
    assertTrue(error.getMessage().contains(mine.name()), error.getMessage());
  }

  @AsyncTest
  void aFutureOfAnotherLoopIsAwaitedAsACompletionStage() {
    var handedOver = new CompletableFuture<Future<Integer>>();
    var awaited = new CountDownLatch(1);
    Action<InterruptedException> other =
        () -> {
          var future = new Future<Integer>();
          handedOver.complete(future);
          Asyncio.toThread(() -> awaited.await());
          future.setResult(8);
          yieldNow();
        };
    new Thread(new java.util.concurrent.FutureTask<>(() -> runIt(other))).start();
    Future<Integer> foreign = Asyncio.await(handedOver);
    var error = assertThrows(IllegalStateException.class, foreign::await);
    assertTrue(error.getMessage().contains("'" + foreign.loop().name() + "'"), error.getMessage());
    assertTrue(error.getMessage().contains("'" + runningLoop().name() + "'"), error.getMessage());
    assertTrue(error.getMessage().contains("toCompletableFuture"), error.getMessage());
    var stage = foreign.toCompletableFuture();
    awaited.countDown();
    assertEquals(8, Asyncio.await(stage));
  }

  private static boolean runIt(Action<InterruptedException> body) throws InterruptedException {
    Asyncio.run(body);
    return true;
  }
}
