package asyncio;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import asyncio.internal.net.Link;
import asyncio.internal.net.SendBuffer;
import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.util.ByteFifo;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.Charset;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The receiving half of a {@link Connection}. One task reads at a time.
 *
 * <p>A cancelled or failed read loses nothing: what came stays in the stream for the next read,
 * except with {@link IncompleteReadException}, which carries it. Nothing is received before it is
 * needed: if a program does not read, its peer has to wait.
 *
 * <p>The <i>limit</i> (64 KiB by default) bounds what {@link #readLine} and {@link #readUntil}
 * search, and so the memory that a peer can use up.
 */
public final class StreamReader {
  private static final byte[] NOTHING = {};
  private static final byte[] NEWLINE = {'\n'};
  private static final int MAX_CHUNK = 64 * 1024;

  /**
   * For an array smaller than this, more is received at once: copying costs less than a system
   * call.
   */
  private static final int SMALL = 4 * 1024;

  /** How many lines {@link #lines} returns before it lets other tasks run. */
  private static final int YIELD_EVERY = 64;

  // Immutable.
  private final Link link;
  private final SendBuffer sendBuffer;
  private final int limit;
  private final int chunk;

  // Loop-confined.
  private final ByteFifo buffer = new ByteFifo();
  private boolean eof;
  private @Nullable Fiber waiting;

  StreamReader(Link link, SendBuffer sendBuffer, int limit) {
    this.link = link;
    this.sendBuffer = sendBuffer;
    this.limit = limit;
    this.chunk = Math.min(limit, MAX_CHUNK);
  }

  // ---- bytes ----

  /**
   * Reads at least one byte and at most {@code max}; returns an empty array at the end of the
   * stream. The stream's limit does not apply: the caller says how much it takes.
   *
   * <p><i>Waits</i> until there are any bytes.
   *
   * <p><i>If cancelled</i>: {@link asyncio.CancelledError}; nothing is lost. If bytes came before
   * the cancellation, they are returned, and the cancellation is delivered at the next wait.
   *
   * <p><i>Thread</i>: a coroutine of the connection's loop; one at a time.
   *
   * @throws IOException if the connection is lost, or closed on this side
   * @throws IllegalStateException if another task is reading
   */
  public byte[] read(int max) throws IOException {
    begin("StreamReader.read()");
    if (max <= 0) {
      if (max < 0) {
        throw new IllegalArgumentException(
            "read(max) takes the largest number of bytes to return; got "
                + max
                + ". To read to the end, use readAll().");
      }
      return NOTHING;
    }
    if (buffer.isEmpty()) {
      ByteBuffer came = receive(Math.max(chunk, Math.min(max, MAX_CHUNK)));
      if (came == null) {
        return NOTHING;
      }
      byte[] bytes = new byte[Math.min(max, came.remaining())];
      came.get(bytes);
      if (came.hasRemaining()) {
        buffer.append(came);
      }
      return bytes;
    }
    return buffer.take(Math.min(max, buffer.size()));
  }

  /**
   * Reads into the first elements of {@code into}: at least one byte, and at most as many as fit.
   * Returns the number of bytes, or -1 at the end of the stream. Meant for programs that move much
   * data: one array for all reads produces no garbage.
   *
   * <p><i>Waits</i> until there are any bytes.
   *
   * <p><i>If cancelled</i>: {@link asyncio.CancelledError}; nothing is lost, and the array is
   * unchanged. If bytes came before the cancellation, they are returned, and the cancellation is
   * delivered at the next wait.
   *
   * <p><i>Thread</i>: a coroutine of the connection's loop; one at a time.
   *
   * @throws IOException if the connection is lost, or closed on this side
   * @throws IllegalArgumentException if the array is empty
   * @throws IllegalStateException if another task is reading
   */
  public int read(byte[] into) throws IOException {
    begin("StreamReader.read()");
    if (into.length == 0) {
      throw new IllegalArgumentException(
          "read(into) fills an array; got an empty one. 16 or 64 KiB are good sizes for bulk"
              + " data.");
    }
    if (!buffer.isEmpty()) {
      return buffer.take(into);
    }
    ByteBuffer came = receive(into.length < SMALL ? Math.max(chunk, into.length) : into.length);
    if (came == null) {
      return -1;
    }
    int count = Math.min(into.length, came.remaining());
    came.get(into, 0, count);
    if (came.hasRemaining()) {
      buffer.append(came);
    }
    return count;
  }

  /**
   * Reads all bytes up to the end of the stream. There is no limit: only for peers that are trusted
   * to end their output.
   *
   * <p><i>Waits</i> until the peer ends its output.
   *
   * <p><i>If cancelled</i>: {@link asyncio.CancelledError}; what came stays in the stream.
   *
   * <p><i>Thread</i>: a coroutine of the connection's loop; one at a time.
   *
   * @throws LimitOverrunException if there are more than 2 GiB; all of it stays in the stream
   * @throws IOException if the connection is lost, or closed on this side
   * @throws IllegalStateException if another task is reading
   */
  public byte[] readAll() throws IOException {
    begin("StreamReader.readAll()");
    while (fill()) {
      // Until the end of the stream.
    }
    return takeAll();
  }

  /**
   * Reads exactly {@code count} bytes. The stream's limit does not apply: the caller says how much
   * it wants.
   *
   * <p><i>Waits</i> until they have come.
   *
   * <p><i>If cancelled</i>: {@link asyncio.CancelledError}; what came stays in the stream.
   *
   * <p><i>Thread</i>: a coroutine of the connection's loop; one at a time.
   *
   * @throws IncompleteReadException if the stream ends first; the exception carries what came
   * @throws IOException if the connection is lost, or closed on this side
   * @throws IllegalStateException if another task is reading
   */
  public byte[] readExactly(int count) throws IOException {
    begin("StreamReader.readExactly()");
    if (count < 0) {
      throw new IllegalArgumentException(
          "readExactly(count) takes a number of bytes, zero or more; got " + count + ".");
    }
    while (buffer.size() < count) {
      if (!fill()) {
        int came = buffer.size();
        throw new IncompleteReadException(
            "The stream from " + link.peer + " ended after " + came + " of " + count + " bytes.",
            takeAll(),
            count);
      }
    }
    return count == 0 ? NOTHING : buffer.take(count);
  }

  /**
   * Reads all bytes up to and including the next {@code separator}.
   *
   * <p><i>Waits</i> until the separator has come.
   *
   * <p><i>If cancelled</i>: {@link asyncio.CancelledError}; what came stays in the stream.
   *
   * <p><i>Thread</i>: a coroutine of the connection's loop; one at a time.
   *
   * @throws IncompleteReadException if the stream ends first; the exception carries what came
   * @throws LimitOverrunException if there are more bytes before the separator than the stream's
   *     limit; all of them stay in the stream
   * @throws IOException if the connection is lost, or closed on this side
   * @throws IllegalStateException if another task is reading
   */
  public byte[] readUntil(byte[] separator) throws IOException {
    begin("StreamReader.readUntil()");
    if (separator.length == 0) {
      throw new IllegalArgumentException(
          "readUntil(separator) takes at least one byte to look for.");
    }
    int end = find(separator);
    if (end < 0) {
      int came = buffer.size();
      throw new IncompleteReadException(
          "The stream from "
              + link.peer
              + " ended after "
              + came
              + " bytes, without the separator.",
          takeAll(),
          -1);
    }
    return buffer.take(end + separator.length);
  }

  // ---- lines ----

  /**
   * Reads the next line as UTF-8 text, without its line end (LF or CRLF); returns null at the end
   * of the stream. A last line without a line end counts as a line. Malformed bytes become U+FFFD.
   *
   * <p><i>Waits</i> until the line has come.
   *
   * <p><i>If cancelled</i>: {@link asyncio.CancelledError}; what came stays in the stream.
   *
   * <p><i>Thread</i>: a coroutine of the connection's loop; one at a time.
   *
   * @throws LimitOverrunException if the line is longer than the stream's limit; all of it stays in
   *     the stream
   * @throws IOException if the connection is lost, or closed on this side
   * @throws IllegalStateException if another task is reading
   */
  public @Nullable String readLine() throws IOException {
    return readLine(UTF_8);
  }

  /**
   * Reads a line as {@link #readLine()} does, in another charset. In that charset the byte 10 must
   * be a line feed and nothing else, so UTF-16 can't be used.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #readLine()}.
   */
  public @Nullable String readLine(Charset charset) throws IOException {
    begin("StreamReader.readLine()");
    checkLines(charset);
    int length = find(NEWLINE);
    int end = 1;
    if (length < 0) {
      length = buffer.size();
      end = 0;
      if (length == 0) {
        return null;
      }
    } else if (length > 0 && buffer.at(length - 1) == '\r') {
      length--;
      end = 2;
    }
    String line = buffer.text(length, charset);
    buffer.discard(length + end);
    return line;
  }

  private static void checkLines(Charset charset) {
    if (charset == UTF_8 || charset == US_ASCII || charset == ISO_8859_1) {
      return;
    }
    byte[] newline = "\n".getBytes(charset);
    if (newline.length != 1 || newline[0] != '\n') {
      throw new IllegalArgumentException("In "
          + charset
          + " a line feed is not the single byte 10, so readLine() can't find the ends of"
          + " lines. Use readUntil(separator) and decode its bytes.");
    }
  }

  /**
   * Returns the lines up to the end of the stream, as {@link #readLine()} reads them: {@code for
   * (String line : reader.lines())}.
   *
   * <p><i>Waits</i> in {@code hasNext} and {@code next}, as {@link #readLine()} does; any
   * IOException it throws becomes the cause of an {@link UncheckedIOException}.
   *
   * <p><i>If cancelled</i>: {@link asyncio.CancelledError} from either; what came stays in the
   * stream.
   *
   * <p><i>Thread</i>: a coroutine of the connection's loop; one at a time.
   */
  public Iterable<String> lines() {
    return Lines::new;
  }

  private final class Lines implements Iterator<String> {
    private @Nullable String line;
    private int count;

    @Override
    public boolean hasNext() {
      if (line == null) {
        if (++count % YIELD_EVERY == 0) {
          // Many lines may already be here, and other tasks must run as well.
          link.requireTask("StreamReader.lines()").yieldNow();
        }
        try {
          line = readLine();
        } catch (IOException failure) {
          throw new UncheckedIOException(failure);
        }
      } else {
        Current.refuseInRegion("StreamReader.lines()");
      }
      return line != null;
    }

    @Override
    public String next() {
      if (!hasNext()) {
        throw new NoSuchElementException("The stream from " + link.peer + " has ended.");
      }
      String next = Objects.requireNonNull(line);
      line = null;
      return next;
    }
  }

  /**
   * Returns whether nothing is left to read: the peer has ended its output and all of it was read,
   * or the connection was closed on this side, in which case a read is an error.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public boolean atEof() {
    link.scheduler.checkOnLoop("StreamReader.atEof()");
    return link.isClosed() || (eof && buffer.isEmpty());
  }

  // ---- receiving ----

  private void begin(String what) throws IOException {
    Fiber fiber = link.requireTask(what);
    fiber.breathe();
    Fiber other = waiting;
    if (other != null) {
      throw new IllegalStateException(fiber.describe()
          + " called "
          + what
          + " while "
          + other.describe()
          + " waits for data from the same connection, with "
          + link.peer
          + ". Only one task may read a stream; it can pass what it reads to others through a"
          + " Queue.");
    }
    link.throwIfClosed(what);
  }

  /** Returns where the separator begins, once it has come; -1 if the stream ended first. */
  private int find(byte[] separator) throws IOException {
    int from = 0;
    while (true) {
      int at = buffer.indexOf(separator, from);
      if (at > limit) {
        throw overrun("has sent " + at + " bytes before the separator", at);
      }
      if (at >= 0) {
        return at;
      }
      // The separator may have begun in the last bytes.
      from = Math.max(0, buffer.size() - separator.length + 1);
      if (from > limit) {
        throw overrun("has sent " + buffer.size() + " bytes without the separator", from);
      }
      if (!fill()) {
        return -1;
      }
    }
  }

  private LimitOverrunException overrun(String what, int consumed) {
    return new LimitOverrunException(
        "The peer at "
            + link.peer
            + " "
            + what
            + "; the stream's limit is "
            + limit
            + ". All of it is still in the stream; read(n) takes it. For longer lines, raise the"
            + " limit: withLimit() of ConnectOptions or ServerOptions.",
        consumed);
  }

  private byte[] takeAll() {
    return buffer.isEmpty() ? NOTHING : buffer.take(buffer.size());
  }

  /** Receives more bytes into the buffer; returns false at the end of the stream. */
  private boolean fill() throws IOException {
    if (!buffer.fits(chunk)) {
      throw new LimitOverrunException(
          "The peer at "
              + link.peer
              + " has sent 2 GiB, as much as one array can hold, and has not ended the stream. All"
              + " of it is still in the stream; read(n) takes it piece by piece.",
          buffer.size());
    }
    ByteBuffer came = receive(chunk);
    if (came == null) {
      return false;
    }
    buffer.append(came);
    return true;
  }

  /** Returns the next bytes, in memory of the engine; null at the end of the stream. */
  private @Nullable ByteBuffer receive(int max) throws IOException {
    if (eof) {
      // A peer that closed and then reset what we sent did not end properly.
      link.throwIfLost();
      return null;
    }
    waiting = link.scheduler.currentFiber();
    try {
      ByteBuffer came = link.handle.read(max);
      if (came == null) {
        eof = true;
        link.throwIfLost();
      }
      return came;
    } catch (ClosedChannelException closed) {
      throw link.closedException("A read");
    } catch (IOException failure) {
      sendBuffer.lose(failure);
      throw link.lostException();
    } finally {
      waiting = null;
    }
  }

  @Override
  public String toString() {
    return "StreamReader[" + link.peer + ", " + buffer.size() + " bytes" + (eof ? ", ended]" : "]");
  }
}
