package asyncio.internal.engine;

import asyncio.WaitKind;
import asyncio.internal.scheduler.AfterStep;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.Owner;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.util.ByteFifo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import org.jspecify.annotations.Nullable;

/**
 * A stream of bytes in memory, from a {@link Sink} to a {@link Source} on the same loop. It holds
 * what was written and not yet read, up to its capacity. Loop-confined.
 *
 * <pre>
 *   OPEN --end(…), the sink is closed--> ENDED: what is there can be read, then comes the end
 *   OPEN, ENDED --the source is closed--> BROKEN: writing fails
 *   OPEN, ENDED --fail(…)--> BROKEN: reading fails as well, and what was there is dropped
 * </pre>
 */
public final class MemoryPipe {
  /** Reads in a row without suspending, as of a socket. */
  private static final int MAX_STREAK = 16;

  private final Scheduler scheduler;
  private final int capacity;
  private final ByteFifo bytes = new ByteFifo();
  private final In source = new In();
  private final Out sink = new Out();

  private boolean ended;

  /** Why nothing can be written any more; null while it can. */
  private @Nullable String broken;

  /** Why what was written can't be read either. */
  private @Nullable IOException lost;

  /** The write that waits for room, and the object that is told. */
  private @Nullable ByteBuffer unsent;

  private @Nullable WriteCompletion completion;

  /** How many bytes are still dropped when they come; 0 unless that is under way. */
  private int toDiscard;

  /** The object that is told when the end has come, or too many bytes. */
  private @Nullable WriteCompletion discarded;

  /**
   * Creates an empty pipe.
   *
   * @param capacity how many bytes it holds; at least one
   */
  public MemoryPipe(Scheduler scheduler, int capacity) {
    this.scheduler = scheduler;
    this.capacity = capacity;
  }

  /** Returns the end that is read from. */
  public Source source() {
    return source;
  }

  /** Returns the end that is written to. */
  public Sink sink() {
    return sink;
  }

  /** Breaks the pipe, for both ends, with what was not read yet. */
  public void fail(IOException failure) {
    lost = failure;
    bytes.clear();
    breaksBecause(String.valueOf(failure.getMessage()));
    discardFails(failure);
    source.readable.wake();
  }

  private void breaksBecause(String why) {
    if (broken == null) {
      broken = why;
    }
    WriteCompletion told = completion;
    sink.takeBack();
    if (told != null) {
      told.failed(new IOException(why));
    }
  }

  /** As {@link StreamHandle#discard} at the end that is read from. */
  boolean discard(int max, WriteCompletion whenDone) throws IOException {
    source.checkOpen();
    toDiscard = max;
    if (discardIsDone()) {
      return true;
    }
    discarded = whenDone;
    return false;
  }

  private boolean discardIsDone() {
    int count = Math.min(toDiscard, bytes.size());
    bytes.discard(count);
    toDiscard = ended ? 0 : toDiscard - count;
    if (count > 0 && completion != null) {
      scheduler.afterStep().add(sink.room);
    }
    return toDiscard == 0;
  }

  private void discardFails(IOException failure) {
    WriteCompletion told = discarded;
    discarded = null;
    if (told != null) {
      told.failed(failure);
    }
  }

  /** Notes that bytes or the end have come. */
  private void came() {
    WriteCompletion told = discarded;
    if (told == null) {
      source.readable.wake();
    } else if (discardIsDone()) {
      discarded = null;
      told.written(0);
    }
  }

  /** Puts the first of {@code data} into the pipe, and returns how many bytes that were. */
  private int put(ByteBuffer data) {
    int count = Math.min(data.remaining(), capacity - bytes.size());
    if (count > 0) {
      bytes.append(data.slice(data.position(), count));
      came();
    }
    return count;
  }

  /** The end that is read from. */
  private final class In implements Source, Readiness.Of {
    final Readiness readable = new Readiness(this);
    private int streak;
    private boolean closed;

