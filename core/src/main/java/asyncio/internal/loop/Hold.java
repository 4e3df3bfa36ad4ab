package asyncio.internal.loop;

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
 * that printing or logging between two of our waits lets nobody else run. Mounted carrier only; on
 * the portable one it is so by nature.
 *
 * <pre>
 *   RUNNING --parks--> waits by nature (I/O, sleep, queue, latch, Object.wait …) --------> FOREIGN
 *      ^                                                                                      ^
 *      |               waits for a lock --> HOLDING --(a) who has it runs on this loop -------|
 *      |                                       |  |-- (b) another that may get it arrived ----|
 *      |                                       |  '-- (c) a second has passed ----------------'
 *      '-------- its continuation arrives -----'
 * </pre>
 *
 * <p><b>While it holds</b>, the loop's own thread parks: no step, no timer, no engine, and the step
 * counts as running. What arrives is put in order into the ready queue, and looked at: the
 * continuation of the coroutine ends the hold, and one that may be the next owner hands over, since
 * the lock would wait for it, and it for the loop.
 *
 * <p><b>(a)</b> A lock that tells its owner is asked at once, and again when something arrives. A
 * monitor does not: after {@value #ASK_AFTER_MILLIS} ms, the threads of this loop are asked whether
 * they have it, a few at a time. Once each: they do not run meanwhile, so they get nothing. An
 * owner once found is remembered for a minute and asked first next time.
 *
 * <p><b>(b)</b> also covers steps that were already ready: a thread unparked before the hold does
 * not arrive again.
 *
 * <p>A wait for a lock at the end of Object.wait or Condition.await belongs to that wait.
 *
 * <p>On the loop's own thread, where nothing else is said.
 */
final class Hold {
  /** Why the loop went on without the coroutine. */
  enum HandOver {
    OWNER,
    NEXT_OWNER,
    TIME
  }

  private static final int ASK_AFTER_MILLIS = 5;
  private static final long ASK_AFTER_NANOS = ASK_AFTER_MILLIS * 1_000_000L;

  /** A thread that has not told by then what it waits for is asked no more. */
  private static final long LAST_LOOK_NANOS = 100_000_000;

  /** How long a remembered owner is trusted. */
  private static final long KNOWN_NANOS = 60_000_000_000L;

  /** Threads asked (about 8 µs each) between two looks at the inbox. */
  private static final int ASKED_TOGETHER = 16;

  /** A second; shorter in tests. */
  static volatile long limitNanos = 1_000_000_000;

  /** A monitor that a thread of this loop had while others wanted it. */
  private record Known(WeakReference<Thread> owner, long since) {}

  /** A lock that was kept too long, for the watchdog to tell. */
  record Kept(
      String who,
      String lock,
      List<StackTraceElement> stack,
      @Nullable Thread owner,
      @Nullable Object monitor,
      @Nullable Kept before) {}

  private final Loop loop;
  private final MountedCarrier carrier;
  private final WeakIdentityMap<Known> known = new WeakIdentityMap<>();
  private final WeakIdentityMap<Boolean> told = new WeakIdentityMap<>();
  private final Map<HandOver, Long> handOvers = new EnumMap<>(HandOver.class);
  private long ownersKnown;

  /** Read by the watchdog, which takes all. */
  final AtomicReference<@Nullable Kept> kept = new AtomicReference<>();

  /** Read by the watchdog as well. */
  private volatile boolean holding;

  // Of the hold that goes on.
  private @Nullable Object monitor;
  private boolean asked;
  private @Nullable List<Thread> toAsk;

  Hold(Loop loop, MountedCarrier carrier) {
    this.loop = loop;
    this.carrier = carrier;
  }

  /** Whether the step that runs is one that is kept open. Any thread. */
  boolean isHolding() {
    return holding;
  }

  /** How often the loop went on without a coroutine, for this reason. For tests; loop only. */
  long handOvers(HandOver why) {
    return handOvers.getOrDefault(why, 0L);
  }

  /**
   * A coroutine parked in foreign code. Returns true when its step goes on and its continuation is
   * to be run again, false when the loop goes on without it.
   */
  boolean keeps(Fiber fiber, Runnable continuation) {
    Thread thread = fiber.thread;
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

  /** Null when the continuation has come back. */
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
      Step left = loop.inbox.takeAll();
      try {
        while (left != null) {
          Step step = left;
          if (carrier.isStepOf(step, continuation)) {
            carrier.comesBack();
          } else {
            loop.ready.add(step);
            arrived = true;
          }
          left = step.next;
          step.next = null;
          next |= mayBeNextOwner(step, thread, lock); // never its own
        }
      } catch (Throwable noMemory) {
        if (left != null) {
          loop.inbox.giveBack(left);
        }
        throw noMemory;
      }
      // One that another thread's look at its stack submitted may come while it still waits.
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
      if (loop.inbox.prepareToHold()) {
        LockSupport.parkNanos(loop, until - held);
        // A set flag would turn the park into a spin.
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
      for (Fiber fiber : loop.host().unfinished(Integer.MAX_VALUE)) {
        Thread other = fiber.thread;
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
   * Asks some of this loop's threads, or before the time only who had a known monitor and, when
   * that has it no more, all.
   */
  private boolean askForMonitor(Thread thread, long held) {
    Object wanted = monitor;
    if (wanted == null) {
      Contention.Blocked blocked = Contention.blockedAt(thread);
      if (blocked == null) {
        // It can go on already, or the JDK does not tell: not now, or, after some more looks,
        // never.
        asked = held >= LAST_LOOK_NANOS;
        return false;
      }
      if (blocked.afterWait()) {
        return true; // it was notified before it was seen to wait
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

  /** All that may have a monitor, the likely one last, where it is asked first. */
  private List<Thread> threadsHere(Thread except, @Nullable Thread likely) {
    List<Thread> threads = new ArrayList<>();
    carrier.addStrangers(threads);
    for (Fiber fiber : loop.host().unfinished(Integer.MAX_VALUE)) {
      add(threads, fiber.thread, except);
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
    for (int i = 0; i < loop.ready.size(); i++) {
      Step step = loop.ready.get(i);
      if (step != null && mayBeNextOwner(step, held, lock)) {
        return true;
      }
    }
    return false;
  }

  private boolean mayBeNextOwner(Step step, Thread held, Object lock) {
    Thread thread = carrier.threadOf(step);
    // Its own step may be there twice: who takes the stack of a thread that can run submits it
    // anew.
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
      Fiber fiber = loop.runningFiber();
      String who = fiber == null ? Fiber.NO_COROUTINE : fiber.describe();
      String name =
          which == null
              ? "a monitor"
              : which.getClass().getName()
                  + "@"
                  + Integer.toHexString(System.identityHashCode(which));
      List<StackTraceElement> stack = List.of(thread.getStackTrace());
      Thread owner = which == null ? null : Contention.ownerOf(which);
      Object itsMonitor = lock == Contention.MONITOR ? which : null;
      Kept before;
      do {
        before = kept.get();
      } while (!kept.compareAndSet(before, new Kept(who, name, stack, owner, itsMonitor, before)));
    } catch (Throwable noMemory) {
      // It is handed over all the same.
    }
  }
}
