package asyncio.support;

import java.util.concurrent.CountDownLatch;

/** Foreign waits that no interrupt ends. */
public final class Latches {
  private Latches() {}

  /** As many libraries wait: an interrupt is kept for later. */
  public static void awaitUninterruptibly(CountDownLatch latch) {
    boolean interrupted = false;
    while (true) {
      try {
        latch.await();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
