package asyncio;

import static java.nio.charset.StandardCharsets.UTF_8;

import asyncio.internal.file.FileJobs;
import asyncio.internal.file.FileMemory;
import asyncio.internal.file.FileSource;
import asyncio.internal.net.BlockingSink;
import asyncio.internal.net.Link;
import asyncio.internal.net.SendBuffer;
import asyncio.internal.net.StreamOptions;
import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.Scheduler;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channel;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.SelectableChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.Objects;
import java.util.function.LongConsumer;

/**
 * The sending half of a {@link Connection}. Writing never waits: what one step writes is sent
 * together when the step ends, or as soon as 64 KiB have gathered, and whatever the socket does not
 * take then is buffered. {@link #drain} waits while too much is buffered: a program that calls it
 * after each write buffers at most the high water mark plus one write.
 */
public final class StreamWriter {
  /** From this size on, the kernel takes bytes from where they are. */
  private static final int LARGE = 64 * 1024;

  /** A direct buffer smaller than this is copied: that costs less than a system call of its own. */
  private static final int SMALL = 4 * 1024;

  private final Link link;
  private final SendBuffer sendBuffer;

  StreamWriter(Link link, SendBuffer sendBuffer) {
    this.link = link;
    this.sendBuffer = sendBuffer;
  }

  /**
   * Returns a writer to an OutputStream: standard output, a process, a file. A helper thread writes
   * and flushes, so the loop goes on. {@link #flush} waits until it has: what it has not written when
   * the loop closes is lost. Closing the writer, or {@link #writeEof}, closes the stream,
   * and {@link #waitClosed} tells if that failed.
   *
   * <p><i>Thread</i>: on the loop, whose coroutines use the writer. Nobody else may write to the
   * stream.
   */
  public static StreamWriter of(OutputStream stream) {
    Scheduler scheduler = Current.require("StreamWriter.of()");
    String name = stream.getClass().getName();
    var sink = new BlockingSink(scheduler, stream);
    var link = new Link(scheduler, "output stream " + name, name, null, sink);
    StreamOptions defaults = StreamOptions.DEFAULTS;
    return new StreamWriter(
        link, new SendBuffer(link, defaults.highWater(), defaults.lowWater(), null));
  }

  /**
   * Returns a writer to a channel, as {@link #of(OutputStream)} does to a stream.
   *
   * @throws IllegalArgumentException if the channel is in non-blocking mode
   */
  public static StreamWriter of(WritableByteChannel channel) {
    checkBlocks(channel);
    return of(Channels.newOutputStream(channel));
  }

