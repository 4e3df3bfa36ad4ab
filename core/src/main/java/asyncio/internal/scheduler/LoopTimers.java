package asyncio.internal.scheduler;

import java.util.Set;

/**
 * The timers of a loop: those that end time limits, and all others, which wake sleepers and call
 * callbacks. Times are those of {@link Scheduler#time}. Confined to the loop.
 */
public final class LoopTimers {
  private final Timers sleepers = new Timers();
  private final Timers deadlines = new Timers();

  LoopTimers() {}

  /** Starts a timer that wakes a sleeper at {@code time}. */
  public void addSleeper(Timer timer, long time) {
    sleepers.add(timer, time);
  }

  /**
   * Starts a timer that ends a time limit: among timers due in the same turn, these come before all
   * sleepers.
   */
  public void addDeadline(Timer timer, long time) {
    deadlines.add(timer, time);
  }

  /** Stops a timer started by {@link #addSleeper}; does nothing if it is not pending. */
  public void removeSleeper(Timer timer) {
    sleepers.remove(timer);
  }

  /** Stops a timer started by {@link #addDeadline}; does nothing if it is not pending. */
  public void removeDeadline(Timer timer) {
    deadlines.remove(timer);
  }

  /** Returns when a timer started by {@link #addSleeper} is due. */
  public long due(Timer sleeper) {
    return sleepers.when(sleeper);
  }

  /**
   * Returns the last time at which a time limit will cancel one of {@code fibers}; Long.MIN_VALUE
   * if none will. Looks at all limits.
   */
  public long lastDeadlineOf(Set<Fiber> fibers) {
    return deadlines.last(
        Long.MAX_VALUE, timer -> timer.cancels() != null && fibers.contains(timer.cancels()));
  }

  /**
   * Returns the last time, not after {@code limit}, at which a timer calls user code;
   * Long.MIN_VALUE if none does. Looks at all timers.
   */
  public long lastCallback(long limit) {
    return sleepers.last(limit, Timer::callsBack);
  }

  /** Returns the number of pending timers. */
  public int size() {
    return sleepers.size() + deadlines.size();
  }

  /** Returns when the next timer is due; Long.MAX_VALUE if none is pending. */
  long next() {
    return Math.min(sleepers.next(), deadlines.next());
  }

  /** Fires what is due by now. */
  void fireDue(Scheduler scheduler) {
    if (next() == Long.MAX_VALUE) {
      return;
    }
    long now = scheduler.time();
    for (Timer timer = deadlines.pollDue(now); timer != null; timer = deadlines.pollDue(now)) {
      timer.fire();
    }
    for (Timer timer = sleepers.pollDue(now); timer != null; timer = sleepers.pollDue(now)) {
      timer.fire();
    }
  }
}
