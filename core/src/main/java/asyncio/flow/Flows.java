package asyncio.flow;

import asyncio.Asyncio;
import asyncio.EventLoop;
import asyncio.Future;
import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.task.Futures;
import java.util.Objects;
import java.util.concurrent.Flow;

/**
 * Connects coroutines with the streams of other libraries, in both directions and with
 * back-pressure: a coroutine can iterate over a {@link Flow.Publisher}, and a coroutine's items can
 * be offered as a {@link Flow.Publisher}. For a single value, use {@link
 * Asyncio#await(java.util.concurrent.CompletionStage)} in one direction and {@link
 * Future#toCompletableFuture} in the other.
 */
public final class Flows {
  private Flows() {}

  /**
   * Subscribes to a publisher and returns its items, for a {@code for} loop. Close the result,
   * preferably with a try-with-resources statement: if the loop is left early, this cancels the
   * subscription.
   *
   * <p>Up to {@link Flow#defaultBufferSize()} items are requested ahead, and more once half of them
   * have been taken. The publisher may signal on any thread; its own methods are called in
   * coroutines of this loop. When the event loop closes, the subscription is cancelled.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public static <T> FlowItems<T> subscribe(Flow.Publisher<? extends T> publisher) {
    return subscribe(publisher, Flow.defaultBufferSize());
  }

  /**
   * Subscribes as {@link #subscribe(Flow.Publisher)} does, with at most {@code bufferSize} items
   * requested ahead: use 1 if the publisher works for each item and none may be produced in vain.
   *
   * @throws IllegalArgumentException if {@code bufferSize} is less than 1
   */
  public static <T> FlowItems<T> subscribe(Flow.Publisher<? extends T> publisher, int bufferSize) {
    Objects.requireNonNull(publisher, "publisher");
    if (bufferSize < 1) {
      throw new IllegalArgumentException(
          "The buffer size must be at least 1; got " + bufferSize + ".");
    }
    var items = new FlowItems<T>(Current.require("Flows.subscribe()"), bufferSize);
    items.subscribeTo(publisher);
    return items;
  }

  /**
   * Returns a publisher of the running loop; see {@link #publisher(EventLoop, FlowBody)}.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public static <T> Flow.Publisher<T> publisher(FlowBody<T> body) {
    Scheduler scheduler = Current.require("Flows.publisher()");
    return new FlowPublisher<>(
        Asyncio.runningLoop(), scheduler, Objects.requireNonNull(body, "body"));
  }

  /**
   * Returns a publisher whose items are emitted by a coroutine. For each subscriber, {@code body}
   * runs anew as a task of {@code loop}; {@link FlowEmitter#emit} waits until the subscriber has
   * requested an item.
   *
   * <pre>{@code
   * Flow.Publisher<String> lines = Flows.publisher(loop, out -> {
   *   for (String line : connection.reader().lines()) {
   *     out.emit(line);
   *   }
   * });
   * }</pre>
   *
   * When the body returns, the subscriber gets {@code onComplete}. If the body throws, the
   * subscriber gets {@code onError} with that exception, or with a {@link
   * java.util.concurrent.CancellationException} if the body's task was cancelled, which also
   * happens when the loop ends. If the subscriber cancels, the task is cancelled; if the body's
   * clean-up then fails, the failure goes to the loop's exception handler, as does anything a
   * subscriber throws.
   *
   * <p>The subscriber is called in the coroutine that emits, never by two threads at once. There it
   * holds the loop as any coroutine code does. If it blocks, only that task is suspended on the
   * mounted carrier, but on the portable carrier the whole loop is held; it should therefore wrap
   * blocking calls in {@link Asyncio#blocking}, or hand the items over to a thread of its own. It
   * may use the waiting functions of this library.
   *
   * <p><i>Thread</i>: any, both to create it and to subscribe. Once the loop has closed, a
   * subscriber gets {@code onError} with an IllegalStateException.
   */
  public static <T> Flow.Publisher<T> publisher(EventLoop loop, FlowBody<T> body) {
    Objects.requireNonNull(loop, "loop");
    Scheduler scheduler = Futures.scheduler(loop.<Object>createFuture()); // which knows its loop's
    return new FlowPublisher<>(loop, scheduler, Objects.requireNonNull(body, "body"));
  }
}
