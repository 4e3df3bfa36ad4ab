package asyncio;

import asyncio.internal.scheduler.Callback;
import asyncio.internal.scheduler.LoopAction;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/** Creates futures of the loop that follow a future of java.util.concurrent. */
final class WrappedFuture {
  private WrappedFuture() {}

  @SuppressWarnings("unchecked") // a stage that is a Future<T> produces a T
  static <T extends @Nullable Object> Future<T> of(
      EventLoop loop, java.util.concurrent.Future<T> source) {
    if (source instanceof Future<T> ours) {
      return ours.loop == loop ? ours : StageAwait.start(loop, ours.toCompletableFuture());
    }
    if (source instanceof CompletionStage<?> stage) {
      return StageAwait.start(loop, (CompletionStage<T>) stage);
    }
    Future<T> future = new Future<>(loop, WaitKind.STAGE);
    if (source.isDone()) {
      copyOutcome(source, future).run();
    } else {
      follow(source, future);
      future.addListener(new PassCancelOn(source));
    }
    return future;
  }

  /**
   * Follows a plain Future, which calls nobody when it is done: a virtual thread waits for it. A
   * platform thread starts that thread, because one started in a coroutine would run on the loop's
   * own carrier.
   */
  private static <T extends @Nullable Object> void follow(
      java.util.concurrent.Future<T> source, Future<T> future) {
    EventLoop loop = future.loop;
    Runnable body =
        () -> {
          Runnable outcome = copyOutcome(source, future);
          loop.scheduler.trySend(
              LoopAction.of(
                  () -> {
                    loop.scheduler.helperEnded();
                    outcome.run();
                  }));
        };
    loop.executors()
        .onPlatformThread(() -> Thread.ofVirtual().name("asyncio-wrapFuture").start(body));
    loop.scheduler.helperStarted();
  }

  /** Waits for {@code source}; the action it returns completes {@code future}, on the loop. */
  private static <T extends @Nullable Object> Runnable copyOutcome(
      java.util.concurrent.Future<T> source, Future<T> future) {
    try {
      T value = source.get();
      return () -> future.finish(value);
    } catch (ExecutionException failed) {
      Throwable cause = failed.getCause();
      return () -> future.fail(cause != null ? cause : failed);
    } catch (CancellationException cancelled) {
      return () ->
          future.endCancelled(
              new CancelledError("the java.util.concurrent.Future was cancelled", cancelled));
    } catch (Throwable failure) { // its own get() failed
      return () -> future.fail(failure);
    }
  }

  private static final class PassCancelOn extends Future.Listener {
    private final java.util.concurrent.Future<?> source;

    PassCancelOn(java.util.concurrent.Future<?> source) {
      this.source = source;
    }

    @Override
    void done(Future<?> future) {
      if (future.isCancelled()) {
        // Cancelling runs code of the source, which is foreign.
        future.loop.scheduler.add(
            new Callback() {
              @Override
              protected void call() {
                source.cancel(true);
              }
            });
      }
    }
  }
}
