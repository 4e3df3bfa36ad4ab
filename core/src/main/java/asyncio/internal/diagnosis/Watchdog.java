package asyncio.internal.diagnosis;

import asyncio.CarrierKind;
import asyncio.internal.carrier.Carriers;
import asyncio.internal.carrier.Hold;
import asyncio.internal.carrier.MountedCarrier;
import asyncio.internal.log.Logs;
import asyncio.internal.log.RecordWriter;
import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.Scheduler;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A single daemon thread that looks at all loops now and then and reports a step that holds its
 * loop too long, while it does so and with its stack. Costs a loop only the counter of its steps.
 *
 * <p>It also rescues a loop whose own thread is stuck in one of our waits: a wait in a class
 * initialiser or below a native frame can't unmount, so the loop that would end it can't run. The
 * wait is ended with an error.
 */
final class Watchdog implements Runnable {
  private static final long NANOS_PER_MILLI = 1_000_000;

  /**
   * A step longer than this is reported unless the loop was told otherwise; asyncio's
   * slow_callback_duration. A plain number, because dividing a Duration loads the classes of
   * BigDecimal, which would slow down a starting program.
   */
  static final long DEFAULT_NANOS =
      Math.clamp(Long.getLong("asyncio.slowStepMillis", 100), 1, Long.MAX_VALUE / NANOS_PER_MILLI)
          * NANOS_PER_MILLI;

  /**
   * A lack of threads is reported later, after this many thresholds: on an overloaded machine, a
   * runnable thread is also kept waiting for a moment.
   */
  private static final long LACK_FACTOR = 10;

  /**
   * A wait that pins the loop's thread is ended after this time, even if reports are not wanted.
   */
  private static final long PINNED_NANOS = 100 * NANOS_PER_MILLI;

  /** The interval between two looks is a quarter of the lowest threshold, within these bounds. */
  private static final long SHORTEST_INTERVAL_NANOS = NANOS_PER_MILLI;

  private static final long LONGEST_INTERVAL_NANOS = 100 * NANOS_PER_MILLI;

  /** The watched loops; replaced as a whole, under the class's lock. */
  private static volatile WatchedLoop[] watched = {};

  /** Written under the class's lock. */
  private static volatile @Nullable Thread thread;

  /** Whether the JDK's flight recorder can be asked. */
  private static volatile boolean recorderExists = true;

  /** Whether a recording wants events of loops. Guarded by the class's lock. */
  private static boolean recorded;

  /** Loops that closed with something left to report. Guarded by the class's lock. */
  private static final Deque<Scheduler> ended = new ArrayDeque<>();

  /**
   * The granularity at which the time of loops is kept: a time limit may take effect this late, and
   * a long step be noticed this late.
   */
  private static final long TICK_NANOS = 5 * NANOS_PER_MILLI;

  /** After this many ticks without a step of any loop, there are no ticks until one wakes up. */
  private static final int LAST_TICKS = 200;

  /** Watchdog only. */
  private static int idleTicks;

  /**
   * Whether the time of loops is not being kept. Written by the watchdog, and by a loop that wakes
   * up.
   */
  private static volatile boolean sleeping;

  /** When this thread last looked, as a time of System.nanoTime. Watchdog only. */
  private long before;

  private Watchdog() {}

  static synchronized void watch(WatchedLoop added) {
    WatchedLoop[] more = Arrays.copyOf(watched, watched.length + 1);
    more[watched.length] = added;
    watched = more;
    if (recorded) {
      added.scheduler.recordTo(JfrRecorder.of(added.scheduler));
    }
    if (thread == null) {
      Thread started = new Thread(null, new Watchdog(), "asyncio-watchdog", 0, false);
      started.setDaemon(true);
      started.start();
      thread = started;
    }
  }

  static synchronized void forget(WatchedLoop gone) {
    if (keptLocks(gone.scheduler) != null) {
      // Reported by the watchdog, because the loop's own thread must not take a logger's lock.
      ended.add(gone.scheduler);
    }
    List<WatchedLoop> others = new ArrayList<>(watched.length);
    for (WatchedLoop entry : watched) {
      if (entry != gone) {
        others.add(entry);
      }
    }
    watched = others.toArray(new WatchedLoop[0]);
    if (watched.length == 0) {
      LockSupport.unpark(thread);
      thread = null;
    }
  }

