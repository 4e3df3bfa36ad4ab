package asyncio.internal.diagnosis;

import asyncio.CarrierKind;
import asyncio.internal.carrier.Carriers;
import asyncio.internal.carrier.Hold;
import asyncio.internal.carrier.MountedCarrier;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.util.CreationSite;
import asyncio.internal.util.Stacks;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The words for a step that holds its loop too long: whose it is, why it takes so long, and what to
 * do. On the watchdog's thread.
 */
final class StepReport {
  private static final long NANOS_PER_MILLI = 1_000_000;

  /** The number of other coroutines whose stacks are shown in a report of one that stalls them. */
  private static final int OTHERS = 10;

  /** A step that has blocked for this many thresholds may be a deadlock. */
  private static final long LONG_BLOCKED = 10;

  /** Why a step takes so long, as far as can be seen from outside. */
  enum Cause {
    /** Its thread waits. */
    BLOCKED,
    /** It waits for the operating system, below a call that the JVM can't suspend. */
    IN_NATIVE,
    /** It loads, initialises and links classes. */
    PREPARES,
    /** Its thread gets no processor. */
    STARVED,
    COMPUTES
  }

  private final Scheduler scheduler;
  private final @Nullable Fiber fiber;
  private final Thread thread;
  private final StackTraceElement[] stack;
  private final Cause cause;
  private final long held;
  private final long slow;
  private final long cpu;

  /**
   * Creates a report.
   *
   * @param fiber null for a virtual thread that is not a coroutine
   * @param thread the one that runs the step
   * @param held for how long the step has run, in nanoseconds
   * @param slow the threshold
   * @param cpu the processor time since half the threshold, if the step is starved
   */
  StepReport(
      Scheduler scheduler,
      @Nullable Fiber fiber,
      Thread thread,
      StackTraceElement[] stack,
      Cause cause,
      long held,
      long slow,
      long cpu) {
    this.scheduler = scheduler;
    this.fiber = fiber;
    this.thread = thread;
    this.stack = stack;
    this.cause = cause;
    this.held = held;
    this.slow = slow;
    this.cpu = cpu;
  }

  String text() {
    var text = new StringBuilder(1024);
    text.append(name())
        .append(" has held the event loop '")
        .append(scheduler.name())
        .append("' for ")
        .append(held / NANOS_PER_MILLI)
        .append(" ms; nothing else on this loop runs meanwhile. ")
        .append(advice())
        .append(" Its stack:");
    Stacks.appendShort(text, stack);
    CreationSite.append(text, "Created at:", fiber == null ? null : fiber.origin());
    if (cause == Cause.BLOCKED
        && scheduler.carrierKind() == CarrierKind.PORTABLE
        && held / LONG_BLOCKED >= slow
        && mayWaitForOthers()) {
      appendOthers(text);
    }
    return text.toString();
  }

  private String advice() {
    return switch (cause) {
      case BLOCKED -> adviceForBlocked();
      case IN_NATIVE ->
        "It waits for the operating system, in a call that the JVM can't suspend: move the call"
            + " to toThread(() -> …).";
      case PREPARES ->
        "It spends most of the time loading, initialising and linking classes, which happens only"
            + " once: do it before the loop starts to serve, or in toThread(() -> …).";
      case STARVED ->
        "But its thread got only "
            + cpu / NANOS_PER_MILLI
            + " ms of processor time in the last "
            + (held - slow / 2) / NANOS_PER_MILLI
            + " ms: the machine is overloaded or short of memory. This step is not at fault.";
      case COMPUTES ->
        isStranger(scheduler, fiber, thread)
            ? "A virtual thread started inside a coroutine runs on the coroutine's loop: start it"
                + " in toThread(() -> …), or use a platform thread for the work."
            : "Split the work up with yieldNow(), or move it to toThread(() -> …).";
    };
  }

  private String adviceForBlocked() {
    if (scheduler.carrierKind() == CarrierKind.PORTABLE) {
      return "It waits in a blocking call: wrap the call in blocking(() -> …), or start the JVM"
          + " with "
          + Carriers.flag()
          + " so that such calls suspend only their task.";
    }
    return isHolding()
        ? "It waits for a foreign lock. The loop waits with it for up to a second, so that no other"
            + " task runs in the middle of this step. Hold the lock for less time, or move the"
            + " call to toThread(() -> …)."
        : "It blocks its thread where the JVM can't suspend it: move the call to toThread(() ->"
            + " …).";
  }

  private boolean isHolding() {
    Hold hold = scheduler.carrier() instanceof MountedCarrier mounted ? mounted.hold() : null;
    return hold != null && hold.isHolding();
  }

  // ---- whose step it is ----

  private String name() {
    if (fiber != null) {
      return fiber.describe();
    }
    return isStranger(scheduler, fiber, thread)
        ? "The virtual thread " + Stacks.nameOf(thread) + ", which is not a coroutine,"
        : "A virtual thread that is not a coroutine";
  }

  /** Returns the same in short, for statistics. */
  static String labelOf(Scheduler scheduler, @Nullable Fiber fiber, Thread thread) {
    if (fiber != null) {
      return fiber.label();
    }
    return isStranger(scheduler, fiber, thread) && !thread.getName().isEmpty()
        ? thread.getName()
        : Fiber.NO_COROUTINE;
  }

  private static boolean isStranger(Scheduler scheduler, @Nullable Fiber fiber, Thread thread) {
    return fiber == null && thread != scheduler.drivingThread();
  }

  // ---- who might end its wait ----

  /** Whether a blocked step may wait for others: not if it sleeps, or waits for the network. */
  private boolean mayWaitForOthers() {
    for (StackTraceElement frame : stack) {
      String type = frame.getClassName();
      if (type.startsWith("sun.nio.ch.")
          || (type.equals("java.lang.Thread") && frame.getMethodName().startsWith("sleep"))) {
        return false;
      }
    }
    return true;
  }

  /**
   * Appends the coroutines that might have ended a foreign wait: one may hold the lock while
   * suspended, or was to fill the queue. Nobody can tell from outside which one, so all are shown.
   */
  private void appendOthers(StringBuilder text) {
    List<Fiber> others = new ArrayList<>(scheduler.host().unfinished(OTHERS + 1));
    others.remove(fiber);
    if (others.isEmpty()) {
      return;
    }
    text.append(System.lineSeparator())
        .append(
            "If another task of this loop was meant to end that wait, this is a deadlock: the other"
                + " tasks can't run. Their stacks:");
    for (Fiber other : others) {
      Thread waiting = other.thread();
      text.append(System.lineSeparator()).append(other.describe());
      if (waiting == null) {
        text.append(" has not started");
        continue;
      }
      Stacks.appendShort(text, waiting.getStackTrace());
    }
  }

  // ---- a loop without a thread ----

  static String lackOfThread(Scheduler scheduler, @Nullable Fiber fiber, Duration held) {
    String next = fiber == null ? "" : " for " + fiber.describe();
    return "The event loop '"
        + scheduler.name()
        + "' has had no thread"
        + next
        + " for "
        + held.toMillis()
        + " ms: on the portable carrier it shares the JVM's threads for virtual threads, and"
        + " all of these are occupied by virtual threads that compute, or that wait in class"
        + " initialisers or below native frames. Compute on platform threads, wait elsewhere,"
        + " or start the JVM with "
        + Carriers.flag()
        + ", which gives each loop a thread of its own. A thread dump shows what occupies the"
        + " threads: jcmd "
        + ProcessHandle.current().pid()
        + " Thread.dump_to_file FILE.";
  }
}
