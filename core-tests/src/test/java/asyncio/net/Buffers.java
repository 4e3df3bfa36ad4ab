package asyncio.net;

import asyncio.internal.util.ByteFifo;

/** What all connections buffer at most: 2 GiB are more memory than a test may take. */
final class Buffers implements AutoCloseable {
  private final int before = ByteFifo.maxCapacity;

  /** Until it is closed, an array may be no larger than this. */
  Buffers(int maxCapacity) {
    ByteFifo.maxCapacity = maxCapacity;
  }

  @Override
  public void close() {
    ByteFifo.maxCapacity = before;
  }
}
