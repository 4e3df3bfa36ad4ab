package asyncio.internal.task;

import asyncio.WaitKind;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.Wait;
import java.util.Collections;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/**
 * The wait of a coroutine for a future: the listener at the future and the coroutine's wait in one.
 */
final class AwaitFuture extends Listener implements Wait {
  private final Fiber fiber;
  private final AbstractFuture<?> future;

  AwaitFuture(Fiber fiber, AbstractFuture<?> future) {
    this.fiber = fiber;
    this.future = future;
  }

  @Override
  protected void done(AbstractFuture<?> done) {
    fiber.wake(this);
  }

  @Override
  public boolean isOver() {
    return future.isDone();
  }

  @Override
  public @Nullable Fiber passesOnTo() {
    return future.isDone() ? null : future.fiber();
  }

  @Override
  public boolean cancel(@Nullable String message) {
    return future.cancelOnLoop(message);
  }

  @Override
  public String describe() {
    return future.describeWork();
  }

  @Override
  public WaitKind kind() {
    return future.waitKind();
  }

  @Override
  public Iterator<?> targets() {
    return Collections.singleton(future).iterator();
  }

  @Override
  public boolean endsByTargetsOnly() {
    return future.fiber() != null;
  }

  @Override
  public boolean mayCloseCycle() {
    Fiber awaited = future.fiber();
    return awaited != null && awaited.isWaiting();
  }

  @Override
  protected Fiber awaitedBy() {
    return fiber;
  }
}
