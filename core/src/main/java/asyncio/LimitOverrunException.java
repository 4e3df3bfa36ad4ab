package asyncio;

import java.io.IOException;

/**
 * Thrown if a line or other delimited piece is longer than the stream's limit. Nothing is lost: all
 * bytes are still in the stream, and can be read with {@link StreamReader#read} or {@link
 * StreamReader#readExactly}.
 */
public final class LimitOverrunException extends IOException {
  private static final long serialVersionUID = 1L;

  private final int consumed;

  /**
   * Creates an exception.
   *
   * @param consumed the number of bytes that can be read without taking a part of the separator
   */
  public LimitOverrunException(String message, int consumed) {
    super(message);
    this.consumed = consumed;
  }

  /** Returns the number of bytes that can be read without taking a part of the separator. */
  public int consumed() {
    return consumed;
  }
}
