package asyncio;

/**
 * A callback that was scheduled with {@link EventLoop#callSoon} or its like, and can still be
 * called off.
 */
public sealed interface Handle permits TimerHandle, CallbackHandle {
  /**
   * Calls the callback off; does nothing when it has run.
   *
   * <p><i>Thread</i>: any.
   */
  void cancel();

  /**
   * Whether it was called off.
   *
   * <p><i>Thread</i>: any.
   */
  boolean isCancelled();

  /**
   * The context the callback runs in.
   *
   * <p><i>Thread</i>: on the loop.
   */
  Context context();
}
