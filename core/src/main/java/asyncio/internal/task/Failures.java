package asyncio.internal.task;

import asyncio.CancelledError;
import asyncio.internal.util.Causes;
import java.util.ArrayList;
import java.util.List;

/** Kinds of failures. */
public final class Failures {
  private Failures() {}

  /** Whether no program should continue after this failure: it ends the whole {@code run}, bare. */
  public static boolean isFatal(Throwable failure) {
    return Causes.isFatal(failure);
  }

  /**
   * What a cleanup threw while a cancellation propagated: try-with-resources suppresses it, and
   * code that swallows the cancellation would lose it.
   */
  public static List<Throwable> suppressedBy(CancelledError cancel) {
    List<Throwable> failures = new ArrayList<>();
    for (Throwable suppressed : cancel.getSuppressed()) {
      if (!(suppressed instanceof CancelledError)) { // cancelled again, in its cleanup
        failures.add(suppressed);
      }
    }
    return failures;
  }
}
