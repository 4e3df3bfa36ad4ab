package asyncio.internal.file;

import asyncio.WaitKind;
import asyncio.internal.engine.Sink;
import asyncio.internal.engine.WriteCompletion;
import asyncio.internal.scheduler.Owner;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import org.jspecify.annotations.Nullable;

/**
 * Bytes to a file from a place on, which moves; or to its end, if it was opened so. Loop-confined.
 */
public final class FileSink implements Sink {
  private final OpenFile file;

  /** The place of the next byte; -1 if that is the end. */
  private long position;

  /** Kept for the next write, if it is small. */
  private ByteBuffer memory = FileMemory.NONE;

  /** What is told of the write under way. */
  private @Nullable WriteCompletion completion;

  private boolean closed;

  public FileSink(OpenFile file) {
    this.file = file;
    this.position = file.appends() ? -1 : 0;
    file.writerOpened();
  }

  @Override
  public @Nullable ByteBuffer lend() {
    return null;
  }

  @Override
  public ByteBuffer sendLent() {
    throw new AssertionError("a file lends no memory: a bug, please report it");
  }

  @Override
  public void giveBack() {}

  @Override
  public int write(ByteBuffer data, WriteCompletion whenDone) throws IOException {
    if (closed) {
      throw new ClosedChannelException();
    }
    int count = Math.min(data.remaining(), FileMemory.LARGEST);
    memory = memory.capacity() >= count ? memory.clear().limit(count) : FileMemory.takeNow(count);
    memory.put(data.slice(data.position(), count)).flip();
    file.write(memory, position, this::ended);
    completion = whenDone; // it is never told before this method returns
    return 0;
  }

  private void ended(int count, @Nullable IOException failure) {
    if (position >= 0) {
      position += count;
    }
    WriteCompletion told = completion;
    completion = null;
    if (memory.capacity() > FileMemory.SMALL) {
      dropMemory(); // a file that is written to now and then may stay open for long
    }
    if (told == null) {
      return; // closed meanwhile
    }
    if (count > 0) {
      told.written(count); // if there was a failure, the next write meets it again
    } else if (failure != null) {
      told.failed(failure);
    }
  }

  @Override
  public int takeBack() {
    throw new AssertionError("a write to a file was taken back: a bug, please report it");
  }

  @Override
  public void retryWrite() {}

  @Override
  public boolean end(boolean closes, WriteCompletion whenDone) {
    return true;
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

  /** What is under way is written all the same. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    WriteCompletion told = completion;
    completion = null;
    if (told != null) {
      told.failed(new ClosedChannelException());
    }
    file.writerClosed();
  }

  private void dropMemory() {
    FileMemory.giveBack(memory);
    memory = FileMemory.NONE;
  }
}
