package asyncio.internal.task;

import asyncio.internal.scheduler.Fiber;
import org.jspecify.annotations.Nullable;

/**
 * Notified on the loop when a future is done. It runs in the middle of another coroutine's step, so
 * it must not run user code.
 */
public abstract class Listener {
  /** For subclasses. */
  protected Listener() {}

  /** Called when {@code future} is done. */
  protected abstract void done(AbstractFuture<?> future);

  /** The coroutine that waits for the future through this listener; null if there is none. */
  protected @Nullable Fiber awaitedBy() {
    return null;
  }

  /**
   * The coroutine that still waits through this listener after it was notified, and whose wait may
   * be part of a cycle now; null if there is none.
   */
  protected @Nullable Fiber stillWaiting() {
    return awaitedBy();
  }

  /** Whether nobody is left to notify, so that the registration may be dropped. */
  protected boolean isAbandoned() {
    return false;
  }
}
