package asyncio.internal.bridge;

import asyncio.CancelledError;
import asyncio.internal.scheduler.Callback;
import asyncio.internal.scheduler.LoopAction;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.task.AbstractFuture;
import asyncio.internal.task.Futures;
import asyncio.internal.task.Listener;
import asyncio.internal.task.TaskHost;
import asyncio.internal.util.Causes;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Lets futures of a loop follow a CompletionStage. */
public final class StageAwait {
  private StageAwait() {}

  /** Completes {@code future} when the stage completes; cancelling it cancels the stage. */
  public static <T extends @Nullable Object> void follow(
      AbstractFuture<T> future, CompletionStage<T> stage) {
    Scheduler scheduler = Futures.scheduler(future);
    stage.whenComplete((value, failure) -> {
      // On whatever thread completes the stage; the failure's getCause is called there too.
      Throwable root = failure == null ? null : root(failure);
      scheduler.trySend(LoopAction.of(() -> {
        if (root == null) {
          if (!Futures.finish(future, value)) {
            TaskHost.of(scheduler).discard(value);
          }
        } else if (root instanceof CancellationException cancelled) {
          Futures.endCancelled(
              future, new CancelledError("the CompletionStage was cancelled", cancelled));
        } else {
          Futures.fail(future, root);
        }
      }));
    });
    Futures.listen(future, new Listener() {
      @Override
      protected void done(AbstractFuture<?> done) {
        if (Futures.isCancelled(done) && stage instanceof CompletableFuture<?> completable) {
          // Cancelling runs the stage's dependents, which are foreign code.
          scheduler.add(new Callback() {
            @Override
            protected void call() {
              try {
                // With false the JDK's HttpClient would go on with the request.
                completable.cancel(true);
              } catch (UnsupportedOperationException readOnly) {
                // A minimal stage can't be cancelled.
              }
            }
          });
        }
      }
    });
  }

  private static Throwable root(Throwable failure) {
    Throwable cause = failure instanceof CompletionException ? Causes.causeOf(failure) : null;
    return cause != null ? cause : failure;
  }
}
