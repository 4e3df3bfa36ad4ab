package asyncio;

import org.jspecify.annotations.Nullable;

/**
 * A failure that nobody else received, as the loop's exception handler gets it.
 *
 * @param message what happened, in one sentence
 * @param exception the failure
 * @param task the task it happened in, or null
 */
public record ExceptionContext(String message, Throwable exception, @Nullable String task) {}
