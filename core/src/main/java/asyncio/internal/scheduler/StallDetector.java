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
 * Notices that a loop may be unable to go on, and asks its {@link Host} to find out: coroutines
 * that may wait for each other in a circle, and a loop with nothing to do.
 *
 * <p><b>Circles.</b> Only a wait for a coroutine that waits itself can close one. Such waits are
 * noted, which costs a comparison, and looked at when nothing is ready; while something always is,
 * now and then. So a wait costs no walk along the chain of those that wait.
 *
 * <p><b>Quiet.</b> When nothing is ready, no timer is set and no helper works, only something from
 * outside can make the loop go on. The host is asked when the watchdog has seen no step for a
 * second, and again after twice as long, until it has warned; the next warning comes after twice as
 * long at the earliest, since a loop may well be meant to wait for another thread. So a loop that
 * sleeps pays nothing. Where nothing comes from outside, because the clock says so or by {@code
 * -Dasyncio.deadlock=fail}, it is asked at once.
 *
 * <p>Loop-confined where nothing else is said.
 */
public final class StallDetector {
  private static final long FIRST_GAP_NANOS = 1_000_000_000;
  public static final long LONGEST_GAP_NANOS = 3_600_000_000_000L;

  /**
   * While something is ready, so many looks at the operating system pass from one search to the
   * next.
   */
  private static final int BUSY_LOOKS = 1024;

  /** And so many suspects do not wait for that. */
  private static final int MANY = 1024;

  private static final String DEADLOCK = "asyncio.deadlock";

  /** Whether a loop that stands still fails although something from outside might come. */
  private static final boolean DEADLOCK_FAILS = "fail".equals(System.getProperty(DEADLOCK));

  private final Scheduler scheduler;

  private List<Fiber> suspects = new ArrayList<>();
  private List<Fiber> looked = new ArrayList<>();
  private int busyLooks;

  /** How many of the suspects have ended since the last look. */
  private int ended;

  /** Those of circles that a timer may end, in the order in which they were found. */
  private final Map<Fiber, Excused> excused = new LinkedHashMap<>();

  private long nextExcused = Long.MAX_VALUE;

  /** The errors for coroutines whose waits they have ended, until these run. */
  private final IdentityHashMap<Fiber, RuntimeException> verdicts = new IdentityHashMap<>(4);

  /** In a closed world: the last step before the host was asked. */
  private long askedAfter = -1;

  // Written on the loop, read by the watchdog.
  private volatile long gap = FIRST_GAP_NANOS;

  /**
   * What {@link Scheduler#steps} will be when the step that reports has ended, if no other follows.
   */
  private volatile long reportedAt = -1;

  /** Whether it had something to say. */
  private volatile boolean warned;

  StallDetector(Scheduler scheduler) {
    this.scheduler = scheduler;
  }

  /** Refuses an option that means nothing. */
  public static void checkOption() {
    String value = System.getProperty(DEADLOCK);
    if (value != null && !value.equals("fail") && !value.equals("warn")) {
      throw new IllegalArgumentException(
          "-D"
              + DEADLOCK
              + " is 'warn', which warns of a loop that stands still, or 'fail', which fails its"
              + " main task; got '"
              + value
              + "'.");
    }
  }

  /** Whether a loop that stands still fails at once. */
  public boolean failsAtOnce() {
    return (DEADLOCK_FAILS || scheduler.isClosedWorld()) && !scheduler.host().otherThreadsCallIn();
  }

  // ---- circles ----

  /** Notes a coroutine whose wait may close a circle. */
  void suspect(Fiber fiber) {
    suspects.add(fiber);
  }

  /**
   * A coroutine has ended. What is noted of it goes, or its result would stay for as long as the
   * loop is busy. Those among the suspects go together, when they are half of them, so that one
   * costs no walk.
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

  /** The wait it stands in, and until when, by the loop's clock, something may end that. */
  private record Excused(@Nullable Wait in, long until) {}

  /**
   * Puts off the look at a suspect, until a time of the loop's clock or until no timer is set:
   * before, a timer may set it free.
   */
  public void excuse(Fiber fiber, long until) {
    excused.put(fiber, new Excused(fiber.waitsFor(), until));
    nextExcused = Math.min(nextExcused, until);
  }

  /** When the first of those excuses has expired; Long.MAX_VALUE when there is none. */
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

  /** At a look at the operating system. On the loop's own thread. */
  void lookForCircles(boolean idle) {
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
      scheduler.host().lookForCircles(now);
    } catch (Throwable noMemory) {
      // A failed search must not end the run.
    }
    now.clear();
  }

  /**
   * Ends the wait of a coroutine with an error, unless something else ends it before it runs. Does
   * nothing when it does not wait.
   */
  public void fail(Fiber fiber, RuntimeException error) {
    if (!fiber.isWaiting()) {
      return;
    }
    verdicts.put(fiber, error); // first: it may fail for lack of memory
    if (!fiber.endByError()) {
      verdicts.remove(fiber);
    }
  }

  /** The error that was to end the wait of {@code fiber}, which gets it or no longer needs it. */
  RuntimeException takeVerdict(Fiber fiber) {
    return Objects.requireNonNull(verdicts.remove(fiber), "a wait that failed has its error");
  }

  // ---- quiet ----

  /**
   * The loop is about to sleep, with no timer and no helper. If nothing can come from outside, as
   * far as the loop knows, asks the host, once. On the loop's own thread.
   */
  void aboutToSleepForEver() {
    boolean canGoOn =
        !failsAtOnce()
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

  /** For how long a loop that does nothing is not looked at. Any thread. */
  public long gap() {
    return gap;
  }

  /** Whether the step of this number was the host's look at a stretch that goes on. Any thread. */
  public boolean isReported(long steps) {
    return steps == reportedAt;
  }

  /** Whether it was, and the host had something to say. Any thread. */
  public boolean hasWarned(long steps) {
    return steps == reportedAt && warned;
  }

  /** Has the loop look whether it stands still, if it has made no step since. Any thread. */
  public void askWhetherQuiet(long since) {
    if (scheduler.host().otherThreadsCallIn()) {
      return;
    }
    scheduler.trySend(
        LoopAction.of(
            () -> {
              boolean idle =
                  scheduler.ready.isEmpty()
                      && scheduler.timers.next() == Long.MAX_VALUE
                      && scheduler.helpers() == 0;
              if (idle && scheduler.steps() == since) {
                ask();
              }
            }));
  }

  /** The loop has done nothing for some time. On the loop's own thread. */
  private void ask() {
    try {
      scheduler.host().quiet();
    } catch (Throwable noMemory) {
      // As above.
    }
  }

  /**
   * The host is done with what it was asked; {@code said} tells whether it had something to say.
   */
  public void reported(boolean said) {
    warned = said;
    // The step that reports is none of the program's: if no other follows, the stretch goes on.
    reportedAt = scheduler.steps() + 1;
    if (said) {
      gap = Math.min(2 * gap, LONGEST_GAP_NANOS);
    }
  }
}
