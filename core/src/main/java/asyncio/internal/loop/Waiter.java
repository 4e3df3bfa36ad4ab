package asyncio.internal.loop;

import asyncio.CancelledError;
import asyncio.WaitKind;
import org.jspecify.annotations.Nullable;

/**
 * One coroutine waiting once, in a lock, a queue, a timer or a stream. Confined to the loop.
 *
 * <pre>
 *   WAITING --wake()----> WOKEN       the permit, item or event is there
 *   WAITING --cancel()--> CANCELLED
 * </pre>
 *
 * A waiter can stand in one {@link WaiterList}.
 */
public class Waiter implements Wait {
  private static final byte WAITING = 0;
  private static final byte WOKEN = 1;
  private static final byte CANCELLED = 2;

  /** Links of the {@link WaiterList} this waiter stands in. */
  @Nullable Waiter previous;

  @Nullable Waiter following;
  boolean listed;

  private final Fiber fiber;
  private final WaitKind kind;
  private final String what;
  private byte state = WAITING;
  private @Nullable String message;

  /**
   * A waiter for the running coroutine.
   *
   * @param what what it waits for, for reports and for the error of a caller that may not wait
   */
  public Waiter(WaitKind kind, String what) {
    this(Loop.requireTask(what), kind, what);
  }

  /** A waiter for {@code fiber}, which is the running coroutine. */
  public Waiter(Fiber fiber, WaitKind kind, String what) {
    this.fiber = fiber;
    this.kind = kind;
    this.what = what;
  }

  /** The coroutine that waits. */
  public final Fiber fiber() {
    return fiber;
  }

  /**
   * Ends the wait well. Returns false when it was over already, or the loop has closed and the
   * coroutine never goes on.
   */
  public final boolean wake() {
    if (state != WAITING || fiber.loop.closed) {
      return false;
    }
    state = WOKEN;
    fiber.wake();
    return true;
  }

  /** Whether the wait ended by {@link #wake}. */
  public final boolean woken() {
    return state == WOKEN;
  }

  /** Whether the wait goes on. */
  public final boolean waiting() {
    return state == WAITING;
  }

  /**
   * Waits for a permit or a wake-up, which is no value: a cancel that arrives after the wake-up and
   * before the coroutine runs still strikes here, and the caller passes the permit on ({@link
   * #woken} tells it to).
   *
   * @throws CancelledError if cancelled
   */
  public final void awaitPermit() {
    suspend();
    fiber.throwIfCancelPending(message);
  }

  /**
   * Waits for a value, which is returned once delivered: a cancel that arrives after the wake-up
   * stays pending.
   *
   * @throws CancelledError if cancelled before the value was there
   */
  public final void awaitValue() {
    suspend();
  }

  private void suspend() {
    try {
      fiber.suspend(this);
    } catch (Throwable failed) {
      if (state == WAITING) {
        state = CANCELLED;
      }
      throw failed;
    }
    if (state == CANCELLED) {
      throw fiber.delivered(message);
    }
  }

  @Override
  public final boolean isOver() {
    return state != WAITING;
  }

  @Override
  public final boolean cancel(@Nullable String why) {
    if (state != WAITING) {
      return false;
    }
    state = CANCELLED;
    message = why;
    fiber.wake();
    return true;
  }

  @Override
  public String describe() {
    return what;
  }

  @Override
  public final WaitKind kind() {
    return kind;
  }
}
