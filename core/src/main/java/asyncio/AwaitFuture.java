package asyncio;

import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.Wait;
import java.util.Collections;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/**
 * The wait of a coroutine for a future: the listener at the future and the coroutine's wait in one.
 */
final class AwaitFuture extends Future.Listener implements Wait {
  private final Fiber fiber;
  private final Future<?> future;

  AwaitFuture(Fiber fiber, Future<?> future) {
    this.fiber = fiber;
    this.future = future;
  }

  @Override
  void done(Future<?> done) {
    fiber.wake(this);
  }

  @Override
  public boolean isOver() {
    return future.isDone();
  }

  @Override
  public @Nullable Fiber passesOnTo() {
    return future instanceof Task<?> task && !task.isDone() ? task.fiber() : null;
  }

  @Override
  public boolean cancel(@Nullable String message) {
    return future.cancelOnLoop(message);
  }

  @Override
  public String describe() {
    return future instanceof Task<?> task ? task.name() : future.describeWork();
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
    return future instanceof Task;
  }

  @Override
  Fiber awaitedBy() {
    return fiber;
  }
}
