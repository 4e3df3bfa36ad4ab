package asyncio;

/**
 * The time of an event loop: every sleep, timeout and timer of the loop goes by it.
 *
 * <p>The system's clock is the default; tests use a virtual one (module asyncio.testing), which
 * jumps when nothing else can happen.
 */
public interface Clock {
  /** What a loop is doing while it has nothing ready. */
  interface Activity {
    /** The loop's name. */
    String loopName();

    /** Helper threads that work for the loop and have not delivered. */
    int helpers();

    /** Coroutines that stand in foreign blocking calls. */
    int foreignWaits();

    /** Open sockets and the like. */
    int openHandles();

    /** A number that changes with every step: the same as before if the loop has run nothing. */
    long steps();
  }

  /**
   * Whether nothing from outside makes a loop of this clock go on, but for sockets, helper threads
   * and foreign calls that it knows of: then a loop with nothing to do fails at once, instead of
   * waiting for another thread to call in.
   */
  default boolean isClosedWorld() {
    return false;
  }

  /** The system's monotonic clock. */
  static Clock system() {
    return SystemClock.INSTANCE;
  }

  /** The time now, in nanoseconds from an arbitrary origin; never goes back. */
  long nanoTime();

  /**
   * Called by a loop that has nothing ready, on its own thread: no user code may run here, and
   * nothing may block.
   *
   * @param next when the next timer is due, by {@link #nanoTime}; Long.MAX_VALUE when there is none
   * @param activity what else could make the loop ready
   * @return how many nanoseconds of real time the loop may wait at most for events from outside
   *     before it looks at the time again: 0 not to wait, Long.MAX_VALUE without limit
   */
  long idle(long next, Activity activity);
}
