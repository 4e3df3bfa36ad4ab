package asyncio.internal.scheduler;

import asyncio.internal.util.CreationSite;
import org.jspecify.annotations.Nullable;

/**
 * A user callback waiting in the ready queue. It is called on a coroutine of its own kind, the
 * callback runner.
 */
public abstract class Callback extends Step {
  /** Calls the user's code. What it throws is reported to the loop's host. */
  protected abstract void call() throws Throwable;

  /** The context to call it in; null for an empty one. */
  protected @Nullable FiberContext runsIn() {
    return null;
  }

  /** Where it was scheduled, in debug mode; null else. For reports. Any thread. */
  public @Nullable CreationSite origin() {
    return null;
  }

  @Override
  public final void run(Scheduler scheduler) {
    scheduler.callbacks.run(this);
  }
}
