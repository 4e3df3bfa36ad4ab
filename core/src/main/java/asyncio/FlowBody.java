package asyncio;

/**
 * What a publisher of {@link Flows#publisher} gives to a subscriber: plain sequential code that may
 * wait, and emits items.
 *
 * @param <T> the items; never null
 */
@FunctionalInterface
public interface FlowBody<T> {
  /**
   * Emits the items for one subscriber, in a task of its own. When it returns, the subscriber is
   * told that it is complete; what it throws, the subscriber gets as the error.
   */
  void run(FlowEmitter<T> out) throws Exception;
}
