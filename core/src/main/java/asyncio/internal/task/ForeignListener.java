package asyncio.internal.task;

/**
 * A listener outside the loop that wants to know when a future is done, and must not wait for ever
 * if the loop closes first.
 */
public abstract class ForeignListener extends Listener {
  /**
   * Called when the loop has closed; the future may be done or not. On the loop's thread: no user
   * code.
   */
  public abstract void release();

  /**
   * Registers from any thread; false if the loop has closed and the listener will not be notified.
   */
  public final boolean listenTo(AbstractFuture<?> future) {
    // With the loop first: if it closes in between, it releases all registered listeners.
    TaskHost.of(future.scheduler).foreignListeners().add(this);
    return future.listenFromAnyThread(this);
  }

  /** Is not released any more when the loop of {@code future} closes. Any thread. */
  public final void ignore(AbstractFuture<?> future) {
    TaskHost.of(future.scheduler).foreignListeners().remove(this);
  }
}
