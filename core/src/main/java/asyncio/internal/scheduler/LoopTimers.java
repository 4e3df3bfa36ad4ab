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
   * Starts a timer that ends a time limit: among those due in one turn, they come before all
   * sleepers.
   */
  public void addDeadline(Timer timer, long time) {
    deadlines.add(timer, time);
  }

  /** Stops a timer of {@link #addSleeper}; does nothing when it is not pending. */
  public void removeSleeper(Timer timer) {
    sleepers.remove(timer);
  }

  /** Stops a timer of {@link #addDeadline}; does nothing when it is not pending. */
  public void removeDeadline(Timer timer) {
    deadlines.remove(timer);
  }

  /** When a timer of {@link #addSleeper} is due. */
  public long due(Timer sleeper) {
    return sleepers.when(sleeper);
  }

  /**
   * The last time at which a time limit will cancel one of {@code fibers}; Long.MIN_VALUE when none
   * will. Looks at all limits.
   */
  public long lastDeadlineOf(Set<Fiber> fibers) {
    return deadlines.last(
        Long.MAX_VALUE, timer -> timer.strikes() != null && fibers.contains(timer.strikes()));
  }

  /**
   * The last time, but none after {@code limit}, at which a timer calls user code; Long.MIN_VALUE
   * when none does. Looks at all.
   */
  public long lastCallback(long limit) {
    return sleepers.last(limit, Timer::callsBack);
  }

  /** How many are pending. */
  int size() {
    return sleepers.size() + deadlines.size();
  }

  /** When the next timer is due; Long.MAX_VALUE when none is pending. */
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
