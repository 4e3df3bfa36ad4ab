package asyncio.internal.bridge;

import asyncio.Coroutine;
import asyncio.internal.scheduler.LoopAction;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.task.AbstractFuture;
import asyncio.internal.task.Futures;
import asyncio.internal.task.Listener;
import asyncio.internal.task.TaskHost;
import asyncio.internal.util.Causes;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One body on a helper thread, and the delivery of its outcome to the loop. A call that is
 * cancelled before a thread has begun it is withdrawn: it keeps nothing alive and does not count as
 * a helper.
 */
public final class HelperCall<T extends @Nullable Object> extends Listener implements Runnable {
  private final Scheduler scheduler;
  private final AbstractFuture<T> future;

  /**
   * Set by whoever runs, rejects or withdraws the call first: an executor may run it twice, or do
   * both.
   */
  private final AtomicBoolean taken = new AtomicBoolean();

  /** Owned by whoever has taken it. */
  private @Nullable Coroutine<T, ?> body;

  /** Its place in one of the library's pools. Loop-confined. */
  private HelperPool.@Nullable Submitted submitted;

  private HelperCall(Scheduler scheduler, AbstractFuture<T> future, Coroutine<T, ?> body) {
    this.scheduler = scheduler;
    this.future = future;
    this.body = body;
  }

  /**
   * Runs {@code body} and completes {@code future}. {@code where} takes the call to a thread and
   * never blocks. Loop only.
   */
  public static <T extends @Nullable Object> void start(
      Scheduler scheduler,
      AbstractFuture<T> future,
      Consumer<HelperCall<?>> where,
      Coroutine<T, ?> body) {
    var call = new HelperCall<>(scheduler, future, body);
    where.accept(call);
    scheduler.helperStarted();
    Futures.listen(future, call);
  }

  @Override
  protected void done(AbstractFuture<?> ended) {
    if (Futures.isCancelled(ended)) {
      withdraw();
    }
  }

  /** Keeps the call from running, unless a thread has begun it. Loop only. */
  private void withdraw() {
    if (!taken.compareAndSet(false, true)) {
      return;
    }
    body = null;
    HelperPool.Submitted place = submitted;
    if (place != null) {
      place.withdraw();
    }
    scheduler.helperEnded();
  }

  /** Runs the call on one of the library's pools. Loop only. */
  public void submitTo(HelperPool pool) {
    submitted = pool.submit(this);
  }

  /** On the helper thread. */
  @Override
  public void run() {
    if (!taken.compareAndSet(false, true)) {
      return;
    }
    T value;
    try {
      value = Objects.requireNonNull(body).run();
    } catch (Throwable failure) {
      deliver(() -> {
        if (!Futures.fail(future, failure) && Causes.isFatal(failure)) {
          scheduler.fatal(failure);
        }
      });
      return;
    }
    boolean delivered = deliver(() -> {
      if (!Futures.finish(future, value)) {
        TaskHost.of(scheduler).discard(value);
      }
    });
    if (!delivered) {
      TaskHost.of(scheduler).discardLate(value);
    }
  }

  /** No thread will run it. Any thread. */
  void rejected(Throwable why) {
    if (taken.compareAndSet(false, true)) {
      deliver(() -> Futures.fail(future, why));
    }
  }

  private boolean deliver(Runnable outcome) {
    return scheduler.trySend(LoopAction.of(() -> {
      scheduler.helperEnded();
      outcome.run();
    }));
  }
}
