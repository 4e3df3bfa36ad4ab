package asyncio.internal.scheduler;

import java.io.IOException;
import java.util.List;

/**
 * Waits for the operating system on behalf of a loop. This is all that the loop knows of it; what
 * can be waited for is the poller's own concern.
 *
 * <p>Loop-confined, except {@link #wakeup}.
 */
public interface Poller {
  /**
   * Waits for events and completes what they end by waking the coroutines. On the loop's own
   * thread.
   *
   * @param nanos the maximum time to wait; 0 only to look, Long.MAX_VALUE for no limit
   */
  void poll(long nanos) throws IOException;

  /** Ends the current or the next {@link #poll}. Any thread. */
  void wakeup();

  /** Returns the number of open sockets and the like. */
  int openHandles();

  /** Returns the owners of the open handles, each once; a handle without an owner is left out. */
  List<Owner> owners();

  /** Closes everything. */
  void close();
}
