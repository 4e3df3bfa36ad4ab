package asyncio.threads;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.gather;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.toThread;
import static asyncio.Asyncio.wrapFuture;
import static asyncio.Asyncio.yieldNow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Asyncio;
import asyncio.CancelledError;
import asyncio.Future;
import asyncio.conformance.Covers;
import asyncio.support.Order;
import asyncio.testing.AsyncTest;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;

class WrapFutureTest {
  private final Order order = new Order();

  @AsyncTest
  @Covers("test_futures.BaseFutureTests.wrap_future")
  void aJobOfAnExecutorIsAwaitedWhileOthersRun() {
    var go = new CountDownLatch(1);
    try (ExecutorService executor = Executors.newSingleThreadExecutor()) {
      var job = executor.submit(() -> {
        go.await();
        return "result";
      });
      var future = wrapFuture(job);
      createTask(go::countDown);
      assertEquals("result", future.await());
    }
  }

  @AsyncTest
  void aJobThatIsDoneIsTakenAtOnce() {
    var job = new FutureTask<>(() -> "result");
    job.run();
    assertEquals("result", wrapFuture(job).result());
  }

  @AsyncTest
  void aFailureComesOutUnwrapped() {
    var failure = new IOException("x");
    var job = new FutureTask<String>(() -> {
      throw failure;
    });
    var pending = wrapFuture(job);
    toThread(job::run);
    assertSame(
        failure, assertThrows(IOException.class, () -> pending.awaitThrowing(IOException.class)));
    assertSame(failure, wrapFuture(job).exception());
  }

  @AsyncTest
  void wrappedFuturesAreGathered() {
    var one = new FutureTask<>(() -> 1);
    var two = new CompletableFuture<Integer>();
    var both = createTask(() -> gather(List.of(wrapFuture(one), wrapFuture(two))));
    toThread(() -> {
      two.complete(2);
      one.run();
    });
    assertEquals(List.of(1, 2), both.await());
  }

  @AsyncTest
  @Covers("test_futures.BaseFutureTests.wrap_future_cancel")
  void aCancelReachesTheJobAndInterruptsIt() {
    var interrupted = new CompletableFuture<String>();
    var started = new CompletableFuture<Void>();
    try (ExecutorService executor = Executors.newSingleThreadExecutor()) {
      var job = executor.submit(() -> {
        started.complete(null);
        try {
          new CountDownLatch(1).await();
        } catch (InterruptedException stop) {
          interrupted.complete("interrupted");
        }
      });
      var task = createTask(() -> wrapFuture(job).await());
      Asyncio.await(started);
      task.cancel("enough");
      assertEquals("enough", assertThrows(CancelledError.class, task::await).getMessage());
      assertEquals("interrupted", Asyncio.await(interrupted));
      assertTrue(job.isCancelled());
    }
  }

  @AsyncTest
  void aCancelledJobIsSeenAsCancelled() {
    var job = new FutureTask<>(() -> 1);
    var future = wrapFuture(job);
    toThread(() -> job.cancel(false));
    var signal = assertThrows(CancelledError.class, future::await);
    assertInstanceOf(CancellationException.class, signal.getCause());
    assertTrue(future.isCancelled());
    assertTrue(wrapFuture(job).isCancelled());
  }

  @AsyncTest
  @Covers("test_futures.BaseFutureTests.wrap_future_cancel2")
  void aJobThatIsDoneKeepsItsResultWhenItsWrapperIsCancelled() {
    var job = new CompletableFuture<Integer>();
    var future = wrapFuture(job);
    job.complete(42);
    assertTrue(future.cancel());
    yieldNow();
    yieldNow();
    assertTrue(future.isCancelled());
    assertFalse(job.isCancelled());
    assertEquals(42, job.join());
  }

  @AsyncTest
  void cancelsGoBothWaysWithACompletableFuture() {
    var theirs = new CompletableFuture<Integer>();
    var ours = wrapFuture(theirs);
    theirs.cancel(false);
    assertThrows(CancelledError.class, ours::await);
    var theirs2 = new CompletableFuture<Integer>();
    wrapFuture(theirs2).cancel();
    yieldNow();
    assertTrue(theirs2.isCancelled());
  }

  @AsyncTest
  void aStageIsFollowed() {
    var stage = new CompletableFuture<Integer>();
    CompletionStage<Integer> next = stage.thenApply(value -> value + 1);
    var future = wrapFuture(next);
    stage.complete(1);
    assertEquals(2, future.await());
    assertEquals(
        2,
        wrapFuture((java.util.concurrent.Future<Integer>) next.toCompletableFuture())
            .await());
  }

  @AsyncTest
  @Covers({
    "test_futures.BaseFutureTests.wrap_future_future",
    "test_tasks.BaseTaskTests.ensure_future_future",
    "test_tasks.BaseTaskTests.ensure_future_task"
  })
  void aFutureOfThisLoopIsReturnedAsItIs() {
    var future = new Future<Integer>();
    assertSame(future, wrapFuture(future));
    var task = createTask(() -> 1);
    assertSame(task, wrapFuture(task));
    task.await();
  }

  @AsyncTest
  void aFutureOfAnotherLoopIsFollowed() {
    var handed = new CompletableFuture<Future<Integer>>();
    var run = createTask(() -> toThread(() -> Asyncio.run(() -> {
      var future = new Future<Integer>();
      handed.complete(future);
      return future.await();
    })));
    Future<Integer> theirs = Asyncio.await(handed);
    var ours = wrapFuture(theirs);
    assertSame(runningLoop(), ours.loop());
    theirs.loop().callSoonThreadsafe(() -> theirs.setResult(5));
    assertEquals(5, ours.await());
    assertEquals(5, run.await());
  }

  @AsyncTest
  void oneThatIsDoneAfterTheLoopHasClosedHurtsNobody() {
    var job = new FutureTask<>(() -> 1);
    var stage = new CompletableFuture<Integer>();
    toThread(() -> Asyncio.run(() -> {
      wrapFuture(job);
      wrapFuture(stage);
    }));
    job.run();
    stage.complete(2);
    assertEquals(1, wrapFuture(job).await());
  }

  @AsyncTest
  void theFollowersThreadIsNotTheLoops() {
    Thread[] ran = new Thread[1];
    var job = new FutureTask<>(() -> "x") {
      @Override
      public String get() throws InterruptedException, java.util.concurrent.ExecutionException {
        ran[0] = Thread.currentThread();
        order.add(String.valueOf(Asyncio.currentTask()));
        return super.get();
      }
    };
    var future = wrapFuture(job);
    toThread(job::run);
    assertEquals("x", future.await());
    assertTrue(ran[0].isVirtual() && ran[0] != Thread.currentThread());
    order.assertIs("null");
  }

  @AsyncTest
  void nullIsRefused() {
    assertThrows(
        NullPointerException.class, () -> wrapFuture((java.util.concurrent.Future<Integer>) null));
    assertThrows(NullPointerException.class, () -> wrapFuture((CompletionStage<Integer>) null));
  }

  @Test
  void outsideALoopItIsAnError() {
    assertThrows(
        IllegalStateException.class, () -> wrapFuture(CompletableFuture.completedFuture(1)));
    assertThrows(IllegalStateException.class, () -> wrapFuture(new FutureTask<>(() -> 1)));
  }
}
