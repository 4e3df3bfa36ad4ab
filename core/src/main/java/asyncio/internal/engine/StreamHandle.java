package asyncio.internal.engine;

import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A connected stream of bytes: one coroutine reads and one write is under way at a time.
 * Loop-confined.
 */
public interface StreamHandle extends Handle {
  /** The other end. */
  SocketAddress remoteAddress();

  /**
   * Some bytes, at least one; null at the end of the stream. They stand in memory of the engine:
   * the caller copies them before it does anything else.
   *
   * <p>Suspends until there are any; they are returned even when a cancel came after that. A
   * coroutine that reads again and again is suspended from time to time, so that others get on.
   *
   * @param max how many at most
   * @throws java.nio.channels.ClosedChannelException if the handle is closed, before or meanwhile
   */
  @Nullable ByteBuffer read(int max) throws IOException;

  /**
   * Sends the first bytes of {@code data}, as many as the operating system takes. Waits for
   * nothing.
   *
   * @return how many were sent at once; 0 if none could be: then the engine keeps {@code data},
   *     whose bytes stay as they are, and calls {@code completion} later
   */
  int write(ByteBuffer data, WriteCompletion completion) throws IOException;

  /** Tells the other end that no more will come. After the last write. */
  void shutdownOutput() throws IOException;
}
