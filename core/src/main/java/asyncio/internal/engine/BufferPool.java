package asyncio.internal.engine;

import asyncio.internal.scheduler.Scheduler;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Off-heap memory that engines use one after the other: a closed engine returns its buffers
 * immediately, not when the garbage is next collected. Any thread; nobody waits.
 *
 * <p>The shared arenas of java.lang.foreign could free memory too, but each system call on such
 * memory would pay to keep the arena open, and each close would stop all threads.
 */
final class BufferPool {
  /** As asyncio's stream limit, and as much as a socket usually holds. */
  static final int BUFFER_SIZE = 64 * 1024;

  /** The most that is kept while no loop is open: the buffers of eight loops, 1 MiB. */
  private static final int KEPT = 16;

  private static final ConcurrentLinkedQueue<ByteBuffer> free = new ConcurrentLinkedQueue<>();

  /** At least the number of buffers in {@link #free}. */
  private static final AtomicInteger kept = new AtomicInteger();

  private BufferPool() {}

  /**
   * Returns a buffer of {@link #BUFFER_SIZE}, with any content. If memory is short, the JDK
   * collects garbage, and sleeps half a second in all, before it gives up.
   *
   * @throws IOException if there is no memory: unlike a full heap, this is no reason to end the run
   */
  static ByteBuffer take(Scheduler scheduler) throws IOException {
    ByteBuffer buffer = free.poll();
    if (buffer != null) {
      kept.decrementAndGet();
      return buffer;
    }
    try {
      return ByteBuffer.allocateDirect(BUFFER_SIZE);
    } catch (OutOfMemoryError none) {
      String what = String.valueOf(none.getMessage());
      if (what.contains("heap") || what.contains("GC")) {
        throw none;
      }
      throw new IOException(
          "There is no memory outside the heap for the network buffers of loop '"
              + scheduler.name()
              + "', "
              + 2 * BUFFER_SIZE
              + " bytes in all: "
              + what
              + ". Raise -XX:MaxDirectMemorySize, or hold fewer direct buffers, and try again.",
          none);
    }
  }

  /** Returns a buffer to the pool; the caller must not use it afterwards. */
  static void giveBack(ByteBuffer buffer) {
    if (kept.incrementAndGet() > KEPT) {
      kept.decrementAndGet();
      return; // garbage-collected at some point
    }
    free.add(buffer);
  }
}
