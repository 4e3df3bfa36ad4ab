package asyncio;

/** A queue was shut down: nothing goes in, and it has been emptied. */
public final class QueueShutDownException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  QueueShutDownException(String message) {
    super(message);
  }
}
