package asyncio.internal.scheduler;

import asyncio.LoopStatistics;

/**
 * Watches a loop from outside and keeps its time: a loop does not read the clock after each step.
 * Any thread.
 */
public interface LoopMonitor {
  /** Called when the loop is open. */
  void opened();

  /** Called when the loop continues after a sleep: {@link Scheduler#tick} is needed from now on. */
  void wakesUp();

  /** Called when the loop has closed. */
  void closed();

  /** Returns the duration, in nanoseconds, from which a step counts as slow. */
  long slowNanos();

  /** Changes {@link #slowNanos}. */
  void setSlowNanos(long nanos);

  /**
   * Returns what the loop has and does now. On another thread than the loop's most of it is read
   * without ordering and may be slightly out of date; this lets the loop itself count in plain
   * fields.
   *
   * @param tasks how many are unfinished
   */
  LoopStatistics statistics(int tasks);
}
