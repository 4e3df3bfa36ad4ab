package asyncio;

/**
 * The time source of an event loop: every sleep, timeout and timer of the loop goes by it.
 *
 * <p>The system's clock is the default. Tests use a virtual clock (module asyncio.testing), which
 * jumps when nothing else can happen.
 */
public interface Clock {
  /** What a loop is still waiting for while it has nothing ready. */
  interface Activity {
    /** Returns the loop's name. */
    String loopName();

    /** Returns the number of helper threads that work for the loop and have not delivered. */
    int helpers();

    /** Returns the number of coroutines in foreign blocking calls. */
    int foreignWaits();

    /** Returns the number of open sockets and the like. */
    int openHandles();

    /** A number that changes with every step: the same as before if the loop has run nothing. */
    long steps();
  }

  /**
   * Returns whether nothing from outside can wake a loop with this clock, except sockets, helper
   * threads and foreign calls that it knows of. If so, a loop with nothing to do fails immediately
   * instead of waiting for another thread to call in.
   */
  default boolean isClosedWorld() {
    return false;
  }

  /** Returns the system's monotonic clock. */
  static Clock system() {
    return SystemClock.INSTANCE;
  }

  /** Returns the current time, in nanoseconds from an arbitrary origin; never goes back. */
  long nanoTime();

  /**
   * Called by a loop that has nothing ready, on its own thread: no user code may run here, and
   * nothing may block.
   *
   * @param next when the next timer is due, by {@link #nanoTime}; Long.MAX_VALUE if there is none
   * @param activity what else could make the loop ready
   * @return how many nanoseconds of real time the loop may wait at most for events from outside
   *     before it checks the time again: 0 for not at all, Long.MAX_VALUE for no limit
   */
  long idle(long next, Activity activity);
}
