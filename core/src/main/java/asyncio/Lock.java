package asyncio;

import asyncio.internal.loop.Fiber;
import asyncio.internal.loop.Loop;
import asyncio.internal.loop.Waiter;
import asyncio.internal.loop.WaiterList;
import org.jspecify.annotations.Nullable;

/**
 * A lock between tasks of one loop, for steps that belong together although they wait in between.
 * Strictly first in first out; not re-entrant.
 *
 * <pre>{@code
 * try (var _ = lock.acquire()) {
 *   ...
 * }
 * }</pre>
 *
 * Code between two waits needs no lock: nothing else of the loop runs there.
 */
public final class Lock {
  // Loop-confined.
  private final WaiterList waiters = new WaiterList();
  private boolean locked;
  private @Nullable Task<?> holder;

  /** A free lock. */
  public Lock() {}

  /** What {@link #acquire} gives: closing it releases the lock. */
  public final class Permit implements AutoCloseable {
    private boolean released;

    private Permit() {}

    /** Releases the lock; a second time does nothing. */
    @Override
    public void close() {
      if (!released) {
        released = true;
        release();
      }
    }
  }

  /**
   * Takes the lock.
   *
   * <p><i>Waits</i> until it is free and all who asked before have had it; does not suspend when it
   * is free.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; the lock is not held, and goes to the next one
   * if it had been chosen.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @throws IllegalStateException if this task holds it already: it would wait for itself for ever
   */
  public Permit acquire() {
    Fiber fiber = Loop.requireTask("Lock.acquire()");
    Task<?> task = Task.of(fiber);
    if (!tryAcquire(task)) {
      if (holder == task) {
        throw new IllegalStateException(
            task
                + " acquires a lock that it holds already: a lock is not re-entrant, this would"
                + " wait for ever.");
      }
      var waiter =
          new Waiter(fiber, "a lock" + (holder == null ? "" : " held by " + holder.name()));
      waiters.add(waiter);
      try {
        waiter.awaitPermit();
      } catch (Throwable ended) {
        waiters.remove(waiter);
        if (waiter.woken()) {
          passOn();
        }
        throw ended;
      }
      holder = task;
    }
    return new Permit();
  }

  /**
   * Takes the lock if it is free and nobody waits for it; null otherwise.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public @Nullable Permit tryAcquire() {
    Loop.require("Lock.tryAcquire()");
    return tryAcquire(Asyncio.currentTask()) ? new Permit() : null;
  }

  private boolean tryAcquire(@Nullable Task<?> task) {
    if (locked) {
      return false;
    }
    locked = true;
    holder = task;
    return true;
  }

  /**
   * Releases the lock; the first who waits gets it.
   *
   * <p><i>Thread</i>: on the loop, in the task that holds it or in a callback.
   *
   * @throws IllegalStateException if it is free, or held by another task
   */
  public void release() {
    if (!locked) {
      throw new IllegalStateException(
          "This lock is not held: release() without acquire(), or a second one.");
    }
    Task<?> task = Asyncio.currentTask();
    if (task != null && holder != null && task != holder) {
      throw new IllegalStateException(
          task.name()
              + " releases a lock that is held by "
              + holder.name()
              + ": only its holder may.");
    }
    passOn();
  }

  /** Hands the lock, still locked, to the first who waits; so nobody can overtake. */
  private void passOn() {
    holder = null;
    if (!waiters.wakeFirst()) {
      locked = false;
    }
  }

  /**
   * Whether somebody holds the lock, or it is on its way to somebody. <i>Thread</i>: on the loop.
   */
  public boolean locked() {
    return locked;
  }

  @Override
  public String toString() {
    return "Lock["
        + (locked ? "locked" : "unlocked")
        + (waiters.isEmpty() ? "" : ", waiters:" + waiters.size())
        + "]";
  }
}
