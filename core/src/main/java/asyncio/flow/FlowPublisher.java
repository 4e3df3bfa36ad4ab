package asyncio.flow;

import asyncio.EventLoop;
import asyncio.internal.scheduler.Scheduler;
import java.util.Objects;
import java.util.concurrent.Flow;

/** A publisher that runs its body once for each subscriber, on one loop. */
record FlowPublisher<T>(EventLoop loop, Scheduler scheduler, FlowBody<T> body)
    implements Flow.Publisher<T> {
  @Override
  public void subscribe(Flow.Subscriber<? super T> subscriber) {
    new FlowEmission<T>(loop, scheduler, body, Objects.requireNonNull(subscriber, "subscriber"))
        .start();
  }

  @Override
  public String toString() {
    return "Flow.Publisher[on loop '" + loop.name() + "']";
  }
}
