package asyncio.internal.loop;

import asyncio.CarrierKind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * One daemon thread that looks at all loops now and then and says which step holds its loop too
 * long, while it does and with the stack that does. Costs a loop nothing but the counter of its
 * steps.
 *
 * <p>It also rescues a loop whose own thread stands in one of our waits: a wait in a class
 * initialiser or below a native frame can't unmount, so the loop that would end it can't run. The
 * wait is ended with an error.
 */
final class Watchdog implements Runnable {
  /** A step longer than this is reported; asyncio's slow_callback_duration. */
  private static final long THRESHOLD_NANOS =
      Math.max(1, Long.getLong("asyncio.slowStepMillis", 100)) * 1_000_000;

  /**
   * A lack of threads is reported later: on a machine that has too much to do, a thread that can
   * run is kept waiting for a moment, too.
   */
  private static final long LACK_NANOS = 10 * THRESHOLD_NANOS;

  /**
   * Plain numbers: dividing a Duration loads the classes of BigDecimal, which a starting program
   * pays for.
   */
  private static final long INTERVAL_NANOS = Math.max(1_000_000, THRESHOLD_NANOS / 4);

  /** What is watched; replaced whole, under the class's lock. */
  private static volatile Watched[] watched = {};

  private static @Nullable Thread thread;

  private Watchdog() {}

  private static final class Watched {
    final Loop loop;
    long steps = -1;
    long since;
    long nextReport;
    boolean announced;

    Watched(Loop loop) {
      this.loop = loop;
    }
  }

  static synchronized void watch(Loop loop) {
    Watched[] more = Arrays.copyOf(watched, watched.length + 1);
    more[watched.length] = new Watched(loop);
    watched = more;
    if (thread == null) {
      thread = new Thread(null, new Watchdog(), "asyncio-watchdog", 0, false);
      thread.setDaemon(true);
      thread.start();
    }
  }

  static synchronized void forget(Loop loop) {
    List<Watched> others = new ArrayList<>(watched.length);
    for (Watched entry : watched) {
      if (entry.loop != loop) {
        others.add(entry);
      }
    }
    watched = others.toArray(new Watched[0]);
    if (watched.length == 0) {
      LockSupport.unpark(thread);
      thread = null;
    }
  }

  @Override
  public void run() {
    Thread self = Thread.currentThread();
    long before = System.nanoTime();
    while (true) {
      LockSupport.parkNanos(INTERVAL_NANOS);
      synchronized (Watchdog.class) {
        if (thread != self) {
          return;
        }
      }
      long now = System.nanoTime();
      // Where the machine kept even this thread waiting, it kept the loops waiting too: that is no
      // fault of a step.
      long late = Math.max(0, now - before - 2 * INTERVAL_NANOS);
      before = now;
      for (Watched entry : watched) {
        entry.since += late;
        try {
          look(entry, now);
        } catch (Throwable failure) {
          Logs.WATCHDOG.log(
              System.Logger.Level.ERROR, "The watchdog failed for " + entry.loop, failure);
        }
      }
    }
  }

  private static void look(Watched entry, long now) {
    Loop loop = entry.loop;
    if (!entry.announced) {
      entry.announced = true;
      announce(loop);
      loop.host().watched();
    }
    long steps = loop.steps();
    boolean lacksThread = loop.lacksThread(now);
    if (steps != entry.steps || !(lacksThread || (steps & 1) == 1)) {
      entry.steps = steps;
      entry.since = now;
      entry.nextReport = THRESHOLD_NANOS;
      return;
    }
    long held = now - entry.since;
    if (held < entry.nextReport) {
      return;
    }
    Fiber fiber = loop.runningFiber();
    if (lacksThread) {
      if (held < LACK_NANOS) {
        return;
      }
      entry.nextReport = nextReport(entry.nextReport, held);
      reportLackOfThread(loop, fiber, Duration.ofNanos(held));
      return;
    }
    if (fiber != null
        && (fiber.state == Fiber.WAITING || fiber.state == Fiber.READY)
        && loop.carrierKind() == CarrierKind.MOUNTED) {
      Thread parked = fiber.thread;
      if (parked != null && parked.getState() == Thread.State.WAITING && loop.steps() == steps) {
        fiber.pinnedInStep = (int) steps;
        LockSupport.unpark(parked);
      }
      return;
    }
    entry.nextReport = nextReport(entry.nextReport, held);
    report(loop, fiber, steps, Duration.ofNanos(held));
  }