  /**
   * Makes the watchdog look sooner: a threshold may have become lower, and the interval with it.
   * Any thread; takes no lock.
   */
  static void lookSooner() {
    LockSupport.unpark(thread);
  }

  private static long interval() {
    long lowest = Long.MAX_VALUE;
    for (WatchedLoop entry : watched) {
      lowest = Math.min(lowest, entry.slowNanos());
    }
    return Math.clamp(lowest / 4, SHORTEST_INTERVAL_NANOS, LONGEST_INTERVAL_NANOS);
  }

  @Override
  public void run() {
    Thread self = Thread.currentThread();
    boolean early = true;
    before = System.nanoTime();
    while (true) {
      long interval = interval();
      if (early) {
        pause(interval);
      } else {
        tick(self, interval);
      }
      if (early) { // once the program has started, so as not to delay its start
        early = false;
        EarlyClasses.initialize(); // never throws
      }
      try {
        if (!lookAtAll(self, interval)) {
          return;
        }
      } catch (Throwable noMemory) {
        // It looks again next time: only this thread can end a wait that holds a loop for ever.
      }
    }
  }

  /**
   * Waits for {@code interval}, and keeps the time of loops meanwhile: they do not read the clock
   * after each step. If no loop has run a step for a second, it stops keeping time until one wakes
   * up.
   */
  private static void tick(Thread self, long interval) {
    long began = System.nanoTime();
    for (long left = interval; left > 0; left = interval - (System.nanoTime() - began)) {
      if (idleTicks >= LAST_TICKS) {
        sleeping = true;
        if (Arrays.stream(watched).allMatch(WatchedLoop::isIdle)) { // one may have just woken up
          pause(left);
        }
        if (!sleeping) {
          idleTicks = 0;
        }
      } else {
        pause(Math.min(left, TICK_NANOS));
      }
      boolean busy = false;
      boolean longSteps = false;
      for (WatchedLoop entry : watched) {
        busy |= entry.tick();
        longSteps |= entry.isInLongStep();
      }
      Current.longSteps(longSteps);
      idleTicks = busy ? 0 : idleTicks + 1;
      if (thread != self || interval() < interval) {
        return;
      }
    }
  }

  /**
   * Called when a loop continues after a sleep: its time is kept from now on. Any thread; takes no
   * lock.
   */
  static void keepTime() {
    if (sleeping) {
      sleeping = false;
      LockSupport.unpark(thread);
    }
  }

  private static void pause(long nanos) {
    LockSupport.parkNanos(nanos);
    // Nobody has a reason to interrupt this thread, and a set flag would turn park into a spin.
    Thread.interrupted();
  }

  /** Looks at all loops; returns false if there is nothing left to look at. */
  private boolean lookAtAll(Thread self, long interval) {
    boolean last;
    Scheduler gone;
    do {
      synchronized (Watchdog.class) {
        last = thread != self;
        gone = ended.poll();
      }
      if (gone != null) {
        tellOfKeptLocks(gone);
      }
    } while (gone != null);
    if (last) {
      return false;
    }
    long now = System.nanoTime();
    // If the machine kept even this thread waiting, it kept the loops waiting too: that is not the
    // fault of a step.
    long late = Math.max(0, now - before - 2 * interval);
    long passed = now - before - late;
    before = now;
    try {
      lookForRecordings();
    } catch (Throwable noMemory) {
      // At the next look.
    }
    try {
      announceNewLoops();
    } catch (Throwable noMemory) {
      // What was not announced by now never is.
    }
    for (WatchedLoop entry : watched) {
      entry.since += late;
      try {
        look(entry, now, passed);
      } catch (Throwable failure) {
        tellOwn(entry.scheduler, failure);
      }
    }
    return true;
  }

  /**
   * Reports a failure of the watchdog itself. Whatever fails, this thread keeps running: only it
   * can end a wait that holds a loop for ever.
   */
  private static void tellOwn(Scheduler scheduler, Throwable failure) {
    try {
      RecordWriter.submit(() -> Logs.WATCHDOG.log(
          System.Logger.Level.ERROR, "The watchdog failed for " + scheduler, failure));
    } catch (Throwable noMemory) {
      // Nobody is left to tell.
    }
  }

