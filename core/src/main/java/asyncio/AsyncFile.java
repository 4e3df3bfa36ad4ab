package asyncio;

import asyncio.internal.engine.Sink;
import asyncio.internal.engine.Source;
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
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An open file, made by {@link AsyncFiles#open} and its like. It is read and written as a stream,
 * with {@link #reader} and {@link #writer}, or at any place in it. Helper threads do what blocks, so
 * a slow disk holds up the task that uses it and no other.
 *
 * <p>Methods that take a place see everything that was written before, also with {@link #writer}.
 * A write that is cancelled is made all the same, before all later ones.
 */
public final class AsyncFile implements AutoCloseable {
  /** Lines in files are longer than those of peers, and come from where they are trusted. */
  private static final int LINE_LIMIT = 16 * 1024 * 1024;

  /** The most that one call reads at a place. */
  private static final int MOST = 1024 * 1024;

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
   * Returns the stream of the file's bytes, from its beginning; always the same one. It reads up to
   * 256 KiB ahead. Its end is not final: once more has been appended, the next read finds it, and
   * {@link StreamReader#atEof} tells only of the last one. A line may have up to 16 MiB.
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
   * @throws IllegalStateException if it was returned before with another limit, or the file was not
   *     opened for reading
   */
  public StreamReader reader(int limit) {
    scheduler.checkOnLoop("AsyncFile.reader()");
    StreamOptions.DEFAULTS.withLimit(limit); // checks it
    if (!file.isReadable()) {
      throw new IllegalStateException(
          "The file "
              + file.path()
              + " was opened only to be written: add StandardOpenOption.READ to the options of open().");
    }
    StreamReader made = reader;
    if (made == null) {
      Source source = file.hasPlaces()
          ? new FileSource(file)
          : new BlockingSource(scheduler, Channels.newInputStream(file.channel()));
      made = new StreamReader(link(source, null), limit);
      reader = made;
      this.limit = limit;
    } else if (this.limit != limit) {
      throw new IllegalStateException("The reader of " + file.path() + " has the limit "
          + this.limit + ": it is given by the first call.");
    }
    return made;
  }

  /**
   * Returns the stream of bytes to the file, from its beginning, or to its end if it was opened to
   * append; always the same one.
   *
   * <p>If the disk is full, {@code send}, {@code drain} or {@code flush} tells so, and what is not
   * written is kept: once there is room, {@code flush} writes it. {@link #close} tries it once more,
   * and fails if that fails.
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
      Sink sink = file.hasPlaces()
          ? new FileSink(file)
          : new BlockingSink(scheduler, Channels.newOutputStream(file.channel()));
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

  private void checkWritable() {
    if (!file.isWritable()) {
      throw new IllegalStateException("The file "
          + file.path()
          + " was opened only to be read: use create() or append(), or add StandardOpenOption.WRITE"
          + " to the options of open().");
    }
  }

  /**
   * Returns the lines from where {@link #reader} is to the end of the file, in UTF-8, for a {@code
   * for} loop; see {@link StreamReader#lines()}. If the last one does not end in a line feed, it is
   * returned as well: of a file that others write to, it may be a piece of a line.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link StreamReader#lines()}.
   */
  public Iterable<String> lines() {
    return reader().lines();
  }

  // ---- at places ----

  /**
   * Reads into a buffer, from its position on, and moves the position. Reads at least one byte, and
   * at most 1 MiB; the place of the stream does not matter. Returns the number of bytes, or -1 at the
   * end of the file.
   *
   * <p><i>Waits</i> until the bytes are read.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; the buffer is unchanged.
   *
   * <p><i>Thread</i>: a coroutine of the loop. Several may read.
   *
   * @param position the place in the file, in bytes from its beginning
   * @throws IOException if the file can't be read, or was closed
   * @throws IllegalArgumentException if the buffer is full or read-only, or the place negative
   */
  public int read(ByteBuffer into, long position) throws IOException {
    String call = "AsyncFile.read()";
    if (!into.hasRemaining() || into.isReadOnly()) {
      throw new IllegalArgumentException(
          "read(into, position) fills a buffer from its position to" + " its limit; this one is "
              + (into.isReadOnly() ? "read-only." : "full: clear() it first."));
    }
    byte[] bytes = readAt(call, position, Math.min(into.remaining(), MOST), false);
    into.put(bytes);
    return bytes.length == 0 ? -1 : bytes.length;
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
   * @param position the place in the file, in bytes from its beginning
   * @throws IOException if the file can't be read, or was closed
   * @throws IllegalArgumentException if an argument is negative
   */
  public byte[] read(long position, int count) throws IOException {
    if (count < 0) {
      throw new IllegalArgumentException(
          "read(position, count) takes a number of bytes, zero or more; got " + count + ".");
    }
    return readAt("AsyncFile.read()", position, count, true);
  }

  private byte[] readAt(String call, long position, int count, boolean all) throws IOException {
    checkPlace(position);
    Fiber fiber = settled(call);
    if (!file.isReadable()) {
      reader(); // throws
    }
    return file.call(fiber, () -> {
      byte[] bytes = new byte[Math.clamp(file.channel().size() - position, 0, count)];
      var into = ByteBuffer.wrap(bytes);
      while (into.hasRemaining()) {
        int came = file.channel().read(into, position + into.position());
        if (came < 0 || !all) {
          break;
        }
      }
      return into.hasRemaining() ? Arrays.copyOf(bytes, into.position()) : bytes;
    });
  }

  /**
   * Writes the bytes between the buffer's position and its limit, and moves the position to the
   * limit. The file grows if necessary.
   *
   * <p><i>Waits</i> until the operating system has them; {@link #sync} waits until the disk has.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; they are written all the same, before anything
   * later.
   *
   * <p><i>Thread</i>: a coroutine of the loop. Several may write; the buffer is the caller's again
   * when the call has ended, however it ended.
   *
   * @param position the place in the file, in bytes from its beginning
   * @throws IOException if not all of them could be written, or the file was closed
   * @throws IllegalArgumentException if the place is negative
   * @throws IllegalStateException if the file was not opened for writing, or to append
   */
  public void write(ByteBuffer from, long position) throws IOException {
    checkPlace(position);
    Fiber fiber = settled("AsyncFile.write()");
    checkWritable();
    if (file.appends()) {
      throw new IllegalStateException("The file "
          + file.path()
          + " was opened to append: its system would write at the end. Open it with"
          + " StandardOpenOption.WRITE to write at a place.");
    }
    byte[] bytes = new byte[from.remaining()];
    from.get(bytes);
    if (bytes.length > 0) {
      file.writeAll(fiber, bytes, position);
    }
  }

  private static void checkPlace(long position) {
    if (position < 0) {
      throw new IllegalArgumentException(
          "A place in a file is counted from its beginning, from 0 on; got " + position + ".");
    }
  }

  /**
   * Sends a part of the file to {@code to}, or as much of it as there is up to the end of the file.
   * The operating system sends it to a plain socket, so the bytes do not come into the program; see
   * {@link StreamWriter#sendFile(Path)}.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link StreamWriter#sendFile(Path)}.
   *
   * @param position the place in the file, in bytes from its beginning
   * @param count how many bytes
   * @return how many bytes were sent
   * @throws IOException if the file can't be read, or the connection is lost
   * @throws IllegalArgumentException if an argument is negative
   */
  public long transferTo(long position, long count, StreamWriter to) throws IOException {
    settled("AsyncFile.transferTo()");
    if (!file.isReadable()) {
      reader(); // throws
    }
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
   * @throws IOException if it can't be told, or the file was closed
   */
  public long size() throws IOException {
    Fiber fiber = settled("AsyncFile.size()");
    return file.call(fiber, () -> file.channel().size());
  }

  /**
   * Cuts the file to {@code size} bytes; a file that is smaller stays as it is.
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
    checkPlace(size);
    Fiber fiber = settled("AsyncFile.truncate()");
    checkWritable();
    file.call(fiber, () -> file.channel().truncate(size));
  }

  /**
   * Makes sure that what was written outlasts a loss of power: writes what is buffered, and has the
   * operating system bring it to the disk.
   *
   * <p><i>Waits</i> until the disk has it.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; what was written is written all the same.
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
    Fiber fiber = Current.requireTask(scheduler, call);
    file.checkOpen(call);
    StreamWriter out = writer;
    if (out != null && !out.isClosing()) {
      out.flush();
    }
    file.awaitWrites(fiber);
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
   * @throws IOException if not everything could be written, such as because the disk is full. The
   *     file is closed all the same
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
