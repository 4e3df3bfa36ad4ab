package asyncio;

/** Thrown if a queue has no item now. */
public final class QueueEmptyException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  QueueEmptyException(String message) {
    super(message);
  }
}
