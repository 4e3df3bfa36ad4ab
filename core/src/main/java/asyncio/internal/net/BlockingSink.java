package asyncio.internal.net;

import asyncio.WaitKind;
import asyncio.internal.bridge.HelperPool;
import asyncio.internal.engine.Sink;
import asyncio.internal.engine.WriteCompletion;
import asyncio.internal.scheduler.LoopAction;
import asyncio.internal.scheduler.Owner;
import asyncio.internal.scheduler.Scheduler;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import org.jspecify.annotations.Nullable;

/**
 * Bytes to an OutputStream, which blocks: a helper thread writes a copy of them. Loop-confined, but
 * for the thread's own job.
 *
 * <p>One job runs at a time. A write that comes meanwhile, after another was taken back, waits for
 * it.
 */
public final class BlockingSink implements Sink {
  private static final int CAPACITY = 64 * 1024;

  // Immutable.
  private final Scheduler scheduler;
  private final OutputStream out;

  // Loop-confined.
  /** What the job writes. */
  private byte[] memory = {};

  /** How many bytes the running job writes; -1 if none runs. */
  private int inJob = -1;

  /** The write that waits for the job to end; null if there is none, or if it is in the job. */
  private @Nullable ByteBuffer next;

  /** What is told: of the job, or of {@link #next}. */
  private @Nullable WriteCompletion completion;

  /** Whether what is told is that the job's bytes, which were taken back, have been written. */
  private boolean settles;

  /** Whether the stream ends once the job has ended. */
  private boolean ends;

  private boolean closed;

  /** Why a job failed of which nobody was told: what it wrote had been taken back. */
  private @Nullable IOException untold;

  public BlockingSink(Scheduler scheduler, OutputStream out) {
    this.scheduler = scheduler;
    this.out = out;
  }

  @Override
  public @Nullable ByteBuffer lend() {
    return null;
  }

  @Override
  public ByteBuffer sendLent() {
    throw new AssertionError("a stream lends no memory: a bug, please report it");
  }

  @Override
  public void giveBack() {}

  @Override
  public int write(ByteBuffer data, WriteCompletion whenDone) throws IOException {
    if (closed) {
      throw new ClosedChannelException();
    }
    if (untold != null) {
      throw untold;
    }
    completion = whenDone;
    if (inJob >= 0) {
      next = data;
    } else {
      start(data);
    }
    return 0;
  }

  private void start(ByteBuffer data) {
    int count = Math.min(data.remaining(), CAPACITY);
    if (memory.length < count) {
      memory = new byte[count];
    }
    byte[] bytes = memory;
    data.get(data.position(), bytes, 0, count);
    submit(count, () -> {
      out.write(bytes, 0, count);
      out.flush();
    });
  }

  /** What a helper thread does. */
  private interface Job {
    void run() throws IOException;
  }

  private void submit(int count, Job job) {
    HelperPool.STREAMS.submit(() -> {
      IOException failed = null;
      try {
        job.run();
      } catch (IOException e) {
        failed = e;
      } catch (Throwable e) {
        failed = new IOException(out.getClass().getName() + " failed: " + e, e);
      }
      IOException why = failed;
      scheduler.trySend(LoopAction.of(() -> ended(why)));
    });
    inJob = count;
    scheduler.helperStarted();
  }

  /** On the loop. */
  private void ended(@Nullable IOException outcome) {
    scheduler.helperEnded();
    IOException failure = outcome != null ? outcome : untold;
    int count = inJob;
    inJob = -1;
    ByteBuffer following = next;
    next = null;
    if (following != null && failure == null) {
      try {
        start(following);
        return;
      } catch (RuntimeException gone) { // the arena of its memory was closed
        failure = new IOException("What is being sent can't be read any more: " + gone, gone);
      }
    }
    if (ends && count > 0) {
      submitEnd(); // also after a failure, or the OutputStream would stay open
      if (failure == null) {
        return;
      }
    }
    WriteCompletion told = completion;
    completion = null;
    if (told == null) { // taken back, or closed
      untold = failure;
      return;
    }
    boolean hadTaken = settles;
    settles = false;
    if (failure == null) {
      told.written(hadTaken ? 0 : count);
    } else {
      told.failed(failure);
    }
  }

  private void submitEnd() {
    submit(0, out::close);
  }

  @Override
  public int takeBack() {
    WriteCompletion told = completion;
    completion = null;
    if (next != null) {
      next = null;
      return 0;
    }
    return told == null ? 0 : Math.max(inJob, 0);
  }

  @Override
  public void retryWrite() {}

  @Override
  public boolean settle(WriteCompletion whenDone) throws IOException {
    if (untold != null) {
      throw untold;
    }
    if (inJob < 0) {
      return true;
    }
    completion = whenDone;
    settles = true;
    return false;
  }

  /** Closes the OutputStream, which may take what it buffers to where it goes. */
  @Override
  public boolean end(boolean closes, WriteCompletion whenDone) {
    completion = whenDone;
    ends = true;
    if (inJob < 0) {
      submitEnd();
    }
    return false;
  }

  @Override
  public WaitKind waitKind() {
    return WaitKind.HELPER;
  }

  @Override
  public void belongsTo(Owner owner) {
    // The OutputStream is whose it was, and nobody is told when it is left open.
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    next = null;
    WriteCompletion told = completion;
    completion = null;
    if (!ends) {
      ends = true;
      if (inJob < 0) {
        submitEnd();
      }
    }
    if (told != null) {
      told.failed(new ClosedChannelException());
    }
  }
}
