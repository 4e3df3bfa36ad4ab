package asyncio;

/**
 * Somebody outside the loop who is to know when a future is done, and is not to wait for ever when
 * the loop closes before.
 */
abstract class ForeignListener extends Future.Listener {
  /** The loop has closed; the future may be done or not. On the loop's thread: no user code. */
  abstract void release();

  /** Registers from any thread; false when the loop has closed, and nobody will be told. */
  final boolean listenTo(Future<?> future) {
    // With the loop first: one that closes in between releases all that are registered.
    future.loop.foreignListeners.add(this);
    return future.listenFromAnyThread(this);
  }
}
