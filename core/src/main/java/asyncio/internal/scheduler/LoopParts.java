package asyncio.internal.scheduler;

import java.io.IOException;

/** The parts that a loop is built from and knows only by their interfaces. */
public interface LoopParts {
  /** Returns what watches {@code scheduler}, which is being created. */
  LoopMonitor monitor(Scheduler scheduler);

  /** Returns what runs the coroutines of {@code scheduler}, which is being created. */
  Carrier carrier(Scheduler scheduler);

  /**
   * Returns what waits for the operating system on behalf of {@code scheduler}; called at its first
   * use.
   */
  Poller poller(Scheduler scheduler) throws IOException;
}
