package asyncio.internal.net;

import asyncio.internal.engine.Sink;
import asyncio.internal.scheduler.Fiber;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Bytes in memory of the caller. */
final class BufferSending extends Sending {
  private final ByteBuffer data;

  BufferSending(SendBuffer buffer, Fiber fiber, ByteBuffer data) {
    super(buffer, fiber);
    this.data = data;
  }

  @Override
  long left() {
    return data.remaining();
  }

  @Override
  int write(Sink sink) throws IOException {
    return sink.write(data, this);
  }

  @Override
  void advance(int count) {
    data.position(data.position() + count);
  }
}
