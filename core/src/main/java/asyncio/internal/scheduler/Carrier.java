package asyncio.internal.scheduler;

import asyncio.CarrierKind;
import asyncio.Coroutine;
import asyncio.internal.util.Headroom;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Runs the coroutines of a loop one at a time. There are two implementations, with the same
 * semantics for our own operations.
 */
public interface Carrier {
  /** Returns which one it is. */
  CarrierKind kind();

  /** Returns the stack that {@link Headroom} ensures before a coroutine suspends. */
  int waitHeadroom();

  /** Returns an unstarted thread that can drive the loop. */
  Thread loopThread(String name, long stackSize, Runnable body);

  /** Runs a coroutine until it suspends or ends. On the loop's own thread. */
  void resume(Fiber fiber);

  /** Gives the baton up until the coroutine is resumed. On its own thread. */
  void suspend(Fiber fiber);

  /** Called when the coroutine has ended. On its own thread. */
  void ended(Fiber fiber);

  /**
   * Runs foreign code that blocks, in such a way that the loop continues meanwhile. On the
   * coroutine's own thread.
   */
  <T extends @Nullable Object, X extends Exception> T blocking(Fiber fiber, Coroutine<T, X> body)
      throws X;

  /**
   * Whether {@code current}, or the loop, has been resumed but the JVM has not found a thread for
   * it yet, as the watchdog sees it.
   */
  boolean lacksThread(@Nullable Fiber current);

  /**
   * Discards a step that was left in a loop that has closed. Foreign code continues without the
   * loop; other steps are dropped with it. On the thread that closes the loop.
   */
  void discard(Step step);

  /**
   * Whether a step belongs to a virtual thread that is not a coroutine of the loop. On the loop's
   * own thread.
   */
  boolean isForeign(Step step);

  /** Returns the number of coroutines in foreign code. Loop only. */
  int foreignWaits();

  /**
   * Returns the virtual thread that now runs on the loop's own thread and is not a coroutine of the
   * loop, as the watchdog sees it; null if there is none or that is not known.
   */
  default @Nullable Thread runningStranger() {
    return null;
  }

  /**
   * Returns the live virtual threads that run on the loop's own thread but are not coroutines of
   * the loop. Loop only.
   */
  default List<Thread> strangers() {
    return List.of();
  }
}
