package asyncio;

/**
 * A callback scheduled with {@link EventLoop#callSoon} or a similar method, which can still be
 * cancelled.
 */
public sealed interface Handle permits TimerHandle, CallbackHandle {
  /**
   * Cancels the callback; does nothing if it has run.
   *
   * <p><i>Thread</i>: any.
   */
  void cancel();

  /**
   * Returns whether the callback was cancelled.
   *
   * <p><i>Thread</i>: any.
   */
  boolean isCancelled();

  /**
   * Returns the context the callback runs in.
   *
   * <p><i>Thread</i>: on the loop.
   */
  Context context();
}
