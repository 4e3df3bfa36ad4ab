package asyncio.flow;

import asyncio.Asyncio;
import asyncio.CancelledError;

/**
 * Emits the items of a {@link Flows#publisher} body to one subscriber, as fast as the subscriber
 * requests them.
 *
 * @param <T> the type of the items, which are never null
 */
public final class FlowEmitter<T> {
  private final FlowEmission<T> emission;

  FlowEmitter(FlowEmission<T> emission) {
    this.emission = emission;
  }

  /**
   * Gives an item to the subscriber. The subscriber's {@code onNext} runs inside this call, in the
   * caller's coroutine, and may wait as any coroutine code may.
   *
   * <p>Tasks that the body creates may emit too: first come, first served, and only one at a time
   * calls the subscriber.
   *
   * <p><i>Waits</i> until the subscriber has requested an item; does not suspend if it has. So if
   * the subscriber requests without a bound, a body that never waits for anything else holds the
   * loop: {@link Asyncio#yieldNow} lets other tasks run.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; the item is not emitted. If the cancellation
   * arrives when the subscriber already has the item, it is delivered at the next wait.
   *
   * <p><i>Thread</i>: a coroutine of the publisher's loop.
   *
   * @throws CancelledError if the subscriber has cancelled its subscription, or lost it by throwing
   *     or by requesting less than one item; the body's task is then cancelled
   * @throws IllegalStateException if the body has ended
   */
  public void emit(T item) {
    emission.emit(item);
  }
}
