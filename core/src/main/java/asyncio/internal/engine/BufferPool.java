package asyncio.internal.engine;

import asyncio.internal.scheduler.Scheduler;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Off-heap memory of one size that is used again and again: who is done with a buffer returns it
 * immediately, not when the garbage is next collected. Any thread; nobody waits.
 *
 * <p>The shared arenas of java.lang.foreign could free memory too, but each system call on such
 * memory would pay to keep the arena open, and each close would stop all threads.
 */
public final class BufferPool {
  /** As asyncio's stream limit, and as much as a socket usually holds. */
  static final int NETWORK_SIZE = 64 * 1024;

  /**
   * A trip to a helper thread costs as much as reading some 64 KiB that the system has in memory;
   * with four times that, it costs little.
   */
  public static final int FILE_SIZE = 256 * 1024;

  /** For engines. While no loop is open, the buffers of eight are kept, 1 MiB. */
  static final BufferPool NETWORK = new BufferPool(NETWORK_SIZE, 16);

  /** For what is read from files and written to them; at most 4 MiB are kept. */
  public static final BufferPool FILES = new BufferPool(FILE_SIZE, 16);

  /**
   * What the JDK allocates begins at a multiple of 16. Into such memory some processors copy half as
   * fast when the kernel copies with a single instruction (seen on AMD's first EPYC, reading files).
   */
  private static final int CACHE_LINE = 64;

  /** How long nothing is allocated after there was no memory: each attempt collects garbage. */
  private static final long PAUSE_NANOS = 10_000_000_000L;

  private final int size;
  private final int mostKept;
  private final ConcurrentLinkedQueue<ByteBuffer> free = new ConcurrentLinkedQueue<>();

  /** At least the number of buffers in {@link #free}. */
  private final AtomicInteger kept = new AtomicInteger();

  /** When there last was no memory, as a time of System.nanoTime; 0 if there always was. */
  private volatile long failedAt;

  private BufferPool(int size, int mostKept) {
    this.size = size;
    this.mostKept = mostKept;
  }

  /**
   * Returns a buffer, with any content. If memory is short, the JDK collects garbage, and sleeps
   * half a second in all, before it gives up.
   *
   * @throws IOException if there is no memory: unlike a full heap, this is no reason to end the run
   */
  ByteBuffer take(Scheduler scheduler) throws IOException {
    try {
      return takeOrAllocate();
    } catch (OutOfMemoryError none) {
      throw new IOException(
          "There is no memory outside the heap for the network buffers of loop '"
              + scheduler.name()
              + "', "
              + 2 * size
              + " bytes in all: "
              + offHeap(none)
              + ". Raise -XX:MaxDirectMemorySize, or hold fewer direct buffers, and try again.",
          none);
    }
  }

  /**
   * Returns a buffer, with any content; null if there is no memory for one outside the heap. Not on
   * the loop: see {@link #take}.
   */
  public @Nullable ByteBuffer tryTake() {
    ByteBuffer buffer = poll();
    long failed = failedAt;
    if (buffer != null || (failed != 0 && System.nanoTime() - failed < PAUSE_NANOS)) {
      return buffer;
    }
    try {
      return takeOrAllocate();
    } catch (OutOfMemoryError none) {
      offHeap(none);
      failedAt = System.nanoTime() | 1;
      return null;
    }
  }

  /** Returns a buffer that is kept here, with any content; null if there is none. */
  public @Nullable ByteBuffer poll() {
    ByteBuffer buffer = free.poll();
    if (buffer == null) {
      return null;
    }
    kept.decrementAndGet();
    return buffer.clear();
  }

  private ByteBuffer takeOrAllocate() {
    ByteBuffer buffer = poll();
    if (buffer != null) {
      return buffer;
    }
    return ByteBuffer.allocateDirect(size + CACHE_LINE).alignedSlice(CACHE_LINE).slice(0, size);
  }

  /** Returns what is missing outside the heap; throws the error if it is the heap that is full. */
  private static String offHeap(OutOfMemoryError none) {
    String what = String.valueOf(none.getMessage());
    if (what.contains("heap") || what.contains("GC")) {
      throw none;
    }
    return what;
  }

  /** Returns a buffer to the pool; the caller must not use it afterwards. */
  public void giveBack(ByteBuffer buffer) {
    if (kept.incrementAndGet() > mostKept) {
      kept.decrementAndGet();
      return; // garbage-collected at some point
    }
    free.add(buffer);
  }
}
