package asyncio;

import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.Waiter;
import asyncio.internal.scheduler.WaiterList;
import asyncio.internal.util.Sneaky;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Lets tasks that hold a lock wait until another task, which then holds it, signals that something
 * has changed.
 *
 * <pre>{@code
 * try (var _ = condition.acquire()) {
 *   condition.await(() -> stock >= wanted);
 *   stock -= wanted;
 * }
 *
 * try (var _ = condition.acquire()) {
 *   stock += delivered;
 *   condition.signalAll();
 * }
 * }</pre>
 */
public final class Condition {
  // Immutable.
  private final Lock lock;

  // Loop-confined.
  private final WaiterList waiters = new WaiterList();

  /** Creates a condition with its own lock. */
  public Condition() {
    this(new Lock());
  }

  /** Creates a condition on {@code lock}, which several conditions may share. */
  public Condition(Lock lock) {
    this.lock = Objects.requireNonNull(lock, "lock");
  }

  /**
   * Acquires the lock, as {@link Lock#acquire} does.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as there.
   */
  public Lock.Permit acquire() {
    return lock.acquire();
  }

  /**
   * Acquires the lock if it is free, as {@link Lock#tryAcquire} does. <i>Thread</i>: on the loop.
   */
  public Lock.@Nullable Permit tryAcquire() {
    return lock.tryAcquire();
  }

  /** Releases the lock, as {@link Lock#release} does. <i>Thread</i>: on the loop. */
  public void release() {
    lock.release();
  }

  /** Returns whether the lock is held. <i>Thread</i>: on the loop. */
  public boolean locked() {
    return lock.locked();
  }

  /**
   * Releases the lock, waits for a signal, and acquires the lock again.
   *
   * <p><i>Waits</i> for a signal, then for the lock. Another task may have held the lock in
   * between, so check again whether the condition still holds, or use {@link
   * #await(BooleanSupplier)}. Because of that overload, pass this method as {@code () ->
   * condition.await()}, not as a method reference.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}, once the lock is held again; of several cancel
   * requests, the last one. A signal that had already come goes to the next waiting task.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @throws DeadlockException if tasks wait for each other in a cycle, or the lock's holder has
   *     ended; then the lock is not held, and a cancellation that had already arrived is delivered
   *     at the next wait
   * @throws IllegalStateException if this task does not hold the lock; also if it can't wait, for
   *     instance in a class initialiser. In that case, as after a {@link StackOverflowError}, the
   *     lock may no longer be held
   */
  public void await() {
    await(lock.requireHolder("Condition.await()"));
  }

  /**
   * Waits until {@code predicate}, which is evaluated with the lock held, is true; returns
   * immediately if it is.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #await()}.
   *
   * @throws DeadlockException if tasks wait for each other in a cycle, or the lock's holder has
   *     ended; then the lock is not held, and a cancellation that had already arrived is delivered
   *     at the next wait
   * @throws IllegalStateException if this task does not hold the lock; also if it can't wait, for
   *     instance in a class initialiser. In that case, as after a {@link StackOverflowError}, the
   *     lock may no longer be held
   */
  public void await(BooleanSupplier predicate) {
    Fiber fiber = lock.requireHolder("Condition.await()");
    while (true) {
      boolean met = predicate.getAsBoolean();
      // The predicate is user code: one that releases the lock would let other tasks in meanwhile.
      lock.requireHolder("Condition.await(), after calling its predicate,");
      if (met) {
        return;
      }
      await(fiber);
    }
  }

  private void await(Fiber fiber) {
    var waiter = new Waiter(fiber, WaitKind.CONDITION, "a condition");
    @Nullable Throwable ended = null;
    boolean goesOn = false;
    lock.release();
    try {
      try {
        waiters.await(waiter);
      } catch (Throwable cancelled) {
        ended = cancelled;
      }
      ended = takeLock(fiber, ended);
      goesOn = ended == null;
    } finally {
      if (!goesOn && waiter.woken()) {
        waiters.wakeFirst();
      }
    }
    if (ended != null) {
      throw Sneaky.rethrow(ended);
    }
  }

  /**
   * Acquires the lock whatever happens, because the caller's code releases it.
   *
   * @param ended what ended the wait for a signal; null for the signal itself
   * @return {@code ended}, or the last cancel that came meanwhile
   */
  private @Nullable Throwable takeLock(Fiber fiber, @Nullable Throwable ended) {
    Throwable last = ended;
    while (true) {
      try {
        lock.take(fiber, true);
        return last;
      } catch (CancelledError again) {
        last = again;
      } catch (Throwable notHeld) {
        if (last != null) {
          notHeld.addSuppressed(last);
        }
        if (last instanceof CancelledError) {
          fiber.redeliverCancel();
        }
        throw notHeld;
      }
    }
  }

  /**
   * Wakes the first waiting task, if there is one.
   *
   * <p><i>Thread</i>: on the loop.
   *
   * @throws IllegalStateException if the caller does not hold the lock
   */
  public void signal() {
    signal(1);
  }

  /**
   * Wakes the first {@code n} waiting tasks, or all if there are fewer. They resume once they have
   * the lock again.
   *
   * <p><i>Thread</i>: on the loop.
   *
   * @throws IllegalStateException if the caller does not hold the lock
   * @throws IllegalArgumentException if {@code n} is negative
   */
  public void signal(int n) {
    lock.checkHeld("Condition.signal()");
    if (n < 0) {
      throw new IllegalArgumentException("signal(n) wakes zero or more tasks; got " + n);
    }
    for (int i = 0; i < n && waiters.wakeFirst(); i++) {}
  }

  /**
   * Wakes all waiting tasks, in order. They resume once they have the lock again.
   *
   * <p><i>Thread</i>: on the loop.
   *
   * @throws IllegalStateException if the caller does not hold the lock
   */
  public void signalAll() {
    lock.checkHeld("Condition.signalAll()");
    waiters.wakeAll();
  }

  @Override
  public String toString() {
    return "Condition["
        + (lock.locked() ? "locked" : "unlocked")
        + (waiters.isEmpty() ? "" : ", waiters:" + waiters.size())
        + "]";
  }
}
