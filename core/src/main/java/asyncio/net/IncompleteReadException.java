package asyncio.net;

import java.io.EOFException;

/** The stream ended before all that was asked for had come. */
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

  /** What came before the end; it is taken out of the stream. */
  public byte[] partial() {
    return partial.clone();
  }

  /** How many bytes were asked for; -1 if a separator was, so that nobody knew. */
  public int expected() {
    return expected;
  }
}
