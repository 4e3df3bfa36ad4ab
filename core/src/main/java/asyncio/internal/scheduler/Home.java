package asyncio.internal.scheduler;

import org.jspecify.annotations.Nullable;

/**
 * The loop that a lock, a queue or the like belongs to: the one on which it is first used, until
 * that loop has closed. So one in a static field serves several runs, one after the other, and two
 * loops that share one by mistake are told so at the latest at a later call, instead of waking each
 * other's coroutines on the wrong thread.
 *
 * <p>Coroutines that waited in it on the closed loop never go on: {@link #moved} lets the object
 * forget them, and take back what it had promised to them.
 */
public class Home {
  // Confined to the loop; before the first use, to whoever holds the object.
  private @Nullable Loop loop;

  /** A home that is not settled. */
  public Home() {}

  /** The object leaves a loop that has closed for another one. On the new one. */
  protected void moved() {}

  /** The running loop, which must be this one; {@code what} is called on it. */
  public final Loop require(String what) {
    Loop running = Loop.require(what);
    if (running != loop) {
      moveTo(running, what);
    }
    return running;
  }

  /** The running coroutine, which must be of this loop and is about to wait in {@code what}. */
  public final Fiber requireTask(String what) {
    Fiber fiber = Loop.requireTask(what);
    if (fiber.loop != loop) {
      moveTo(fiber.loop, what);
    }
    fiber.breathe();
    return fiber;
  }

  private void moveTo(Loop running, String what) {
    Loop before = loop;
    if (before != null && before.isOpen()) {
      throw new IllegalStateException(
          what
              + " was called on loop '"
              + running.name()
              + "', but it belongs to loop '"
              + before.name()
              + "', where it was used first. Between two loops, hand the work over with"
              + " runCoroutineThreadsafe(body, loop) or loop.callSoonThreadsafe(callback).");
    }
    if (before != null) {
      moved(); // first: if it fails, the next call tries again
    }
    loop = running;
  }
}
