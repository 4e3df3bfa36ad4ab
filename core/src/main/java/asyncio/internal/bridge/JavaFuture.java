package asyncio.internal.bridge;

import asyncio.internal.scheduler.Callback;
import asyncio.internal.scheduler.Current;
import asyncio.internal.task.AbstractFuture;
import asyncio.internal.task.ForeignListener;
import asyncio.internal.task.Futures;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A future as java.util.concurrent expects it: read and waited for from any thread, with its
 * outcome reported by ExecutionException and CancellationException.
 */
public final class JavaFuture {
  private JavaFuture() {}

  /** Waits for the result. */
  public static <T extends @Nullable Object> T get(AbstractFuture<T> future)
      throws InterruptedException, ExecutionException {
    Current.returnsAtOnce("get()");
    if (!Futures.isDone(future)) {
      if (Current.scheduler() == Futures.scheduler(future)) {
        Futures.awaitDone(future, "get()");
      } else {
        BlockingGet.of(future).await();
      }
    }
    return outcome(future);
  }

  /** Waits for the result, but no longer than given. */
  public static <T extends @Nullable Object> T get(
      AbstractFuture<T> future, long timeout, TimeUnit unit)
      throws InterruptedException, ExecutionException, java.util.concurrent.TimeoutException {
    Current.returnsAtOnce("get()");
    if (!Futures.isDone(future)) {
      if (Current.scheduler() == Futures.scheduler(future)) {
        throw new IllegalStateException(
            "get() with a time limit was called in a coroutine of the future's own loop: use"
                + " timeout(duration, future::await).");
      }
      if (!BlockingGet.of(future).await(timeout, unit)) {
        throw new java.util.concurrent.TimeoutException(
            future + " was not done in time; it has not been cancelled");
      }
    }
    return outcome(future);
  }

  private static <T extends @Nullable Object> T outcome(AbstractFuture<T> future)
      throws ExecutionException {
    if (!Futures.isDone(future)) {
      throw closedBefore(future);
    }
    if (Futures.isCancelled(future)) {
      throw Futures.cancellation(future);
    }
    if (!Futures.succeeded(future)) {
      Futures.markRetrieved(future);
      throw new ExecutionException(Futures.failure(future));
    }
    return Futures.result(future);
  }

  /** Returns a CompletableFuture with the same outcome; a cancel goes both ways. */
  public static <T extends @Nullable Object> CompletableFuture<T> toCompletable(
      AbstractFuture<T> future) {
    Futures.markRetrieved(future);
    var copy = new Copy<>(future);
    if (!copy.listenTo(future)) {
      copy.complete();
    }
    copy.made.whenComplete((value, failure) -> {
      if (copy.made.isCancelled()) {
        Futures.cancelFromAnyThread(future, null);
      }
    });
    return copy.made;
  }

  /** Completes a CompletableFuture, which runs its dependents: user code. */
  private static final class Copy<T extends @Nullable Object> extends ForeignListener {
    final CompletableFuture<T> made = new CompletableFuture<>();
    private final AbstractFuture<T> future;

    Copy(AbstractFuture<T> future) {
      this.future = future;
    }

    @Override
    protected void done(AbstractFuture<?> done) {
      Futures.scheduler(future).add(new Callback() {
        @Override
        protected void call() {
          complete();
        }
      });
    }

    @Override
    public void release() {
      Thread.ofVirtual().name("asyncio-after-close").start(this::complete);
    }

    private void complete() {
      ignore(future);
      if (!Futures.isDone(future)) {
        made.completeExceptionally(closedBefore(future));
      } else if (Futures.isCancelled(future)) {
        made.cancel(false);
      } else if (Futures.succeeded(future)) {
        made.complete(Futures.result(future));
      } else {
        made.completeExceptionally(Futures.failure(future));
      }
    }
  }

  private static IllegalStateException closedBefore(AbstractFuture<?> future) {
    return new IllegalStateException("The event loop '"
        + Futures.scheduler(future).name()
        + "' closed before "
        + future
        + " was done.");
  }
}
