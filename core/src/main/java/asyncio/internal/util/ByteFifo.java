package asyncio.internal.util;

import java.nio.ByteBuffer;
import java.util.Arrays;

/** A first-in, first-out buffer of bytes in one array that grows. Loop-confined. */
public final class ByteFifo {
  private static final byte[] EMPTY = {};
  private static final int FIRST_CAPACITY = 256;

  /** A larger array is released once it is empty, so that a burst does not cost memory for ever. */
  private static final int KEPT_CAPACITY = 64 * 1024;

  /** The JVM creates no larger array; smaller in tests. */
  public static volatile int maxCapacity = Integer.MAX_VALUE - 8;

  private byte[] bytes = EMPTY;
  private int start;
  private int end;

  /** A view of {@link #bytes}, kept so that writing allocates nothing. */
  private ByteBuffer view = ByteBuffer.wrap(EMPTY);

  public int size() {
    return end - start;
  }

  public boolean isEmpty() {
    return start == end;
  }

  /** Returns whether there is room for {@code length} more bytes. */
  public boolean fits(int length) {
    return length <= maxCapacity - size();
  }

  public void append(byte[] from, int offset, int length) {
    makeRoom(length, true);
    System.arraycopy(from, offset, bytes, end, length);
    end += length;
  }

  /**
   * Appends as {@link #append} does, while a {@link #view} is in use: the bytes it shows do not
   * move.
   */
  public void appendBehindView(byte[] from, int offset, int length) {
    makeRoom(length, false);
    System.arraycopy(from, offset, bytes, end, length);
    end += length;
  }

  public void append(ByteBuffer from) {
    append(from, true);
  }

  /** Appends as {@link #appendBehindView(byte[], int, int)} does. */
  public void appendBehindView(ByteBuffer from) {
    append(from, false);
  }

  private void append(ByteBuffer from, boolean mayMove) {
    int length = from.remaining();
    makeRoom(length, mayMove);
    from.get(bytes, end, length);
    end += length;
  }

  /** Puts bytes in front of all others. No {@link #view} may be in use. */
  public void prepend(ByteBuffer from) {
    int length = from.remaining();
    if (length <= start) {
      start -= length;
    } else {
      byte[] larger = new byte[Math.max(length + size(), FIRST_CAPACITY)];
      System.arraycopy(bytes, start, larger, length, size());
      end = length + size();
      bytes = larger;
      start = 0;
    }
    from.get(bytes, start, length);
  }

  private void makeRoom(int length, boolean mayMove) {
    if (length <= bytes.length - end) {
      return;
    }
    int size = end - start;
    if (mayMove && length <= bytes.length - size && start >= bytes.length / 2) {
      System.arraycopy(bytes, start, bytes, 0, size);
    } else {
      int needed = size + length; // does not overflow: callers check fits() first
      int capacity =
          Math.max(Math.max(needed, FIRST_CAPACITY), (int) Math.min(2L * size, maxCapacity));
      byte[] larger = new byte[capacity];
      System.arraycopy(bytes, start, larger, 0, size);
      bytes = larger;
    }
    start = 0;
    end = size;
  }

  /**
   * Returns a read-only view of all bytes, valid until the next change other than {@link
   * #appendBehindView}.
   */
  public ByteBuffer view() {
    if (view.array() != bytes) {
      view = ByteBuffer.wrap(bytes);
    }
    return view.limit(end).position(start);
  }

  /** Removes and returns the first {@code count} bytes. */
  public byte[] take(int count) {
    byte[] taken = Arrays.copyOfRange(bytes, start, start + count);
    discard(count);
    return taken;
  }

  /** Moves the first bytes to {@code into}, as many as there are and fit; returns their number. */
  public int take(byte[] into, int offset, int length) {
    int count = Math.min(length, size());
    System.arraycopy(bytes, start, into, offset, count);
    discard(count);
    return count;
  }

  /** Moves the first bytes to {@code into}, as many as there are and fit; returns their number. */
  public int take(ByteBuffer into) {
    int count = Math.min(into.remaining(), size());
    into.put(bytes, start, count);
    discard(count);
    return count;
  }

  /** Returns a copy of the first {@code count} bytes, without removing them. */
  public byte[] peek(int count) {
    return Arrays.copyOfRange(bytes, start, start + count);
  }

  /** Returns the first {@code count} bytes as text, without removing them. */
  public String text(int count, java.nio.charset.Charset charset) {
    return new String(bytes, start, count, charset);
  }

  /** Returns the byte at {@code index}, counted from the first one. */
  public byte at(int index) {
    return bytes[start + index];
  }

  /** Removes the first {@code count} bytes. */
  public void discard(int count) {
    start += count;
    if (start == end) {
      start = 0;
      end = 0;
      if (bytes.length > KEPT_CAPACITY) {
        release();
      }
    }
  }

  public void clear() {
    start = 0;
    end = 0;
    release();
  }

  private void release() {
    if (bytes.length > 0) {
      bytes = EMPTY;
      view = ByteBuffer.wrap(EMPTY);
    }
  }

  /**
   * Returns the first index of {@code separator} that is at least {@code from}; -1 if there is
   * none.
   */
  public int indexOf(byte[] separator, int from) {
    byte first = separator[0];
    int lastStart = end - separator.length;
    for (int i = start + from; i <= lastStart; i++) {
      if (bytes[i] == first && matches(separator, i)) {
        return i - start;
      }
    }
    return -1;
  }

  private boolean matches(byte[] separator, int at) {
    for (int i = 1; i < separator.length; i++) {
      if (bytes[at + i] != separator[i]) {
        return false;
      }
    }
    return true;
  }
}
