package asyncio.net;

import java.io.IOException;

/**
 * A line or the like is longer than the stream's limit. Nothing is lost: all that came is still in
 * the stream, to be taken with {@link StreamReader#read} or {@link StreamReader#readExactly}.
 */
public final class LimitOverrunException extends IOException {
  private static final long serialVersionUID = 1L;

  private final int consumed;

  LimitOverrunException(String message, int consumed) {
    super(message);
    this.consumed = consumed;
  }

  /** How many bytes can be taken without taking a part of the separator. */
  public int consumed() {
    return consumed;
  }
}
