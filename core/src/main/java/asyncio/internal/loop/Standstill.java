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
 * outside can make the loop go on. The host is asked once for each stretch without a step: after a
 * second, and after twice as long each time it has warned, since a loop may well be meant to wait
 * for another thread. Where nothing comes from outside, because the clock says so or by {@code
 * -Dasyncio.deadlock=fail}, it is asked at once.
 *
 * <p>Loop-confined.
 */
final class Standstill {
  private static final long FIRST_GAP_NANOS = 1_000_000_000;
  private static final long LONGEST_GAP_NANOS = 3_600_000_000_000L;

  /**
   * While something is ready, so many looks at the operating system pass from one search to the
   * next.
   */
  private static final int BUSY_LOOKS = 1024;

  private final Loop loop;

  private List<Fiber> suspects = new ArrayList<>();
  private int busyLooks;
  private @Nullable Verdict verdicts;

  /** The stretch without a step, by the number of the last step, and when it was first noticed. */
  private long stretch = -1;

  private long quietSince;
  private boolean asked;
  private long gap = FIRST_GAP_NANOS;

  Standstill(Loop loop) {
    this.loop = loop;
  }

  // ---- circles ----

  /** Notes a coroutine whose wait may close a circle. */
  void suspect(Fiber fiber) {
    suspects.add(fiber);
  }

  /** At a look at the operating system. On the loop's own thread. */
  void lookForCircles(boolean idle) {
    if (suspects.isEmpty() || !(idle || ++busyLooks >= BUSY_LOOKS)) {
      return;
    }
    busyLooks = 0;
    List<Fiber> looked = suspects;
    suspects = new ArrayList<>();
    for (Fiber fiber : looked) {
      fiber.suspected = false;
    }
    loop.host().lookForCircles(looked);
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

  /** Whether this one is. */
  boolean isSentenced(Fiber fiber) {
    for (Verdict one = verdicts; one != null; one = one.next) {
      if (one.fiber == fiber) {
        return true;
      }
    }
    return false;
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
   * The loop is about to sleep, with no timer set and no helper at work. Asks the host when it is
   * time to, and returns how many nanoseconds the loop may sleep until then. On the loop's own
   * thread.
   */
  long quiet(long nanos, boolean closedWorld) {
    long steps = loop.steps();
    if (steps != stretch) {
      stretch = steps;
      asked = false;
      quietSince = System.nanoTime();
    }
    if (asked) {
      return nanos;
    }
    long left = closedWorld ? 0 : quietSince + gap - System.nanoTime();
    if (left > 0) {
      return Math.min(nanos, left);
    }
    asked = true;
    return loop.host().isQuiet() ? 0 : nanos;
  }

  /**
   * The host is done with what it was asked; {@code warned} tells whether it had to say something.
   */
  void reported(boolean warned) {
    // The step that reports is none of the program's: if no other follows, the stretch goes on.
    stretch = loop.steps() + 1;
    asked = true;
    if (warned) {
      gap = Math.min(2 * gap, LONGEST_GAP_NANOS);
    }
  }
}
