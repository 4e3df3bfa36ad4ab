package asyncio;

import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.LoopBinding;
import asyncio.internal.scheduler.Waiter;
import asyncio.internal.scheduler.WaiterList;
import org.jspecify.annotations.Nullable;

/**
 * A set of permits for tasks of one loop, granted strictly first-in, first-out: a newcomer gets no
 * permit while another task waits.
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
  private final LoopBinding home = new LoopBinding() {
    @Override
    protected void moved() {
      waiters.clear();
      permits += promised; // to waiters that never resume
      promised = 0;
    }
  };
  private final WaiterList waiters = new WaiterList();
  private int permits;

  /** Permits granted to woken waiters that have not run yet; nobody may overtake them. */
  private int promised;

  /** Creates a semaphore with one permit. */
  public Semaphore() {
    this(1);
  }

  /**
   * Creates a semaphore.
   *
   * @param permits the initial number of permits
   * @throws IllegalArgumentException if {@code permits} is negative
   */
  public Semaphore(int permits) {
    this(permits, Integer.MAX_VALUE);
  }

  /** Creates a semaphore that never holds more than {@code bound} permits. */
  Semaphore(int permits, int bound) {
    if (permits < 0) {
      throw new IllegalArgumentException(
          "A semaphore can't have a negative number of permits; got " + permits);
    }
    this.permits = permits;
    this.bound = bound;
  }

  /** The result of {@link #acquire}: closing it releases the permit. */
  public final class Permit implements AutoCloseable {
    private boolean released;

    private Permit() {}

    /** Releases the permit; does nothing the second time. */
    @Override
    public void close() {
      if (!released) {
        release();
        released = true;
      }
    }
  }

  /**
   * Acquires a permit.
   *
   * <p><i>Waits</i> until a permit is free and every task that asked earlier has got one; does not
   * suspend if one is free.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; no permit is held. If one had already been
   * granted to this task, it goes to the next one.
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
   * Acquires a permit if one is free and nobody waits; otherwise returns null.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public @Nullable Permit tryAcquire() {
    // As in acquire(): what is acquired here can be released here.
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
   * Adds a permit; the first waiting task gets it. Any task may call this.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public void release() {
    home.require("Semaphore.release()");
    if (permits == bound) {
      throw new IllegalStateException("All "
          + bound
          + " permits of this semaphore are free: release() was called more times than"
          + " acquire(). try (var _ = semaphore.acquire()) { … } releases exactly once.");
    }
    permits++;
    wakeWhoMay();
  }

  /**
   * Called whenever a permit becomes free and whenever a woken waiter has resumed: meanwhile others
   * may have come and waited although a permit was free, so as not to overtake that waiter.
   */
  private void wakeWhoMay() {
    while (permits > 0 && waiters.wakeFirst()) {
      permits--;
      promised++;
    }
  }

  /** Returns whether {@link #acquire} would wait now. <i>Thread</i>: on the loop. */
  public boolean locked() {
    return permits == 0 || promised > 0;
  }

  /** Returns the number of free permits. <i>Thread</i>: on the loop. */
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
