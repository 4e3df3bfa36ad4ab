package asyncio;

import asyncio.internal.scheduler.Callback;
import asyncio.internal.scheduler.Current;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A {@link Future} as java.util.concurrent expects it: read and waited for from any thread, with
 * its outcome reported by ExecutionException and CancellationException.
 */
final class JavaFuture {
  private JavaFuture() {}

  static <T extends @Nullable Object> T get(Future<T> future)
      throws InterruptedException, ExecutionException {
    Current.returnsAtOnce("get()");
    if (!future.isDone()) {
      if (Current.scheduler() == future.loop.scheduler) {
        future.awaitDone("get()");
      } else {
        BlockingGet.of(future).await();
      }
    }
    return outcome(future);
  }

  static <T extends @Nullable Object> T get(Future<T> future, long timeout, TimeUnit unit)
      throws InterruptedException, ExecutionException, java.util.concurrent.TimeoutException {
    Current.returnsAtOnce("get()");
    if (!future.isDone()) {
      if (Current.scheduler() == future.loop.scheduler) {
        throw new IllegalStateException(
            "get() with a time limit was called in a coroutine of the future's own loop: use"
                + " timeout(duration, future::await).");
      }
      if (!BlockingGet.of(future).await(timeout, unit)) {
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
    future.markRetrieved();
    var copy = new Copy<>(future);
    if (!copy.listenTo(future)) {
      copy.complete();
    }
    copy.made.whenComplete(
        (value, failure) -> {
          if (copy.made.isCancelled()) {
            future.cancel();
          }
        });
    return copy.made;
  }

  /** Completes a CompletableFuture, which runs its dependents: user code. */
  private static final class Copy<T extends @Nullable Object> extends ForeignListener {
    final CompletableFuture<T> made = new CompletableFuture<>();
    private final Future<T> future;

    Copy(Future<T> future) {
      this.future = future;
    }

    @Override
    void done(Future<?> done) {
      future.loop.scheduler.add(
          new Callback() {
            @Override
            protected void call() {
              complete();
            }
          });
    }

    @Override
    void release() {
      Thread.ofVirtual().name("asyncio-after-close").start(this::complete);
    }

    private void complete() {
      future.loop.foreignListeners.remove(this);
      if (!future.isDone()) {
        made.completeExceptionally(closedBefore(future));
      } else if (future.isCancelled()) {
        made.cancel(false);
      } else if (future.succeeded()) {
        made.complete(future.result());
      } else {
        made.completeExceptionally(future.failure());
      }
    }
  }

  private static IllegalStateException closedBefore(Future<?> future) {
    return new IllegalStateException(
        "The event loop '" + future.loop.name() + "' closed before " + future + " was done.");
  }
}
