package asyncio.internal.tls;

import asyncio.internal.scheduler.Scheduler;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * The memory that the TLS streams of a loop encrypt and decrypt in, one after the other, so that an
 * idle connection holds none. On the heap, where the JDK's ciphers are a quarter faster than in
 * direct memory. Loop-confined.
 */
final class TlsMemory {
  /** As much as a stream sends at once. */
  private static final int LENT = 64 * 1024;

  /** Free ones; rarely more than one. */
  private final ArrayDeque<Scratch> free = new ArrayDeque<>(1);

  private final ByteBuffer outgoing = ByteBuffer.allocate(LENT);

  /** Who has {@link #outgoing}. */
  private @Nullable TlsStream borrower;

  static TlsMemory of(Scheduler scheduler) {
    return scheduler.local(TlsMemory.class, TlsMemory::new);
  }

  /**
   * What one call of a TLS engine needs. A coroutine may be suspended in such a call, by a lock of
   * the JDK, so it is not shared before the call has ended. What it holds then is good for the rest
   * of the step.
   */
  static final class Scratch {
    /** 64 KiB, and a record that had begun before or does not end there. */
    private static final int SIZE = 96 * 1024;

    final ByteBuffer received = ByteBuffer.allocate(SIZE);
    final ByteBuffer decrypted = ByteBuffer.allocate(SIZE);

    /** Apart from the others, as what was decrypted may be sent on in the same step. */
    final ByteBuffer encrypted = ByteBuffer.allocate(SIZE);
  }

  Scratch take() {
    Scratch scratch = free.pollLast();
    return scratch == null ? new Scratch() : scratch;
  }

  void giveBack(Scratch scratch) {
    free.addLast(scratch);
  }

  /** Lends memory for what a step sends, empty; null while another stream has it. */
  @Nullable
  ByteBuffer lend(TlsStream stream) {
    if (borrower != null) {
      return null;
    }
    borrower = stream;
    return outgoing.clear();
  }

  /** Takes the memory back and returns its content, which is good until it is lent again. */
  ByteBuffer takeBack(TlsStream stream) {
    if (borrower != stream) {
      throw new AssertionError(
          "a stream sends from memory that it has not borrowed: a bug, please report it");
    }
    borrower = null;
    return outgoing.flip();
  }

  boolean hasLentTo(TlsStream stream) {
    return borrower == stream;
  }
}
