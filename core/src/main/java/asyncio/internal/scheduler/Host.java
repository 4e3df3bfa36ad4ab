package asyncio.internal.scheduler;

import java.util.List;

/** What the loop needs from the object that users see as the event loop. */
public interface Host {
  /** Called on a coroutine when a callback threw. */
  void callbackFailed(Callback callback, Throwable failure);

  /**
   * Called on the watchdog's thread once it has begun to watch the loop: for work that may be done
   * some milliseconds after a program's start, but must not delay it.
   */
  default void watched() {}

  /**
   * Returns the unfinished coroutines of a loop that is stuck in a step, as another thread sees
   * them, but at most {@code limit}.
   */
  default List<Fiber> unfinished(int limit) {
    return List.of();
  }

  /**
   * Whether other threads call in by design, so that a loop with nothing to do is not worth a
   * report. Any thread.
   */
  default boolean otherThreadsCallIn() {
    return false;
  }

  /**
   * Checks whether some coroutines wait for each other in a cycle; {@code suspects} have begun to
   * wait for others that were waiting themselves. Called on the loop's own thread.
   */
  default void lookForCycles(List<Fiber> suspects) {}

  /**
   * Called on the loop's own thread if the loop has nothing to do, no timer and no helper. If that
   * matters, makes a step ready that looks into it and then calls {@link StallDetector#reported}.
   */
  default void quiet() {}
}
