package asyncio;

import asyncio.internal.loop.Causes;
import java.lang.reflect.Constructor;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;

/** What kinds of failures there are, and how one is given to several receivers. */
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

  /**
   * The failure for a second receiver: the same object thrown in two places would end up
   * suppressing itself. A copy of the same type with the original as cause where its class allows
   * it, else a CompletionException round it.
   */
  static Throwable copyOf(Throwable failure) {
    if (failure instanceof DeadlockException deadlock) {
      return deadlock.copy();
    }
    Class<? extends Throwable> type = failure.getClass();
    try {
      for (Constructor<?> constructor : type.getConstructors()) {
        Class<?>[] parameters = constructor.getParameterTypes();
        if (parameters.length == 2
            && parameters[0] == String.class
            && parameters[1] == Throwable.class) {
          return (Throwable) constructor.newInstance(failure.getMessage(), failure);
        }
      }
      Throwable copy = type.getConstructor(String.class).newInstance(failure.getMessage());
      copy.initCause(failure);
      return copy;
    } catch (ReflectiveOperationException | RuntimeException noSuchCopy) {
      return new CompletionException(failure);
    }
  }
}
