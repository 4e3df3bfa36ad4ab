package asyncio.internal.scheduler;

import org.jspecify.annotations.Nullable;

/**
 * Something to do when the step that runs ends, before the next one: what one step writes goes out
 * together. Runs on the loop's own thread: no user code. Loop-confined.
 */
public abstract class AfterStep {
  @Nullable AfterStep nextAtEnd;
  boolean registered;

  /** The step ended. */
  protected abstract void stepEnded();
}
