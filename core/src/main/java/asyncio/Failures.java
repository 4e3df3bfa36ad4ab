package asyncio;

import asyncio.internal.util.Causes;
import java.util.ArrayList;
import java.util.List;

/** What kinds of failures there are. */
final class Failures {
  private Failures() {}

  /** Failures that no program should go on after: they end the whole {@code run}, bare. */
  static boolean isFatal(Throwable failure) {
    return Causes.isFatal(failure);
  }

  /**
   * What a clean-up threw while a cancel passed through: try-with-resources suppresses it, and who
   * swallows the cancel would lose it.
   */
  static List<Throwable> suppressedBy(CancelledError cancel) {
    List<Throwable> failures = new ArrayList<>();
    for (Throwable suppressed : cancel.getSuppressed()) {
      if (!(suppressed instanceof CancelledError)) { // cancelled again, in its clean-up
        failures.add(suppressed);
      }
    }
    return failures;
  }
}
