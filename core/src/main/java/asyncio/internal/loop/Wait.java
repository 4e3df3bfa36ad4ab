package asyncio.internal.loop;

import asyncio.WaitKind;
import java.util.Collections;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/**
 * What a suspended coroutine waits for. Confined to the loop.
 *
 * <p>It says what the wait is for and what a cancel does to it; how it goes is kept by the {@link
 * Fiber}, which draws it. Whoever ends the wait calls {@link Fiber#wake}.
 */
public interface Wait {
  /** Whether there is nothing to wait for any more; asked once, before the coroutine suspends. */
  default boolean isOver() {
    return false;
  }

  /**
   * Asks that the wait ends by cancellation: at once, through {@link Fiber#endByCancel}, or when
   * the work has ended to which the request is passed on.
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

  /**
   * Why nobody who has a part in this wait can end it any more, in whole sentences, for the error
   * that does; null where that is not known.
   */
  default @Nullable String whyItNeverEnds() {
    return null;
  }

  /**
   * For a wait that ends well when it stands in a circle, instead of an error for one of the
   * circle: what all such waits for the very same targets have in common; null elsewhere.
   */
  default @Nullable Object givesWayWith() {
    return null;
  }

  /** Ends the wait because it stands in a circle. */
  default void giveWay() {}

  /** Whether its caller has to go on waiting whatever happens: then an error is of no use to it. */
  default boolean mustGoOn() {
    return false;
  }
}
