package asyncio.internal.scheduler;

/**
 * The values of context variables that a coroutine or a callback runs with: carried here, but known
 * only to the public class.
 */
public abstract class FiberContext {
  /** For the one class that extends it. */
  protected FiberContext() {}
}
