package asyncio.file;

import asyncio.internal.bridge.HelperPool;
import asyncio.support.Latches;
import java.util.concurrent.CountDownLatch;

/** Keeps all threads for files busy, until it is closed: whatever is asked of them waits. */
final class FilePool implements AutoCloseable {
  private static final int THREADS = 16;

  private final CountDownLatch released = new CountDownLatch(1);

  static FilePool busy() {
    var pool = new FilePool();
    var begun = new CountDownLatch(THREADS);
    for (int i = 0; i < THREADS; i++) {
      HelperPool.FILES.submit(() -> {
        begun.countDown();
        Latches.awaitUninterruptibly(pool.released);
      });
    }
    Latches.awaitUninterruptibly(begun);
    return pool;
  }

  @Override
  public void close() {
    released.countDown();
  }
}
