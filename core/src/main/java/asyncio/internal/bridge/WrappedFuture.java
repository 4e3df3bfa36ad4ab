package asyncio.internal.bridge;

import asyncio.CancelledError;
import asyncio.internal.scheduler.Callback;
import asyncio.internal.scheduler.LoopAction;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.task.AbstractFuture;
import asyncio.internal.task.Futures;
import asyncio.internal.task.Listener;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/** Lets futures of a loop follow a plain future of java.util.concurrent. */
public final class WrappedFuture {
  private WrappedFuture() {}

  /** Completes {@code future} when {@code source} is done; cancelling it cancels the source. */
  public static <T extends @Nullable Object> void follow(
      AbstractFuture<T> future, java.util.concurrent.Future<T> source, LoopExecutors executors) {
    if (source.isDone()) {
      copyOutcome(source, future).run();
    } else {
      awaitElsewhere(source, future, executors);
      Futures.listen(future, new PassCancelOn(source));
    }
  }

  /**
   * Follows a plain Future, which calls nobody when it is done: a virtual thread waits for it. A
   * platform thread starts that thread, because one started in a coroutine would run on the loop's
   * own carrier.
   */
  private static <T extends @Nullable Object> void awaitElsewhere(
      java.util.concurrent.Future<T> source, AbstractFuture<T> future, LoopExecutors executors) {
    Scheduler scheduler = Futures.scheduler(future);
    Runnable body = () -> {
      Runnable outcome = copyOutcome(source, future);
      scheduler.trySend(LoopAction.of(() -> {
        scheduler.helperEnded();
        outcome.run();
      }));
    };
    executors.onPlatformThread(
        () -> Thread.ofVirtual().name("asyncio-wrapFuture").start(body));
    scheduler.helperStarted();
  }

  /** Waits for {@code source}; the action it returns completes {@code future}, on the loop. */
  private static <T extends @Nullable Object> Runnable copyOutcome(
      java.util.concurrent.Future<T> source, AbstractFuture<T> future) {
    try {
      T value = source.get();
      return () -> Futures.finish(future, value);
    } catch (ExecutionException failed) {
      Throwable cause = failed.getCause();
      return () -> Futures.fail(future, cause != null ? cause : failed);
    } catch (CancellationException cancelled) {
      return () -> Futures.endCancelled(
          future, new CancelledError("the java.util.concurrent.Future was cancelled", cancelled));
    } catch (Throwable failure) { // its own get() failed
      return () -> Futures.fail(future, failure);
    }
  }

  private static final class PassCancelOn extends Listener {
    private final java.util.concurrent.Future<?> source;

    PassCancelOn(java.util.concurrent.Future<?> source) {
      this.source = source;
    }

    @Override
    protected void done(AbstractFuture<?> future) {
      if (Futures.isCancelled(future)) {
        // Cancelling runs code of the source, which is foreign.
        Futures.scheduler(future).add(new Callback() {
          @Override
          protected void call() {
            source.cancel(true);
          }
        });
      }
    }
  }
}
