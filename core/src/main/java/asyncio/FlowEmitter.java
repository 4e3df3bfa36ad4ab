package asyncio;

/**
 * Where the body of a {@link Flows#publisher} puts its items: one subscriber, which says how many
 * it wants.
 *
 * @param <T> the items; never null
 */
public final class FlowEmitter<T> {
  private final FlowEmission<T> emission;

  FlowEmitter(FlowEmission<T> emission) {
    this.emission = emission;
  }

  /**
   * Gives an item to the subscriber. The subscriber's {@code onNext} runs in here, in the caller's
   * coroutine, and may wait as any code of a coroutine.
   *
   * <p>Tasks that the body makes may emit as well: first come, first served, and the subscriber is
   * called by one at a time.
   *
   * <p><i>Waits</i> until the subscriber has requested an item; does not suspend when it has. So a
   * body that never waits for anything else holds the loop while its subscriber requests without a
   * bound: {@link Asyncio#yieldNow} lets others run.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; the item is not emitted. A cancel that comes
   * when the subscriber has the item already strikes at the next wait.
   *
   * <p><i>Thread</i>: a coroutine of the publisher's loop.
   *
   * @throws CancelledError if the subscriber has cancelled its subscription, or lost it by throwing
   *     or by requesting less than one item; the body's task is cancelled then
   * @throws IllegalStateException after the body has ended
   */
  public void emit(T item) {
    emission.emit(item);
  }
}