    @Override
    public @Nullable ByteBuffer read(int max) throws IOException {
      await();
      int count = Math.min(max, bytes.size());
      if (count == 0) {
        return null;
      }
      ByteBuffer came = bytes.view().limit(bytes.view().position() + count);
      taken(count);
      return came;
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
      await();
      int count = Math.min(into.remaining(), bytes.size());
      if (count == 0) {
        return -1;
      }
      into.put(bytes.view().limit(bytes.view().position() + count));
      taken(count);
      return count;
    }

    /** Waits for bytes, or for the end. */
    private void await() throws IOException {
      checkOpen();
      Fiber running = scheduler.currentFiber();
      if (running == null) {
        throw new AssertionError("a pipe was read outside a coroutine: a bug, please report it");
      }
      if (++streak > MAX_STREAK) {
        streak = 0;
        running.yieldBeforeValue();
        checkOpen();
      }
      while (bytes.isEmpty() && !ended) {
        streak = 0;
        readable.await(running);
        checkOpen();
      }
    }

    private void checkOpen() throws IOException {
      if (closed) {
        throw new ClosedChannelException();
      }
      if (lost != null) {
        throw lost;
      }
    }

    /** Removes bytes that were read; they stay where they are until something is written. */
    private void taken(int count) {
      bytes.discard(count);
      if (completion != null) {
        scheduler.afterStep().add(sink.room);
      }
    }

    /** Only coroutines of this loop can end such a wait. */
    @Override
    public WaitKind waitKind() {
      return WaitKind.QUEUE;
    }

    @Override
    public void belongsTo(Owner owner) {
      // It holds nothing of the operating system, so nobody is told when it is left open.
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        bytes.clear();
        breaksBecause("Broken pipe");
        discardFails(new ClosedChannelException());
        readable.wake();
      }
    }

    @Override
    public String describeWait() {
      return "data in memory";
    }
  }

  /** The end that is written to. */
  private final class Out implements Sink {
    private boolean closed;

    /** After the step of the reader, which first copies what it has read. */
    final AfterStep room = new AfterStep() {
      @Override
      protected void stepEnded() {
        retryWrite();
      }
    };

    @Override
    public @Nullable ByteBuffer lend() {
      return null;
    }

    @Override
    public ByteBuffer sendLent() {
      throw new AssertionError("a pipe lends no memory: a bug, please report it");
    }

    @Override
    public void giveBack() {}

    @Override
    public int write(ByteBuffer data, WriteCompletion whenDone) throws IOException {
      if (closed || ended) {
        throw new ClosedChannelException();
      }
      if (broken != null) {
        throw new IOException(broken);
      }
      if (unsent != null) {
        throw new AssertionError("two writes at once on one pipe: a bug, please report it");
      }
      int count = put(data);
      if (count == 0) {
        unsent = data;
        completion = whenDone;
      }
      return count;
    }

    @Override
    public int takeBack() {
      unsent = null;
      completion = null;
      return 0;
    }

    @Override
    public void retryWrite() {
      ByteBuffer data = unsent;
      WriteCompletion told = completion;
      if (data == null || told == null) {
        return;
      }
      takeBack(); // before the other end is told, which may close the pipe
      int count;
      try {
        count = put(data);
      } catch (RuntimeException gone) { // the arena of its memory was closed
        told.failed(Sink.unreadable(gone));
        return;
      }
      if (count > 0) {
        told.written(count);
      } else {
        unsent = data;
        completion = told;
      }
    }

    @Override
    public boolean end(boolean closes, WriteCompletion whenDone) throws IOException {
      if (closed) {
        throw new ClosedChannelException();
      }
      ended = true;
      came();
      return true;
    }

    /** Only coroutines of this loop can end such a wait. */
    @Override
    public WaitKind waitKind() {
      return WaitKind.QUEUE;
    }

    @Override
    public void belongsTo(Owner owner) {
      // As at the other end.
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        ended = true;
        WriteCompletion told = completion;
        takeBack();
        if (told != null) {
          told.failed(new ClosedChannelException());
        }
        came();
      }
    }
  }
}
