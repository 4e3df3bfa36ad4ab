package asyncio;

import asyncio.internal.loop.Callback;
import asyncio.internal.loop.Loop;
import asyncio.internal.loop.LoopAction;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A {@link Future} as java.util.concurrent knows futures: read and waited for from any thread, its
 * outcome told by ExecutionException and CancellationException.
 */
final class JavaFuture {
  private JavaFuture() {}

  static <T extends @Nullable Object> T get(Future<T> future)
      throws InterruptedException, ExecutionException {
    if (!future.isDone()) {
      if (Loop.current() == future.loop.kernel) {
        future.awaitDone();
      } else {
        ForeignGet.of(future).await();
      }
    }
    return outcome(future);
  }

  static <T extends @Nullable Object> T get(Future<T> future, long timeout, TimeUnit unit)
      throws InterruptedException, ExecutionException, java.util.concurrent.TimeoutException {
    if (!future.isDone()) {
      if (Loop.current() == future.loop.kernel) {
        throw new IllegalStateException(
            "get() with a time limit was called in a coroutine of the future's own loop: use"
                + " timeout(duration, future::await).");
      }
      if (!ForeignGet.of(future).await(timeout, unit)) {
        throw new java.util.concurrent.TimeoutException(
            future + " was not done in time; it goes on");
      }
    }
    return outcome(future);
  }

  private static <T extends @Nullable Object> T outcome(Future<T> future)
      throws ExecutionException {
    if (!future.isDone()) {
      throw closedBefore(future);
    }
    if (future.isCancelled()) {
      throw future.cancellation();
    }
    if (!future.succeeded()) {
      future.markRetrieved();
      throw new ExecutionException(future.failure());
    }
    return future.result();
  }

  static <T extends @Nullable Object> CompletableFuture<T> toCompletable(Future<T> future) {
    var copy = new CompletableFuture<T>();
    future.markRetrieved();
    var listener =
        new Future.Listener() {
          @Override
          void done(Future<?> done) {
            // Completing runs the dependents, which are the user's.
            future.loop.kernel.add(
                new Callback() {
                  @Override
                  protected void call() {
                    copyOutcome(future, copy);
                  }
                });
          }
        };
    if (!listen(future, listener)) {
      copyOutcome(future, copy);
    }
    copy.whenComplete(
        (value, failure) -> {
          if (copy.isCancelled()) {
            future.cancel();
          }
        });
    return copy;
  }

  private static <T extends @Nullable Object> void copyOutcome(
      Future<T> future, CompletableFuture<T> copy) {
    if (!future.isDone()) {
      copy.completeExceptionally(closedBefore(future));
    } else if (future.isCancelled()) {
      copy.cancel(false);
    } else if (future.succeeded()) {
      copy.complete(future.result());
    } else {
      copy.completeExceptionally(future.failure());
    }
  }

  /**
   * Registers a listener from any thread; it is told on the loop. Returns false when the loop is
   * closed.
   */
  static boolean listen(Future<?> future, Future.Listener listener) {
    return future.loop.kernel.trySend(
        LoopAction.of(
            () -> {
              if (future.isDone()) {
                listener.done(future);
              } else {
                future.addListener(listener);
              }
            }));
  }

  private static IllegalStateException closedBefore(Future<?> future) {
    return new IllegalStateException(
        "The event loop '" + future.loop.name() + "' closed before " + future + " was done.");
  }
}
