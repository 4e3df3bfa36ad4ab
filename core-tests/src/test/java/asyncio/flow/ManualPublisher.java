package asyncio.flow;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;

/** A publisher that does what a test tells it to, and remembers what was asked of it. */
class ManualPublisher<T> implements Flow.Publisher<T>, Flow.Subscription {
  Flow.Subscriber<? super T> subscriber;
  final List<Long> requests = new ArrayList<>();
  final List<Thread> calledOn = new ArrayList<>();
  final CompletableFuture<Void> cancelled = new CompletableFuture<>();
  long sent;

  @Override
  public void subscribe(Flow.Subscriber<? super T> subscriber) {
    this.subscriber = subscriber;
    subscriber.onSubscribe(this);
  }

  @Override
  public void request(long n) {
    requests.add(n);
    calledOn.add(Thread.currentThread());
  }

  @Override
  public void cancel() {
    calledOn.add(Thread.currentThread());
    if (!cancelled.complete(null)) {
      throw new AssertionError("cancelled twice");
    }
  }

  /** How many may still be sent. */
  long demand() {
    return requests.stream().mapToLong(Long::longValue).sum() - sent;
  }

  void next(T item) {
    sent++;
    subscriber.onNext(item);
  }

  void complete() {
    subscriber.onComplete();
  }

  void fail(Throwable failure) {
    subscriber.onError(failure);
  }
}
