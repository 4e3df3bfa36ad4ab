package asyncio;

import asyncio.internal.loop.LoopAction;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One body on a helper thread, and the delivery of its outcome to the loop. */
final class HelperCall<T extends @Nullable Object> implements Runnable {
  private final EventLoop loop;
  private final Coroutine<T, ?> body;
  private final Future<T> future;

  private final Context context;

  /** Taken by who runs it or rejects it, first: an executor may do both, or run it twice. */
  private final AtomicBoolean taken = new AtomicBoolean();

  private HelperCall(EventLoop loop, Context context, Coroutine<T, ?> body) {
    this.loop = loop;
    this.context = context;
    this.body = body;
    this.future = Future.completedBy(WaitKind.HELPER, loop);
  }

  /**
   * Has {@code body} run in {@code context} by {@code where}, which takes the call to a thread and
   * never blocks. Loop only.
   */
  static <T extends @Nullable Object> Future<T> start(
      EventLoop loop, Consumer<HelperCall<?>> where, Context context, Coroutine<T, ?> body) {
    var call = new HelperCall<T>(loop, context, body);
    where.accept(call);
    loop.kernel.helperStarted();
    return call.future;
  }

  /** On the helper thread. */
  @Override
  public void run() {
    if (!taken.compareAndSet(false, true)) {
      return;
    }
    if (future.isDone()) { // cancelled before it began
      deliver(() -> {});
      return;
    }
    T value;
    try {
      value = context.run(body);
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

  /** No thread will run it. Any thread. */
  void rejected(Throwable why) {
    if (taken.compareAndSet(false, true)) {
      deliver(() -> future.fail(why));
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
