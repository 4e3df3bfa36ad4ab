package asyncio.internal.engine;

import java.io.IOException;
import java.net.SocketAddress;

/** A listening socket. Loop-confined. */
public interface ListenHandle extends EngineHandle {
  /** Returns the address that clients connect to. */
  SocketAddress localAddress();

  /**
   * Accepts the next connection, which the caller attaches or closes. Suspends until there is one;
   * it is returned even if a cancel came after it was there. One coroutine at a time. A coroutine that accepts again and again is
   * suspended from time to time, so that others get to run.
   *
   * @throws java.nio.channels.ClosedChannelException if the handle is closed, before the call or
   *     during it
   * @throws IOException if the operating system is out of descriptors or the like: an immediate
   *     retry won't help
   */
  Accepted accept() throws IOException;
}
