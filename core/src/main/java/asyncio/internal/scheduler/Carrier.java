package asyncio.internal.scheduler;

import asyncio.CarrierKind;
import asyncio.Coroutine;
import asyncio.internal.util.Headroom;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How coroutines of a loop run one at a time. Two implementations, one semantics for our own
 * operations.
 */
public interface Carrier {
  /** Which one it is. */
  CarrierKind kind();

  /** What {@link Headroom} makes sure of before a coroutine suspends. */
  int waitHeadroom();

  /** A thread that can drive the loop, not started. */
  Thread loopThread(String name, long stackSize, Runnable body);

  /** Runs a coroutine until it suspends or ends. On the loop's own thread. */
  void resume(Fiber fiber);

  /** Gives the baton up until the coroutine is resumed. On its own thread. */
  void suspend(Fiber fiber);

  /** The coroutine has ended. On its own thread. */
  void ended(Fiber fiber);

  /**
   * Runs foreign code that blocks so that the loop goes on meanwhile. On the coroutine's own
   * thread.
   */
  <T extends @Nullable Object, X extends Exception> T blocking(Fiber fiber, Coroutine<T, X> body)
      throws X;

  /**
   * Whether {@code current}, or the loop, has been resumed and the JVM has not found a thread for
   * it yet; as the watchdog sees it.
   */
  boolean lacksThread(@Nullable Fiber current);

  /**
   * A step that was left in a loop that has closed. Foreign code goes on without the loop; other
   * kinds are dropped with it. On the thread that closes the loop.
   */
  void discard(Step step);

  /**
   * Whether a step is that of a virtual thread that is no coroutine of the loop. On the loop's own
   * thread.
   */
  boolean isForeign(Step step);

  /** How many coroutines stand in foreign code. Loop only. */
  int foreignWaits();

  /**
   * The virtual thread that runs on the loop's own thread now and is no coroutine of the loop; null
   * where none does or that is not known. As the watchdog sees it.
   */
  default @Nullable Thread runningStranger() {
    return null;
  }

  /** Virtual threads that run on the loop's own thread, are none of it, and live. Loop only. */
  default List<Thread> strangers() {
    return List.of();
  }
}
