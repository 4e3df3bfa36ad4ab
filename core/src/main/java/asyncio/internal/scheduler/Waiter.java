package asyncio.internal.scheduler;

import asyncio.CancelledError;
import asyncio.WaitKind;
import org.jspecify.annotations.Nullable;

/**
 * One coroutine waiting once, in a lock, a queue or a stream, until somebody wakes it. Confined to
 * the loop.
 *
 * <p>A waiter can be in one {@link WaiterList}, which is also how most of them wait.
 */
public class Waiter implements Wait {
  /** Links of the {@link WaiterList} that this waiter is in. */
  @Nullable
  Waiter previous;

  @Nullable
  Waiter following;

  boolean listed;

  private final Fiber fiber;
  private final WaitKind kind;
  private final String what;
  private boolean woken;

  /**
   * Creates a waiter for the running coroutine.
   *
   * @param what what it waits for, for reports and for the error of a caller that may not wait
   */
  public Waiter(WaitKind kind, String what) {
    this(Current.requireTask(what), kind, what);
  }

  /** Creates a waiter for {@code fiber}, which is the running coroutine. */
  public Waiter(Fiber fiber, WaitKind kind, String what) {
    this.fiber = fiber;
    this.kind = kind;
    this.what = what;
  }

  /** Returns the coroutine that waits. */
  public final Fiber fiber() {
    return fiber;
  }

  /**
   * Ends the wait successfully. Returns false if the coroutine is not in this wait, or its loop has
   * closed and it will never continue: then what it was to get is for somebody else.
   */
  public final boolean wake() {
    if (!fiber.wake(this)) {
      return false;
    }
    woken = true;
    return true;
  }

  /** Whether {@link #wake} ended the wait. */
  public final boolean woken() {
    return woken;
  }

  /**
   * Waits for a permit or a wake-up, not for a value: a cancel that arrives after the wake-up and
   * before the coroutine runs still takes effect here, and the permit goes to somebody else.
   *
   * @throws CancelledError if cancelled
   */
  public final void awaitPermit() {
    fiber.suspend(this);
    fiber.throwIfCancelPending(null);
  }

  /**
   * Waits for a value, which is returned once delivered: a cancel that arrives after the wake-up
   * stays pending.
   *
   * @throws CancelledError if cancelled before the value was available
   */
  public final void awaitValue() {
    fiber.suspend(this);
  }

  /** Passes what it was to get on to the next waiter: it was woken, but does not continue. */
  protected void passOn() {}

  @Override
  public final boolean cancel(@Nullable String why) {
    return fiber.endByCancel(this, why);
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