  /**
   * When a step is reported again that has lasted for {@code held}: after twice the time, and again
   * twice. A pause of the whole JVM can span several of these times; that is one report, too.
   */
  static long nextReport(long last, long held) {
    long next = last;
    do {
      next *= 2;
    } while (next <= held);
    return next;
  }

  /**
   * Here rather than where the loop is made: the first use of a logger costs a starting program
   * some 20 ms.
   */
  private static void announce(Loop loop) {
    if (Logs.LOOP.isLoggable(System.Logger.Level.DEBUG)) {
      String why = "";
      if (loop.carrierKind() == CarrierKind.PORTABLE) {
        String reason = Carriers.unavailable();
        why =
            reason == null
                ? ", as it was told to"
                : ": " + reason + "; the JVM option " + Carriers.flag() + " mounts it";
      }
      Logs.LOOP.log(
          System.Logger.Level.DEBUG,
          "The event loop '"
              + loop.name()
              + "' runs on the "
              + loop.carrierKind()
              + " carrier"
              + why
              + ".");
    }
  }

  private static void reportLackOfThread(Loop loop, @Nullable Fiber fiber, Duration held) {
    String next = fiber == null ? "" : " for " + fiber.describe();
    Logs.WATCHDOG.log(
        System.Logger.Level.WARNING,
        "The event loop '"
            + loop.name()
            + "' has had no thread"
            + next
            + " for "
            + held.toMillis()
            + " ms: on the portable carrier it shares the JVM's threads for virtual threads, and"
            + " all are taken, by virtual threads that compute, or that wait in class initialisers"
            + " or below native frames. Let platform threads compute, wait elsewhere, or start the"
            + " JVM with "
            + Carriers.flag()
            + ", which gives each loop a thread of its own. Who has them, a thread dump shows: jcmd"
            + " "
            + ProcessHandle.current().pid()
            + " Thread.dump_to_file FILE.");
  }

  private static void report(Loop loop, @Nullable Fiber fiber, long steps, Duration held) {
    Thread thread = fiber == null ? loop.thread : fiber.thread;
    if (thread == null) {
      return;
    }
    Thread.State state = thread.getState();
    StackTraceElement[] stack = thread.getStackTrace();
    if (loop.steps() != steps) {
      return;
    }
    String who = fiber == null ? "A virtual thread that is no coroutine" : fiber.describe();
    StringBuilder text = new StringBuilder(1024);
    text.append(who)
        .append(" has held the event loop '")
        .append(loop.name())
        .append("' for ")
        .append(held.toMillis())
        .append(" ms; nothing else of this loop runs meanwhile. ");
    boolean blocked = state != Thread.State.RUNNABLE;
    if (blocked && loop.carrierKind() == CarrierKind.PORTABLE) {
      text.append(
              "It waits in a blocking call: wrap the call in blocking(() -> …), or start the JVM"
                  + " with ")
          .append(Carriers.flag())
          .append(" so that such calls suspend only their task.");
    } else if (blocked) {
      text.append(
          "It blocks its thread where the JVM can't suspend it: hand the call over with toThread(()"
              + " -> …).");
    } else {
      text.append("Split the work with yieldNow(), or hand it over with toThread(() -> …).");
    }
    text.append(" It stands here:");
    for (StackTraceElement element : stack) {
      text.append(System.lineSeparator()).append("    at ").append(element);
    }
    CreationSite.append(text, "Created at:", fiber == null ? null : fiber.origin());
    Logs.WATCHDOG.log(System.Logger.Level.WARNING, text.toString());
  }
}
