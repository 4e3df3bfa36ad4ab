package asyncio;

import asyncio.internal.loop.Callback;
import org.jspecify.annotations.Nullable;

/** A user callback in the ready queue. */
final class CallbackHandle extends Callback implements Handle {
  /** Null once called or called off, so that nothing is held longer than needed. Any thread. */
  private volatile @Nullable Runnable callback;

  private volatile boolean cancelled;

  CallbackHandle(Runnable callback) {
    this.callback = callback;
  }

  @Override
  protected void call() {
    Runnable code = callback;
    callback = null;
    if (code != null) {
      code.run();
    }
  }

  @Override
  public void cancel() {
    if (callback != null) {
      cancelled = true;
      callback = null;
    }
  }

  @Override
  public boolean isCancelled() {
    return cancelled;
  }
}
