package asyncio.internal.engine;

import java.io.IOException;

/** A listening socket. Loop-confined. */
public interface ListenHandle extends EngineHandle {
  /**
   * The next connection. Suspends until there is one; it is returned even when a cancel came after
   * it was there. One coroutine at a time. A coroutine that accepts again and again is suspended
   * from time to time, so that others get on.
   *
   * @throws java.nio.channels.ClosedChannelException if the handle is closed, before or meanwhile
   * @throws IOException if the operating system is out of descriptors or the like: trying again at
   *     once won't help
   */
  StreamHandle accept() throws IOException;
}
