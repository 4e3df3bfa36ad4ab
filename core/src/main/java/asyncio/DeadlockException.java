package asyncio;

/**
 * A wait that could never end. The message says who waits for whom, and where. The wait is over, so
 * what the task holds can be released as the exception propagates.
 *
 * <p>Thrown if tasks wait for each other in a cycle, and if a task waits for a lock whose holder
 * ended without releasing it. If nothing can come from outside (a virtual clock, or {@code
 * -Dasyncio.deadlock=fail}), also thrown in the main task of a loop that has nothing left to do.
 */
public final class DeadlockException extends IllegalStateException {
  private static final long serialVersionUID = 1;

  private final transient WaitGraph graph;

  /** Creates an error that shows {@code graph}. */
  public DeadlockException(String message, WaitGraph graph) {
    super(message);
    this.graph = graph;
  }

  /**
   * Returns the wait graph of the loop when the deadlock was found; if there are very many tasks,
   * only the oldest and those involved. Any thread.
   */
  public WaitGraph graph() {
    return graph;
  }
}
