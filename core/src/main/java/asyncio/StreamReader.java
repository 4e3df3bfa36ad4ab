package asyncio;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import asyncio.internal.file.FileSource;
import asyncio.internal.net.BlockingSource;
import asyncio.internal.net.Link;
import asyncio.internal.net.ReceiveBuffer;
import asyncio.internal.net.StreamOptions;
import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Scheduler;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadableByteChannel;
import java.nio.charset.Charset;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.function.LongConsumer;
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
  private static final byte[][] NEWLINE = {{'\n'}};

  /**
   * For an array smaller than this, more is received at once: copying costs less than a system
   * call.
   */
  private static final int SMALL = 4 * 1024;

  /** How many lines {@link #lines} returns before it lets other tasks run. */
  private static final int YIELD_EVERY = 64;

  private final Link link;
  private final ReceiveBuffer in;

  StreamReader(Link link, int limit) {
    this.link = link;
    this.in = new ReceiveBuffer(link, limit);
  }

  /**
   * Returns a reader of what an InputStream gives: standard input, a process, a file. A helper
   * thread reads while a task waits, so the loop goes on. It reads ahead, up to 64 KiB at a time,
   * and never closes the stream.
   *
   * <p>A read that is cancelled goes on in its thread, and what it brings is kept for the next one.
   * A thread that still reads when the program ends does not hold it up. What is kept is kept by
   * this reader, so make one for a stream and pass it on.
   *
   * <p><i>Thread</i>: on the loop, whose coroutines use the reader. Nobody else may read from the
   * stream.
   */
  public static StreamReader of(InputStream stream) {
    return of(stream, StreamOptions.DEFAULTS.limit());
  }

  /**
   * Returns a reader of an InputStream with a limit of its own.
   *
   * @param limit the maximum length, in bytes, of a line or other delimited piece
   */
  public static StreamReader of(InputStream stream, int limit) {
    StreamOptions.DEFAULTS.withLimit(limit); // checks it
    Scheduler scheduler = Current.require("StreamReader.of()");
    String name = stream.getClass().getName();
    var source = new BlockingSource(scheduler, stream);
    return new StreamReader(new Link(scheduler, "input stream " + name, name, source, null), limit);
  }

  /**
   * Returns a reader of a channel, as {@link #of(InputStream)} does of a stream.
   *
   * @throws IllegalArgumentException if the channel is in non-blocking mode
   */
  public static StreamReader of(ReadableByteChannel channel) {
    StreamWriter.checkBlocks(channel);
    return of(Channels.newInputStream(channel));
  }

  /** Checks that the running task may use this reader. */
  void checkFree(String call) throws IOException {
    in.begin(call);
  }

  /** Returns what came and was not read, which TLS takes over. */
  byte[] takeForTls() {
    return in.takeAll();
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
    in.begin("StreamReader.read()");
    if (max <= 0) {
      if (max < 0) {
        throw new IllegalArgumentException(
            "read(max) takes the largest number of bytes to return; got "
                + max
                + ". To read to the end, use readAll().");
      }
      return NOTHING;
    }
    if (in.bytes.isEmpty()) {
      ByteBuffer came = in.receive(Math.max(in.chunk, Math.min(max, ReceiveBuffer.MAX_CHUNK)));
      if (came == null) {
        return NOTHING;
      }
      byte[] bytes = new byte[Math.min(max, came.remaining())];
      came.get(bytes);
      in.keep(came);
      return bytes;
    }
    return in.bytes.take(Math.min(max, in.bytes.size()));
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
    in.begin("StreamReader.read()");
    if (into.length == 0) {
      throw new IllegalArgumentException(
          "read(into) fills an array; got an empty one. 16 or 64 KiB are good sizes for bulk"
              + " data.");
    }
    return fill(into, 0, into.length);
  }

  /** Reads into the array as {@link #read(byte[])} does, after {@code begin()}. */
  private int fill(byte[] into, int offset, int length) throws IOException {
    if (!in.bytes.isEmpty()) {
      return in.bytes.take(into, offset, length);
    }
    ByteBuffer came = in.receive(length < SMALL ? Math.max(in.chunk, length) : length);
    if (came == null) {
      return -1;
    }
    int count = Math.min(length, came.remaining());
    came.get(into, offset, count);
    in.keep(came);
    return count;
  }

  /**
   * Reads into a buffer, from its position on, and moves the position: at least one byte, and at
   * most as many as there is room for. Returns the number of bytes, or -1 at the end of the stream.
   * The kernel fills a direct buffer of 4 KiB or more itself: together with {@link
   * StreamWriter#send(ByteBuffer)}, bytes pass through a program without being copied.
   *
   * <p><i>Waits</i> until there are any bytes.
   *
   * <p><i>If cancelled</i>: {@link asyncio.CancelledError}; nothing is lost, and the buffer is
   * unchanged. If bytes came before the cancellation, they are returned, and the cancellation is
   * delivered at the next wait.
   *
   * <p><i>Thread</i>: a coroutine of the connection's loop; one at a time. The buffer is the
   * caller's again as soon as the call has ended, however it ended.
   *
   * @throws IOException if the connection is lost, or closed on this side
   * @throws IllegalArgumentException if the buffer is full, or read-only
   * @throws IllegalStateException if another task is reading
   */
  public int read(ByteBuffer into) throws IOException {
    in.begin("StreamReader.read()");
    if (!into.hasRemaining() || into.isReadOnly()) {
      throw new IllegalArgumentException(
          "read(into) fills a buffer from its position to its limit; "
              + (into.isReadOnly()
                  ? "this one is read-only."
                  : "this one is full: clear() it first."));
    }
    if (!in.bytes.isEmpty()) {
      return in.bytes.take(into);
    }
    if (into.hasArray()) {
      int count = fill(into.array(), into.arrayOffset() + into.position(), into.remaining());
      into.position(into.position() + Math.max(count, 0));
      return count;
    }
    if (into.remaining() >= SMALL) {
      return in.receiveInto(into);
    }
    ByteBuffer came = in.receive(in.chunk);
    if (came == null) {
      return -1;
    }
    int count = Math.min(into.remaining(), came.remaining());
    into.put(came.slice(came.position(), count));
    came.position(came.position() + count);
    in.keep(came);
    return count;
  }

  /**
   * Returns the next bytes without taking them from the stream: at most {@code max}, and at least
   * one unless the stream has ended.
   *
   * <p><i>Waits</i> until there are any bytes; does not wait for {@code max} of them.
   *
   * <p><i>If cancelled</i>: {@link asyncio.CancelledError}; nothing is lost.
   *
   * <p><i>Thread</i>: a coroutine of the connection's loop; one at a time.
   *
   * @param max the maximum number of bytes; at least 1
   * @return the bytes; empty at the end of the stream
   * @throws IOException if the connection is lost, or closed on this side
   * @throws IllegalArgumentException if {@code max} is less than 1
   * @throws IllegalStateException if another task is reading
   */
  public byte[] peek(int max) throws IOException {
    in.begin("StreamReader.peek()");
    if (max <= 0) {
      throw new IllegalArgumentException(
          "peek(max) takes the largest number of bytes to show, at least 1; got " + max + ".");
    }
    if (in.bytes.isEmpty() && !in.fill()) {
      return NOTHING;
    }
    return in.bytes.peek(Math.min(max, in.bytes.size()));
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
    in.begin("StreamReader.readAll()");
    in.fillToEnd();
    return in.takeAll();
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
    in.begin("StreamReader.readExactly()");
    if (count < 0) {
      throw new IllegalArgumentException(
          "readExactly(count) takes a number of bytes, zero or more; got " + count + ".");
    }
    try {
      while (in.bytes.size() < count) {
        if (!in.fillPiece()) {
          int came = in.bytes.size();
          throw new IncompleteReadException(
              "The stream from " + link.peer + " ended after " + came + " of " + count + " bytes.",
              in.takeAll(),
              count);
        }
      }
    } finally {
      in.pieceEnds();
    }
    return count == 0 ? NOTHING : in.bytes.take(count);
  }

  /**
   * Reads all bytes up to and including the next separator. If several are given, up to the one
   * that ends first.
   *
   * <p><i>Waits</i> until a separator has come.
   *
   * <p><i>If cancelled</i>: {@link asyncio.CancelledError}; what came stays in the stream.
   *
   * <p><i>Thread</i>: a coroutine of the connection's loop; one at a time.
   *
   * @throws IncompleteReadException if the stream ends first; the exception carries what came
   * @throws LimitOverrunException if there are more bytes before the separator than the stream's
   *     limit; all of them stay in the stream
   * @throws IOException if the connection is lost, or closed on this side
   * @throws IllegalArgumentException if there is no separator, or an empty one
   * @throws IllegalStateException if another task is reading
   */
  public byte[] readUntil(byte[]... separators) throws IOException {
    in.begin("StreamReader.readUntil()");
    if (separators.length == 0) {
      throw new IllegalArgumentException("readUntil(separators) takes at least one to look for.");
    }
    for (byte[] separator : separators) {
      if (separator.length == 0) {
        throw new IllegalArgumentException(
            "readUntil(separator) takes at least one byte to look for.");
      }
    }
    int end = in.find(separators);
    if (end < 0) {
      int came = in.bytes.size();
      throw new IncompleteReadException(
          "The stream from "
              + link.peer
              + " ended after "
              + came
              + " bytes, without the separator.",
          in.takeAll(),
          -1);
    }
    return in.bytes.take(end);
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
    in.begin("StreamReader.readLine()");
    return nextLine(UTF_8);
  }

  /**
   * Reads a line as {@link #readLine} does, in another charset. In that charset the byte 10 must be
   * a line feed and nothing else, so UTF-16 can't be used. (A name of its own keeps {@code
   * timeout(limit, reader::readLine)} unambiguous.)
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #readLine}.
   */
  public @Nullable String readLineIn(Charset charset) throws IOException {
    in.begin("StreamReader.readLineIn()");
    checkLines(charset);
    return nextLine(charset);
  }

  private @Nullable String nextLine(Charset charset) throws IOException {
    int length = in.find(NEWLINE) - 1;
    int end = 1;
    if (length < 0) {
      length = in.bytes.size();
      end = 0;
      if (length == 0) {
        return null;
      }
    } else if (length > 0 && in.bytes.at(length - 1) == '\r') {
      length--;
      end = 2;
    }
    String line = in.bytes.text(length, charset);
    in.bytes.discard(length + end);
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
          + " a line feed is not the single byte 10, so the ends of lines can't be"
          + " found. Use readUntil(separator) and decode its bytes.");
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
    return () -> new Lines(UTF_8);
  }

  /** Returns the lines as {@link #lines()} does, in a charset that {@link #readLineIn} takes. */
  public Iterable<String> lines(Charset charset) {
    checkLines(charset);
    return () -> new Lines(charset);
  }

  private final class Lines implements Iterator<String> {
    private final Charset charset;
    private @Nullable String line;
    private int count;

    Lines(Charset charset) {
      this.charset = charset;
    }

    @Override
    public boolean hasNext() {
      if (line == null) {
        if (++count % YIELD_EVERY == 0) {
          // Many lines may already be here, and other tasks must run as well.
          link.requireTask("StreamReader.lines()").yieldNow();
        }
        try {
          in.begin("StreamReader.lines()");
          line = nextLine(charset);
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
    return link.isClosed() || in.isAtEnd();
  }

  // ---- as a whole, and for code that knows java.io and java.nio ----

  /**
   * Sends everything up to the end of this stream to {@code writer}, which stays open. Bytes pass
   * without being copied as long as the receiver keeps up; no memory is allocated for them. From a
   * file to a plain socket, the operating system sends the bytes; until it has, no other task may
   * write to that connection.
   *
   * <p><i>Waits</i> for bytes, and for the receiver to take them: no more is read than it takes.
   *
   * <p><i>If cancelled</i>: {@link asyncio.CancelledError}; what was read has been written, and is
   * still sent. Of a file that the operating system sends, the reader goes on after what has been
   * sent; see {@link StreamWriter#sendFile(java.nio.file.Path)}.
   *
   * <p><i>Thread</i>: a coroutine of the loop of both; no other task may read meanwhile.
   *
   * @return the number of bytes
   * @throws IOException if one of the two connections is lost, or closed on this side
   * @throws IllegalStateException if another task is reading, or the other stream was ended
   */
  public long transferTo(StreamWriter writer) throws IOException {
    long[] total = {0};
    transferTo(writer, count -> total[0] += count);
    return total[0];
  }

  /** Transfers, and tells {@code moved} of each piece. */
  void transferTo(StreamWriter writer, LongConsumer moved) throws IOException {
    in.begin("StreamReader.transferTo()");
    in.beginTransfer();
    try {
      if (!in.bytes.isEmpty()) {
        int count = in.bytes.size();
        writer.write(in.bytes.view());
        in.bytes.discard(count);
        moved.accept(count);
      }
      while (true) {
        writer.drain();
        writer.checkWritable(); // before anything is taken for it
        if (link.source() instanceof FileSource file && file.isDrained()) {
          writer.trySendRest(file, moved);
        }
        ByteBuffer came = in.receive(ReceiveBuffer.MAX_CHUNK);
        if (came == null) {
          return;
        }
        int count = came.remaining();
        try {
          writer.pass(came);
        } catch (IOException | IllegalStateException refused) {
          in.keep(came); // for somebody else
          throw refused;
        }
        moved.accept(count);
      }
    } finally {
      in.endTransfer();
    }
  }

  /**
   * Returns this stream as an InputStream, for code that knows java.io. Its methods wait as those of
   * this reader do. Closing it does not close the connection.
   *
   * <p><i>Thread</i>: that of the reader: coroutines of the connection's loop, one at a time.
   */
  public InputStream asInputStream() {
    return new InputView();
  }

  private final class InputView extends InputStream {
    private boolean closed;

    private void beginRead() throws IOException {
      if (closed) {
        throw new IOException("This InputStream is closed; its StreamReader is not.");
      }
      in.begin("InputStream.read()");
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
      Objects.checkFromIndexSize(offset, length, into.length);
      beginRead();
      return length == 0 ? 0 : fill(into, offset, length);
    }

    @Override
    public int available() {
      link.scheduler.checkOnLoop("InputStream.available()");
      return closed ? 0 : in.bytes.size();
    }

    @Override
    public void close() {
      closed = true;
    }
  }

  /**
   * Returns this stream as a channel, for code that knows java.nio. It reads as {@link
   * #read(ByteBuffer)} does. Closing it does not close the connection.
   *
   * <p><i>Thread</i>: that of the reader: coroutines of the connection's loop, one at a time.
   */
  public ReadableByteChannel asChannel() {
    return new ChannelView();
  }

  private final class ChannelView implements ReadableByteChannel {
    private boolean closed;

    @Override
    public int read(ByteBuffer into) throws IOException {
      if (closed) {
        throw new ClosedChannelException();
      }
      return into.hasRemaining() ? StreamReader.this.read(into) : 0;
    }

    @Override
    public boolean isOpen() {
      return !closed;
    }

    @Override
    public void close() {
      closed = true;
    }
  }

  /** Returns whether a task waits for bytes to come, and none are here. */
  boolean waitsForSomethingNew() {
    return in.waitsForSomethingNew();
  }

  /** Goes to another position in a file. */
  void seek(long position) {
    if (!(link.source() instanceof FileSource file)) {
      throw new AssertionError("a stream that is no file was to be moved: a bug, please report it");
    }
    in.checkNobodyReads("AsyncFile.seek()");
    in.bytes.clear();
    file.seek(position);
  }

  /** Closes a stream of one direction. */
  void close() {
    link.close();
  }

  /** Drops what is here and was not read. */
  void drop() {
    in.bytes.clear();
  }

  @Override
  public String toString() {
    return "StreamReader[" + link.peer + ", " + in.bytes.size() + " bytes"
        + (in.hasSeenEnd() ? ", ended]" : "]");
  }
}
