package asyncio;

import asyncio.internal.diagnosis.Log;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.LoopAction;
import asyncio.internal.util.Durations;
import java.time.Duration;
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
final class ShutdownHook implements Runnable {
  private static final Set<EventLoop> LOOPS = ConcurrentHashMap.newKeySet();
  private static boolean registered;

  private ShutdownHook() {}

  static synchronized void add(EventLoop loop) {
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

  static void remove(EventLoop loop) {
    LOOPS.remove(loop);
  }

  @Override
  public void run() {
    var loops = LOOPS.toArray(new EventLoop[0]);
    var latches = new CountDownLatch[loops.length];
    Duration limit = Duration.ZERO;
    for (int i = 0; i < loops.length; i++) {
      Duration grace = loops[i].shutdownGrace();
      limit = grace.compareTo(limit) > 0 ? grace : limit;
      latches[i] = cancel(loops[i]);
    }
    long deadline = Durations.realDeadline(limit);
    for (CountDownLatch latch : latches) {
      try {
        if (!latch.await(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS)) {
          Duration waited = limit;
          Grace.tell(() -> report(waited));
          return;
        }
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  /** Not written to the log: the JDK's log also has a hook, which closes its handlers first. */
  private static void report(Duration limit) {
    Log.print(
        "The JVM ends, and tasks have not ended within "
            + Durations.millis(limit)
            + " ms of their cancel. What holds them:"
            + System.lineSeparator()
            + Dump.textWithStacks());
  }

  private static CountDownLatch cancel(EventLoop loop) {
    var ended = new CountDownLatch(1);
    boolean held =
        loop.carrier() == CarrierKind.PORTABLE && standsInExit(loop.scheduler.runningThread());
    if (held || !loop.scheduler.isDriven()) {
      // The loop can't take a request: whatever holds it waits for us, or nobody drives it.
      ended.countDown();
    } else if (!loop.scheduler.trySend(
        LoopAction.of(() -> loop.shutdown.cancelForJvmEnd(ended::countDown)))) {
      ended.countDown();
    }
    return ended;
  }

  /** Returns whether a coroutine has called System.exit and waits for the hooks. Loop only. */
  static boolean standsInExit(Fiber fiber) {
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
