package asyncio;

import java.io.Serial;
import java.util.List;

/**
 * A run ended and left something open, and was told to fail then: see {@link LeakCheck#FAIL}.
 * Thrown when everything has been closed as well as it could be.
 */
public final class LeakException extends IllegalStateException {
  @Serial private static final long serialVersionUID = 1;

  @SuppressWarnings("serial") // an immutable list of the JDK, which is
  private final List<String> leaks;

  LeakException(String message, List<String> leaks) {
    super(message);
    this.leaks = List.copyOf(leaks);
  }

  /** What was left open, one text each: what it is and where it was made. */
  public List<String> leaks() {
    return leaks;
  }
}
