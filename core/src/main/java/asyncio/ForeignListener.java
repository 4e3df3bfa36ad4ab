package asyncio;

/**
 * A listener outside the loop that wants to know when a future is done, and must not wait for ever
 * if the loop closes first.
 */
abstract class ForeignListener extends Future.Listener {
  /**
   * Called when the loop has closed; the future may be done or not. On the loop's thread: no user
   * code.
   */
  abstract void release();

  /**
   * Registers from any thread; false if the loop has closed and the listener will not be notified.
   */
  final boolean listenTo(Future<?> future) {
    // With the loop first: if it closes in between, it releases all registered listeners.
    future.loop.foreignListeners.add(this);
    return future.listenFromAnyThread(this);
  }
}
