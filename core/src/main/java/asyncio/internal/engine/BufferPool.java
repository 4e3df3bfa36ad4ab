package asyncio.internal.engine;

import asyncio.internal.scheduler.Scheduler;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Memory off the heap that engines use one after the other: a closed engine gives its buffers back
 * at once, and not when somebody collects garbage. Any thread, and nobody waits.
 *
 * <p>Not java.lang.foreign's shared arenas, which could free it: each system call on their memory
 * would pay to hold it open, and each close would stop all threads.
 */
final class BufferPool {
  /** As asyncio's stream limit, and what a socket usually holds. */
  static final int BUFFER_SIZE = 64 * 1024;

  /** Kept while no loop is open, at most: eight loops' worth, 1 MiB. */
  private static final int KEPT = 16;

  private static final ConcurrentLinkedQueue<ByteBuffer> free = new ConcurrentLinkedQueue<>();

  /** At least as many as are in {@link #free}. */
  private static final AtomicInteger kept = new AtomicInteger();

  private BufferPool() {}

  /**
   * A buffer of {@link #BUFFER_SIZE}, with any content. Where memory is short the JDK collects
   * garbage, and sleeps half a second in all, before it gives up.
   *
   * @throws IOException if there is no memory: no reason to end the run, as it is with the heap's
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
      return; // collected some time
    }
    free.add(buffer);
  }
}
