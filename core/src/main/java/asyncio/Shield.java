package asyncio;

import asyncio.internal.loop.Fiber;
import asyncio.internal.loop.Loop;
import asyncio.internal.loop.Waiter;
import java.util.Collections;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/** Awaits a future and keeps cancels away from it. */
final class Shield extends Future.Listener {
  private final Future<?> inner;
  private final Waiter waiter;
  private boolean abandoned;

  private Shield(Future<?> inner, Waiter waiter) {
    this.inner = inner;
    this.waiter = waiter;
  }

  static <T extends @Nullable Object> T await(Future<T> inner) {
    untilDone(inner);
    return inner.await();
  }

  static <T extends @Nullable Object> T awaitBare(Future<T> inner) {
    untilDone(inner);
    return inner.awaitBare();
  }

  private static void untilDone(Future<?> inner) {
    if (inner.isDone()) {
      Loop.returnsAtOnce("shield()");
      return;
    }
    Fiber fiber = Loop.requireTask("shield()");
    inner.loop.kernel.checkOnLoop("shield()");
    var shield = new Shield(inner, new Shielded(fiber, inner));
    inner.addListener(shield);
    if (inner instanceof Task<?> task && task.fiber().isWaiting()) {
      fiber.suspect();
    }
    // Reported below if it comes to that.
    try {
      shield.waiter.awaitValue();
    } catch (Throwable ended) {
      shield.abandoned = true;
      throw ended;
    }
  }

  private static final class Shielded extends Waiter {
    private final Future<?> inner;

    Shielded(Fiber fiber, Future<?> inner) {
      super(fiber, inner.waitKind(), "shield of ");
      this.inner = inner;
    }

    @Override
    public String describe() {
      return super.describe()
          + (inner instanceof Task<?> task ? task.name() : inner.describeWork());
    }

    @Override
    public Iterator<?> targets() {
      return Collections.singleton(inner).iterator();
    }

    @Override
    public boolean endsByTargetsOnly() {
      return inner instanceof Task;
    }
  }

  @Override
  @Nullable Fiber awaitedBy() {
    return abandoned ? null : waiter.fiber();
  }

  @Override
  void done(Future<?> future) {
    if (!abandoned) {
      waiter.wake();
      return;
    }
    if (inner.isCancelled() || inner.succeeded()) {
      return;
    }
    // Once, however many shields were abandoned, and not when somebody else receives it.
    Throwable failure = inner.takeUnretrieved() ? inner.exception() : null;
    if (failure != null) {
      inner.loop.reportSoon(
          new ExceptionContext(
              inner + " failed after the task that awaited it through shield was cancelled.",
              failure,
              inner instanceof Task<?> task ? task.name() : null,
              inner.creationFrames()),
          inner instanceof Task<?> task ? task.fiber().context() : null);
    }
  }
}
