package asyncio;

/** Thrown if a future is asked for a result it does not have yet, or given a second one. */
public final class InvalidStateException extends IllegalStateException {
  private static final long serialVersionUID = 1L;

  /** Creates an exception whose message says what was done and in which state. */
  public InvalidStateException(String message) {
    super(message);
  }
}
