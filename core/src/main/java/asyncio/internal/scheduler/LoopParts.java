package asyncio.internal.scheduler;

import java.io.IOException;

/** What a loop is put together from, and knows by its interface alone. */
public interface LoopParts {
  /** Who watches {@code loop}, which is being made. */
  LoopMonitor monitor(Loop loop);

  /** What runs the coroutines of {@code loop}, which is being made. */
  Carrier carrier(Loop loop);

  /** What waits for the operating system on behalf of {@code loop}; asked for at its first use. */
  Poller poller(Loop loop) throws IOException;
}
