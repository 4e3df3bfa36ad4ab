package asyncio.internal.file;

import asyncio.WaitKind;
import asyncio.internal.engine.Source;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.Owner;
import asyncio.internal.scheduler.Waiter;
import asyncio.internal.scheduler.WaiterList;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import org.jspecify.annotations.Nullable;

/**
 * Bytes of a file from a position on, which moves. It reads ahead; a read that is cancelled is made
 * again. Loop-confined.
 */
public final class FileSource implements Source {
  private static final int SMALLEST = 8 * 1024;

  private final OpenFile file;

  /** What was read and not taken. */
  private ByteBuffer memory = FileMemory.NONE;

  /** The position of what follows {@link #memory}. */
  private long position;

  /** How much is read at once. */
  private int piece;

  /** Whether the last read showed that {@link #position} was the end. */
  private boolean endShown;

  private boolean closed;

  /** Whether the position depends on what the system is still sending. */
  private boolean sending;

  /** Whether the position was set while the system was sending. */
  private boolean hasMoved;

  private final WaiterList waiters = new WaiterList();

  public FileSource(OpenFile file) {
    this.file = file;
    // Room for one byte more, so that the end shows in the same call.
    this.piece = Math.clamp(file.sizeWhenOpened() + 1, SMALLEST, FileMemory.LARGEST);
  }

  /** Returns whether nothing was read that was not taken. */
  public boolean isDrained() {
    return !memory.hasRemaining();
  }

  /** Returns the position of the next byte to be read from the file. */
  public long position() {
    return position;
  }

  /** Goes to another position. */
  public void seek(long to) {
    dropMemory();
    endShown = false;
    position = to;
    hasMoved = true;
  }

  // ---- while the system sends it ----

  /** The system may still be sending what comes next, although nobody waits for that. */
  public void awaitsSending() {
    sending = true;
    hasMoved = false;
  }

  /** Waits until it is known how much the system has sent. */
  public void awaitSent(Fiber fiber) {
    while (sending) {
      waiters.await(new Waiter(fiber, WaitKind.HELPER, "the file " + file.path));
    }
  }

  /** The system has sent the next {@code count} bytes, or has failed to. */
  public void sent(int count) {
    if (!hasMoved) {
      position += count;
    }
    if (sending) {
      sending = false;
      waiters.wakeAll();
    }
  }

  public OpenFile file() {
    return file;
  }

  @Override
  public @Nullable ByteBuffer read(int max) throws IOException {
    if (!memory.hasRemaining() && !fill()) {
      return null;
    }
    int count = Math.min(max, memory.remaining());
    ByteBuffer came = memory.slice(memory.position(), count);
    memory.position(memory.position() + count);
    return came;
  }

  private boolean fill() throws IOException {
    if (closed) {
      throw new ClosedChannelException();
    }
    Fiber fiber = file.scheduler.currentFiber();
    if (fiber == null) {
      throw new AssertionError("a file was read outside a coroutine: a bug, please report it");
    }
    awaitSent(fiber);
    endShown = false;
    ByteBuffer spare = memory;
    memory = FileMemory.NONE; // if this is cancelled, the thread may still write to it
    int size = piece;
    memory = file.readNew(fiber, position, size, spare);
    int count = memory.remaining();
    if (count == 0) {
      dropMemory(); // a file that is followed may rest for long
      return false;
    }
    position += count;
    if (count == size) {
      piece = count >= FileMemory.SMALL ? FileMemory.LARGEST : 2 * count;
    }
    // A read that brings less says nothing by itself: some file systems do so in the middle, too.
    endShown = count < size && position == file.sizeWhenOpened();
    return true;
  }

  @Override
  public boolean showedEnd() {
    if (!endShown || memory.hasRemaining()) {
      return false;
    }
    dropMemory();
    return true;
  }

  @Override
  public void forgetEnd() {
    endShown = false;
  }

  private void dropMemory() {
    FileMemory.giveBack(memory);
    memory = FileMemory.NONE;
  }

  @Override
  public boolean isFile() {
    return true;
  }

  @Override
  public WaitKind waitKind() {
    return WaitKind.HELPER;
  }

  @Override
  public void belongsTo(Owner owner) {
    // The file has one.
  }

  @Override
  public void close() {
    closed = true;
    dropMemory();
  }
}
