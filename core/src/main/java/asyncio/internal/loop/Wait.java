package asyncio.internal.loop;

import org.jspecify.annotations.Nullable;

/**
 * What a suspended coroutine waits for. Confined to the loop.
 *
 * <p>Whoever ends the wait makes {@link #isOver} true and calls {@link Fiber#wake}.
 */
public interface Wait {
  /** Whether the coroutine may go on. */
  boolean isOver();

  /**
   * Asks that the wait ends by cancellation.
   *
   * @return true when the wait will end because of this request, now or once the cancelled work has
   *     ended; false when it was over already, so that the request stays pending
   */
  boolean cancel(@Nullable String message);

  /** What is waited for, for reports: "sleep", "lock", "Task-3". */
  String describe();
}
