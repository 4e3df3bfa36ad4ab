package asyncio.internal.scheduler;

/**
 * The values of context variables that a coroutine or a callback stands in: carried here, and known
 * to the public class alone.
 */
public abstract class FiberContext {
  /** For the one class that extends it. */
  protected FiberContext() {}
}
