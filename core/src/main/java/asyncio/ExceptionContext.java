package asyncio;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A failure that nobody else received, as passed to the loop's exception handler. Where it happened
 * is in the failure's own stack trace.
 *
 * @param message what happened, in one sentence or more
 * @param exception the failure
 * @param task the task it happened in, or null
 * @param createdAt where the task or future was created, or the callback scheduled, innermost frame
 *     first; empty unless in {@linkplain EventLoop#setDebug debug mode}
 */
public record ExceptionContext(
    String message, Throwable exception, @Nullable String task, List<StackTraceElement> createdAt) {
  /** Creates a context with everything that is known of a failure. */
  public ExceptionContext {
    createdAt = List.copyOf(createdAt);
  }

  /** Creates a context for something created at an unknown place. */
  public ExceptionContext(String message, Throwable exception, @Nullable String task) {
    this(message, exception, task, List.of());
  }
}
