package asyncio.internal.scheduler;

import asyncio.SlowStep;

/**
 * Is told what a loop does while somebody records it. A loop has a recorder only then, so otherwise
 * a step costs only a look at a field. Nothing here throws.
 */
public abstract class Recorder extends AfterStep {
  /** Called when a step of a coroutine begins. Loop only. */
  public abstract void stepBegan(Fiber fiber);

  /**
   * Called when a step ends in one of our waits or with its coroutine. On the coroutine's own
   * thread; a step that ends otherwise, in foreign code, is reported only through {@link
   * AfterStep}.
   */
  public abstract void stepEnds(Fiber fiber);

  /** Called when a task has been started; its first step comes later. Loop only. */
  public abstract void taskStarted(Fiber fiber);

  /** Called when a coroutine has ended, in the current step. Loop only. */
  public abstract void taskEnded(Fiber fiber);

  /**
   * Called when a step has been reported as too long, or such a step has ended. On the watchdog's
   * thread.
   */
  public abstract void slowStep(SlowStep step, boolean ended);
}
