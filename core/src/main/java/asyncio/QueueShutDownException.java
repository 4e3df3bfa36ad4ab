package asyncio;

/**
 * Thrown if a queue is shut down: when something is put into it, or taken from it once it is empty.
 */
public final class QueueShutDownException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  QueueShutDownException(String message) {
    super(message);
  }
}
