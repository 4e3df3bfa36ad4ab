package asyncio.internal.engine;

import asyncio.internal.loop.Loop;
import java.io.IOException;

/**
 * What waits for the operating system on behalf of a loop. Loop-confined but for {@link #wakeup}.
 */
public interface Engine {
  /** Opens engines. */
  @FunctionalInterface
  interface Factory {
    /** An open engine for {@code loop}. */
    Engine open(Loop loop) throws IOException;
  }

  /**
   * Waits for events and completes what they end, by waking its coroutines.
   *
   * @param nanos how long to wait at most; 0 to look only, Long.MAX_VALUE without limit
   */
  void poll(long nanos) throws IOException;

  /** Ends the current or the next {@link #poll}. Any thread. */
  void wakeup();

  /** How many sockets and the like are open. */
  int openHandles();

  /** Closes everything. */
  void close();
}
