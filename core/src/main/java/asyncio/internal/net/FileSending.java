package asyncio.internal.net;

import asyncio.internal.engine.Sink;
import asyncio.internal.scheduler.Fiber;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.function.IntConsumer;

/** Bytes of a file, which the operating system sends. */
final class FileSending extends Sending {
  private final FileChannel file;
  private final IntConsumer told;
  private long position;
  private long left;

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

  /** Sends no more than what is under way. Returns whether anything is. */
  boolean stop() {
    left = 0;
    return busy;
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
}
