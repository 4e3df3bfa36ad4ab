package asyncio;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A thread that is no coroutine of the loop waits for a future of it. */
final class BlockingGet extends ForeignListener {
  private final EventLoop loop;
  private final CountDownLatch over = new CountDownLatch(1);

  /** The thread waits no longer: who asks again and again with a time limit leaves one of these. */
  private volatile boolean left;

  private BlockingGet(EventLoop loop) {
    this.loop = loop;
  }

  static BlockingGet of(Future<?> future) {
    var get = new BlockingGet(future.loop);
    if (!get.listenTo(future)) {
      get.release();
    }
    return get;
  }

  @Override
  void done(Future<?> future) {
    release();
  }

  /** Lets the thread go on, done or not. */
  @Override
  void release() {
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
    loop.foreignListeners.remove(this);
  }

  @Override
  boolean isAbandoned() {
    return left;
  }
}
