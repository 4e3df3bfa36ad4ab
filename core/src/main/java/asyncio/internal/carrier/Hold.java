package asyncio.internal.carrier;

import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.scheduler.Step;
import asyncio.internal.util.WeakIdentityMap;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the loop in the middle of a step while its coroutine waits for a contended foreign lock, so
 * that printing or logging between two of our waits does not let others run. Mounted carrier only;
 * the portable one does so by its nature.
 *
 * <pre>
 *   RUNNING --parks--> waits by nature (I/O, sleep, queue, latch, Object.wait …) --------> FOREIGN
 *      ^                                                                                      ^
 *      |               waits for a lock --> HOLDING --(a) its owner runs on this loop --------|
 *      |                                       |  |-- (b) a possible next owner arrived ------|
 *      |                                       |  '-- (c) a second has passed ----------------'
 *      '-------- its continuation arrives -----'
 * </pre>
 *
 * <p><b>While it holds</b>, the loop's own thread parks: no step, no timer and no engine runs, and
 * the step counts as running. What arrives is added in order to the ready queue, and examined: the
 * continuation of the coroutine ends the hold, and that of a possible next owner makes the loop
 * continue without the coroutine, because the lock would wait for that thread, and that thread for
 * the loop.
 *
 * <p><b>(a)</b> A lock that reveals its owner is asked at once, and again when something arrives. A
 * monitor does not: after {@value #ASK_AFTER_MILLIS} ms, the threads of this loop are asked whether
 * they own it, a few at a time. Each is asked only once: they do not run meanwhile, so they acquire
 * nothing. An owner that was found is remembered for a minute and asked first the next time.
 *
 * <p><b>(b)</b> also covers steps that were already ready: a thread unparked before the hold does
 * not arrive again.
 *
 * <p>A wait for a lock at the end of Object.wait or Condition.await belongs to that wait.
 *
 * <p>On the loop's own thread unless stated otherwise.
 */
public final class Hold {
  /** Why the loop continued without the coroutine. */
  enum HandOver {
    OWNER,
    NEXT_OWNER,
    TIME
  }

  private static final int ASK_AFTER_MILLIS = 5;
  private static final long ASK_AFTER_NANOS = ASK_AFTER_MILLIS * 1_000_000L;

  /** A thread that has not revealed by then what it waits for is not asked again. */
  private static final long LAST_LOOK_NANOS = 100_000_000;

  /** How long a remembered owner is trusted. */
  private static final long KNOWN_NANOS = 60_000_000_000L;

  /** Threads asked (about 8 µs each) between two looks at the inbox. */
  private static final int ASKED_TOGETHER = 16;

  /** A second; shorter in tests. */
  static volatile long limitNanos = 1_000_000_000;

  /** A monitor that a thread of this loop owned while others wanted it. */
  private record Known(WeakReference<Thread> owner, long since) {}

  /** A lock that was held too long, for the watchdog to report. */
  public record Kept(
      String who,
      String lock,
      List<StackTraceElement> stack,
      @Nullable Thread owner,
      @Nullable Object monitor,
      @Nullable Kept before) {}

  private final Scheduler scheduler;
  private final MountedCarrier carrier;
  private final WeakIdentityMap<Known> known = new WeakIdentityMap<>();
  private final WeakIdentityMap<Boolean> told = new WeakIdentityMap<>();
  private final Map<HandOver, Long> handOvers = new EnumMap<>(HandOver.class);
  private long ownersKnown;

  /** Read by the watchdog, which takes all of them. */
  public final AtomicReference<@Nullable Kept> kept = new AtomicReference<>();

  /** Also read by the watchdog. */
  private volatile boolean holding;

  // State of the current hold.
  private @Nullable Object monitor;
  private boolean asked;
  private @Nullable List<Thread> toAsk;

  Hold(Scheduler scheduler, MountedCarrier carrier) {
    this.scheduler = scheduler;
    this.carrier = carrier;
  }

  /** Whether the current step is being kept open. Any thread. */
  public boolean isHolding() {
    return holding;
  }

  /**
   * Returns how often the loop continued without a coroutine for this reason. For tests; loop only.
   */
  long handOvers(HandOver why) {
    return handOvers.getOrDefault(why, 0L);
  }

  /**
   * Called when a coroutine has parked in foreign code. Returns true if its step continues and its
   * continuation must be run again, false if the loop continues without it.
   */
  boolean keeps(Fiber fiber, Runnable continuation) {
    Thread thread = fiber.thread();
    if (thread == null) {
      return false;
    }
    boolean wasByNature = fiber.foreignWait == Fiber.BY_NATURE;
    fiber.foreignWait = Fiber.BY_NATURE;
    Object lock = Contention.lockOf(thread);
    if (lock == null || (wasByNature && Contention.isAfterWait(thread))) {
      return false;
    }
    HandOver why;
    holding = true;
    try {
      why = await(thread, continuation, lock);
    } finally {
      holding = false;
      forget();
    }
    if (why == null) {
      fiber.foreignWait = Fiber.NOWHERE;
      return true;
    }
    fiber.foreignWait = Fiber.AT_A_LOCK;
    handOvers.merge(why, 1L, Long::sum);
    return false;
  }

  /** How often the owner of a monitor was found before the loop slept. For tests; loop only. */
  long ownersKnown() {
    return ownersKnown;
  }

  private void forget() {
    monitor = null;
    asked = false;
    toAsk = null;
  }

  /**
   * Waits until the hold ends. Returns null if the continuation has come back, otherwise why the
   * loop continues without the coroutine.
   */
  private @Nullable HandOver await(Thread thread, Runnable continuation, Object lock) {
    if (carrier.takeBack()) {
      return null;
    }
    if (nextOwnerIsReady(thread, lock)) {
      return HandOver.NEXT_OWNER;
    }
    boolean isMonitor = lock == Contention.MONITOR;
    if (!isMonitor && ownerIsHere(lock)) {
      return HandOver.OWNER;
    }
    long began = System.nanoTime();
    long limit = limitNanos;
    boolean slept = false;
    long askAfter = isMonitor ? (known.isEmpty() ? ASK_AFTER_NANOS : 0) : Long.MAX_VALUE;
    while (true) {
      boolean next = false;
      boolean arrived = false;
      Step left = scheduler.inbox().takeAll();
      try {
        while (left != null) {
          Step step = left;
          if (carrier.isStepOf(step, continuation)) {
            carrier.comesBack();
          } else {
            scheduler.add(step);
            arrived = true;
          }
          left = step.unlink();
          next |= mayBeNextOwner(step, thread, lock); // never its own step
        }
      } catch (Throwable noMemory) {
        if (left != null) {
          scheduler.inbox().giveBack(left);
        }
        throw noMemory;
      }
      // A continuation that was submitted because another thread took its stack may arrive while
      // the coroutine still waits.
      if (carrier.hasComeBack() && Contention.mayRun(thread)) {
        carrier.takeBack();
        return null;
      }
      carrier.takeBack();
      if (next) {
        return HandOver.NEXT_OWNER;
      }
      if (arrived && !isMonitor && ownerIsHere(lock)) {
        return HandOver.OWNER;
      }
      long held = System.nanoTime() - began;
      if (held >= limit) {
        note(thread, lock);
        return HandOver.TIME;
      }
      if (!asked && held >= askAfter) {
        if (askForMonitor(thread, held)) {
          if (!slept) {
            ownersKnown++;
          }
          return HandOver.OWNER;
        }
        if (toAsk != null) {
          continue;
        }
        askAfter = held + ASK_AFTER_NANOS;
      }
      long until = asked || held >= askAfter ? limit : Math.min(limit, askAfter);
      slept = true;
      if (scheduler.inbox().prepareToHold()) {
        LockSupport.parkNanos(scheduler, until - held);
        // A set flag would turn park into a spin.
        Thread.interrupted();
      }
    }
  }

  // ---- (a) ----

  private boolean ownerIsHere(Object lock) {
    Thread owner = Contention.ownerOf(lock);
    if (owner != null) {
      return isHere(owner);
    }
    Thread reader = Contention.firstReaderOf(lock);
    if (reader != null && isHere(reader)) {
      return true;
    }
    long last = Contention.lastReaderOf(lock);
    if (last != -1) {
      for (Fiber fiber : scheduler.host().unfinished(Integer.MAX_VALUE)) {
        Thread other = fiber.thread();
        if (other != null && other.threadId() == last) {
          return true;
        }
      }
    }
    return false;
  }

  private boolean isHere(Thread owner) {
    return owner.isVirtual() && Contention.schedulerOf(owner) == carrier;
  }

  /**
   * Asks some of this loop's threads. Before {@link #ASK_AFTER_NANOS} it asks only if the monitor
   * is a known one: first its last owner, then, if that no longer owns it, all others.
   */
  private boolean askForMonitor(Thread thread, long held) {
    Object wanted = monitor;
    if (wanted == null) {
      Contention.Blocked blocked = Contention.blockedAt(thread);
      if (blocked == null) {
        // It can already continue, or the JDK does not tell: not now or, after some more looks,
        // never.
        asked = held >= LAST_LOOK_NANOS;
        return false;
      }
      if (blocked.afterWait()) {
        return true; // it was notified before it was seen waiting
      }
      wanted = blocked.monitor();
      monitor = wanted;
    }
    List<Thread> left = toAsk;
    if (left == null) {
      Known before = known.get(wanted);
      if (before != null && System.nanoTime() - before.since > KNOWN_NANOS) {
        known.remove(wanted);
        before = null;
      }
      if (before == null && held < ASK_AFTER_NANOS) {
        return false;
      }
      left = threadsHere(thread, before == null ? null : before.owner.get());
      toAsk = left;
    }
    for (int i = 0; i < ASKED_TOGETHER && !left.isEmpty(); i++) {
      Thread candidate = left.removeLast();
      if (Contention.hasMonitor(candidate, wanted)) {
        known.put(wanted, new Known(new WeakReference<>(candidate), System.nanoTime()));
        return true;
      }
    }
    if (left.isEmpty()) {
      toAsk = null;
      asked = true;
    }
    return false;
  }

  /** Returns all threads that may own a monitor, the likely one last, where it is asked first. */
  private List<Thread> threadsHere(Thread except, @Nullable Thread likely) {
    List<Thread> threads = new ArrayList<>();
    carrier.addStrangers(threads);
    for (Fiber fiber : scheduler.host().unfinished(Integer.MAX_VALUE)) {
      add(threads, fiber.thread(), except);
    }
    carrier.addForeign(threads);
    add(threads, likely, except);
    return threads;
  }

  private static void add(List<Thread> threads, @Nullable Thread thread, Thread except) {
    if (thread != null && thread != except) {
      threads.add(thread);
    }
  }

  // ---- (b) ----

  private boolean nextOwnerIsReady(Thread held, Object lock) {
    if (!carrier.hasForeign()) {
      return false;
    }
    for (int i = 0; i < scheduler.readyCount(); i++) {
      Step step = scheduler.readyAt(i);
      if (step != null && mayBeNextOwner(step, held, lock)) {
        return true;
      }
    }
    return false;
  }

  private boolean mayBeNextOwner(Step step, Thread held, Object lock) {
    Thread thread = carrier.threadOf(step);
    // Its own step may be there twice: taking the stack of a runnable thread submits it again.
    return thread != null
        && thread != held
        && (Contention.wasUnblocked(thread)
            || (lock != Contention.MONITOR && Contention.waitsFor(thread, lock)));
  }

  // ---- (c) ----

  private void note(Thread thread, Object lock) {
    try {
      Contention.Blocked blocked = lock == Contention.MONITOR ? Contention.blockedAt(thread) : null;
      Object which =
          lock == Contention.MONITOR ? (blocked == null ? null : blocked.monitor()) : lock;
      if (which != null) {
        if (!told.putIfAbsent(which, true)) {
          return;
        }
      }
      Fiber fiber = scheduler.runningFiber();
      String who = fiber == null ? Fiber.NO_COROUTINE : fiber.describe();
      String name = which == null
          ? "a monitor"
          : which.getClass().getName() + "@" + Integer.toHexString(System.identityHashCode(which));
      List<StackTraceElement> stack = List.of(thread.getStackTrace());
      Thread owner = which == null ? null : Contention.ownerOf(which);
      Object itsMonitor = lock == Contention.MONITOR ? which : null;
      Kept before;
      do {
        before = kept.get();
      } while (!kept.compareAndSet(before, new Kept(who, name, stack, owner, itsMonitor, before)));
    } catch (Throwable noMemory) {
      // The loop continues without the coroutine all the same.
    }
  }
}
