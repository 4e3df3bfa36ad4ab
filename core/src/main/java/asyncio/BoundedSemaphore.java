package asyncio;

/**
 * A {@link Semaphore} that never holds more permits than it was created with: one release too many
 * fails where it happens.
 */
public final class BoundedSemaphore extends Semaphore {
  /** Creates a semaphore with one permit. */
  public BoundedSemaphore() {
    this(1);
  }

  /**
   * Creates a semaphore.
   *
   * @param permits the initial and maximum number of permits
   * @throws IllegalArgumentException if {@code permits} is negative
   */
  public BoundedSemaphore(int permits) {
    super(permits, permits);
  }

  /**
   * Releases a permit; the first waiting task gets it. Any task may call this.
   *
   * <p><i>Thread</i>: on the loop.
   *
   * @throws IllegalStateException if all permits are free
   */
  @Override
  public void release() {
    super.release();
  }
}