  static void checkBlocks(Channel channel) {
    if (channel instanceof SelectableChannel selectable && !selectable.isBlocking()) {
      throw new IllegalArgumentException("This channel is in non-blocking mode, and a helper thread"
          + " that reads or writes must block: call configureBlocking(true).");
    }
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
    sendBuffer.write(bytes);
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
   * Sends bytes and lets the peer catch up: {@link #write(byte[])} and {@link #drain} in one.
   *
   * <p><i>Waits</i> as {@link #drain} does; for 64 KiB and more, usually until the socket has taken
   * them, since they are not copied unless other output is still waiting.
   *
   * <p><i>If cancelled</i>: {@link asyncio.CancelledError}; the bytes are still sent.
   *
   * <p><i>Thread</i>: a coroutine of the connection's loop. Several may send: the bytes of one call
   * stay together. The array is the caller's again when the call has ended, however it ended.
   *
   * @throws IOException if the connection is lost, or closed on this side
   * @throws IllegalStateException after {@link #writeEof}
   */
  public void send(byte[] bytes) throws IOException {
    Fiber fiber = beginSend();
    if (bytes.length >= LARGE) {
      sendBuffer.send(fiber, ByteBuffer.wrap(bytes));
    } else {
      sendBuffer.write(bytes, 0, bytes.length);
      sendBuffer.drain(fiber);
    }
  }

  /**
   * Sends the bytes between the buffer's position and its limit, as {@link #send(byte[])} does, and
   * moves the position. The kernel takes those of a direct buffer of 4 KiB or more from where they
   * are, unless other output is still waiting or the buffer belongs to one thread alone (a confined
   * arena).
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #send(byte[])}. A cancelled call
   * copies what is left, and moves the position to the limit.
   */
  public void send(ByteBuffer bytes) throws IOException {
    Fiber fiber = beginSend();
    if (bytes.remaining() >= (bytes.isDirect() ? SMALL : LARGE)) {
      sendBuffer.send(fiber, bytes);
    } else {
      sendBuffer.write(bytes);
      sendBuffer.drain(fiber);
    }
  }

  /**
   * Sends text in UTF-8.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #send(byte[])}.
   */
  public void send(String text) throws IOException {
    send(text.getBytes(UTF_8));
  }

  private Fiber beginSend() {
    return begin("StreamWriter.send()");
  }

  private Fiber begin(String call) {
    Fiber fiber = link.requireTask(call);
    fiber.breathe();
    return fiber;
  }

  // ---- files ----

  /**
   * Sends a file, after everything that was written before. On a plain socket, the operating system
   * sends it (sendfile), and its bytes never enter the program; over TLS and on other streams, it
   * is read and written piece by piece. Until it has been sent, no other task may write.
   *
   * <p><i>Waits</i> until the socket has taken all of it.
   *
   * <p><i>If cancelled</i>: {@link asyncio.CancelledError}; some of it may have been sent, and up
   * to 1 MiB more may be. If the connection is then closed with nothing written in between, it is
   * reset, so that the peer can tell that the file is incomplete.
   *
   * <p><i>Thread</i>: a coroutine of the connection's loop.
   *
   * @return how many bytes were sent
   * @throws IOException if the file can't be read; or if the connection is lost, or closed on this
   *     side
   * @throws IllegalStateException after {@link #writeEof}, or while another task sends a file
   */
  public long sendFile(Path path) throws IOException {
    begin("StreamWriter.sendFile()");
    checkWritable();
    try (AsyncFile file = AsyncFiles.open(path)) {
      return file.transferTo(0, Long.MAX_VALUE, this);
    }
  }

  /**
   * Sends a part of a file, or less if the file ends first, as {@link #sendFile(Path)} does. The
   * channel's own position does not matter and does not change.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #sendFile(Path)}.
   *
   * @param position in bytes from the beginning of the file
   * @param count how many bytes
   * @return how many bytes were sent
   * @throws IOException if the file can't be read; or if the connection is lost, or closed on this
   *     side
   * @throws IllegalArgumentException if an argument is negative
   * @throws IllegalStateException after {@link #writeEof}, or while another task sends a file
   */
  public long sendFile(FileChannel file, long position, long count) throws IOException {
    Fiber fiber = begin("StreamWriter.sendFile()");
    if (!file.isOpen()) {
      throw new ClosedChannelException();
    }
    if (position < 0 || count < 0) {
      throw new IllegalArgumentException(
          "sendFile(file, position, count) counts bytes from 0 on; got " + position + " and "
              + count + ".");
    }
    long[] sent = {0};
    boolean whole = false;
    sendBuffer.beginFile(fiber);
    try {
      if (!sendBuffer.sendFile(fiber, file, position, count, n -> sent[0] += n)) {
        sent[0] = copyFile(fiber, file, position, count);
      }
      whole = true;
      return sent[0];
    } finally {
      sendBuffer.endFile(whole);
    }
  }

  private long copyFile(Fiber fiber, FileChannel file, long position, long count)
      throws IOException {
    ByteBuffer memory = FileMemory.takeNow((int) Math.min(count, FileMemory.LARGEST));
    boolean reading = false;
    long sent = 0;
    try {
      while (sent < count) {
        ByteBuffer piece = memory.clear().limit((int) Math.min(count - sent, FileMemory.LARGEST));
        reading = true;
        int came = FileJobs.read(fiber, file, position + sent, piece);
        reading = false;
        if (came < 0) {
          break;
        }
        sent += came;
        send(piece.flip());
      }
    } finally {
      if (!reading) { // otherwise a thread may still write to the memory
        FileMemory.giveBack(memory);
      }
    }
    sendBuffer.flush(fiber);
    return sent;
  }

  /** Sends what is left of a file, if the operating system can; otherwise does nothing. */
  void trySendRest(FileSource file, LongConsumer moved) throws IOException {
    Fiber fiber = begin("StreamReader.transferTo()");
    FileChannel channel = file.file().channel();
    if (!link.sink().sendsFiles(channel)) {
      return;
    }
    file.awaitSent(fiber);
    boolean whole = false;
    sendBuffer.beginFile(fiber);
    try {
      sendBuffer.sendFile(fiber, channel, file.position(), Long.MAX_VALUE, count -> {
        file.sent(count);
        moved.accept(count);
      });
      whole = true;
    } finally {
      if (sendBuffer.isSendingFile()) {
        file.awaitsSending(); // it was cancelled
      }
      sendBuffer.endFile(whole);
    }
  }

  /** Closes at once; what was not sent is dropped. */
  void abort() {
    sendBuffer.abort();
  }

  /** Checks that something may be written. */
  void checkWritable() throws IOException {
    sendBuffer.checkWritable();
  }

  /** Sends bytes that are good for this step only. */
  void pass(ByteBuffer bytes) throws IOException {
    sendBuffer.pass(bytes);
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
   * Waits until the socket, or the stream of {@link #of}, has taken everything that was written.
   * {@link #drain} is enough to keep a slow peer's output from piling up; this is for who must know
   * that nothing is left.
   *
   * <p><i>Waits</i> until nothing is buffered.
   *
   * <p><i>If cancelled</i>: {@link asyncio.CancelledError}; what was written is still sent.
   *
   * <p><i>Thread</i>: a coroutine of the connection's loop. Several tasks may wait.
   *
   * @throws IOException if the connection is lost, or closed on this side
   */
  public void flush() throws IOException {
    Fiber fiber = link.requireTask("StreamWriter.flush()");
    fiber.breathe();
    link.checkNotTaken("StreamWriter.flush()");
    sendBuffer.flush(fiber);
  }

  /**
   * Ends the output: tells the peer, after everything that was written, that nothing more will
   * come. Reading is not affected. Does nothing the second time.
   *
   * <p><i>Thread</i>: on the loop.
   *
   * @throws IOException if the connection is lost, or closed on this side
   * @throws IllegalStateException if a file was not sent whole, and nothing was written since: the
   *     peer would take the part for the whole
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

  // ---- for code that knows java.io and java.nio ----

  /**
   * Returns this stream as an OutputStream, for code that knows java.io. Its {@code write} waits as
   * {@link #send} does, and its {@code flush} as {@link #flush}. Closing it does not close the
   * connection.
   *
   * <p><i>Thread</i>: coroutines of the connection's loop.
   */
  public OutputStream asOutputStream() {
    return new OutputView();
  }

  private final class OutputView extends OutputStream {
    private boolean closed;

    private Fiber begin() throws IOException {
      if (closed) {
        throw new IOException("This OutputStream is closed; its StreamWriter is not.");
      }
      return beginSend();
    }

    @Override
    public void write(int one) throws IOException {
      write(new byte[] {(byte) one}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      Objects.checkFromIndexSize(offset, length, bytes.length);
      begin();
      send(ByteBuffer.wrap(bytes, offset, length));
    }

    @Override
    public void flush() throws IOException {
      sendBuffer.flush(begin());
    }

    @Override
    public void close() {
      closed = true;
    }
  }

  /**
   * Returns this stream as a channel, for code that knows java.nio. Its {@code write} sends all
   * that the buffer holds, as {@link #send(ByteBuffer)} does. Closing it does not close the
   * connection.
   *
   * <p><i>Thread</i>: coroutines of the connection's loop.
   */
  public WritableByteChannel asChannel() {
    return new ChannelView();
  }

  private final class ChannelView implements WritableByteChannel {
    private boolean closed;

    @Override
    public int write(ByteBuffer bytes) throws IOException {
      if (closed) {
        throw new ClosedChannelException();
      }
      int length = bytes.remaining();
      send(bytes);
      return length;
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
