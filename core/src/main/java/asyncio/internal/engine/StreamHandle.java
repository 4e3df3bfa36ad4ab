package asyncio.internal.engine;

import java.net.SocketAddress;

/** A connected stream of bytes, both ways. Loop-confined. */
public interface StreamHandle extends Source, Sink {
  /** Returns the address of this end. */
  SocketAddress localAddress();

  /** Returns the peer's address. */
  SocketAddress remoteAddress();

  /**
   * Closes the handle as close() does, but the peer gets an error instead of the end of the stream.
   * A Unix socket has no such thing: there it is the same as close().
   */
  void reset();
}
