package asyncio.internal.scheduler;

import org.jspecify.annotations.Nullable;

/**
 * The loop that a lock, a queue or the like belongs to: the one on which it is first used, until
 * that loop has closed. So an object in a static field can serve several runs, one after another,
 * and two loops that share one by mistake get an error, at the latest at a later call, instead of
 * waking each other's coroutines on the wrong thread.
 *
 * <p>Coroutines that waited in it on the closed loop never continue: {@link #moved} lets the object
 * forget them, and take back what it had promised them.
 */
public class LoopBinding {
  // Confined to the loop; before the first use, to whoever has the object.
  private @Nullable Scheduler scheduler;

  /** Creates a binding to no loop yet. */
  public LoopBinding() {}

  /** Called on the new loop when the object moves to it from a loop that has closed. */
  protected void moved() {}

  /** Returns the running loop, which must be this one; {@code what} is called on it. */
  public final Scheduler require(String what) {
    Scheduler running = Current.require(what);
    if (running != scheduler) {
      moveTo(running, what);
    }
    return running;
  }

  /**
   * Returns the running coroutine, which must belong to this loop and is about to wait in {@code
   * what}.
   */
  public final Fiber requireTask(String what) {
    Fiber fiber = Current.requireTask(what);
    if (fiber.scheduler != scheduler) {
      moveTo(fiber.scheduler, what);
    }
    fiber.breathe();
    return fiber;
  }

  private void moveTo(Scheduler running, String what) {
    Scheduler before = scheduler;
    if (before != null && Current.isOpen(before)) {
      throw new IllegalStateException(what
          + " was called on loop '"
          + running.name()
          + "', but its object belongs to loop '"
          + before.name()
          + "', where it was first used. To reach that loop, use runCoroutineThreadsafe(body,"
          + " loop) or loop.callSoonThreadsafe(callback).");
    }
    if (before != null) {
      moved(); // first: if it fails, the next call tries again
    }
    scheduler = running;
  }
}
