package asyncio.internal.scheduler;

import org.jspecify.annotations.Nullable;

/**
 * Something to do when the current step ends, before the next one begins: what one step writes goes
 * out together. Runs on the loop's own thread: no user code. Loop-confined.
 */
public abstract class AfterStep {
  @Nullable
  AfterStep nextAtEnd;

  boolean registered;

  /** Called when the step has ended. */
  protected abstract void stepEnded();
}
