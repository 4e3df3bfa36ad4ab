package asyncio;

/** A barrier was aborted or reset while tasks waited in it, or is still broken. */
public final class BrokenBarrierException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  BrokenBarrierException(String message) {
    super(message);
  }
}
