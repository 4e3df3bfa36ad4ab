package asyncio;

import asyncio.internal.bridge.HelperPool;
import asyncio.internal.scheduler.LoopAction;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One body on a helper thread, and the delivery of its outcome to the loop. A call that is
 * cancelled before a thread has begun it is withdrawn: it keeps nothing alive and does not count as
 * a helper.
 */
final class HelperCall<T extends @Nullable Object> implements Runnable {
  private final EventLoop loop;
  private final Called<T> future;

  /**
   * Set by whoever runs, rejects or withdraws the call first: an executor may run it twice, or do
   * both.
   */
  private final AtomicBoolean taken = new AtomicBoolean();

  // Owned by whoever has taken it.
  private @Nullable Coroutine<T, ?> body;
  private @Nullable Context context;

  /** Its place in one of the library's pools. Loop-confined. */
  private HelperPool.@Nullable Submitted submitted;

  private HelperCall(EventLoop loop, Context context, Coroutine<T, ?> body) {
    this.loop = loop;
    this.context = context;
    this.body = body;
    this.future = new Called<>(this);
  }

  /** The future of a call; tells the call that it was cancelled. */
  static final class Called<T extends @Nullable Object> extends Future<T> {
    /** Null when the call is over, so that keeping the future does not keep the body. */
    private @Nullable HelperCall<T> call;

    private Called(HelperCall<T> call) {
      super(call.loop, WaitKind.HELPER);
      this.call = call;
    }

    @Override
    boolean cancelOnLoop(@Nullable String message) {
      HelperCall<T> cancelled = call;
      if (!super.cancelOnLoop(message)) {
        return false;
      }
      call = null;
      if (cancelled != null) {
        cancelled.withdraw();
      }
      return true;
    }
  }

  /** Loop only. */
  private void withdraw() {
    if (!taken.compareAndSet(false, true)) {
      return;
    }
    body = null;
    context = null;
    HelperPool.Submitted place = submitted;
    if (place != null) {
      place.withdraw();
    }
    loop.scheduler.helperEnded();
  }

  /** Runs the call on one of the library's pools. Loop only. */
  void submitTo(HelperPool pool) {
    submitted = pool.submit(this);
  }

  /**
   * Runs {@code body} in {@code context}. {@code where} takes the call to a thread and never
   * blocks. Loop only.
   */
  static <T extends @Nullable Object> Future<T> start(
      EventLoop loop, Consumer<HelperCall<?>> where, Context context, Coroutine<T, ?> body) {
    var call = new HelperCall<T>(loop, context, body);
    where.accept(call);
    loop.scheduler.helperStarted();
    return call.future;
  }

  /** On the helper thread. */
  @Override
  public void run() {
    if (!taken.compareAndSet(false, true)) {
      return;
    }
    T value;
    try {
      value = Objects.requireNonNull(context).run(Objects.requireNonNull(body));
    } catch (Throwable failure) {
      deliver(
          () -> {
            if (!future.fail(failure) && Failures.isFatal(failure)) {
              loop.scheduler.fatal(failure);
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
    return loop.scheduler.trySend(
        LoopAction.of(
            () -> {
              loop.scheduler.helperEnded();
              outcome.run();
              future.call = null;
            }));
  }
}
