package asyncio;

/** Thrown if a barrier is aborted or reset while tasks wait in it, or is already broken. */
public final class BrokenBarrierException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  BrokenBarrierException(String message) {
    super(message);
  }
}
