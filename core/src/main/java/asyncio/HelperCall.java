package asyncio;

import asyncio.internal.loop.LoopAction;
import org.jspecify.annotations.Nullable;

/** One body on a helper thread, and the delivery of its outcome to the loop. */
final class HelperCall<T extends @Nullable Object> implements Runnable {
  private final EventLoop loop;
  private final Coroutine<T, ?> body;
  private final Future<T> future;

  private HelperCall(EventLoop loop, Coroutine<T, ?> body) {
    this.loop = loop;
    this.body = body;
    this.future = new Future<>(loop);
  }

  static <T extends @Nullable Object> Future<T> start(EventLoop loop, Coroutine<T, ?> body) {
    var call = new HelperCall<T>(loop, body);
    loop.helpers().submit(call);
    loop.kernel.helperStarted();
    return call.future;
  }

  /** On the helper thread. */
  @Override
  public void run() {
    if (future.isDone()) { // cancelled before it began
      deliver(() -> {});
      return;
    }
    T value;
    try {
      value = body.run();
    } catch (Throwable failure) {
      deliver(
          () -> {
            if (!future.fail(failure) && Failures.isFatal(failure)) {
              loop.kernel.fatal(failure);
            }
          });
      return;
    }
    boolean delivered =
        deliver(
            () -> {
              if (!future.finish(value)) {
                loop.discard(value);
              }
            });
    if (!delivered && value instanceof AutoCloseable closeable) {
      loop.closeLate(closeable);
    }
  }

  private boolean deliver(Runnable outcome) {
    return loop.kernel.trySend(
        LoopAction.of(
            () -> {
              loop.kernel.helperEnded();
              outcome.run();
            }));
  }
}
