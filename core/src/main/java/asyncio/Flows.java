package asyncio;

import java.util.Objects;
import java.util.concurrent.Flow;

/**
 * Streams of items of other libraries, both ways and with back-pressure: a {@link Flow.Publisher}
 * is iterated in a coroutine, and a coroutine's items are a {@link Flow.Publisher}. For a single
 * value there is {@link Asyncio#await(java.util.concurrent.CompletionStage)} one way and {@link
 * Future#toCompletableFuture} the other.
 */
public final class Flows {
  private Flows() {}

  /**
   * Subscribes to a publisher, for a {@code for} loop over its items. Close the result, best in a
   * try-with-resources statement: that cancels the subscription when the loop is left early.
   *
   * <p>Up to {@link Flow#defaultBufferSize()} items are requested ahead, and more when half of them
   * are taken. The publisher may signal on any thread; its own methods are called in coroutines of
   * this loop. When the event loop closes, the subscription is cancelled.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public static <T> FlowItems<T> subscribe(Flow.Publisher<? extends T> publisher) {
    return subscribe(publisher, Flow.defaultBufferSize());
  }

  /**
   * As {@link #subscribe(Flow.Publisher)}, with at most {@code bufferSize} items requested ahead: 1
   * where the publisher works for each item and none may be made in vain.
   *
   * @throws IllegalArgumentException if it is less than 1
   */
  public static <T> FlowItems<T> subscribe(Flow.Publisher<? extends T> publisher, int bufferSize) {
    Objects.requireNonNull(publisher, "publisher");
    if (bufferSize < 1) {
      throw new IllegalArgumentException(
          "A buffer size of " + bufferSize + ": at least one item is requested ahead.");
    }
    var items = new FlowItems<T>(EventLoop.require("Flows.subscribe()"), bufferSize);
    items.subscribeTo(publisher);
    return items;
  }

  /**
   * A publisher of the running loop; see {@link #publisher(EventLoop, FlowBody)}.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public static <T> Flow.Publisher<T> publisher(FlowBody<T> body) {
    return publisher(EventLoop.require("Flows.publisher()"), body);
  }

  /**
   * A publisher whose items are emitted by a coroutine. For each subscriber {@code body} runs anew,
   * as a task of {@code loop}; {@link FlowEmitter#emit} waits until the subscriber has requested an
   * item.
   *
   * <pre>{@code
   * Flow.Publisher<String> lines = Flows.publisher(loop, out -> {
   *   for (String line : connection.reader().lines()) {
   *     out.emit(line);
   *   }
   * });
   * }</pre>
   *
   * When the body returns, the subscriber gets {@code onComplete}; when it throws, {@code onError}
   * with that exception, and with a {@link java.util.concurrent.CancellationException} when its
   * task was cancelled, as it is when the loop ends. When the subscriber cancels, the task is
   * cancelled; if its clean-up then fails, the loop's exception handler gets the failure, as it
   * gets what a subscriber throws.
   *
   * <p>The subscriber is called in the body's coroutine, never by two threads at once. There it
   * holds the loop as any code of a coroutine does: one that blocks suspends only that task on the
   * mounted carrier, and holds the whole loop on the portable one, so it should wrap what blocks in
   * {@link Asyncio#blocking}, or hand the items over to a thread of its own. It may use the waiting
   * functions of this library.
   *
   * <p><i>Thread</i>: any, to make it and to subscribe. After the loop has closed, a subscriber
   * gets {@code onError} with an IllegalStateException.
   */
  public static <T> Flow.Publisher<T> publisher(EventLoop loop, FlowBody<T> body) {
    return new FlowPublisher<>(
        Objects.requireNonNull(loop, "loop"), Objects.requireNonNull(body, "body"));
  }
}
