package asyncio.internal.scheduler;

import java.util.List;

/** What the loop needs of the object users see as the event loop. */
public interface Host {
  /** A callback threw. Called on a coroutine. */
  void callbackFailed(Callback callback, Throwable failure);

  /**
   * The watchdog has begun to look at the loop: for what a program may have some milliseconds after
   * its start, but not on the way there. Called on the watchdog's thread.
   */
  default void watched() {}

  /**
   * The unfinished coroutines of a loop that stands in a step, as another thread sees them, but no
   * more than {@code limit}.
   */
  default List<Fiber> unfinished(int limit) {
    return List.of();
  }

  /**
   * Whether other threads call in by design, so that a loop with nothing to do is no cause for a
   * report. Any thread.
   */
  default boolean otherThreadsCallIn() {
    return false;
  }

  /**
   * These coroutines have begun to wait for others that waited themselves: do some wait in a
   * circle? Called on the loop's own thread.
   */
  default void lookForCircles(List<Fiber> suspects) {}

  /**
   * The loop has nothing to do, no timer and no helper. Where that matters, a step is made ready
   * that looks into it, and then calls {@link StallDetector#reported}. Called on the loop's own
   * thread.
   */
  default void quiet() {}
}
