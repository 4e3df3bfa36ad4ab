package asyncio.flow;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicBoolean;

/** A subscriber that remembers its signals, and fails when two come at once. */
class RecordingSubscriber<T> implements Flow.Subscriber<T> {
  private final long atOnce;
  private final AtomicBoolean inside = new AtomicBoolean();
  final List<Object> signals = new CopyOnWriteArrayList<>();
  final List<Thread> calledOn = new CopyOnWriteArrayList<>();
  final CompletableFuture<Throwable> ended = new CompletableFuture<>();
  volatile Flow.Subscription subscription;

  /**
   * A subscriber.
   *
   * @param atOnce how many it requests when it is subscribed; 0 for none
   */
  RecordingSubscriber(long atOnce) {
    this.atOnce = atOnce;
  }

  /** What it does with an item, beside remembering it. */
  void take(T item) {}

  @Override
  public void onSubscribe(Flow.Subscription subscription) {
    this.subscription = subscription;
    signal("subscribed", () -> {});
    if (atOnce > 0) {
      subscription.request(atOnce);
    }
  }

  @Override
  public void onNext(T item) {
    signal(item, () -> take(item));
  }

  @Override
  public void onError(Throwable failure) {
    signal(failure, () -> ended.complete(failure));
  }

  @Override
  public void onComplete() {
    signal("complete", () -> ended.complete(null));
  }

  private void signal(Object what, Runnable then) {
    if (!inside.compareAndSet(false, true)) {
      throw new AssertionError(what + " came while another signal was being taken");
    }
    signals.add(what);
    calledOn.add(Thread.currentThread());
    try {
      then.run();
    } finally {
      inside.set(false);
    }
  }
}
