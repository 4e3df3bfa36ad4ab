package asyncio.internal.loop;

/** What the loop needs of the object users see as the event loop. */
public interface Host {
  /** A callback threw. Called on a coroutine. */
  void callbackFailed(Callback callback, Throwable failure);
}
