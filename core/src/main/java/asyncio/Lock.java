package asyncio;

import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.LoopBinding;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.scheduler.Waiter;
import asyncio.internal.scheduler.WaiterList;
import asyncio.internal.task.TaskFiber;
import java.util.Collections;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/**
 * A lock between tasks of one loop, for steps that belong together although they wait in between.
 * It is strictly first-in, first-out, and not re-entrant.
 *
 * <pre>{@code
 * try (var _ = lock.acquire()) {
 *   ...
 * }
 * }</pre>
 *
 * Code between two waits needs no lock: nothing else runs on the loop there. {@link
 * Asyncio#atomically} checks that such code does not wait.
 */
public final class Lock {
  // Loop-confined.
  private final Home home = new Home();
  private final WaiterList waiters = new WaiterList();
  private boolean locked;

  /** Locked for a waiter that has been woken but has not run yet. */
  private boolean promised;

  private @Nullable TaskFiber holder;

  /**
   * The lock that the holder acquired before this one and still holds; see {@link TaskFiber#held}.
   */
  private @Nullable Lock heldBefore;

  /** Creates an unlocked lock. */
  public Lock() {}

  private final class Home extends LoopBinding implements TaskFiber.HeldLock {
    @Override
    protected void moved() {
      waiters.clear();
      if (promised) { // to a waiter that never resumes
        promised = false;
        locked = false;
      }
    }

    /** Waiters for this lock, and for those its holder acquired before, seem to wait for ever. */
    @Override
    public void holderEnded() {
      for (Lock lock = Lock.this; lock != null; lock = lock.heldBefore) {
        lock.waiters.forEach(waiter -> waiter.fiber().suspect());
      }
    }

    Lock lock() {
      return Lock.this;
    }
  }

  /** The result of {@link #acquire}: closing it releases the lock. */
  public final class Permit implements AutoCloseable {
    private boolean released;

    private Permit() {}

    /** Releases the lock; does nothing the second time. */
    @Override
    public void close() {
      if (!released) {
        release();
        released = true;
      }
    }
  }

  /**
   * Acquires the lock.
   *
   * <p><i>Waits</i> until it is free and every task that asked earlier has had it; does not suspend
   * if it is free.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; the lock is not held. If it had already been
   * handed to this task, it goes to the next one.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @throws DeadlockException if this wait closes a cycle of tasks that wait for each other
   * @throws IllegalStateException if this task already holds the lock, because it would wait for
   *     itself for ever; also if the lock is held by a task of a loop that has closed
   */
  public Permit acquire() {
    take(home.requireTask("Lock.acquire()"), false);
    return new Permit();
  }

  /**
   * Acquires the lock for the task of {@code fiber}, which is the running coroutine.
   *
   * @param again whether the task held the lock before and must get it back, whatever happens
   */
  void take(Fiber fiber, boolean again) {
    TaskFiber task = TaskFiber.of(fiber);
    if (tryTake(task)) {
      return;
    }
    if (holder == task) {
      throw new IllegalStateException(task
          + " tried to acquire a lock that it already holds: a lock is not re-entrant, so this"
          + " would wait for ever.");
    }
    TaskFiber has = holder;
    if (has != null && !Current.isOpen(has.scheduler())) {
      throw new IllegalStateException(task
          + " tried to acquire a lock that "
          + has.label()
          + " still held when the event loop '"
          + has.scheduler().name()
          + "' closed: that task never runs again, so the lock is never released, and the"
          + " change it protects may be half done. End tasks before their loop closes, as a"
          + " Runner does, or use a new lock.");
    }
    waiters.await(new LockWaiter(fiber, again));
    promised = false;
    heldBy(task);
  }

  private final class LockWaiter extends Waiter {
    private final boolean again;

    LockWaiter(Fiber fiber, boolean again) {
      super(fiber, WaitKind.LOCK, "a lock");
      this.again = again;
    }

    @Override
    protected void passOn() {
      Lock.this.passOn();
    }

    @Override
    public boolean mustGoOn() {
      return again;
    }

    @Override
    public Iterator<?> targets() {
      return holder == null
          ? Collections.emptyIterator()
          : Collections.singleton(holder).iterator();
    }

    @Override
    public boolean endsByTargetsOnly() {
      return holder != null && !holder.hasEnded();
    }

