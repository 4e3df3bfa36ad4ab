package asyncio.internal.scheduler;

import asyncio.internal.util.CreationSite;
import org.jspecify.annotations.Nullable;

/**
 * A user callback waiting in the ready queue. It is called on a special coroutine, the callback
 * runner.
 */
public abstract class Callback extends Step {
  /** Calls the user's code. What it throws is reported to the loop's host. */
  protected abstract void call() throws Throwable;

  /** Returns the context to call it in; null for an empty one. */
  protected @Nullable FiberContext runsIn() {
    return null;
  }

  /** Returns where it was scheduled, in debug mode; null otherwise. For reports. Any thread. */
  public @Nullable CreationSite origin() {
    return null;
  }

  @Override
  public final void run(Scheduler scheduler) {
    scheduler.callbacks.run(this);
  }
}
