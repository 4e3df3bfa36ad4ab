package asyncio.internal.scheduler;

import java.io.IOException;
import java.util.List;

/**
 * What waits for the operating system on behalf of a loop, as far as the loop knows it: what can be
 * waited for is its own affair.
 *
 * <p>Loop-confined but for {@link #wakeup}.
 */
public interface Poller {
  /**
   * Waits for events and completes what they end, by waking its coroutines. On the loop's own
   * thread.
   *
   * @param nanos how long to wait at most; 0 to look only, Long.MAX_VALUE without limit
   */
  void poll(long nanos) throws IOException;

  /** Ends the current or the next {@link #poll}. Any thread. */
  void wakeup();

  /** How many sockets and the like are open. */
  int openHandles();

  /** To what the open handles belong, each once; a handle that belongs to nothing is left out. */
  List<Owner> owners();

  /** Closes everything. */
  void close();
}
