package asyncio.internal.task;

import asyncio.ExceptionContext;
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
public final class Shield extends Listener {
  private final AbstractFuture<?> inner;
  private final Waiter waiter;

  private Shield(AbstractFuture<?> inner, Waiter waiter) {
    this.inner = inner;
    this.waiter = waiter;
  }

  /** Waits for the result; a checked exception is wrapped. */
  public static <T extends @Nullable Object> T await(AbstractFuture<T> inner) {
    untilDone(inner);
    return inner.await();
  }

  /** Waits for the result; a failure is thrown unchanged. */
  public static <T extends @Nullable Object> T awaitBare(AbstractFuture<T> inner) {
    untilDone(inner);
    return inner.awaitBare();
  }

  private static void untilDone(AbstractFuture<?> inner) {
    if (inner.isDone()) {
      Current.returnsAtOnce("shield()");
      return;
    }
    Fiber fiber = Current.requireTask("shield()");
    inner.scheduler.checkOnLoop("shield()");
    var shield = new Shield(inner, new Shielded(fiber, inner));
    inner.addListener(shield);
    try {
      shield.waiter.awaitValue();
    } catch (Throwable ended) {
      inner.removeListener(shield);
      LeftBehind.at(inner);
      throw ended;
    }
  }

  private static final class Shielded extends Waiter {
    private final AbstractFuture<?> inner;

    Shielded(Fiber fiber, AbstractFuture<?> inner) {
      super(fiber, inner.waitKind(), "shield of ");
      this.inner = inner;
    }

    @Override
    public String describe() {
      return super.describe() + inner.describeWork();
    }

    @Override
    public Iterator<?> targets() {
      return Collections.singleton(inner).iterator();
    }

    @Override
    public boolean endsByTargetsOnly() {
      return inner.fiber() != null;
    }

    @Override
    public boolean mayCloseCycle() {
      Fiber shielded = inner.fiber();
      return shielded != null && shielded.isWaiting();
    }
  }

  @Override
  protected Fiber awaitedBy() {
    return waiter.fiber();
  }

  @Override
  protected void done(AbstractFuture<?> future) {
    if (!waiter.wake()) {
      LeftBehind.report(inner); // cancelled, and has not run since
    }
  }

  /** Represents all shields that gave up: there may be nobody left to receive the failure. */
  private static final class LeftBehind extends Listener {
    private static final LeftBehind ONE = new LeftBehind();

    static void at(AbstractFuture<?> inner) {
      if (!inner.isDone() && inner.firstListener() != ONE) {
        inner.addFirstListener(ONE);
      }
    }

    @Override
    protected void done(AbstractFuture<?> inner) {
      report(inner);
    }

    /** Reports once, however many gave up, and not if somebody else has received the failure. */
    static void report(AbstractFuture<?> inner) {
      if (!inner.failed() || !inner.takeUnretrieved()) {
        return;
      }
      TaskFiber task = inner.fiber();
      TaskHost.of(inner.scheduler)
          .reports()
          .tellSoon(
              () -> new ExceptionContext(
                  inner
                      + " failed after the task that awaited it through shield() was"
                      + " cancelled.",
                  inner.failure(),
                  task == null ? null : task.label(),
                  inner.creationFrames()),
              task == null ? null : task.context());
    }
  }
}
