package asyncio;

/**
 * A wait that could never end. Its message tells who waits for whom, and where; the wait is over,
 * so what its task holds can be released as the exception passes through.
 *
 * <p>Thrown where tasks wait for each other in a circle, where one waits for a lock whose holder
 * has ended without releasing it, and, where nothing can come from outside (a virtual clock, or
 * {@code -Dasyncio.deadlock=fail}), in the main task of a loop that has nothing to do any more.
 */
public final class DeadlockException extends IllegalStateException {
  private static final long serialVersionUID = 1;

  private final transient WaitGraph graph;

  DeadlockException(String message, WaitGraph graph) {
    super(message);
    this.graph = graph;
  }

  /** For a second receiver. */
  DeadlockException copy() {
    var copy = new DeadlockException(String.valueOf(getMessage()), graph);
    copy.initCause(this);
    return copy;
  }

  /**
   * How the tasks of the loop stood when it was found; of very many, the oldest and those that it
   * is about. Any thread.
   */
  public WaitGraph graph() {
    return graph;
  }
}
