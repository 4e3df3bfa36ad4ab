package asyncio;

import static java.nio.charset.StandardCharsets.UTF_8;

import asyncio.internal.net.Link;
import asyncio.internal.net.SendBuffer;
import asyncio.internal.scheduler.Fiber;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Objects;

/**
 * The sending half of a {@link Connection}. Writing never waits: what one step writes is sent
 * together when the step ends, or as soon as 64 KiB have gathered, and whatever the socket does not
 * take then is buffered. {@link #drain} waits while too much is buffered: a program that calls it
 * after each write buffers at most the high water mark plus one write.
 */
public final class StreamWriter {
  private final Link link;
  private final SendBuffer sendBuffer;

  StreamWriter(Link link, SendBuffer sendBuffer) {
    this.link = link;
    this.sendBuffer = sendBuffer;
  }

  /**
   * Sends bytes; the array can be reused immediately.
   *
   * <p><i>Thread</i>: on the loop.
   *
   * @throws IOException if the connection is lost, or closed on this side
   * @throws IllegalStateException after {@link #writeEof}
   */
  public void write(byte[] bytes) throws IOException {
    write(bytes, 0, bytes.length);
  }

  /** Sends {@code length} bytes from {@code offset}, as {@link #write(byte[])} does. */
  public void write(byte[] bytes, int offset, int length) throws IOException {
    link.scheduler.checkOnLoop("StreamWriter.write()");
    link.scheduler.ensureHeadroom();
    Objects.checkFromIndexSize(offset, length, bytes.length);
    sendBuffer.write(bytes, offset, length);
  }

  /**
   * Sends the bytes between the buffer's position and its limit, as {@link #write(byte[])} does,
   * and moves the position to the limit.
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

  /** Sends text in UTF-8, as {@link #write(byte[])} does. */
  public void write(String text) throws IOException {
    write(text.getBytes(UTF_8));
  }

  /**
   * Calls {@link #write(String)} for each string in turn; as in asyncio, nothing is put between
   * them.
   */
  public void writeLines(Iterable<String> lines) throws IOException {
    for (String line : lines) {
      write(line);
    }
  }

  /**
   * Lets the peer catch up.
   *
   * <p><i>Waits</i> only if more than the high water mark is buffered, and then until the buffer
   * has fallen to the low water mark; also for one turn after each MiB that a fast peer took
   * immediately, so that other tasks get to run. Several tasks may wait.
   *
   * <p><i>If cancelled</i>: {@link asyncio.CancelledError}; what was written is still sent.
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
   * Ends the output: tells the peer, after everything that was written, that nothing more will
   * come. Reading is not affected. Does nothing the second time.
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
   * Starts to close the connection. It is closed once everything that was written is sent. If the
   * peer takes nothing for as long as the close flush limit, the connection is reset instead, and
   * the loop's exception handler is told if no task waits for the close. Does not wait; {@link
   * Connection#close} and {@link #waitClosed} do. Does nothing the second time.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public void close() {
    link.scheduler.checkOnLoop("StreamWriter.close()");
    sendBuffer.close();
  }

  /**
   * Waits until the connection is closed, after {@link #close}.
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

  /**
   * Returns whether this side has closed the connection or is closing it. <i>Thread</i>: on the
   * loop.
   */
  public boolean isClosing() {
    link.scheduler.checkOnLoop("StreamWriter.isClosing()");
    return sendBuffer.isClosing();
  }

  /**
   * Returns the number of bytes written but not yet taken by the socket. <i>Thread</i>: on the
   * loop.
   */
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
