package asyncio;

import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.Waiter;
import java.util.Collections;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/**
 * Awaits a future and keeps cancels away from it. A shield that gives up is removed from the
 * future; otherwise every request that gave up on a long task would stay there with everything it
 * references. In its place it leaves one {@link LeftBehind} for all of them.
 */
final class Shield extends Future.Listener {
  private final Future<?> inner;
  private final Waiter waiter;

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
      Current.returnsAtOnce("shield()");
      return;
    }
    Fiber fiber = Current.requireTask("shield()");
    inner.loop.scheduler.checkOnLoop("shield()");
    var shield = new Shield(inner, new Shielded(fiber, inner));
    inner.addListener(shield);
    if (inner instanceof Task<?> task && task.fiber().isWaiting()) {
      fiber.suspect();
    }
    try {
      shield.waiter.awaitValue();
    } catch (Throwable ended) {
      inner.removeListener(shield);
      LeftBehind.at(inner);
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
  Fiber awaitedBy() {
    return waiter.fiber();
  }

  @Override
  void done(Future<?> future) {
    if (!waiter.wake()) {
      LeftBehind.report(inner); // cancelled, and has not run since
    }
  }

  /** Represents all shields that gave up: there may be nobody left to receive the failure. */
  private static final class LeftBehind extends Future.Listener {
    private static final LeftBehind ONE = new LeftBehind();

    static void at(Future<?> inner) {
      if (!inner.isDone() && inner.firstListener() != ONE) {
        inner.addFirstListener(ONE);
      }
    }

    @Override
    void done(Future<?> inner) {
      report(inner);
    }

    /** Reports once, however many gave up, and not if somebody else has received the failure. */
    static void report(Future<?> inner) {
      if (!inner.failed() || !inner.takeUnretrieved()) {
        return;
      }
      inner.loop.reports.tellSoon(
          () ->
              new ExceptionContext(
                  inner + " failed after the task that awaited it through shield was cancelled.",
                  inner.failure(),
                  inner instanceof Task<?> task ? task.name() : null,
                  inner.creationFrames()),
          inner instanceof Task<?> task ? Context.of(task.fiber().context()) : null);
    }
  }
}
