package asyncio.internal.loop;

import java.util.ArrayList;
import java.util.List;
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
 * outside can make the loop go on. The host is asked once for each stretch without a step: when the
 * watchdog has seen none for a second, and for twice as long each time the host has warned, since a
 * loop may well be meant to wait for another thread. So a loop that sleeps pays nothing. Where
 * nothing comes from outside, because the clock says so or by {@code -Dasyncio.deadlock=fail}, it
 * is asked at once.
 *
 * <p>Loop-confined where nothing else is said.
 */
final class Standstill {
  private static final long FIRST_GAP_NANOS = 1_000_000_000;
  static final long LONGEST_GAP_NANOS = 3_600_000_000_000L;

  /**
   * While something is ready, so many looks at the operating system pass from one search to the
   * next.
   */
  private static final int BUSY_LOOKS = 1024;

  /** And so many suspects do not wait for that. */
  private static final int MANY = 1024;

  private final Loop loop;

  private List<Fiber> suspects = new ArrayList<>();
  private List<Fiber> looked = new ArrayList<>();
  private int busyLooks;

  /** Those of circles that a timer may end, each with the time until which it may. */
  private List<Excused> excused = new ArrayList<>();

  private long nextExcused = Long.MAX_VALUE;
  private @Nullable Verdict verdicts;

  /** In a closed world: the last step before the host was asked. */
  private long askedAfter = -1;

  // Written on the loop, read by the watchdog.
  private volatile long gap = FIRST_GAP_NANOS;

  /** What {@link Loop#steps} will be when the step that reports has ended, if no other follows. */
  private volatile long reportedAt = -1;

  /** Whether it had something to say. */
  private volatile boolean warned;

  Standstill(Loop loop) {
    this.loop = loop;
  }

  // ---- circles ----

  /** Notes a coroutine whose wait may close a circle. */
  void suspect(Fiber fiber) {
    suspects.add(fiber);
  }

  private record Excused(Fiber fiber, long until) {}

  /**
   * Puts off the look at a suspect: until a time of the loop's clock, something may set it free.
   */
  void excuse(Fiber fiber, long until) {
    if (!fiber.suspected) {
      fiber.suspected = true;
      excused.add(new Excused(fiber, until));
      nextExcused = Math.min(nextExcused, until);
    }
  }

  private void suspectAgain(boolean all) {
    long now = loop.time();
    List<Excused> before = excused;
    excused = new ArrayList<>();
    nextExcused = Long.MAX_VALUE;
    for (Excused one : before) {
      if (!one.fiber.isWaiting()) {
        one.fiber.suspected = false;
      } else if (all || one.until <= now) {
        one.fiber.overdue = true;
        suspects.add(one.fiber);
      } else {
        excused.add(one);
        nextExcused = Math.min(nextExcused, one.until);
      }
    }
  }

  /** At a look at the operating system. On the loop's own thread. */
  void lookForCircles(boolean idle) {
    if (idle && !excused.isEmpty()) {
      boolean noTimers = loop.nextTimer() == Long.MAX_VALUE;
      if (noTimers || nextExcused <= loop.time()) {
        suspectAgain(noTimers);
      }
    }
    if (suspects.isEmpty() || !(idle || ++busyLooks >= BUSY_LOOKS || suspects.size() >= MANY)) {
      return;
    }
    busyLooks = 0;
    List<Fiber> now = suspects;
    suspects = looked;
    looked = now;
    for (Fiber fiber : now) {
      fiber.suspected = false;
    }
    try {
      loop.host().lookForCircles(now);
    } catch (Throwable noMemory) {
      // No run ends because it could not be looked at.
    }
    now.clear();
  }

  /** An error for a coroutine that waits, unless its wait ends before it runs. */
  private record Verdict(Fiber fiber, RuntimeException error, @Nullable Verdict next) {}

  /** Ends the wait of a coroutine with an error. */
  void fail(Fiber fiber, RuntimeException error) {
    verdicts = new Verdict(fiber, error, verdicts);
    fiber.wake();
  }

  /** Whether some coroutine is about to get an error; asked at the end of each wait. */
  boolean hasVerdicts() {
    return verdicts != null;
  }

  /** Throws the error that ended the wait {@code what}, if one did. By the coroutine itself. */
  void throwVerdict(Fiber fiber, Wait what) {
    Verdict others = null;
    RuntimeException mine = null;
    for (Verdict one = verdicts; one != null; one = one.next) {
      if (one.fiber == fiber) {
        mine = one.error;
      } else {
        others = new Verdict(one.fiber, one.error, others);
      }
    }
    verdicts = others;
    if (mine != null && !what.isOver()) {
      throw mine;
    }
  }

  // ---- quiet ----

  /**
   * The loop is about to sleep, with nothing to do, and nothing can come from outside: asks the
   * host once. On the loop's own thread.
   */
  void closedWorld() {
    long steps = loop.steps();
    if (steps != askedAfter && steps != reportedAt) {
      askedAfter = steps;
      ask();
    }
  }

  /** For how long a loop that does nothing is not looked at. Any thread. */
  long gap() {
    return gap;
  }

  /** Whether the step of this number was the host's look at a stretch that goes on. Any thread. */
  boolean isReported(long steps) {
    return steps == reportedAt;
  }

  /** Whether it was, and the host had something to say. Any thread. */
  boolean hasWarned(long steps) {
    return steps == reportedAt && warned;
  }

  /** The loop has done nothing for some time. On the loop's own thread. */
  void ask() {
    try {
      loop.host().quiet();
    } catch (Throwable noMemory) {
      // As above.
    }
  }

  /**
   * The host is done with what it was asked; {@code said} tells whether it had something to say.
   */
  void reported(boolean said) {
    warned = said;
    // The step that reports is none of the program's: if no other follows, the stretch goes on.
    reportedAt = loop.steps() + 1;
    if (said) {
      gap = Math.min(2 * gap, LONGEST_GAP_NANOS);
    }
  }
}
