package asyncio.internal.engine;

import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A connected stream of bytes: one coroutine reads and one write is under way at a time.
 * Loop-confined.
 */
public interface StreamHandle extends EngineHandle {
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
   * Memory of the engine for what the running step sends, so that it need not be copied again: the
   * caller puts bytes there, then calls {@link #sendLent}. Empty when it is lent; null while
   * another stream has it. At the end of the step the caller has called sendLent or {@link
   * #giveBack}.
   */
  @Nullable ByteBuffer lend();

  /**
   * Sends the first bytes of what was put in the memory that is lent, and takes the memory back.
   * Waits for nothing; not while a write is under way.
   *
   * <p>How many bytes are taken is the engine's business: none, what the operating system takes at
   * once, or all because it keeps that memory until they are sent. What it has taken counts as what
   * the operating system has taken: it is sent before anything later, and a close leaves it alone.
   *
   * @return the rest, which is the caller's still: copied before anything else is done
   */
  ByteBuffer sendLent() throws IOException;

  /** Takes lent memory back with all that is in it, if this stream has it. */
  void giveBack();

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

  /**
   * Tries the write that is under way again, if there is one; {@code completion} may be called.
   * Waits for nothing. For a caller that must know whether the operating system takes more now;
   * readiness may be reported late.
   */
  void retryWrite();

  /** As close(), but the other end gets an error instead of the end of the stream. */
  void reset();
}
