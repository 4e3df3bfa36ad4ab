package asyncio.internal.scheduler;

import java.io.IOException;

/** What a loop is put together from, and knows by its interface alone. */
public interface LoopParts {
  /** Who watches {@code scheduler}, which is being made. */
  LoopMonitor monitor(Scheduler scheduler);

  /** What runs the coroutines of {@code scheduler}, which is being made. */
  Carrier carrier(Scheduler scheduler);

  /**
   * What waits for the operating system on behalf of {@code scheduler}; asked for at its first use.
   */
  Poller poller(Scheduler scheduler) throws IOException;
}
