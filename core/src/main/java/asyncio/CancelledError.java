package asyncio;

import org.jspecify.annotations.Nullable;

/**
 * Thrown in a cancelled task to unwind it. Clean up in {@code finally}; code that catches it should
 * rethrow it.
 *
 * <p>An Error, so that {@code catch (Exception e)} does not catch it, as in asyncio.
 */
public final class CancelledError extends Error {
  private static final long serialVersionUID = 1L;

  /** Creates an error without a message. */
  public CancelledError() {
    this(null);
  }

  /** Creates an error with the message given to {@code cancel}. */
  public CancelledError(@Nullable String message) {
    super(message);
  }

  /** Creates an error with a message and a cause. */
  public CancelledError(@Nullable String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
