package asyncio;

import asyncio.internal.engine.Sink;
import asyncio.internal.engine.Source;
import asyncio.internal.file.FileMemory;
import asyncio.internal.file.FileSink;
import asyncio.internal.file.FileSource;
import asyncio.internal.file.OpenFile;
import asyncio.internal.net.BlockingSink;
import asyncio.internal.net.BlockingSource;
import asyncio.internal.net.Link;
import asyncio.internal.net.SendBuffer;
import asyncio.internal.net.StreamOptions;
import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.Scheduler;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An open file, returned by {@link AsyncFiles#open} and its siblings. Read and write it as a
 * stream, through {@link #reader} and {@link #writer}, or at any position. Blocking calls run on
 * helper threads, so a slow disk delays only the task that uses it.
 *
 * <p>Reader and writer each have a position of their own, which begins at 0; {@link #seek} moves
 * the reader. Methods that take a position see everything written before them, including through
 * {@link #writer}. A cancelled write is still carried out, before any later one.
 */
public final class AsyncFile implements AutoCloseable {
  /** Larger than for peers: files have longer lines, and are more often trusted. */
  private static final int LINE_LIMIT = 16 * 1024 * 1024;

  /** How much is read first of a file whose size says nothing. */
  private static final int SMALL = 8 * 1024;

  private final OpenFile file;
  private final Scheduler scheduler;
  private @Nullable StreamReader reader;
  private @Nullable StreamWriter writer;

  /** The limit of {@link #reader}. */
  private int limit;

  private AsyncFile(OpenFile file, Scheduler scheduler) {
    this.file = file;
    this.scheduler = scheduler;
  }

  static AsyncFile open(String call, Path path, Set<? extends OpenOption> options, boolean deletes)
      throws IOException {
    Fiber fiber = Current.requireTask(call);
    return new AsyncFile(OpenFile.open(fiber, path, options, deletes), fiber.scheduler());
  }

  // ---- as a stream ----

  /**
   * Returns the stream of the file's bytes, starting at its beginning; every call returns the same
   * one. It reads up to 256 KiB ahead. The end is not final: if the file grows, the next read
   * returns what was added, so {@link StreamReader#atEof} says only what the last read saw. A line
   * may be up to 16 MiB long.
   *
   * <p><i>Thread</i>: on the loop.
   *
   * @throws IllegalStateException if the file was not opened for reading
   */
  public StreamReader reader() {
    return reader == null ? reader(LINE_LIMIT) : reader;
  }

  /**
   * Returns the stream of the file's bytes as {@link #reader()} does, with a limit of its own.
   *
   * @param limit the maximum length, in bytes, of a line or other delimited piece
   * @throws IllegalStateException if the reader already exists with another limit, or the file was
   *     not opened for reading
   */
  public StreamReader reader(int limit) {
    scheduler.checkOnLoop("AsyncFile.reader()");
    StreamOptions.DEFAULTS.withLimit(limit); // checks it
    checkReadable();
    StreamReader made = reader;
    if (made == null) {
      Source source = file.hasPlaces()
          ? new FileSource(file)
          : new BlockingSource(scheduler, Channels.newInputStream(file.channel()));
      made = new StreamReader(link(source, null), limit);
      reader = made;
      this.limit = limit;
    } else if (this.limit != limit) {
      throw new IllegalStateException("The reader of " + file.path() + " already has the limit "
          + this.limit + ", set by the first call of reader(). Call reader(limit) before anything"
          + " else uses the reader.");
    }
    return made;
  }

  /**
   * Moves the reader: the next read of it begins at {@code position}. What it has read ahead is
   * dropped, so this also makes it see what has changed since.
   *
   * <p><i>Thread</i>: on the loop.
   *
   * @param position in bytes from the beginning of the file; it may be beyond the end
   * @throws IllegalArgumentException if it is negative
   * @throws IllegalStateException if a task is reading, the file was not opened for reading, or it
   *     is a pipe or a device
   */
  public void seek(long position) {
    StreamReader moved = reader();
    checkPosition("AsyncFile.seek()", position);
    moved.seek(position);
  }

  /**
   * Returns the stream of bytes to the file, starting at its beginning, or at its end if it was
   * opened for appending; every call returns the same one. {@code send} waits for the disk where it
   * must; {@code write} never waits, and buffers as much as it is given. Closing the writer leaves
   * the file open.
   *
   * <p>If the disk is full, {@code send}, {@code drain} or {@code flush} throws, and the bytes not
   * yet written are kept: call {@code flush} again once there is room. {@link #close} makes one
   * last attempt, and throws if that fails too.
   *
   * <p><i>Thread</i>: on the loop.
   *
   * @throws IllegalStateException if the file was not opened for writing
   */
  public StreamWriter writer() {
    scheduler.checkOnLoop("AsyncFile.writer()");
    checkWritable();
    StreamWriter made = writer;
    if (made == null) {
      Sink sink =
          file.hasPlaces() ? new FileSink(file) : new BlockingSink(scheduler, file.output());
      StreamOptions defaults = StreamOptions.DEFAULTS;
      Link link = link(null, sink);
      made = new StreamWriter(
          link, new SendBuffer(link, defaults.highWater(), defaults.lowWater(), null));
      writer = made;
    }
    return made;
  }

  private Link link(@Nullable Source source, @Nullable Sink sink) {
    return new Link(scheduler, "file " + file.path(), file.path().toString(), source, sink);
  }

  private void checkReadable() {
    if (!file.isReadable()) {
      throw new IllegalStateException("The file "
          + file.path()
          + " was opened for writing only. To read it as well, use open() with"
          + " StandardOpenOption.READ among its options.");
    }
  }

  private void checkWritable() {
    if (!file.isWritable()) {
      throw new IllegalStateException("The file "
          + file.path()
          + " was opened for reading only. To write it, open it with create() or append(), or add"
          + " StandardOpenOption.WRITE to the options of open().");
    }
  }

  /**
   * Returns the lines from where {@link #reader} is to the end of the file, in UTF-8, for a {@code
   * for} loop; see {@link StreamReader#lines()}. A last line without a line feed is returned too;
   * if somebody is still writing the file, it may be incomplete. A failure is thrown as an {@link
   * java.io.UncheckedIOException}; {@link StreamReader#readLine} throws an IOException.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link StreamReader#lines()}.
   */
  public Iterable<String> lines() {
    return reader().lines();
  }

  // ---- at positions ----

  /**
   * Reads into a buffer, from its position on, and moves the position. Reads at least one byte and
   * at most 256 KiB. The reader's position is neither used nor changed. Returns the number of bytes,
   * or -1 at the end of the file.
   *
   * <p><i>Waits</i> until the bytes are read.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; the buffer is unchanged.
   *
   * <p><i>Thread</i>: a coroutine of the loop. Several may read.
   *
   * @param position in bytes from the beginning of the file
   * @throws IOException if the file can't be read, or was closed
   * @throws IllegalArgumentException if the buffer is full or read-only, or the position negative
   */
  public int read(ByteBuffer into, long position) throws IOException {
    String call = "AsyncFile.read()";
    if (!into.hasRemaining() || into.isReadOnly()) {
      throw new IllegalArgumentException(
          "read(into, position) fills a buffer from its position to" + " its limit; this one is "
              + (into.isReadOnly() ? "read-only." : "full: clear() it first."));
    }
    Fiber fiber = beginAt(call, position);
    checkReadable();
    return file.read(fiber, into, position);
  }

  /**
   * Reads {@code count} bytes, or as many as there are up to the end of the file.
   *
   * <p><i>Waits</i> until the bytes are read.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}.
   *
   * <p><i>Thread</i>: a coroutine of the loop. Several may read.
   *
   * @param position in bytes from the beginning of the file
   * @throws IOException if the file can't be read, or was closed
   * @throws IllegalArgumentException if an argument is negative
   */
  public byte[] read(long position, int count) throws IOException {
    if (count < 0) {
      throw new IllegalArgumentException(
          "read(position, count) takes a number of bytes, zero or more; got " + count + ".");
    }
    Fiber fiber = beginAt("AsyncFile.read()", position);
    checkReadable();
    return file.call(fiber, () -> readNow(file.channel(), position, count));
  }

  private static byte[] readNow(FileChannel channel, long position, int count) throws IOException {
    // Some files have content and no size, such as those in /proc.
    int there = Math.clamp(channel.size() - position, 0, count);
    byte[] bytes = new byte[there > 0 ? there : Math.min(count, SMALL)];
    int read = 0;
    while (read < count) {
      if (read == bytes.length) {
        bytes = Arrays.copyOf(bytes, (int) Math.min(count, 2L * read));
      }
      int piece = Math.min(bytes.length - read, FileMemory.LARGEST);
      int more = channel.read(ByteBuffer.wrap(bytes, read, piece), position + read);
      if (more < 0) {
        break;
      }
      read += more;
    }
    return read == bytes.length ? bytes : Arrays.copyOf(bytes, read);
  }

  /**
   * Writes the bytes between the buffer's position and its limit, and moves the position to the
   * limit. The file grows if necessary.
   *
   * <p><i>Waits</i> until the operating system has the bytes; {@link #sync} waits until they are on
   * the disk.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; the bytes are still written, before any later
   * ones.
   *
   * <p><i>Thread</i>: a coroutine of the loop. Several may write; the buffer is the caller's again
   * when the call has ended, however it ended.
   *
   * @param position in bytes from the beginning of the file
   * @throws IOException if not all of them could be written, or the file was closed
   * @throws IllegalArgumentException if the position is negative
   * @throws IllegalStateException if the file was not opened for writing, or was opened for
   *     appending, or is a pipe or a device
   */
  public void write(ByteBuffer from, long position) throws IOException {
    String call = "AsyncFile.write()";
    checkPosition(call, position);
    Fiber fiber = flushed(call); // earlier writes come first in any case
    checkWritable();
    if (file.appends()) {
      throw new IllegalStateException("The file "
          + file.path()
          + " was opened for appending, so the system would write at its end whatever the position."
          + " To write at a position, open it with StandardOpenOption.WRITE and without APPEND.");
    }
    byte[] bytes = new byte[from.remaining()];
    from.get(bytes);
    if (bytes.length > 0) {
      file.writeAll(fiber, bytes, position);
    }
  }

  /** Begins a call that takes a position; everything that was written before is in the file. */
  private Fiber beginAt(String call, long position) throws IOException {
    checkPosition(call, position);
    return settled(call);
  }

  private void checkPosition(String call, long position) {
    if (position < 0) {
      throw new IllegalArgumentException(
          "The position is a number of bytes from the beginning of the file, 0 or more; got "
              + position
              + ".");
    }
    if (!file.hasPlaces()) {
      throw new IllegalStateException(call + " needs a file with positions, and " + file.path()
          + " is a pipe or a device: use its reader() or writer().");
    }
  }

  /**
   * Sends a part of the file to {@code to}, or less if the file ends first. If {@code to} is a
   * plain socket, the operating system sends the bytes itself, and they never enter the program;
   * see {@link StreamWriter#sendFile(Path)}.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link StreamWriter#sendFile(Path)}.
   *
   * @param position in bytes from the beginning of the file
   * @param count how many bytes
   * @return how many bytes were sent
   * @throws IOException if the file can't be read, or the connection is lost
   * @throws IllegalArgumentException if an argument is negative
   */
  public long transferTo(long position, long count, StreamWriter to) throws IOException {
    beginAt("AsyncFile.transferTo()", position);
    checkReadable();
    return to.sendFile(file.channel(), position, count);
  }

  // ---- as a whole ----

  /**
   * Returns the size of the file in bytes.
   *
   * <p><i>Waits</i> until it is known.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}.
   *
   * <p><i>Thread</i>: a coroutine of the loop.
   *
   * @throws IOException if it can't be read, or the file was closed
   */
  public long size() throws IOException {
    Fiber fiber = settled("AsyncFile.size()");
    return file.call(fiber, () -> file.channel().size());
  }

  /**
   * Cuts the file to {@code size} bytes; a smaller file stays as it is. The positions of reader and
   * writer stay as they are: a writer beyond the new end leaves a hole, which reads as zeros.
   *
   * <p><i>Waits</i> until it is cut.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; the file may have been cut.
   *
   * <p><i>Thread</i>: a coroutine of the loop.
   *
   * @throws IOException if that can't be done, or the file was closed
   * @throws IllegalArgumentException if the size is negative
   * @throws IllegalStateException if the file was not opened for writing
   */
  public void truncate(long size) throws IOException {
    if (size < 0) {
      throw new IllegalArgumentException(
          "truncate(size) takes a number of bytes, 0 or more; got " + size + ".");
    }
    Fiber fiber = settled("AsyncFile.truncate()");
    checkWritable();
    file.call(fiber, () -> file.channel().truncate(size));
  }

  /**
   * Makes what was written survive a power failure: writes what is buffered, and forces it to the
   * disk.
   *
   * <p><i>Waits</i> until the disk has it.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; what was written is still written.
   *
   * <p><i>Thread</i>: a coroutine of the loop.
   *
   * @throws IOException if that can't be done, or the file was closed
   */
  public void sync() throws IOException {
    Fiber fiber = settled("AsyncFile.sync()");
    file.call(fiber, () -> {
      file.channel().force(true);
      return true;
    });
  }

  /** Waits until everything that was written so far is in the file. */
  private Fiber settled(String call) throws IOException {
    Fiber fiber = flushed(call);
    file.awaitWrites(fiber);
    return fiber;
  }

  /** Waits until everything that was written with {@link #writer} so far is in the file. */
  private Fiber flushed(String call) throws IOException {
    Fiber fiber = Current.requireTask(scheduler, call);
    file.checkOpen(call);
    StreamWriter out = writer;
    if (out != null && !out.isClosing()) {
      out.flush();
    }
    return fiber;
  }

  /** Returns the path that the file was opened by. <i>Thread</i>: any. */
  public Path path() {
    return file.path();
  }

  /**
   * Writes what is buffered and closes the file. Does nothing the second time.
   *
   * <p><i>Waits</i> until it is closed.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; writing and closing go on.
   *
   * <p><i>Thread</i>: a coroutine of the loop.
   *
   * @throws IOException if some buffered bytes could not be written, for example because the disk
   *     is full; the file is closed anyway
   */
  @Override
  public void close() throws IOException {
    Fiber fiber = Current.requireTask(scheduler, "AsyncFile.close()");
    boolean first = !file.isClosing();
    try {
      StreamWriter out = writer;
      if (out != null && first) {
        out.close();
        out.waitClosed();
      }
    } finally {
      file.close();
      StreamReader in = reader;
      if (in != null && first) {
        in.close();
      }
    }
    file.awaitClosed(fiber);
  }

  @Override
  public String toString() {
    return "AsyncFile[" + file.path() + (file.isClosing() ? ", closed]" : "]");
  }
}
