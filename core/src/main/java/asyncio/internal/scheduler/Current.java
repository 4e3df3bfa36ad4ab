package asyncio.internal.scheduler;

import asyncio.Coroutine;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Who runs here: the loop and the coroutine that the current thread is. Every operation of the
 * library begins with this question, on whatever thread it is called.
 */
public final class Current {
  /** All loops that are not closed. Copied on write. */
  private static volatile Scheduler[] open = {};

  /**
   * Threads of coroutines that outlived their loop, with the loop's name: for their error messages
   * only.
   */
  private static final Map<Thread, String> survivors =
      Collections.synchronizedMap(new WeakHashMap<>());

  /** Whether any loop has a long step, as the watchdog last saw it. */
  private static volatile boolean longSteps;

  private Current() {}

  // ---- the loop ----

  /** The loop whose running coroutine is the current thread; null elsewhere. */
  public static @Nullable Scheduler scheduler() {
    Thread self = Thread.currentThread();
    if (self.getUncaughtExceptionHandler() instanceof CoroutineMark mark) {
      return mark.scheduler.running == self ? mark.scheduler : null;
    }
    // One that the program has given a handler of its own.
    return self.isVirtual() ? search(self) : null;
  }

  private static @Nullable Scheduler search(Thread thread) {
    for (Scheduler scheduler : open) {
      if (scheduler.running == thread) {
        return scheduler;
      }
    }
    return null;
  }

  /** The loop of the running coroutine, which is about to change its state in {@code what}. */
  public static Scheduler require(String what) {
    Scheduler scheduler = running(what);
    scheduler.ensureHeadroomForChange();
    return scheduler;
  }

  private static Scheduler running(String what) {
    Scheduler scheduler = scheduler();
    if (scheduler == null) {
      throw notOnLoop(what);
    }
    return scheduler;
  }

  // ---- the coroutine ----

  /** The running coroutine, which is about to wait in {@code what}. */
  public static Fiber requireTask(String what) {
    Fiber fiber = requireNoRegion(what);
    if (!fiber.mayWait()) {
      throw new IllegalStateException(
          what
              + " would wait, and it was called in a callback of loop '"
              + fiber.scheduler.name()
              + "', which may not wait. Start a task in the callback instead: createTask(() ->"
              + " …).");
    }
    return fiber;
  }

  /** The running coroutine, which is about to let others run in {@code what}. */
  private static Fiber requireNoRegion(String what) {
    Fiber fiber = running(what).fiber();
    fiber.scheduler.ensureHeadroom();
    if (fiber.region != null) {
      throw Region.refusal(what, fiber);
    }
    return fiber;
  }

  /**
   * For a waiting method that returns at once, before it asks {@link #requireTask}: fails in a
   * region that may not wait, and lets others run where the step has lasted long.
   */
  public static void returnsAtOnce(String what) {
    if (longSteps || Region.mayBeOpen()) {
      Fiber fiber = coroutine();
      if (fiber == null) {
        return;
      }
      if (fiber.region != null) {
        throw Region.refusal(what, fiber);
      }
      if (fiber.mayWait()) {
        fiber.breatheBeforeValue();
      }
    }
  }

  /**
   * Fails in a region that may not wait. For a waiting method that returns where there is nothing
   * to wait for, before it asks {@link #requireTask}.
   */
  public static void refuseInRegion(String what) {
    if (!Region.mayBeOpen()) {
      return;
    }
    Fiber fiber = coroutine();
    if (fiber != null && fiber.region != null) {
      throw Region.refusal(what, fiber);
    }
  }

  /** The running coroutine; null elsewhere. */
  private static @Nullable Fiber coroutine() {
    Scheduler scheduler = scheduler();
    return scheduler == null ? null : scheduler.runningFiber();
  }

  /** Runs foreign code that blocks; on the portable carrier the loop goes on meanwhile. */
  public static <T extends @Nullable Object, X extends Exception> T blocking(Coroutine<T, X> body)
      throws X {
    Fiber fiber = requireNoRegion("blocking()");
    return fiber.scheduler.carrier.blocking(fiber, body);
  }

  /** Whether a step of any loop has lasted since the last tick. On the watchdog's thread. */
  public static void longSteps(boolean any) {
    longSteps = any;
  }

  // ---- loops that come and go ----

  static synchronized void opened(Scheduler scheduler) {
    Scheduler[] more = Arrays.copyOf(open, open.length + 1);
    more[open.length] = scheduler;
    open = more;
  }

  static synchronized void closed(Scheduler scheduler) {
    List<Scheduler> others = new ArrayList<>(Arrays.asList(open));
    others.remove(scheduler);
    open = others.toArray(new Scheduler[0]);
  }

  /** All loops that are not closed. Any thread. */
  public static List<Scheduler> allOpen() {
    return List.of(open);
  }

  /** Whether a loop is not closed. */
  static boolean isOpen(Scheduler scheduler) {
    return Arrays.asList(open).contains(scheduler);
  }

  /** The thread of a coroutine outlives its loop of this name. */
  static void survives(Thread thread, String loop) {
    survivors.put(thread, loop);
  }

  /** That {@code what} was called on a thread which is no coroutine of a running loop. */
  static IllegalStateException notOnLoop(String what) {
    Thread self = Thread.currentThread();
    String closedLoop = survivors.get(self);
    if (closedLoop != null) {
      return new IllegalStateException(
          what
              + " was called in a coroutine of loop '"
              + closedLoop
              + "' after the loop closed. It stood in foreign code when run ended: end such calls"
              + " first, or make them react to an interrupt.");
    }
    String kind = self.isVirtual() ? "virtual thread" : "thread";
    String where = self.getName().isEmpty() ? self.toString() : "'" + self.getName() + "'";
    return new IllegalStateException(
        what
            + " was called on the "
            + kind
            + " "
            + where
            + ", which is no coroutine of a running event loop. Call it inside Asyncio.run(…); from"
            + " another thread hand the work over with runCoroutineThreadsafe(body, loop) or"
            + " loop.callSoonThreadsafe(callback).");
  }
}
