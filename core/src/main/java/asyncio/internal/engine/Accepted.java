package asyncio.internal.engine;

import java.net.SocketAddress;

/**
 * A connection that was accepted and is not yet attached to an engine: limits look at it first.
 * Loop-confined until then.
 */
public interface Accepted {
  /** Returns the peer's address. */
  SocketAddress remoteAddress();

  /** Closes it. Does nothing if it is closed or attached. */
  void close();
}
