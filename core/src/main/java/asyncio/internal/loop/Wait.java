package asyncio.internal.loop;

import asyncio.WaitKind;
import java.util.Collections;
import java.util.Iterator;
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

  /**
   * The coroutine to which a cancel is passed on, where this is a wait for its end; null elsewhere.
   */
  default @Nullable Fiber passesOnTo() {
    return null;
  }

  /**
   * Ends the wait itself by cancellation, whatever becomes of what was waited for. Where {@link
   * #passesOnTo} is used.
   */
  default void abort(@Nullable String message) {
    cancel(message);
  }

  /** What is waited for, for reports: "sleep", "lock", "Task-3". */
  String describe();

  /** What kind of thing that is, for reports. */
  WaitKind kind();

  /**
   * The futures that are waited for and not done, or the tasks that have what is waited for. For
   * reports and for the search for circles, which often looks at the first one only.
   */
  default Iterator<?> targets() {
    return Collections.emptyIterator();
  }

  /** Whether this wait ends by one of its targets going on, or by a cancel, and by nothing else. */
  default boolean endsByTargetsOnly() {
    return false;
  }

  /** Whether its caller has to go on waiting whatever happens: then an error is of no use to it. */
  default boolean mustGoOn() {
    return false;
  }
}
