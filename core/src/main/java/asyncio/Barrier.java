package asyncio;

import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.LoopBinding;
import asyncio.internal.scheduler.Waiter;
import asyncio.internal.scheduler.WaiterList;

/**
 * A point where a fixed number of tasks of one loop wait for each other, again and again.
 *
 * <pre>
 *   FILLING --the last task arrives--> DRAINING --all have left--> FILLING
 *   FILLING, DRAINING, BROKEN --reset(), while tasks are inside--> RESETTING --all have left--> FILLING
 *   any --abort()--> BROKEN --reset(), with nobody inside--> FILLING
 * </pre>
 */
public final class Barrier {
  private enum State {
    FILLING,
    DRAINING,
    RESETTING,
    BROKEN
  }

  // Immutable.
  private final int parties;

  // Loop-confined.
  private final LoopBinding home = new LoopBinding() {
    @Override
    protected void moved() {
      inside.clear();
      outside.clear();
      count = 0;
      if (state != State.BROKEN) {
        state = State.FILLING;
      }
    }
  };
  private final WaiterList inside = new WaiterList();

  /** Tasks that arrived while the barrier was draining or being reset. */
  private final WaiterList outside = new WaiterList();

  private State state = State.FILLING;

  /**
   * Number of tasks that have arrived and not left: in {@code inside}, or woken and about to leave.
   */
  private int count;

  /**
   * Creates a barrier.
   *
   * @param parties the number of tasks that must arrive before any may pass
   * @throws IllegalArgumentException if {@code parties} is less than 1
   */
  public Barrier(int parties) {
    if (parties < 1) {
      throw new IllegalArgumentException("A barrier needs at least one task; got " + parties);
    }
    this.parties = parties;
  }

  /**
   * Waits until the required number of tasks have arrived.
   *
   * <p><i>Waits</i> until the tasks of the previous round have left, then for the others; does not
   * suspend if this task is the last to arrive.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; as in asyncio, the task no longer counts once
   * this is thrown, and the others go on waiting. A task that arrives in the same turn as the
   * cancel may still open the barrier.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @return a number from 0 to the number of parties less 1, different for each task: the order of
   *     arrival
   * @throws BrokenBarrierException if the barrier is broken, or is aborted or reset meanwhile
   */
  public int await() {
    Fiber fiber = home.requireTask("Barrier.await()");
    while (state == State.DRAINING || state == State.RESETTING) {
      outside.await(new Waiter(fiber, WaitKind.BARRIER, "a barrier to drain"));
    }
    if (state == State.BROKEN) {
      throw new BrokenBarrierException(
          "The barrier is broken: it was aborted, and nobody has called reset() since.");
    }
    count++;
    try {
      if (count == parties) {
        state = State.DRAINING;
        letGo();
        return parties - 1;
      }
      var arrival = new Arrival(fiber);
      inside.await(arrival);
      if (state != State.DRAINING) {
        throw new BrokenBarrierException("The barrier was "
            + (state == State.BROKEN ? "aborted" : "reset")
            + " while this task was waiting.");
      }
      return arrival.place;
    } finally {
      leave();
    }
  }

  /** Gets its place only when all have arrived: until then one may leave and another arrive. */
  private static final class Arrival extends Waiter {
    private int place;

    Arrival(Fiber fiber) {
      super(fiber, WaitKind.BARRIER, "a barrier");
    }
  }

  private void letGo() {
    int place = 0;
    for (Waiter next = inside.poll(); next != null; next = inside.poll()) {
      ((Arrival) next).place = place++;
      next.wake();
    }
  }

  private void leave() {
    if (--count == 0 && (state == State.DRAINING || state == State.RESETTING)) {
      state = State.FILLING;
      outside.wakeAll();
    }
  }

  /**
   * Resets the barrier to its initial state. Every task that waits in it gets a {@link
   * BrokenBarrierException}, even one that has been released but has not run yet. Tasks that arrive
   * meanwhile wait until those have left.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public void reset() {
    home.require("Barrier.reset()");
    if (count == 0) {
      state = State.FILLING;
    } else {
      state = State.RESETTING;
      inside.wakeAll();
    }
  }

  /**
   * Breaks the barrier: until {@link #reset}, every task that waits in it or arrives at it gets a
   * {@link BrokenBarrierException}. Meant for a task that fails and knows that the others would
   * wait for it for ever.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public void abort() {
    home.require("Barrier.abort()");
    state = State.BROKEN;
    inside.wakeAll();
    outside.wakeAll();
  }

  /** Returns the number of tasks that must arrive before any may pass. */
  public int parties() {
    return parties;
  }

  /** Returns the number of tasks that wait for others to arrive. <i>Thread</i>: on the loop. */
  public int waiting() {
    return state == State.FILLING ? count : 0;
  }

  /** Returns whether the barrier is broken. <i>Thread</i>: on the loop. */
  public boolean broken() {
    return state == State.BROKEN;
  }

  @Override
  public String toString() {
    String name = switch (state) {
      case FILLING -> "filling";
      case DRAINING -> "draining";
      case RESETTING -> "resetting";
      case BROKEN -> "broken";
    };
    return "Barrier[" + name + ", waiting:" + waiting() + "/" + parties + "]";
  }
}
