package asyncio.internal.engine;

import asyncio.internal.scheduler.Poller;
import asyncio.internal.scheduler.Scheduler;
import java.io.IOException;
import java.net.SocketAddress;

/**
 * Waits for the operating system on behalf of a loop.
 *
 * <p>The interface is based on completion: an operation is started on a handle and ends with its
 * outcome, and nothing here says how the engine learns of it. So it fits a selector (readiness,
 * then the call), io_uring (the call, then its completion), and a simulated network in tests.
 *
 * <p>Loop-confined, except for {@link #wakeup}. Methods that suspend must be called by a coroutine
 * that may wait.
 */
public interface Engine extends Poller {
  /** Returns the engine of a loop whose pollers are engines; it is opened at first use. */
  static Engine of(Scheduler scheduler) throws IOException {
    return (Engine) scheduler.poller();
  }

  /**
   * Connects to {@code remote}. Suspends until the connection is made or refused; it is returned
   * even if a cancel came after that. If this is cancelled earlier, or fails, nothing is left open.
   *
   * @param remote an address of the Internet, or of a Unix socket
   */
  StreamHandle connect(SocketAddress remote, SocketSettings settings) throws IOException;

  /**
   * Listens on {@code local}; port 0 takes a free port. If this fails, nothing is left open.
   *
   * @param local an address of the Internet, or of a Unix socket
   */
  ListenHandle listen(SocketAddress local, ListenSettings settings) throws IOException;

  /**
   * Makes a connection that an engine of this kind has accepted a stream of this one. Does not
   * wait.
   *
   * @throws IOException if the peer has already gone; then the connection is closed
   */
  StreamHandle attach(Accepted connection, SocketSettings settings) throws IOException;
}
