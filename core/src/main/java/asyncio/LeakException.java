package asyncio;

import java.io.Serial;
import java.util.List;

/**
 * Thrown if a run left something open and was told to fail in that case: see {@link
 * LeakCheck#FAIL}. By then everything has been closed as far as possible.
 */
public final class LeakException extends IllegalStateException {
  @Serial
  private static final long serialVersionUID = 1;

  @SuppressWarnings("serial") // an immutable list of the JDK, which is serializable
  private final List<String> leaks;

  /** Creates an error that lists {@code leaks}. */
  public LeakException(String message, List<String> leaks) {
    super(message);
    this.leaks = List.copyOf(leaks);
  }

  /** Returns what was left open, one text each: what it is and where it was created. */
  public List<String> leaks() {
    return leaks;
  }
}
