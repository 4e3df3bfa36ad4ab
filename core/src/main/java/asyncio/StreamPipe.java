package asyncio;

import asyncio.internal.engine.MemoryPipe;
import asyncio.internal.net.Link;
import asyncio.internal.net.SendBuffer;
import asyncio.internal.net.StreamOptions;
import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Scheduler;
import java.io.IOException;
import java.util.Objects;

/**
 * A stream in memory: what is written to its {@link #writer} can be read from its {@link #reader},
 * by tasks of the same loop. It stands in for a connection in tests, and joins code that writes a
 * stream to code that reads one.
 *
 * <pre>{@code
 * var pipe = new StreamPipe(64 * 1024);
 * createTask("numbers", () -> {
 *   for (int i = 0; i < 3; i++) pipe.writer().send(i + "\n");
 *   pipe.writer().close();
 * });
 * for (String line : pipe.reader().lines()) IO.println(line);
 * }</pre>
 *
 * <p>{@code pipe.writer().write(…)} is asyncio's {@code feed_data}, {@code pipe.writer().close()} its
 * {@code feed_eof}, and {@link #fail} its {@code set_exception}.
 */
public final class StreamPipe implements AutoCloseable {
  private final MemoryPipe pipe;
  private final Link in;
  private final Link out;
  private final StreamReader reader;
  private final StreamWriter writer;

  /**
   * Creates a pipe of the running loop.
   *
   * <p><i>Thread</i>: on the loop.
   *
   * @param capacity how many bytes it holds; {@link StreamWriter#drain} waits while there are more
   * @throws IllegalArgumentException if {@code capacity} is less than 1
   */
  public StreamPipe(int capacity) {
    this(capacity, StreamOptions.DEFAULTS.limit());
  }

  /**
   * Creates a pipe whose reader has a limit of its own.
   *
   * <p><i>Thread</i>: on the loop.
   *
   * @param limit the maximum length, in bytes, of a line or other delimited piece
   */
  public StreamPipe(int capacity, int limit) {
    if (capacity < 1) {
      throw new IllegalArgumentException("A pipe holds at least one byte; got " + capacity + ".");
    }
    Scheduler scheduler = Current.require("new StreamPipe()");
    pipe = new MemoryPipe(scheduler, capacity);
    in = new Link(scheduler, "pipe", "a pipe", pipe.source(), null);
    out = new Link(scheduler, "pipe", "a pipe", null, pipe.sink());
    reader = new StreamReader(in, StreamOptions.DEFAULTS.withLimit(limit).limit());
    // drain() waits while there is more than the pipe holds; a reader may take its time.
    writer = new StreamWriter(out, new SendBuffer(out, 0, 0, null));
  }

  /** Returns the end that is read from. */
  public StreamReader reader() {
    return reader;
  }

  /** Returns the end that is written to. Closing it ends the stream. */
  public StreamWriter writer() {
    return writer;
  }

  /**
   * Breaks the pipe: reads and writes fail with an IOException whose cause is {@code failure}. What
   * was not read is dropped.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public void fail(IOException failure) {
    in.scheduler.checkOnLoop("StreamPipe.fail()");
    out.lose(Objects.requireNonNull(failure, "failure"));
    pipe.fail(failure);
    reader.drop();
  }

  /**
   * Closes both ends at once; what was not read is dropped. Does nothing the second time.
   *
   * <p><i>Thread</i>: on the loop.
   */
  @Override
  public void close() {
    in.scheduler.checkOnLoop("StreamPipe.close()");
    writer.abort();
    in.close();
  }

  @Override
  public String toString() {
    return "StreamPipe[" + reader + ", " + writer + "]";
  }
}
