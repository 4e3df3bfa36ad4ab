package asyncio;

import asyncio.internal.loop.Callback;
import asyncio.internal.loop.Causes;
import asyncio.internal.loop.LoopAction;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** A future of the loop that follows a CompletionStage. */
final class StageAwait {
  private StageAwait() {}

  static <T extends @Nullable Object> Future<T> start(EventLoop loop, CompletionStage<T> stage) {
    Future<T> future = new Future<>(loop, WaitKind.STAGE);
    stage.whenComplete(
        (value, failure) -> {
          // On whatever thread completes the stage, and so what it tells of its cause, too.
          Throwable root = failure == null ? null : root(failure);
          loop.kernel.trySend(
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
              // Cancelling runs the stage's dependents, which are somebody's code.
              loop.kernel.add(
                  new Callback() {
                    @Override
                    protected void call() {
                      try {
                        // With false the JDK's HttpClient would go on with the request.
                        completable.cancel(true);
                      } catch (UnsupportedOperationException readOnly) {
                        // A minimal stage: it is nobody's to cancel.
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
