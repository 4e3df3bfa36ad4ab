package asyncio.internal.task;

import asyncio.CancelledError;
import java.util.ArrayList;
import java.util.List;

/** What a failure brings along. */
public final class Failures {
  private Failures() {}

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
