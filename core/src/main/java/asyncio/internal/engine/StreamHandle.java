package asyncio.internal.engine;

import asyncio.PeerCredentials;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.SocketOption;
import org.jspecify.annotations.Nullable;

/** A connected stream of bytes, both ways. Loop-confined. */
public interface StreamHandle extends Source, Sink {
  /** Returns the address of this end. */
  SocketAddress localAddress();

  /** Returns the peer's address. */
  SocketAddress remoteAddress();

  /**
   * Returns the value of a socket's option.
   *
   * @throws UnsupportedOperationException if this has no such option
   */
  <T> T option(SocketOption<T> option) throws IOException;

  /**
   * Sets a socket's option.
   *
   * @throws UnsupportedOperationException if this has no such option
   */
  <T> void setOption(SocketOption<T> option, T value) throws IOException;

  /** Returns who the peer is, if it is on the other end of a Unix socket and the system can tell. */
  @Nullable
  PeerCredentials credentials() throws IOException;

  /**
   * Drops what comes, up to the end of the stream, or until more than {@code max} bytes have come.
   * Returns whether that is done; if not, it is under way as a write is, and {@code completion} is told
   * of 0 bytes. Must not be called while a coroutine reads, or a write is under way.
   */
  boolean discard(int max, WriteCompletion completion) throws IOException;

  /**
   * Closes the handle as close() does, but the peer gets an error instead of the end of the stream.
   * A Unix socket has no such thing: there it is the same as close().
   */
  void reset();
}
