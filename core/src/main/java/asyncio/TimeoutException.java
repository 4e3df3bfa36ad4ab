package asyncio;

import org.jspecify.annotations.Nullable;

/** A time limit ran out. Thrown at the edge of the scope that set the limit, never inside it. */
public final class TimeoutException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** A time limit described by {@code message} ran out. */
  public TimeoutException(String message) {
    this(message, null);
  }

  /** A time limit ran out; {@code cause} is how the body ended because of it. */
  public TimeoutException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