  /**
   * Gives the loops a recorder once a recording wants their events, and takes it away afterwards.
   * Done here, because a starting program must not pay for the classes of the flight recorder; and
   * by polling, because the recorder tells nobody when a setting changes, and may itself be started
   * at any time. What a loop does before it is noticed is not recorded.
   */
  private static void lookForRecordings() {
    boolean wanted = false;
    if (recorderExists) {
      try {
        wanted = JfrRecorder.wanted();
      } catch (Throwable absent) {
        recorderExists = false; // no module jdk.jfr, or a JVM without it
      }
    }
    synchronized (Watchdog.class) {
      if (wanted != recorded) {
        recorded = wanted;
        for (WatchedLoop entry : watched) {
          entry.scheduler.recordTo(wanted ? JfrRecorder.of(entry.scheduler) : null);
        }
      }
    }
  }

  private static @Nullable AtomicReference<Hold.@Nullable Kept> keptLocks(Scheduler scheduler) {
    Hold hold = scheduler.carrier() instanceof MountedCarrier mounted ? mounted.hold() : null;
    return hold == null || hold.kept.get() == null ? null : hold.kept;
  }

  private static void tellOfKeptLocks(Scheduler scheduler) {
    AtomicReference<Hold.@Nullable Kept> kept = keptLocks(scheduler);
    if (kept == null) {
      return;
    }
    try {
      KeptLocks.tell(scheduler, kept.getAndSet(null));
    } catch (Throwable failure) {
      tellOwn(scheduler, failure);
    }
  }

  private static void look(WatchedLoop entry, long now, long passed) {
    Scheduler scheduler = entry.scheduler;
    tellOfKeptLocks(scheduler);
    long steps = scheduler.steps();
    boolean lacksThread = scheduler.lacksThread(now);
    boolean runs = (steps & 1) == 1;
    if (runs && !lacksThread) {
      entry.ran(passed);
    } else if (!lacksThread && scheduler.isDriven()) {
      entry.sleeps(steps, now);
    }
    long held = now - entry.since;
    if (steps != entry.steps || !(lacksThread || runs)) {
      entry.seen(held, now, true);
      entry.steps = steps;
      entry.since = now;
      entry.nextReport = 0;
      entry.profile = null;
      return;
    }
    entry.seen(held, now, false);
    long slow = entry.slowNanos();
    Fiber fiber = scheduler.runningFiber();
    // Once the step has been reported, only for the next report: a look takes the whole stack.
    if (runs && !lacksThread && held >= slow / 4 && held >= entry.nextReport) {
      try {
        profile(entry, fiber, steps, held);
      } catch (Throwable noMemory) {
        // Continue: a wait that this lack of memory pins must still be ended.
      }
    }
    long due = entry.nextReport != 0 ? entry.nextReport : slow;
    if (held < (lacksThread ? due : Math.min(due, PINNED_NANOS))) {
      return;
    }
    if (lacksThread) {
      if (held / LACK_FACTOR < slow) {
        return;
      }
      entry.nextReport = nextReport(due, held);
      warn(StepReport.lackOfThread(scheduler, fiber, Duration.ofNanos(held)));
      return;
    }
    if (fiber != null && fiber.isSuspended() && scheduler.carrierKind() == CarrierKind.MOUNTED) {
      Thread parked = fiber.thread();
      if (parked != null
          && parked.getState() == Thread.State.WAITING
          && scheduler.steps() == steps) {
        fiber.pinnedIn(steps);
        LockSupport.unpark(parked);
      }
      return;
    }
    if (held >= due) {
      report(entry, fiber, steps, held, due, now);
    }
  }

  /** Returns the thread that now runs on the loop. */
  private static @Nullable Thread threadOn(Scheduler scheduler, @Nullable Fiber fiber) {
    if (fiber != null) {
      return fiber.thread();
    }
    Thread stranger = scheduler.runningStranger();
    return stranger != null ? stranger : scheduler.drivingThread();
  }

  /** Looks at what a long step does. */
  private static void profile(WatchedLoop entry, @Nullable Fiber fiber, long steps, long held) {
    Thread thread = threadOn(entry.scheduler, fiber);
    if (thread == null) {
      return;
    }
    Thread.State state = thread.getState();
    StackTraceElement[] stack = thread.getStackTrace();
    if (entry.scheduler.steps() != steps) {
      return;
    }
    StepProfile profile = entry.profile;
    if (profile == null) {
      profile = new StepProfile();
      entry.profile = profile;
    }
    profile.look(state, stack);
    if (held >= entry.slowNanos() / 2 && !profile.mostlyPrepares()) {
      Thread platform = entry.scheduler.drivingThread();
      profile.cpu(CpuTime.of(platform == null || platform.isVirtual() ? thread : platform));
    }
  }

