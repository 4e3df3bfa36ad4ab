package asyncio.testing;

import asyncio.EventLoop;
import asyncio.ExceptionContext;
import asyncio.ExceptionHandler;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The exception handler of a test's loop: what comes here, nobody received. */
final class UnreceivedFailures implements ExceptionHandler {
  /** Guarded by this: a test may call the handler on a thread of its own. */
  private final List<ExceptionContext> failures = new ArrayList<>();

  @Override
  public synchronized void handle(EventLoop loop, ExceptionContext context) {
    failures.add(context);
  }

  /** Fails when there are any. */
  void check() {
    AssertionError error = error();
    if (error != null) {
      throw error;
    }
  }

  /** For a test that has failed anyway: often they are why. */
  void addTo(Throwable thrown) {
    AssertionError error = error();
    if (error != null) {
      thrown.addSuppressed(error);
    }
  }

  /** The first failure is the cause, each other one a suppressed error like this one. */
  private synchronized @Nullable AssertionError error() {
    AssertionError error = null;
    for (ExceptionContext failure : failures) {
      if (error == null) {
        error = new AssertionError(
            failure.message()
                + " If the test expects this failure, set an exception handler in it"
                + " (runningLoop().setExceptionHandler).",
            failure.exception());
      } else {
        error.addSuppressed(new AssertionError(failure.message(), failure.exception()));
      }
    }
    return error;
  }
}
