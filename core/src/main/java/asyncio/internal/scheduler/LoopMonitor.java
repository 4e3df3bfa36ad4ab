package asyncio.internal.scheduler;

import asyncio.SlowStep;
import java.time.Duration;
import java.util.List;

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

  /** Returns how long the loop has existed. */
  Duration uptime();

  /** Returns how long steps have run. */
  Duration busy();

  /** Returns the slowest steps of the last minutes, slowest first. */
  List<SlowStep> worst();
}
