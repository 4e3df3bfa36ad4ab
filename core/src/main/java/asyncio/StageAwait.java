package asyncio;

import asyncio.internal.scheduler.Callback;
import asyncio.internal.scheduler.LoopAction;
import asyncio.internal.util.Causes;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Creates futures of the loop that follow a CompletionStage. */
final class StageAwait {
  private StageAwait() {}

  static <T extends @Nullable Object> Future<T> start(EventLoop loop, CompletionStage<T> stage) {
    Future<T> future = new Future<>(loop, WaitKind.STAGE);
    stage.whenComplete(
        (value, failure) -> {
          // On whatever thread completes the stage; the failure's getCause is called there too.
          Throwable root = failure == null ? null : root(failure);
          loop.scheduler.trySend(
              LoopAction.of(
                  () -> {
                    if (root == null) {
                      if (!future.finish(value)) {
                        loop.discard(value);
                      }
                    } else if (root instanceof CancellationException cancelled) {
                      future.endCancelled(
                          new CancelledError("the CompletionStage was cancelled", cancelled));
                    } else {
                      future.fail(root);
                    }
                  }));
        });
    future.addListener(
        new Future.Listener() {
          @Override
          void done(Future<?> done) {
            if (done.isCancelled() && stage instanceof CompletableFuture<?> completable) {
              // Cancelling runs the stage's dependents, which are foreign code.
              loop.scheduler.add(
                  new Callback() {
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
    return future;
  }

  private static Throwable root(Throwable failure) {
    Throwable cause = failure instanceof CompletionException ? Causes.causeOf(failure) : null;
    return cause != null ? cause : failure;
  }
}
