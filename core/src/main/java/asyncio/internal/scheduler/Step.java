package asyncio.internal.scheduler;

import org.jspecify.annotations.Nullable;

/**
 * One entry of the ready queue: a coroutine to continue, a callback to call, or a piece of the
 * loop's own work.
 *
 * <p>A step is in at most one queue at a time.
 */
public abstract class Step {
  /** Link of the inbox, which owns it while the step is in there. */
  @Nullable
  Step next;

  /** Takes it out of a chain; returns the next one. */
  public final @Nullable Step unlink() {
    Step following = next;
    next = null;
    return following;
  }

  /** Runs this step. Called with the baton, on the loop's own thread: no user code may run here. */
  public abstract void run(Scheduler scheduler);
}
