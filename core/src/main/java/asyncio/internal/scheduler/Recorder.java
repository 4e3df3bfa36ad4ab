package asyncio.internal.scheduler;

import asyncio.SlowStep;

/**
 * Is told what a loop does while somebody records it. A loop has one only then, so all that a step
 * costs otherwise is one look at a field. Nothing here throws.
 */
public abstract class Recorder extends AfterStep {
  /** A step of a coroutine begins. Loop only. */
  public abstract void stepBegan(Fiber fiber);

  /**
   * A step ends, in one of our waits or with its coroutine. On that one's own thread; a step that
   * ends otherwise, in foreign code, is told by {@link AfterStep} alone.
   */
  public abstract void stepEnds(Fiber fiber);

  /** A task was started; its first step comes later. Loop only. */
  public abstract void taskStarted(Fiber fiber);

  /** A coroutine ended, in the step that runs. Loop only. */
  public abstract void taskEnded(Fiber fiber);

  /** A step was reported as too long, or one that was reported ended. On the watchdog's thread. */
  public abstract void slowStep(SlowStep step, boolean ended);
}
