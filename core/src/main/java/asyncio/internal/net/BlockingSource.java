package asyncio.internal.net;

import asyncio.WaitKind;
import asyncio.internal.bridge.HelperPool;
import asyncio.internal.engine.Source;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.LoopAction;
import asyncio.internal.scheduler.Owner;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.scheduler.Waiter;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import org.jspecify.annotations.Nullable;

/**
 * Bytes from an InputStream, which blocks: a helper thread reads while a coroutine waits. A read
 * that nobody waits for any more goes on, and what it brings is kept for the next one.
 * Loop-confined, but for the thread's own job.
 */
public final class BlockingSource implements Source {
  private static final int CAPACITY = 64 * 1024;

  // Immutable.
  private final Scheduler scheduler;
  private final InputStream in;

  // Loop-confined.
  /** What was read; while a job runs, only that may touch the bytes. */
  private final ByteBuffer memory = ByteBuffer.allocate(CAPACITY).limit(0);

  private boolean jobRuns;
  private boolean ended;
  private boolean closed;
  private @Nullable IOException failure;
  private @Nullable Waiter waiter;

  public BlockingSource(Scheduler scheduler, InputStream in) {
    this.scheduler = scheduler;
    this.in = in;
  }

  @Override
  public @Nullable ByteBuffer read(int max) throws IOException {
    await();
    if (!memory.hasRemaining()) {
      return null;
    }
    int count = Math.min(max, memory.remaining());
    ByteBuffer came = memory.slice(memory.position(), count);
    memory.position(memory.position() + count);
    return came;
  }

  /** Waits for bytes, or for the end. */
  private void await() throws IOException {
    Fiber running = scheduler.currentFiber();
    if (running == null) {
      throw new AssertionError("a stream was read outside a coroutine: a bug, please report it");
    }
    while (true) {
      if (closed) {
        throw new ClosedChannelException();
      }
      if (memory.hasRemaining() || ended) {
        return;
      }
      if (failure != null) {
        throw failure;
      }
      if (!jobRuns) {
        HelperPool.STREAMS.submit(this::run);
        jobRuns = true;
      }
      var wait =
          new Waiter(running, WaitKind.HELPER, "data from " + in.getClass().getName());
      waiter = wait;
      scheduler.helperStarted();
      try {
        wait.awaitValue();
      } finally {
        waiter = null;
        scheduler.helperEnded();
      }
    }
  }

  /** On the helper thread. */
  private void run() {
    int count = 0;
    IOException failed = null;
    try {
      count = in.read(memory.array(), 0, CAPACITY);
    } catch (IOException e) {
      failed = e;
    } catch (Throwable e) {
      failed = new IOException(in.getClass().getName() + " failed: " + e, e);
    }
    int came = count;
    IOException why = failed;
    scheduler.trySend(LoopAction.of(() -> came(came, why)));
  }

  private void came(int count, @Nullable IOException why) {
    jobRuns = false;
    ended = count < 0;
    failure = why;
    memory.position(0).limit(Math.max(count, 0));
    wake();
  }

  private void wake() {
    Waiter waiting = waiter;
    if (waiting != null) {
      waiting.wake();
    }
  }

  @Override
  public WaitKind waitKind() {
    return WaitKind.HELPER;
  }

  @Override
  public void belongsTo(Owner owner) {
    // The InputStream is whose it was.
  }

  /** Leaves the InputStream open: a read in progress could not be ended anyway. */
  @Override
  public void close() {
    closed = true;
    wake();
  }
}
