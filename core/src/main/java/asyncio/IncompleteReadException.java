package asyncio;

import java.io.EOFException;

/** Thrown if the stream ends before everything that was asked for has come. */
public final class IncompleteReadException extends EOFException {
  private static final long serialVersionUID = 1L;

  @SuppressWarnings("serial")
  private final byte[] partial;

  private final int expected;

  IncompleteReadException(String message, byte[] partial, int expected) {
    super(message);
    this.partial = partial;
    this.expected = expected;
  }

  /** Returns the bytes that came before the end; they have been removed from the stream. */
  public byte[] partial() {
    return partial.clone();
  }

  /**
   * Returns the number of bytes asked for; -1 if a separator was asked for, because then the number
   * was not known.
   */
  public int expected() {
    return expected;
  }
}
