package asyncio.internal.file;

import asyncio.internal.engine.BufferPool;
import java.nio.ByteBuffer;

/**
 * Memory that the system reads into and writes from. Large pieces are outside the heap: what is on
 * the heap the JDK copies once more, through memory that each helper thread keeps. Any thread.
 */
public final class FileMemory {
  /** The most that is read or written at once. */
  public static final int LARGEST = BufferPool.FILE_SIZE;

  /** Up to this size, the copy costs less than memory outside the heap. */
  static final int SMALL = 32 * 1024;

  /** Memory without room. */
  static final ByteBuffer NONE = ByteBuffer.allocate(0);

  private FileMemory() {}

  /**
   * Returns room for {@code size} bytes, at most {@link #LARGEST}. On a helper thread: if memory is
   * short, the JDK sleeps.
   */
  static ByteBuffer take(int size) {
    ByteBuffer pooled = size <= SMALL ? null : BufferPool.FILES.tryTake();
    return pooled == null ? ByteBuffer.allocate(size) : pooled.limit(size);
  }

  /** Returns {@code spare} or, if that is too small, other memory; see {@link #take(int)}. */
  static ByteBuffer take(int size, ByteBuffer spare) {
    if (spare.capacity() >= size) {
      return spare.clear().limit(size);
    }
    giveBack(spare);
    return take(size);
  }

  /**
   * Returns room as {@link #take(int)} does, at once: on the loop. While there is no free memory
   * outside the heap, it is on the heap; see {@link #stock}.
   */
  public static ByteBuffer takeNow(int size) {
    ByteBuffer pooled = size <= SMALL ? null : BufferPool.FILES.poll();
    return pooled == null ? ByteBuffer.allocate(size) : pooled.limit(size);
  }

  /** Sees to it that {@link #takeNow} finds memory outside the heap. On a helper thread. */
  static void stock() {
    ByteBuffer one = BufferPool.FILES.tryTake();
    if (one != null) {
      giveBack(one);
    }
  }

  /** Returns memory, which the caller must not use afterwards. */
  public static void giveBack(ByteBuffer memory) {
    if (memory.isDirect()) {
      BufferPool.FILES.giveBack(memory);
    }
  }
}
