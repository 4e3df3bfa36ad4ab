package asyncio;

import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.Waiter;
import asyncio.internal.scheduler.WaiterList;
import asyncio.internal.util.Sneaky;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Lets tasks that hold a lock wait until another one, which holds it too, says that something has
 * changed.
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

  /** A condition with a lock of its own. */
  public Condition() {
    this(new Lock());
  }

  /** A condition on {@code lock}, which several conditions may share. */
  public Condition(Lock lock) {
    this.lock = Objects.requireNonNull(lock, "lock");
  }

  /**
   * Takes the lock; as {@link Lock#acquire}.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as there.
   */
  public Lock.Permit acquire() {
    return lock.acquire();
  }

  /** Takes the lock if it is free; as {@link Lock#tryAcquire}. <i>Thread</i>: on the loop. */
  public Lock.@Nullable Permit tryAcquire() {
    return lock.tryAcquire();
  }

  /** Releases the lock; as {@link Lock#release}. <i>Thread</i>: on the loop. */
  public void release() {
    lock.release();
  }

  /** Whether somebody holds the lock. <i>Thread</i>: on the loop. */
  public boolean locked() {
    return lock.locked();
  }

  /**
   * Releases the lock, returns once signalled, and holds the lock again.
   *
   * <p><i>Waits</i> for a signal, then for the lock. Another task may have had the lock in between,
   * so look again whether what was waited for is still so, or use {@link #await(BooleanSupplier)}.
   * As it has that overload, pass it as {@code () -> condition.await()}, not as a method reference.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}, of the last request if there were several, when
   * the lock is held again; a signal that had come goes to the next who waits.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @throws DeadlockException if tasks wait for each other in a circle, or the lock's holder has
   *     ended; then the lock is not held, and a cancel that had come strikes at the next wait
   * @throws IllegalStateException if this task does not hold the lock; also if it can't wait, in a
   *     class initialiser for instance. Then, as after a {@link StackOverflowError}, the lock may
   *     not be held any more
   */
  public void await() {
    await(lock.requireHolder("Condition.await()"));
  }

  /**
   * Waits until {@code predicate}, which is looked at with the lock held, is true; at once when it
   * is.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #await()}.
   *
   * @throws DeadlockException if tasks wait for each other in a circle, or the lock's holder has
   *     ended; then the lock is not held, and a cancel that had come strikes at the next wait
   * @throws IllegalStateException if this task does not hold the lock; also if it can't wait, in a
   *     class initialiser for instance. Then, as after a {@link StackOverflowError}, the lock may
   *     not be held any more
   */
  public void await(BooleanSupplier predicate) {
    Fiber fiber = lock.requireHolder("Condition.await()");
    while (true) {
      boolean met = predicate.getAsBoolean();
      // A predicate is the user's: one that releases the lock would let others in meanwhile.
      lock.requireHolder("Condition.await(), after its predicate was looked at,");
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
   * Takes the lock whatever happens, since the caller's code releases it.
   *
   * @param ended what ended the wait for a signal; null for the signal
   * @return that, or the last cancel that came meanwhile
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
          fiber.strikeAgain();
        }
        throw notHeld;
      }
    }
  }

  /**
   * Wakes the first who waits, if there is one.
   *
   * <p><i>Thread</i>: on the loop.
   *
   * @throws IllegalStateException if the caller does not hold the lock
   */
  public void signal() {
    signal(1);
  }

  /**
   * Wakes the first {@code n} who wait, or as many as there are. They go on when the lock is free.
   *
   * <p><i>Thread</i>: on the loop.
   *
   * @throws IllegalStateException if the caller does not hold the lock
   * @throws IllegalArgumentException if {@code n} is negative
   */
  public void signal(int n) {
    lock.checkHeld("Condition.signal()");
    if (n < 0) {
      throw new IllegalArgumentException("A negative number of tasks can't be woken; got " + n);
    }
    for (int i = 0; i < n && waiters.wakeFirst(); i++) {}
  }

  /**
   * Wakes all who wait, in order. They go on when the lock is free.
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
