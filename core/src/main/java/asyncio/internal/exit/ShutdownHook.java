package asyncio.internal.exit;

import static java.util.stream.Collectors.joining;

import asyncio.CarrierKind;
import asyncio.internal.diagnosis.Dump;
import asyncio.internal.log.Log;
import asyncio.internal.log.Logs;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.LoopAction;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.util.Durations;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Cancels the tasks of all loops when the JVM shuts down, and gives them a bounded time to clean
 * up. Never stops a loop. Leaves out a task that is inside Runtime.exit, because that task waits
 * for this hook.
 */
public final class ShutdownHook implements Runnable {
  private static final Set<Ending> LOOPS = ConcurrentHashMap.newKeySet();
  private static boolean registered;

  /** So many loops are named, the others are counted. */
  private static final int NAMES = 10;

  private ShutdownHook() {}

  /** A loop whose tasks are cancelled when the JVM shuts down. */
  public interface Ending {
    /** Returns the loop. Any thread. */
    Scheduler scheduler();

    /** Returns how long its tasks may take to end. Any thread. */
    Duration grace();

    /** Cancels its tasks, and calls {@code whenEnded} when they have ended. Loop only. */
    void cancelForJvmEnd(Runnable whenEnded);
  }

  /** Includes a loop that has opened. Any thread. */
  public static synchronized void add(Ending loop) {
    LOOPS.add(loop);
    if (!registered) {
      registered = true;
      try {
        Runtime.getRuntime()
            .addShutdownHook(new Thread(null, new ShutdownHook(), "asyncio-shutdown", 0, false));
      } catch (IllegalStateException alreadyShuttingDown) {
        // Then there is nothing to prepare for.
      }
    }
  }

  /** Leaves out a loop that has closed. Any thread. */
  public static void remove(Ending loop) {
    LOOPS.remove(loop);
  }

  @Override
  public void run() {
    var loops = LOOPS.toArray(new Ending[0]);
    List<CountDownLatch> latches = new ArrayList<>();
    List<String> names = new ArrayList<>();
    Duration limit = Duration.ZERO;
    for (Ending loop : loops) {
      Duration grace = loop.grace();
      limit = grace.compareTo(limit) > 0 ? grace : limit;
      CountDownLatch latch = cancel(loop);
      if (latch != null) {
        latches.add(latch);
        names.add(loop.scheduler().name());
      }
    }
    Duration given = limit;
    long deadline = Durations.realDeadline(limit);
    try {
      if (!latches.isEmpty()) {
        Grace.tell(() -> announce(names, given)); // after the cancels: it may take its time
      }
      for (CountDownLatch latch : latches) {
        if (!latch.await(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS)) {
          Grace.tell(() -> report(given));
          return;
        }
      }
    } catch (InterruptedException e) {
      // As good a reason to end as any.
    }
  }

  /**
   * What a signal ends that the JVM itself has taken, since the run is on another thread, or it is
   * a hang-up. Who calls System.exit knows what he does.
   */
  private static void announce(List<String> loops, Duration limit) {
    String signal = signal();
    if (signal == null || !Logs.LOOP.isLoggable(System.Logger.Level.INFO)) {
      return;
    }
    Log.print(signal
        + ": the tasks of the event "
        + (loops.size() == 1 ? "loop" : "loops")
        + loops.stream().limit(NAMES).map(name -> " '" + name + "'").collect(joining(","))
        + (loops.size() > NAMES ? " and " + (loops.size() - NAMES) + " more" : "")
        + " are cancelled. The JVM exits when they have cleaned up, at the latest after "
        + Durations.millis(limit)
        + " ms.");
  }

  /** The signal that the JVM handles, as its thread's name tells; null when it handles none. */
  private static @Nullable String signal() {
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      String name = thread.getName();
      if (name.startsWith("SIG") && name.endsWith(" handler")) {
        return name.substring(0, name.indexOf(' '));
      }
    }
    return null;
  }

  /** Not written to the log: the JDK's log also has a hook, which closes its handlers first. */
  private static void report(Duration limit) {
    Log.print("The JVM is exiting, and tasks have not ended within "
        + Durations.millis(limit)
        + " ms of being cancelled. What holds them up:"
        + System.lineSeparator()
        + Dump.textWithStacks());
  }

  /** Counted down when the tasks have ended; null when there is nothing to wait for. */
  private static @Nullable CountDownLatch cancel(Ending loop) {
    Scheduler scheduler = loop.scheduler();
    boolean held =
        scheduler.carrierKind() == CarrierKind.PORTABLE && standsInExit(scheduler.runningThread());
    if (held || !scheduler.isDriven()) {
      return null; // it can't take a request: whatever holds it waits for us, or nobody drives it
    }
    var ended = new CountDownLatch(1);
    LoopAction cancel = LoopAction.of(() -> loop.cancelForJvmEnd(ended::countDown));
    return scheduler.trySend(cancel) ? ended : null;
  }

  /** Returns whether a coroutine has called System.exit and waits for the hooks. Loop only. */
  public static boolean standsInExit(Fiber fiber) {
    return fiber.inForeignCode() && standsInExit(fiber.thread());
  }

  private static boolean standsInExit(@Nullable Thread thread) {
    if (thread == null) {
      return false;
    }
    for (StackTraceElement element : thread.getStackTrace()) {
      if (element.getClassName().equals("java.lang.Runtime")
          && element.getMethodName().equals("exit")) {
        return true;
      }
    }
    return false;
  }
}
