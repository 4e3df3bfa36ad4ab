package asyncio;

/**
 * A {@link Semaphore} that never holds more permits than it was made with: a release too many is an
 * error where it happens.
 */
public final class BoundedSemaphore extends Semaphore {
  /** A semaphore with one permit. */
  public BoundedSemaphore() {
    this(1);
  }

  /**
   * A semaphore.
   *
   * @param permits how many there are, at first and at most
   * @throws IllegalArgumentException if negative
   */
  public BoundedSemaphore(int permits) {
    super(permits, permits);
  }

  /**
   * Gives a permit back; the first who waits gets it. Any task may.
   *
   * <p><i>Thread</i>: on the loop.
   *
   * @throws IllegalStateException if no permit is out
   */
  @Override
  public void release() {
    super.release();
  }
}
