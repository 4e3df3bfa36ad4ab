package asyncio;

import org.jspecify.annotations.Nullable;

/**
 * The signal by which a cancelled task unwinds. Clean up in {@code finally}; who catches it throws
 * it on.
 *
 * <p>An Error, so that {@code catch (Exception e)} lets it pass, as in asyncio.
 */
public final class CancelledError extends Error {
  private static final long serialVersionUID = 1L;

  /** A signal without a message. */
  public CancelledError() {
    this(null);
  }

  /** A signal with the message given to {@code cancel}. */
  public CancelledError(@Nullable String message) {
    super(message);
  }

  /** A signal that says where another one came from. */
  public CancelledError(@Nullable String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
