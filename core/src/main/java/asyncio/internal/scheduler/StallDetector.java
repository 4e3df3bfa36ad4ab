package asyncio.internal.scheduler;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Notices that a loop may be unable to continue, and asks its {@link Host} to find out: coroutines
 * may be waiting for each other in a cycle, or the loop has nothing to do.
 *
 * <p><b>Cycles.</b> Only a wait for a coroutine that is itself waiting can close one. Such waits
 * are noted, which costs a comparison, and examined when nothing is ready, or now and then while
 * something always is. So a wait does not cost a walk along the chain of waiting coroutines.
 *
 * <p><b>Quiet.</b> When nothing is ready, no timer is set and no helper is working, only something
 * from outside can make the loop continue. The host is asked when the watchdog has seen no step for
 * a second, and again after twice as long, until it has warned; the next warning comes after twice
 * as long at the earliest, because a loop may well be meant to wait for another thread. So a
 * sleeping loop pays nothing. If nothing can come from outside, because the clock says so or by
 * {@code -Dasyncio.deadlock=fail}, it is asked at once.
 *
 * <p>Loop-confined unless stated otherwise.
 */
public final class StallDetector {
  private static final long FIRST_GAP_NANOS = 1_000_000_000;
  public static final long LONGEST_GAP_NANOS = 3_600_000_000_000L;

  /** While something is ready, the number of looks at the operating system between two searches. */
  private static final int BUSY_LOOKS = 1024;

  /** With this many suspects, the search does not wait for that. */
  private static final int MANY = 1024;

  private static final String DEADLOCK = "asyncio.deadlock";

  /** Whether a stalled loop fails although something might still come from outside. */
  private static final boolean DEADLOCK_FAILS = "fail".equals(System.getProperty(DEADLOCK));

  private final Scheduler scheduler;

  private List<Fiber> suspects = new ArrayList<>();
  private List<Fiber> looked = new ArrayList<>();
  private int busyLooks;

  /** How many of the suspects have ended since the last look. */
  private int ended;

  /** Coroutines in cycles that a timer may end, in the order in which they were found. */
  private final Map<Fiber, Excused> excused = new LinkedHashMap<>();

  private long nextExcused = Long.MAX_VALUE;

  /** The errors that have ended waits, by coroutine, until those coroutines run. */
  private final IdentityHashMap<Fiber, RuntimeException> verdicts = new IdentityHashMap<>(4);

  /** In a closed world, the last step before the host was asked. */
  private long askedAfter = -1;

  // Written on the loop, read by the watchdog.
  private volatile long gap = FIRST_GAP_NANOS;

  /**
   * What {@link Scheduler#steps} will be when the reporting step has ended, if no other follows.
   */
  private volatile long reportedAt = -1;

  /** Whether the host had something to say. */
  private volatile boolean warned;

  StallDetector(Scheduler scheduler) {
    this.scheduler = scheduler;
  }

  /** Rejects an option value that means nothing. */
  public static void checkOption() {
    String value = System.getProperty(DEADLOCK);
    if (value != null && !value.equals("fail") && !value.equals("warn")) {
      throw new IllegalArgumentException("-D"
          + DEADLOCK
          + " takes 'warn', which logs a warning when a loop stalls, or 'fail', which fails its"
          + " main task; got '"
          + value
          + "'.");
    }
  }

  /** Whether a stalled loop fails at once. */
  public boolean failsAtOnce() {
    return (DEADLOCK_FAILS || scheduler.isClosedWorld()) && !scheduler.host().otherThreadsCallIn();
  }

  // ---- cycles ----

  /** Notes a coroutine whose wait may close a cycle. */
  void suspect(Fiber fiber) {
    suspects.add(fiber);
  }

  /**
   * Forgets a coroutine that has ended; otherwise its result would stay reachable for as long as
   * the loop is busy. Ended suspects are removed together, once they are more than half of all
   * suspects, so that a single one does not cost a walk.
   */
  void ended(Fiber fiber) {
    if (!excused.isEmpty()) {
      excused.remove(fiber);
    }
    if (!fiber.suspected || 2 * ++ended <= suspects.size()) {
      return;
    }
    int left = 0;
    for (int i = 0; i < suspects.size(); i++) {
      Fiber suspect = suspects.get(i);
      if (!suspect.isDone()) {
        suspects.set(left++, suspect);
      }
    }
    while (suspects.size() > left) {
      suspects.removeLast();
    }
    ended = 0;
  }

  /** The wait it is in, and until when, by the loop's clock, something may end that wait. */
  private record Excused(@Nullable Wait in, long until) {}

  /**
   * Postpones the examination of a suspect until a time of the loop's clock or until no timer is
   * set: before that, a timer may set it free.
   */
  public void excuse(Fiber fiber, long until) {
    excused.put(fiber, new Excused(fiber.waitsFor(), until));
    nextExcused = Math.min(nextExcused, until);
  }

