package asyncio.internal.scheduler;

import asyncio.SlowStep;
import java.time.Duration;
import java.util.List;

/**
 * Who watches a loop from outside, and keeps its time: a loop does not look at the clock after each
 * step. Any thread.
 */
public interface LoopMonitor {
  /** The loop is open. */
  void opened();

  /** The loop goes on after it has slept: {@link Scheduler#tick} is wanted from now on. */
  void wakesUp();

  /** The loop has closed. */
  void closed();

  /** From when on a step counts as slow, in nanoseconds. */
  long slowNanos();

  /** Changes {@link #slowNanos}. */
  void setSlowNanos(long nanos);

  /** For how long the loop has been there. */
  Duration uptime();

  /** For how long steps ran. */
  Duration busy();

  /** The slowest steps of the last minutes, slowest first. */
  List<SlowStep> worst();
}
