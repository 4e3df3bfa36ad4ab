package asyncio.threads;

import static asyncio.Asyncio.await;
import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Cancelling.assertCancelled;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.CancelledError;
import asyncio.support.Failure;
import asyncio.testing.AsyncTest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

class StageAwaitTest {
  @AsyncTest
  void aStageThatIsDoneGivesItsResult() {
    assertEquals(1, await(CompletableFuture.completedFuture(1)));
    assertNull(await(CompletableFuture.<String>completedFuture(null)));
  }

  @AsyncTest
  void aStageIsAwaitedWhileOthersRun() {
    var stage = new CompletableFuture<String>();
    createTask(() -> stage.complete("from a task"));
    assertEquals("from a task", await(stage));
  }

  @AsyncTest
  void aStageIsCompletedByAnyThread() {
    assertEquals("other", await(CompletableFuture.supplyAsync(() -> "other")));
    assertEquals(
        4,
        await(
            CompletableFuture.supplyAsync(() -> 2).thenApply(x -> 2 * x).minimalCompletionStage()));
  }

  @AsyncTest
  void failuresComeOutUnwrapped() {
    var failure = new Failure("x");
    assertSame(
        failure, assertThrows(Failure.class, () -> await(CompletableFuture.failedFuture(failure))));
    CompletionStage<Integer> later = CompletableFuture.supplyAsync(() -> {
      throw failure;
    });
    assertSame(failure, assertThrows(Failure.class, () -> await(later.thenApply(x -> x))));
  }

  @AsyncTest
  void aCheckedFailureIsWrappedOnce() {
    var failure = new IOException("x");
    var thrown = assertThrows(
        CompletionException.class, () -> await(CompletableFuture.failedFuture(failure)));
    assertSame(failure, thrown.getCause());
  }

  @AsyncTest
  void aCancelOfTheTaskCancelsTheStage() {
    var stage = new CompletableFuture<Integer>();
    var task = createTask(() -> await(stage));
    yieldNow();
    task.cancel("why");
    assertCancelled("why", task);
    yieldNow();
    assertTrue(stage.isCancelled());
  }

  /** The JDK's HttpClient stops a request for nothing less. */
  @AsyncTest
  void aCancelOfTheTaskAsksTheStageToInterruptItsWork() {
    List<Boolean> asked = new ArrayList<>();
    var stage = new CompletableFuture<Integer>() {
      @Override
      public boolean cancel(boolean mayInterruptIfRunning) {
        asked.add(mayInterruptIfRunning);
        return super.cancel(mayInterruptIfRunning);
      }
    };
    var task = createTask(() -> await(stage));
    yieldNow();
    task.cancel();
    assertThrows(CancelledError.class, task::await);
    yieldNow();
    assertEquals(List.of(true), asked);
  }

  @AsyncTest
  void aCancelledStageIsSeenAsCancelled() {
    var stage = new CompletableFuture<Integer>();
    var task = createTask(() -> await(stage));
    yieldNow();
    stage.cancel(true);
    var error = assertThrows(CancelledError.class, task::await);
    assertTrue(task.isCancelled());
    assertEquals(0, task.cancelling());
    Throwable cause = error;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    assertInstanceOf(CancellationException.class, cause);
  }

  @AsyncTest
  void dependentsOfACancelledStageDoNotRunInTheCancellersStep() {
    var stage = new CompletableFuture<Integer>();
    Thread[] ranOn = new Thread[1];
    stage.whenComplete((value, failure) -> ranOn[0] = Thread.currentThread());
    var task = createTask(() -> await(stage));
    yieldNow();
    task.cancel();
    assertNull(ranOn[0]);
    yieldNow();
    yieldNow();
    assertTrue(ranOn[0] != null && ranOn[0] != Thread.currentThread());
  }

  @AsyncTest
  void aStageThatIsNoCompletableFutureIsLeftAlone() {
    var stage = new CompletableFuture<Integer>();
    var task = createTask(() -> await(stage.minimalCompletionStage()));
    yieldNow();
    task.cancel();
    assertThrows(CancelledError.class, task::await);
    yieldNow();
    assertFalse(stage.isDone());
  }

  @Test
  void outsideALoopItIsAnError() {
    assertThrows(IllegalStateException.class, () -> await(CompletableFuture.completedFuture(1)));
  }
}
