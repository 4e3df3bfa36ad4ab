package asyncio.internal.bridge;

import asyncio.internal.task.AbstractFuture;
import asyncio.internal.task.ForeignListener;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** The wait of a thread that is not a coroutine of the future's loop. */
final class BlockingGet extends ForeignListener {
  private final AbstractFuture<?> future;
  private final CountDownLatch over = new CountDownLatch(1);

  /**
   * Set when the thread no longer waits: a caller that asks repeatedly with a time limit leaves one
   * of these each time.
   */
  private volatile boolean left;

  private BlockingGet(AbstractFuture<?> future) {
    this.future = future;
  }

  static BlockingGet of(AbstractFuture<?> future) {
    var get = new BlockingGet(future);
    if (!get.listenTo(future)) {
      get.release();
    }
    return get;
  }

  @Override
  protected void done(AbstractFuture<?> done) {
    release();
  }

  /** Lets the thread continue, whether the future is done or not. */
  @Override
  public void release() {
    over.countDown();
  }

  void await() throws InterruptedException {
    try {
      over.await();
    } finally {
      leave();
    }
  }

  boolean await(long timeout, TimeUnit unit) throws InterruptedException {
    try {
      return over.await(timeout, unit);
    } finally {
      leave();
    }
  }

  private void leave() {
    left = true;
    ignore(future);
  }

  @Override
  protected boolean isAbandoned() {
    return left;
  }
}
