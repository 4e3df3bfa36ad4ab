package asyncio;

import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.LoopBinding;
import asyncio.internal.scheduler.Waiter;
import asyncio.internal.scheduler.WaiterList;
import org.jspecify.annotations.Nullable;

/**
 * A number of permits for tasks of one loop, given out strictly first in first out: a newcomer
 * takes no permit while somebody waits.
 *
 * <pre>{@code
 * var atMostTen = new Semaphore(10);
 * try (var _ = atMostTen.acquire()) {
 *   ...
 * }
 * }</pre>
 */
public sealed class Semaphore permits BoundedSemaphore {
  // Immutable.
  private final int bound;

  // Loop-confined.
  private final LoopBinding home =
      new LoopBinding() {
        @Override
        protected void moved() {
          waiters.clear();
          permits += promised; // to waiters that never go on
          promised = 0;
        }
      };
  private final WaiterList waiters = new WaiterList();
  private int permits;

  /** Permits on their way to woken waiters that have not run yet; nobody may overtake these. */
  private int promised;

  /** A semaphore with one permit. */
  public Semaphore() {
    this(1);
  }

  /**
   * A semaphore.
   *
   * @param permits how many there are at first
   * @throws IllegalArgumentException if negative
   */
  public Semaphore(int permits) {
    this(permits, Integer.MAX_VALUE);
  }

  /** A semaphore that never holds more than {@code bound} permits. */
  Semaphore(int permits, int bound) {
    if (permits < 0) {
      throw new IllegalArgumentException(
          "A semaphore has no negative number of permits; got " + permits);
    }
    this.permits = permits;
    this.bound = bound;
  }

  /** What {@link #acquire} gives: closing it releases the permit. */
  public final class Permit implements AutoCloseable {
    private boolean released;

    private Permit() {}

    /** Releases the permit; a second time does nothing. */
    @Override
    public void close() {
      if (!released) {
        release();
        released = true;
      }
    }
  }

  /**
   * Takes a permit.
   *
   * <p><i>Waits</i> until one is free and all who asked before have had theirs; does not suspend
   * when one is free.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; no permit is held, and one that was on its way
   * goes to the next.
   *
   * <p><i>Thread</i>: a coroutine.
   */
  public Permit acquire() {
    Fiber fiber = home.requireTask("Semaphore.acquire()");
    if (!tryTake()) {
      waiters.await(new PermitWaiter(fiber));
      promised--;
      wakeWhoMay();
    }
    return new Permit();
  }

  private final class PermitWaiter extends Waiter {
    PermitWaiter(Fiber fiber) {
      super(fiber, WaitKind.SEMAPHORE, "a semaphore");
    }

    @Override
    protected void passOn() {
      promised--;
      permits++;
      wakeWhoMay();
    }
  }

  /**
   * Takes a permit if one is free and nobody waits; null otherwise.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public @Nullable Permit tryAcquire() {
    // As acquire(): what is taken here can be released here.
    home.require("Semaphore.tryAcquire()").ensureHeadroom();
    return tryTake() ? new Permit() : null;
  }

  private boolean tryTake() {
    if (locked()) {
      return false;
    }
    permits--;
    return true;
  }

  /**
   * Adds a permit; the first who waits gets it. Any task may.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public void release() {
    home.require("Semaphore.release()");
    if (permits == bound) {
      throw new IllegalStateException(
          "All "
              + bound
              + " permits of this semaphore are free: release() was called more often than"
              + " acquire(). try (var _ = semaphore.acquire()) { … } releases once.");
    }
    permits++;
    wakeWhoMay();
  }

  /**
   * Called whenever a permit becomes free and whenever a woken waiter has gone on: others may have
   * come meanwhile, and waited although a permit was free, so as not to overtake it.
   */
  private void wakeWhoMay() {
    while (permits > 0 && waiters.wakeFirst()) {
      permits--;
      promised++;
    }
  }

  /** Whether {@link #acquire} would wait now. <i>Thread</i>: on the loop. */
  public boolean locked() {
    return permits == 0 || promised > 0;
  }

  /** Permits that are free. <i>Thread</i>: on the loop. */
  public int available() {
    return permits;
  }

  @Override
  public String toString() {
    return getClass().getSimpleName()
        + "["
        + (locked() ? "locked" : "unlocked, value:" + permits)
        + (waiters.isEmpty() ? "" : ", waiters:" + (waiters.size() + promised))
        + "]";
  }
}
