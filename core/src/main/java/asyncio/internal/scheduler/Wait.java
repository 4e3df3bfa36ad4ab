package asyncio.internal.scheduler;

import asyncio.WaitKind;
import java.util.Collections;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/**
 * What a suspended coroutine waits for. Confined to the loop.
 *
 * <p>It says what the wait is for and what a cancel does to it; its state is kept by the {@link
 * Fiber}, which shows it in a diagram. Whoever ends the wait calls {@link Fiber#wake}.
 */
public interface Wait {
  /** Whether there is nothing to wait for any more; asked once, before the coroutine suspends. */
  default boolean isOver() {
    return false;
  }

  /**
   * Asks the wait to end by cancellation: immediately, through {@link Fiber#endByCancel}, or when
   * the work that the request is passed on to has ended.
   *
   * @return true if the wait will end because of this request, now or once the cancelled work has
   *     ended; false if it was already over, so that the request stays pending
   */
  boolean cancel(@Nullable String message);

  /**
   * Returns the coroutine that a cancel is passed on to, if this is a wait for its end; null
   * otherwise.
   */
  default @Nullable Fiber passesOnTo() {
    return null;
  }

  /** Returns what is waited for, for reports: "sleep", "lock", "Task-3". */
  String describe();

  /** Returns what kind of thing that is, for reports. */
  WaitKind kind();

  /**
   * Returns the futures that are waited for and not done, or the tasks that hold what is waited
   * for. For reports and for the search for cycles, which often looks only at the first one.
   */
  default Iterator<?> targets() {
    return Collections.emptyIterator();
  }

  /** Whether this wait ends only if one of its targets continues, or by a cancel. */
  default boolean endsByTargetsOnly() {
    return false;
  }

  /**
   * Whether this wait may close a cycle as it begins, because what could end it waits as well. Then
   * the coroutine is suspected, and examined when the loop has nothing else to do. Asked once,
   * right before the coroutine suspends.
   */
  default boolean mayCloseCycle() {
    return endsByTargetsOnly();
  }

  /**
   * Returns why nobody involved in this wait can end it any more, in whole sentences, for the error
   * that ends it; null if that is not known.
   */
  default @Nullable String whyItNeverEnds() {
    return null;
  }

  /**
   * Returns, for a wait that ends well when it is in a cycle, instead of an error for one of the
   * cycle, what all such waits for the very same targets have in common; null for other waits.
   */
  default @Nullable Object givesWayWith() {
    return null;
  }

  /** Ends the wait because it is in a cycle. */
  default void giveWay() {}

  /** Whether its caller must keep waiting whatever happens: then an error is of no use to it. */
  default boolean mustGoOn() {
    return false;
  }
}
