package asyncio.flow;

import asyncio.Asyncio;
import asyncio.CancelledError;
import asyncio.Context;
import asyncio.EventLoop;
import asyncio.ExceptionContext;
import asyncio.Future;
import asyncio.WaitKind;
import asyncio.internal.scheduler.Callback;
import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.LoopAction;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.scheduler.Waiter;
import asyncio.internal.scheduler.WaiterList;
import asyncio.internal.task.AbstractFuture;
import asyncio.internal.task.ForeignListener;
import asyncio.internal.task.Futures;
import asyncio.internal.task.TaskHost;
import asyncio.internal.util.Causes;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * The items of a {@link Flow.Publisher} as they come, for a {@code for} loop in a coroutine;
 * created by {@link Flows#subscribe}. Closing it cancels the subscription.
 *
 * <pre>{@code
 * try (var prices = Flows.subscribe(publisher)) {
 *   for (Price price : prices) {      // waits inside next(); ends when the publisher is complete
 *     show(price);
 *   }
 * }
 * }</pre>
 *
 * @param <T> the type of the items, which are never null
 */
public final class FlowItems<T> implements Iterable<T>, AutoCloseable {
  // Immutable.
  private final EventLoop loop;
  private final Scheduler scheduler;
  private final int bufferSize;
  private final Context context;
  private final LoopClosed loopClosed = new LoopClosed();

  // Loop-confined.
  private final ArrayDeque<T> items = new ArrayDeque<>();
  private final WaiterList waiters = new WaiterList();

  /** Done when no more items will come: the publisher completed or failed, or this was closed. */
  private final Future<@Nullable Void> end;

  /** Null before it arrives, and again once it must no longer be called. */
  private Flow.@Nullable Subscription upstream;

  /**
   * A call to the subscription is in progress. It may park in foreign code, and only one runs at a
   * time.
   */
  private boolean telling;

  /** Free places in the buffer that have not been requested yet. */
  private int free;

  /** Requested but not received: {@code free + expected + items.size() == bufferSize}. */
  private int expected;

  private boolean closed;

  FlowItems(Scheduler scheduler, int bufferSize) {
    this.loop = Asyncio.runningLoop();
    this.scheduler = scheduler;
    this.bufferSize = bufferSize;
    this.free = bufferSize;
    this.context = Asyncio.copyContext();
    this.end = new Future<>();
  }

  /** Subscribes to the publisher. On the loop. */
  void subscribeTo(Flow.Publisher<? extends T> publisher) {
    TaskHost.of(scheduler).foreignListeners().add(loopClosed);
    Futures.listen(end, loopClosed);
    try {
      publisher.subscribe(new Upstream());
    } catch (Throwable refused) {
      close();
      throw refused;
    }
  }

  // ---- signals: any thread ----

  /**
   * Passes all signals to the loop through its inbox, in the order in which they come. After the
   * loop has closed they are dropped; {@link LoopClosed} has cancelled the subscription.
   */
  private final class Upstream implements Flow.Subscriber<T> {
    private final AtomicBoolean subscribed = new AtomicBoolean();

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
      Objects.requireNonNull(subscription, "subscription");
      if (!subscribed.compareAndSet(false, true)
          || !scheduler.trySend(LoopAction.of(() -> began(subscription)))) {
        subscription.cancel();
      }
    }

    @Override
    public void onNext(T item) {
      Objects.requireNonNull(item, "item");
      scheduler.trySend(LoopAction.of(() -> came(item)));
    }

    @Override
    public void onError(Throwable failure) {
      Objects.requireNonNull(failure, "failure");
      scheduler.trySend(LoopAction.of(() -> ended(failure)));
    }

    @Override
    public void onComplete() {
      scheduler.trySend(LoopAction.of(() -> ended(null)));
    }
  }

  /** Cancels a foreign subscription when the loop closes: it must not outlive the loop it feeds. */
  private final class LoopClosed extends ForeignListener {
    @Override
    protected void done(AbstractFuture<?> over) {
      TaskHost.of(scheduler).foreignListeners().remove(this);
    }

    @Override
    public void release() {
      Flow.Subscription left = upstream;
      upstream = null;
      closed = true;
      if (left != null) {
        Thread.ofVirtual().name("asyncio-after-close").start(left::cancel);
      }
    }
  }

  // ---- signals, on the loop's own thread: nothing of the publisher is called here ----

  private void began(Flow.Subscription subscription) {
    upstream = subscription;
    tellUpstreamSoon();
  }

  private void came(T item) {
    if (end.isDone()) {
      return;
    }
    if (expected == 0) {
      fail(new IllegalStateException(
          "The Flow.Publisher sent more items than were requested (rule 1.1 of Reactive"
              + " Streams); the subscription was cancelled."));
      tellUpstreamSoon();
      return;
    }
    expected--;
    items.add(item);
    waiters.wakeFirst();
  }

  private void ended(@Nullable Throwable failure) {
    upstream = null; // an ended subscription counts as cancelled
    if (failure != null) {
      fail(failure);
    } else {
      Futures.finish(end, null);
      waiters.wakeAll();
    }
  }

  private void fail(Throwable failure) {
    if (failure instanceof CancelledError foreign) {
      // The cancel of another loop: here it would look like a cancel of the iterating task.
      Futures.fail(end, new CancellationException(foreign.getMessage()).initCause(foreign));
    } else {
      Futures.fail(end, failure);
    }
    waiters.wakeAll();
  }

  private void tellUpstreamSoon() {
    scheduler.add(new Callback() {
      @Override
      protected void call() {
        tellUpstream();
      }

      @Override
      protected Context runsIn() {
        return context;
      }
    });
  }

  // ---- in coroutines of the loop ----

  /**
   * Requests more if half the buffer is free, or cancels if the end came from this side. Only one
   * call at a time: a caller that comes meanwhile leaves the work to the one in progress.
   */
  private void tellUpstream() {
    if (telling) {
      return;
    }
    telling = true;
    try {
      while (upstream != null && (end.isDone() || 2L * free >= bufferSize)) {
        tellOnce(upstream);
      }
    } finally {
      telling = false;
    }
  }

  private void tellOnce(Flow.Subscription told) {
    boolean over = end.isDone();
    try {
      if (over) {
        upstream = null;
        told.cancel();
      } else {
        int requested = free;
        free = 0;
        expected += requested;
        told.request(requested);
      }
    } catch (Throwable broken) {
      // Not the fault of the task that happened to take an item or to close.
      if (Causes.isFatal(broken)) {
        throw broken;
      }
      Fiber fiber = scheduler.currentFiber();
      if (fiber != null && fiber.isCancel(broken)) {
        // The call waited, and its caller was cancelled there: a task that takes an item still gets
        // it.
        fiber.redeliverCancel();
        return;
      }
      if (over) {
        loop.callExceptionHandler(new ExceptionContext(
            "A Flow.Subscription threw in cancel(), which is not allowed (rule 3.15 of Reactive"
                + " Streams).",
            broken,
            null));
      } else {
        fail(broken); // and cancel in the next round
      }
    }
  }

  /** Returns the next item; null at the end. */
  private @Nullable T take() {
    scheduler.checkOnLoop("next() of FlowItems");
    Fiber fiber = Current.requireTask("next() of FlowItems");
    fiber.breathe();
    while (items.isEmpty()) {
      if (closed) {
        return null;
      }
      if (end.isDone()) {
        end.result(); // throws the failure
        return null;
      }
      waiters.await(new Taker(fiber));
    }
    T item = items.remove();
    free++;
    tellUpstream();
    return item;
  }

  private final class Taker extends Waiter {
    Taker(Fiber fiber) {
      super(fiber, WaitKind.STAGE, "an item of a Flow.Publisher");
    }

    @Override
    protected void passOn() {
      if (!items.isEmpty()) {
        waiters.wakeFirst();
      }
    }
  }

  /**
   * Returns an iterator over the items as they come: {@code next} waits for one. The iteration ends
   * when the publisher is complete and all its items have been taken, or when this is closed. A
   * second iteration continues where the first one stopped.
   *
   * <p>A failure of the publisher is thrown after its items, by {@code hasNext} or {@code next}, as
   * by {@link Future#await()}: an unchecked exception as it is, a checked one as the cause of a
   * {@link java.util.concurrent.CompletionException}.
   *
   * <p><i>Waits</i> in {@code hasNext} and {@code next}; they do not suspend if an item is there.
   *
   * <p><i>If cancelled</i>: {@link CancelledError} from either; no item is lost, and the next call
   * of {@code next} returns it.
   *
   * <p><i>Thread</i>: a coroutine. Several may iterate: each item goes to one of them.
   *
   * @throws IllegalStateException if this is closed
   */
  @Override
  public Iterator<T> iterator() {
    if (closed) {
      throw new IllegalStateException(
          "These FlowItems are closed: iterate inside the try block that subscribed.");
    }
    return new Items();
  }

  private final class Items implements Iterator<T> {
    private @Nullable T taken;

    @Override
    public boolean hasNext() {
      if (taken == null) {
        taken = take();
      } else {
        Current.refuseInRegion("next() of FlowItems");
      }
      return taken != null;
    }

    @Override
    public T next() {
      if (!hasNext()) {
        throw new NoSuchElementException("The Flow.Publisher has completed.");
      }
      T item = Objects.requireNonNull(taken);
      taken = null;
      return item;
    }
  }

  /**
   * Cancels the subscription if the publisher has not ended, and drops everything that was not
   * taken, including a failure. Tasks that wait for an item see the end. Does nothing if already
   * closed.
   *
   * <p><i>Thread</i>: on the loop.
   */
  @Override
  public void close() {
    if (loop.isClosed()) {
      return; // closing the loop has cancelled it
    }
    scheduler.checkOnLoop("close() of FlowItems");
    if (closed) {
      return;
    }
    closed = true;
    items.clear();
    Futures.markRetrieved(end);
    Futures.finish(end, null);
    waiters.wakeAll();
    tellUpstream();
  }

  @Override
  public String toString() {
    return "FlowItems[buffered="
        + items.size()
        + ", requested="
        + expected
        + (closed ? ", closed]" : end.isDone() ? ", ended]" : "]");
  }
}
