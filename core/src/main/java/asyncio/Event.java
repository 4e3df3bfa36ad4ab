package asyncio;

import asyncio.internal.scheduler.LoopBinding;
import asyncio.internal.scheduler.Waiter;
import asyncio.internal.scheduler.WaiterList;

/** A flag that tasks of one loop can wait for. */
public final class Event {
  // Loop-confined.
  private final LoopBinding home = new LoopBinding() {
    @Override
    protected void moved() {
      waiters.clear();
    }
  };
  private final WaiterList waiters = new WaiterList();
  private boolean set;

  /** Creates an event that is not set. */
  public Event() {}

  /**
   * Waits until the event is set.
   *
   * <p><i>Waits</i> until {@link #set} is called; does not suspend if the event is set. A waiting
   * task resumes even if the event is cleared right after it was set.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}.
   *
   * <p><i>Thread</i>: a coroutine.
   */
  public void await() {
    var fiber = home.requireTask("Event.await()");
    if (set) {
      return;
    }
    waiters.await(new Waiter(fiber, WaitKind.EVENT, "an event"));
  }

  /** Sets the event and wakes all waiting tasks, in order. <i>Thread</i>: on the loop. */
  public void set() {
    home.require("Event.set()");
    set = true;
    waiters.wakeAll();
  }

  /** Clears the event. <i>Thread</i>: on the loop. */
  public void clear() {
    home.require("Event.clear()");
    set = false;
  }

  /** Returns whether the event is set. <i>Thread</i>: on the loop. */
  public boolean isSet() {
    return set;
  }

  @Override
  public String toString() {
    return "Event["
        + (set ? "set" : "unset")
        + (waiters.isEmpty() ? "" : ", waiters:" + waiters.size())
        + "]";
  }
}
