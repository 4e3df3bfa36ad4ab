package asyncio.internal.net;

import asyncio.internal.engine.FileReadException;
import asyncio.internal.engine.Sink;
import asyncio.internal.scheduler.Fiber;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/** Bytes of a file, which the operating system sends. */
final class FileSending extends Sending {
  private final FileChannel file;

  /** Told once of each piece, also if it could not be sent. */
  private final IntConsumer told;

  private long position;
  private long left;

  private @Nullable IOException failure;

  /** Whether the system is sending some of it. */
  private boolean busy;

  FileSending(
      SendBuffer buffer,
      Fiber fiber,
      FileChannel file,
      long position,
      long count,
      IntConsumer told) {
    super(buffer, fiber);
    this.file = file;
    this.position = position;
    this.left = count;
    this.told = told;
  }

  @Override
  long left() {
    return left;
  }

  @Override
  int write(Sink sink) throws IOException {
    sink.sendFile(file, position, left, this);
    busy = true;
    return 0;
  }

  /** Sends no more than what can't be stopped. Returns whether there is anything like that. */
  boolean stop(Sink sink) {
    left = 0;
    return busy && !sink.stopFile();
  }

  /** Returns why the file could not be read; null if it could. */
  @Nullable
  IOException failure() {
    return failure;
  }

  @Override
  void advance(int count) {
    position += count;
    left = Math.max(0, left - count);
    told.accept(count);
  }

  @Override
  public void written(int count) {
    busy = false;
    if (count == 0) {
      left = 0; // the file has ended
    }
    super.written(count);
  }

  @Override
  public void failed(IOException why) {
    if (why instanceof FileReadException) {
      failure = why;
      written(0);
    } else {
      told.accept(0);
      super.failed(why);
    }
  }
}
