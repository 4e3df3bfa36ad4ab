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
 * Finds the loop and the coroutine that the current thread belongs to. Every operation of the
 * library looks these up first, on whatever thread it is called.
 */
public final class Current {
  /** All loops that are not closed. Copied on write. */
  private static volatile Scheduler[] open = {};

  /**
   * Threads of coroutines that outlived their loop, with the loop's name; only for their error
   * messages.
   */
  private static final Map<Thread, String> survivors =
      Collections.synchronizedMap(new WeakHashMap<>());

  /** Whether any loop is in a long step, as the watchdog last saw it. */
  private static volatile boolean longSteps;

  private Current() {}

  // ---- the loop ----

  /** Returns the loop whose running coroutine is the current thread; null elsewhere. */
  public static @Nullable Scheduler scheduler() {
    Thread self = Thread.currentThread();
    if (self.getUncaughtExceptionHandler() instanceof CoroutineMark mark) {
      return mark.scheduler.running == self ? mark.scheduler : null;
    }
    return self.isVirtual() ? Unmarked.current(self, open) : null;
  }

  /**
   * Returns the loop of the running coroutine, which is about to change the loop's state in {@code
   * what}.
   */
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

  /** Returns the running coroutine, which is about to wait in {@code what}. */
  public static Fiber requireTask(String what) {
    Fiber fiber = requireNoRegion(what);
    if (!fiber.mayWait()) {
      throw new IllegalStateException(what
          + " was called in a callback of loop '"
          + fiber.scheduler.name()
          + "', where waiting is not allowed. Start a task from the callback instead:"
          + " createTask(() -> …).");
    }
    return fiber;
  }

  /** As {@link #requireTask(String)}, for something that belongs to one loop. */
  public static Fiber requireTask(Scheduler owner, String what) {
    Fiber fiber = requireTask(what);
    if (fiber.scheduler != owner) {
      owner.checkOnLoop(what);
    }
    return fiber;
  }

  /** Returns the running coroutine, which is about to let others run in {@code what}. */
  private static Fiber requireNoRegion(String what) {
    Fiber fiber = running(what).fiber();
    fiber.scheduler.ensureHeadroom();
    if (fiber.region != null) {
      throw Region.refusal(what, fiber);
    }
    return fiber;
  }

  /**
   * For a waiting method that returns immediately, without calling {@link #requireTask}: fails in a
   * region that may not wait, and lets others run if the step has lasted long.
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
   * Fails in a region that may not wait. For a waiting method that returns if there is nothing to
   * wait for, before it calls {@link #requireTask}.
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

  /** Returns the running coroutine; null elsewhere. */
  private static @Nullable Fiber coroutine() {
    Scheduler scheduler = scheduler();
    return scheduler == null ? null : scheduler.runningFiber();
  }

  /** Runs foreign code that blocks; on the portable carrier the loop continues meanwhile. */
  public static <T extends @Nullable Object, X extends Exception> T blocking(Coroutine<T, X> body)
      throws X {
    Fiber fiber = requireNoRegion("blocking()");
    return fiber.scheduler.carrier.blocking(fiber, body);
  }

  /** Sets whether a step of any loop has lasted since the last tick. On the watchdog's thread. */
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

  /** Returns all loops that are not closed. Any thread. */
  public static List<Scheduler> allOpen() {
    return List.of(open);
  }

  /** Whether a loop is not closed. */
  public static boolean isOpen(Scheduler scheduler) {
    return Arrays.asList(open).contains(scheduler);
  }

  /** Remembers that the thread of a coroutine outlives its loop, which has this name. */
  static void survives(Thread thread, String loop) {
    survivors.put(thread, loop);
  }

  /** Returns the error for calling {@code what}, which belongs to {@code loop}, elsewhere. */
  static IllegalStateException notOnLoop(String what, Scheduler loop) {
    Scheduler other = scheduler();
    if (other == null) {
      return notOnLoop(what);
    }
    return new IllegalStateException(what
        + " belongs to loop '"
        + loop.name()
        + "' but was called in a coroutine of loop '"
        + other.name()
        + "'. Loops can't share objects: use runCoroutineThreadsafe(body, loop) or"
        + " loop.callSoonThreadsafe(callback).");
  }

  /**
   * Returns the error for calling {@code what} on a thread that is not a coroutine of a running
   * loop.
   */
  static IllegalStateException notOnLoop(String what) {
    Thread self = Thread.currentThread();
    String closedLoop = survivors.get(self);
    if (closedLoop != null) {
      return new IllegalStateException(what
          + " was called in a coroutine of loop '"
          + closedLoop
          + "' after the loop had closed. The coroutine was still in foreign code when run()"
          + " ended: let such calls return first, or make them respond to an interrupt.");
    }
    String kind = self.isVirtual() ? "virtual thread" : "thread";
    String where = self.getName().isEmpty() ? self.toString() : "'" + self.getName() + "'";
    return new IllegalStateException(what
        + " was called on the "
        + kind
        + " "
        + where
        + ", which is not a coroutine of a running event loop. Call it inside Asyncio.run(…);"
        + " from another thread, use runCoroutineThreadsafe(body, loop) or"
        + " loop.callSoonThreadsafe(callback).");
  }
}