    @Override
    public boolean mayCloseCycle() {
      return holder != null && (holder.isWaiting() || holder.hasEnded());
    }

    @Override
    public @Nullable String whyItNeverEnds() {
      TaskFiber has = holder;
      return has == null || !has.hasEnded()
          ? null
          : has.label()
              + " ended without releasing the lock. Release it in the task that takes it: try (var"
              + " _ = lock.acquire()) { … }.";
    }

    @Override
    public String describe() {
      TaskFiber has = holder;
      if (has == null) {
        return "a lock";
      }
      return "a lock held by " + has.label() + (has.hasEnded() ? ", which has ended" : "");
    }
  }

  /**
   * Acquires the lock if it is free and nobody waits for it; otherwise returns null.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public @Nullable Permit tryAcquire() {
    Scheduler running = home.require("Lock.tryAcquire()");
    running.ensureHeadroom(); // as in acquire(): what is acquired here can be released here
    return tryTake(TaskFiber.of(running.currentFiber())) ? new Permit() : null;
  }

  private boolean tryTake(@Nullable TaskFiber task) {
    if (locked) {
      return false;
    }
    locked = true;
    heldBy(task);
    return true;
  }

  /**
   * Releases the lock; the first waiting task gets it.
   *
   * <p><i>Thread</i>: on the loop, in the task that holds the lock or in a callback. A callback
   * submitted by another thread may come too late for tasks that wait in a cycle: they may get a
   * {@link DeadlockException} first.
   *
   * @throws IllegalStateException if the lock is free, or held by another task
   */
  public void release() {
    TaskFiber task = TaskFiber.of(home.require("Lock.release()").currentFiber());
    if (!locked || promised) { // promised: to a waiter that does not have it yet
      throw new IllegalStateException(
          "This lock is not held: release() was called without acquire(), or a second time.");
    }
    if (task != null && holder != null && task != holder) {
      throw new IllegalStateException(task.label()
          + " tried to release a lock that is held by "
          + holder.label()
          + ": only its holder may release it.");
    }
    passOn();
  }

  /**
   * Returns the running coroutine, after checking that it may wait and that its task holds the
   * lock.
   *
   * @param what the method being called, for messages
   */
  Fiber requireHolder(String what) {
    Fiber fiber = home.requireTask(what);
    checkHeldBy(TaskFiber.of(fiber), what);
    return fiber;
  }

  /** Throws unless the caller, a task or a callback, holds the lock. */
  void checkHeld(String what) {
    checkHeldBy(TaskFiber.of(home.require(what).currentFiber()), what);
  }

  private void checkHeldBy(@Nullable TaskFiber task, String what) {
    if (locked && !promised && holder == task) {
      return;
    }
    throw new IllegalStateException(what
        + " needs the condition's lock, which "
        + (!locked
            ? "is free"
            : promised
                ? "is being handed to another task"
                : "is held by " + (holder == null ? "another task" : holder.label()))
        + ": call it inside try (var _ = condition.acquire()) { … }.");
  }

  /** Hands the lock, still locked, to the first waiter, so that nobody can overtake it. */
  private void passOn() {
    boolean handedOver = waiters.wakeFirst();
    heldBy(null);
    promised = handedOver;
    locked = handedOver;
  }

  private void heldBy(@Nullable TaskFiber next) {
    TaskFiber before = holder;
    if (before != null) {
      Lock rest = without(lastHeldBy(before));
      before.held = rest == null ? null : rest.home;
    }
    holder = next;
    if (next != null) {
      heldBefore = lastHeldBy(next);
      next.held = home;
    }
  }

  private static @Nullable Lock lastHeldBy(TaskFiber task) {
    return task.held instanceof Home last ? last.lock() : null;
  }

  /** Returns a list of held locks without this one, which is nearly always the first. */
  private @Nullable Lock without(@Nullable Lock held) {
    Lock rest = heldBefore;
    heldBefore = null;
    if (held == this) {
      return rest;
    }
    Lock one = held;
    while (one != null && one.heldBefore != this) {
      one = one.heldBefore;
    }
    if (one != null) {
      one.heldBefore = rest;
    }
    return held;
  }

  /**
   * Returns whether the lock is held, or is being handed to a waiter. <i>Thread</i>: on the loop.
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
