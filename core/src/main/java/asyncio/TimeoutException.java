package asyncio;

import org.jspecify.annotations.Nullable;

/** Thrown if a time limit ran out, at the edge of the scope that set the limit, never inside it. */
public final class TimeoutException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Creates an exception whose {@code message} describes the limit that ran out. */
  public TimeoutException(String message) {
    this(message, null);
  }

  /** Creates an exception whose {@code cause} is how the body ended because the limit ran out. */
  public TimeoutException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
