package asyncio.flow;

/**
 * The code behind a publisher of {@link Flows#publisher}: plain sequential code that may wait, and
 * that emits items for a subscriber.
 *
 * @param <T> the type of the items, which are never null
 */
@FunctionalInterface
public interface FlowBody<T> {
  /**
   * Emits the items for one subscriber, in its own task. When it returns, the subscriber is told
   * that the stream is complete; if it throws, the subscriber gets the exception as its error.
   */
  void run(FlowEmitter<T> out) throws Exception;
}