  /**
   * Returns when a step that has lasted for {@code held} is reported again: after twice the time,
   * then twice that, and so on. A pause of the whole JVM can span several of these times, which
   * still gives only one report.
   */
  static long nextReport(long last, long held) {
    long next = last;
    do {
      next *= 2;
    } while (next <= held);
    return next;
  }

  /** Announces them together: a program may open a thousand loops at once. */
  private static void announceNewLoops() {
    List<Scheduler> opened = new ArrayList<>(0);
    for (WatchedLoop entry : watched) {
      if (!entry.announced) {
        entry.announced = true;
        opened.add(entry.scheduler);
        entry.scheduler.host().watched();
      }
    }
    if (!opened.isEmpty()) {
      RecordWriter.submit(() -> opened.forEach(Watchdog::announce));
    }
  }

  /**
   * Logs which carrier a loop runs on. Not done when the loop is created, because the first use of
   * a logger costs a starting program some 20 ms. On the thread that writes records, because even
   * asking whether a record is wanted runs foreign code.
   */
  private static void announce(Scheduler scheduler) {
    if (Logs.LOOP.isLoggable(System.Logger.Level.DEBUG)) {
      String why = "";
      if (scheduler.carrierKind() == CarrierKind.PORTABLE) {
        String reason = Carriers.unavailable();
        why = reason == null
            ? ", as chosen with -Dasyncio.carrier or RunOptions.withCarrier()"
            : ": "
                + reason
                + "; start the JVM with "
                + Carriers.flag()
                + " for the mounted carrier";
      }
      Logs.LOOP.log(
          System.Logger.Level.DEBUG,
          "The event loop '"
              + scheduler.name()
              + "' runs on the "
              + scheduler.carrierKind()
              + " carrier"
              + why
              + ".");
    }
  }

  private static void report(
      WatchedLoop entry, @Nullable Fiber fiber, long steps, long held, long due, long now) {
    Scheduler scheduler = entry.scheduler;
    Thread thread = threadOn(scheduler, fiber);
    if (thread == null) {
      return;
    }
    Thread.State state = thread.getState();
    StackTraceElement[] stack = thread.getStackTrace();
    if (scheduler.steps() != steps) {
      return;
    }
    boolean blocked = state != Thread.State.RUNNABLE;
    long slow = entry.slowNanos();
    StepProfile profile = entry.profile;
    boolean prepares = !blocked && profile != null && profile.mostlyPrepares();
    long cpu = profile == null ? CpuTime.UNKNOWN : profile.cpuNanos();
    boolean idle = !blocked && !prepares && isIdle(cpu, slow, held);
    boolean inNative = idle && StepProfile.isInNative(stack);
    boolean starved = idle && !inNative;
    if ((prepares || starved) && held / LACK_FACTOR < slow) {
      return; // not the fault of the step, and over soon: report at a later look
    }
    entry.nextReport = nextReport(due, held);
    if (profile != null) {
      profile.reported();
    }
    // Before logging, so that whoever reads the log finds it in the statistics.
    entry.reported(StepReport.labelOf(scheduler, fiber, thread), held, stack, now);
    StepReport.Cause cause = blocked
        ? StepReport.Cause.BLOCKED
        : inNative
            ? StepReport.Cause.IN_NATIVE
            : prepares
                ? StepReport.Cause.PREPARES
                : starved ? StepReport.Cause.STARVED : StepReport.Cause.COMPUTES;
    warn(new StepReport(scheduler, fiber, thread, stack, cause, held, slow, cpu).text());
  }

  /** Logs a warning; not on this thread, which a log handler might block. */
  static void warn(String text) {
    RecordWriter.submit(() -> Logs.WATCHDOG.log(System.Logger.Level.WARNING, text));
  }

  /**
   * Whether a step that has lasted for {@code held} has done little since half the threshold, when
   * its processor time was first read: so it needs no processor, or gets none.
   */
  static boolean isIdle(long cpu, long slow, long held) {
    return cpu != CpuTime.UNKNOWN && cpu < slow / 4 && held >= slow;
  }
}
