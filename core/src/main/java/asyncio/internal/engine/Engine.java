package asyncio.internal.engine;

import asyncio.internal.scheduler.Poller;
import asyncio.internal.scheduler.Scheduler;
import java.io.IOException;
import java.net.SocketAddress;

/**
 * What waits for the operating system on behalf of a loop.
 *
 * <p>Shaped by completion: an operation is started on a handle and ends with its outcome, and
 * nothing here tells how the engine learns of it. So a selector fits behind it (readiness, then the
 * call), io_uring (the call, then its completion), and a simulated network in tests.
 *
 * <p>Loop-confined but for {@link #wakeup}. Methods that suspend are called by a coroutine that may
 * wait.
 */
public interface Engine extends Poller {
  /** The engine of a loop that was given engines for its pollers; opened at first use. */
  static Engine of(Scheduler scheduler) throws IOException {
    return (Engine) scheduler.poller();
  }

  /**
   * What a listening socket is made with.
   *
   * @param backlog how many connections the operating system keeps until they are accepted
   * @param reuseAddress whether a port may be taken whose last connections are not forgotten yet
   * @param noDelay whether accepted streams send small pieces at once
   */
  record ListenOptions(int backlog, boolean reuseAddress, boolean noDelay) {}

  /**
   * Connects to {@code remote}. Suspends until the connection is there or refused; it is returned
   * even when a cancel came after that. If cancelled before, or failed, nothing is left open.
   *
   * @param noDelay whether small pieces are sent at once
   */
  StreamHandle connect(SocketAddress remote, boolean noDelay) throws IOException;

  /** Listens on {@code local}; port 0 takes a free one. If it fails, nothing is left open. */
  ListenHandle listen(SocketAddress local, ListenOptions options) throws IOException;
}
