package asyncio.internal.engine;

import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A connected stream of bytes: one coroutine reads, and one write is under way, at a time.
 * Loop-confined.
 */
public interface StreamHandle extends EngineHandle {
  /** Returns the peer's address. */
  SocketAddress remoteAddress();

  /**
   * Reads at least one byte; returns null at the end of the stream. The bytes are in memory of the
   * engine: the caller must copy them before it does anything else.
   *
   * <p>Suspends until there are any bytes; they are returned even if a cancel came after that. A
   * coroutine that reads again and again is suspended from time to time, so that others get to run.
   *
   * @param max the maximum number of bytes
   * @throws java.nio.channels.ClosedChannelException if the handle is closed, before the call or
   *     during it
   */
  @Nullable
  ByteBuffer read(int max) throws IOException;

  /**
   * Lends memory of the engine for what the running step sends, so that it need not be copied
   * again: the caller puts bytes there, then calls {@link #sendLent}. The memory is empty when it
   * is lent; null is returned while another stream has it. By the end of the step the caller must
   * have called sendLent or {@link #giveBack}.
   */
  @Nullable
  ByteBuffer lend();

  /**
   * Sends the first bytes of what was put in the lent memory, and takes the memory back. Does not
   * wait. Must not be called while a write is under way.
   *
   * <p>The engine decides how many bytes it takes: none, what the operating system takes
   * immediately, or all, because it keeps the memory until they are sent. Bytes that the engine has
   * taken count as taken by the operating system: they are sent before anything later, and a close
   * does not affect them.
   *
   * @return the rest, which still belongs to the caller, who must copy it before doing anything
   *     else
   */
  ByteBuffer sendLent() throws IOException;

  /** Takes lent memory back with everything in it, if this stream has it. */
  void giveBack();

  /**
   * Sends the first bytes of {@code data}, as many as the operating system takes. Does not wait.
   *
   * @return how many bytes were sent immediately; 0 if none could be. In that case the engine keeps
   *     {@code data}, whose bytes must not change, and calls {@code completion} later
   */
  int write(ByteBuffer data, WriteCompletion completion) throws IOException;

  /** Tells the peer that no more data will come. To be called after the last write. */
  void shutdownOutput() throws IOException;

  /**
   * Retries the write that is under way, if there is one; {@code completion} may be called. Does
   * not wait. For a caller that must know whether the operating system takes more now, because
   * readiness may be reported late.
   */
  void retryWrite();

  /**
   * Closes the handle as close() does, but the peer gets an error instead of the end of the stream.
   */
  void reset();
}