  /** Returns when the first of those excuses expires; Long.MAX_VALUE if there is none. */
  long nextLook() {
    return nextExcused;
  }

  private void suspectAgain() {
    boolean noTimers = scheduler.timers().next() == Long.MAX_VALUE;
    long now = scheduler.time();
    if (!noTimers && nextExcused > now) {
      return;
    }
    nextExcused = Long.MAX_VALUE;
    Iterator<Map.Entry<Fiber, Excused>> all = excused.entrySet().iterator();
    while (all.hasNext()) {
      Map.Entry<Fiber, Excused> one = all.next();
      Fiber fiber = one.getKey();
      long until = one.getValue().until;
      boolean over = !fiber.isWaiting() || fiber.waitsFor() != one.getValue().in;
      if (!over && !noTimers && until > now) {
        nextExcused = Math.min(nextExcused, until);
        continue;
      }
      all.remove();
      if (!over) {
        fiber.suspect();
        fiber.overdue = true;
      }
    }
  }

  /** Called at each look at the operating system. On the loop's own thread. */
  void lookForCycles(boolean idle) {
    if (suspects.isEmpty() && excused.isEmpty()) {
      return;
    }
    if (!idle && ++busyLooks < BUSY_LOOKS && suspects.size() < MANY) {
      return;
    }
    if (!excused.isEmpty()) {
      suspectAgain();
    }
    if (suspects.isEmpty()) {
      return;
    }
    busyLooks = 0;
    ended = 0;
    List<Fiber> now = suspects;
    suspects = looked;
    looked = now;
    for (Fiber fiber : now) {
      fiber.suspected = false;
    }
    try {
      scheduler.host().lookForCycles(now);
    } catch (Throwable noMemory) {
      // A failed search must not end the run.
    }
    now.clear();
  }

  /**
   * Ends the wait of a coroutine with an error, unless something else ends it before it runs. Does
   * nothing if it is not waiting.
   */
  public void fail(Fiber fiber, RuntimeException error) {
    if (!fiber.isWaiting()) {
      return;
    }
    verdicts.put(fiber, error); // first, because this may fail for lack of memory
    if (!fiber.endByError()) {
      verdicts.remove(fiber);
    }
  }

  /**
   * Removes and returns the error that was to end the wait of {@code fiber}, which gets it or no
   * longer needs it.
   */
  RuntimeException takeVerdict(Fiber fiber) {
    return Objects.requireNonNull(verdicts.remove(fiber), "a wait that failed has its error");
  }

  // ---- quiet ----

  /**
   * Called when the loop is about to sleep with no timer and no helper. If nothing can come from
   * outside, as far as the loop knows, asks the host, once. On the loop's own thread.
   */
  void aboutToSleepForEver() {
    boolean canGoOn = !failsAtOnce()
        || scheduler.foreignWaits() > 0
        || scheduler.openHandles() > 0
        || !scheduler.strangers().isEmpty();
    if (canGoOn) {
      return;
    }
    long steps = scheduler.steps();
    if (steps != askedAfter && steps != reportedAt) {
      askedAfter = steps;
      ask();
    }
  }

  /** Returns how long a loop may do nothing before it is examined. Any thread. */
  public long gap() {
    return gap;
  }

  /**
   * Whether the step of this number was the host's examination of a stretch that still continues.
   * Any thread.
   */
  public boolean isReported(long steps) {
    return steps == reportedAt;
  }

  /** Whether {@link #isReported} holds and the host had something to say. Any thread. */
  public boolean hasWarned(long steps) {
    return steps == reportedAt && warned;
  }

  /**
   * Makes the loop check whether it is stalled, if it has run no step since {@code since}. Any
   * thread.
   */
  public void askWhetherQuiet(long since) {
    if (scheduler.host().otherThreadsCallIn()) {
      return;
    }
    scheduler.trySend(LoopAction.of(() -> {
      boolean idle = scheduler.ready.isEmpty()
          && scheduler.timers.next() == Long.MAX_VALUE
          && scheduler.helpers() == 0;
      if (idle && scheduler.steps() == since) {
        ask();
      }
    }));
  }

  /** Asks the host: the loop has done nothing for some time. On the loop's own thread. */
  private void ask() {
    try {
      scheduler.host().quiet();
    } catch (Throwable noMemory) {
      // A failed search must not end the run.
    }
  }

  /**
   * Notes that the host has done what it was asked; {@code said} tells whether it had something to
   * say.
   */
  public void reported(boolean said) {
    warned = said;
    // The reporting step is not one of the program's: if no other follows, the stretch continues.
    reportedAt = scheduler.steps() + 1;
    if (said) {
      gap = Math.min(2 * gap, LONGEST_GAP_NANOS);
    }
  }
}
