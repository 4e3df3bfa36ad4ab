package asyncio.net;

import static java.nio.charset.StandardCharsets.UTF_8;

import asyncio.internal.scheduler.Fiber;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Objects;

/**
 * The sending half of a {@link Connection}. Writing never waits: what one step writes is sent
 * together when the step ends, or as soon as 64 KiB are together, and what the socket does not take
 * then is buffered. {@link #drain} waits while too much is buffered: a program that calls it after
 * each write holds at most the high water mark and one write.
 */
public final class StreamWriter {
  private final Link link;
  private final SendBuffer sendBuffer;

  StreamWriter(Link link, SendBuffer sendBuffer) {
    this.link = link;
    this.sendBuffer = sendBuffer;
  }

  /**
   * Sends bytes; the array can be used again at once.
   *
   * <p><i>Thread</i>: on the loop.
   *
   * @throws IOException if the connection is lost, or closed on this side
   * @throws IllegalStateException after {@link #writeEof}
   */
  public void write(byte[] bytes) throws IOException {
    write(bytes, 0, bytes.length);
  }

  /** As {@link #write(byte[])}, {@code length} bytes from {@code offset}. */
  public void write(byte[] bytes, int offset, int length) throws IOException {
    link.scheduler.checkOnLoop("StreamWriter.write()");
    link.scheduler.ensureHeadroom();
    Objects.checkFromIndexSize(offset, length, bytes.length);
    sendBuffer.write(bytes, offset, length);
  }

  /**
   * As {@link #write(byte[])}, the bytes between the buffer's position and its limit; the position
   * moves there.
   */
  public void write(ByteBuffer bytes) throws IOException {
    link.scheduler.checkOnLoop("StreamWriter.write()");
    link.scheduler.ensureHeadroom();
    int length = bytes.remaining();
    if (bytes.hasArray()) {
      sendBuffer.write(bytes.array(), bytes.arrayOffset() + bytes.position(), length);
      bytes.position(bytes.limit());
    } else {
      byte[] copy = new byte[length];
      bytes.get(copy);
      sendBuffer.write(copy, 0, length);
    }
  }

  /** As {@link #write(byte[])}, text in UTF-8. */
  public void write(String text) throws IOException {
    write(text.getBytes(UTF_8));
  }

  /** As {@link #write(String)} for each in turn; nothing is put between them, as in asyncio. */
  public void writeLines(Iterable<String> lines) throws IOException {
    for (String line : lines) {
      write(line);
    }
  }

  /**
   * Lets the peer catch up.
   *
   * <p><i>Waits</i> only while more than the high water mark is buffered, and then until it has
   * fallen to the low one; and for one turn after each MiB that a fast peer took at once, so that
   * others get on. Several tasks may wait.
   *
   * <p><i>If cancelled</i>: {@link asyncio.CancelledError}; what was written will be sent
   * nevertheless.
   *
   * <p><i>Thread</i>: a coroutine of the connection's loop.
   *
   * @throws IOException if the connection is lost, or closed on this side
   */
  public void drain() throws IOException {
    Fiber fiber = link.requireTask("StreamWriter.drain()");
    fiber.breathe();
    sendBuffer.drain(fiber);
  }

  /**
   * Tells the peer, after all that was written, that nothing more will come. Reading goes on. Does
   * nothing a second time.
   *
   * <p><i>Thread</i>: on the loop.
   *
   * @throws IOException if the connection is lost, or closed on this side
   */
  public void writeEof() throws IOException {
    link.scheduler.checkOnLoop("StreamWriter.writeEof()");
    sendBuffer.writeEof();
  }

  /**
   * Begins to close the connection: it is closed when all that was written is sent, or when the
   * peer takes nothing for as long as the close flush limit; then it is reset, and the loop's
   * exception handler told if nobody waits. Does not wait; {@link Connection#close} and {@link
   * #waitClosed} do. Does nothing a second time.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public void close() {
    link.scheduler.checkOnLoop("StreamWriter.close()");
    sendBuffer.close();
  }

  /**
   * Waits for the end of the connection, after {@link #close}.
   *
   * <p><i>Waits</i> until it is closed.
   *
   * <p><i>If cancelled</i>: {@link asyncio.CancelledError}; closing goes on.
   *
   * <p><i>Thread</i>: a coroutine of the connection's loop.
   *
   * @throws IOException if something that was written could not be sent
   */
  public void waitClosed() throws IOException {
    sendBuffer.awaitClosed(link.requireTask("StreamWriter.waitClosed()"));
  }

  /** Whether the connection is closed, or about to be, by this side. <i>Thread</i>: on the loop. */
  public boolean isClosing() {
    link.scheduler.checkOnLoop("StreamWriter.isClosing()");
    return sendBuffer.isClosing();
  }

  /** How many bytes were written and not taken by the socket yet. <i>Thread</i>: on the loop. */
  public int bufferSize() {
    link.scheduler.checkOnLoop("StreamWriter.bufferSize()");
    return sendBuffer.size();
  }

  @Override
  public String toString() {
    return "StreamWriter["
        + link.peer
        + ", "
        + sendBuffer.size()
        + " bytes buffered"
        + (sendBuffer.isClosing() ? ", closing]" : "]");
  }
}
