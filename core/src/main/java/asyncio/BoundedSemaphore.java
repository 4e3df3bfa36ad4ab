package asyncio;

/**
 * A {@link Semaphore} that never holds more permits than it was made with: a release too many is an
 * error where it happens.
 */
public final class BoundedSemaphore extends Semaphore {
  // Immutable.
  private final int bound;

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
    super(permits);
    bound = permits;
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
    if (available() >= bound) {
      throw new IllegalStateException(
          "All "
              + bound
              + " permits of this semaphore are free: release() was called more often than"
              + " acquire(). try (var _ = semaphore.acquire()) { … } releases once.");
    }
    super.release();
  }
}
