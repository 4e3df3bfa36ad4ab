package asyncio;

import asyncio.internal.diagnosis.Logs;
import asyncio.internal.scheduler.Callback;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.util.CreationSite;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The failures of a loop that nobody receives, and where they are reported: to the exception
 * handler, otherwise to the log {@code asyncio.task}, and if that itself fails, to the log {@code
 * asyncio.loop}.
 */
final class FailureReports {
  private final EventLoop loop;
  private final Scheduler scheduler;

  // Any thread.
  private final Set<UnretrievedFailure> unretrieved = ConcurrentHashMap.newKeySet();
  private volatile @Nullable ExceptionHandler handler;

  FailureReports(EventLoop loop) {
    this.loop = loop;
    this.scheduler = loop.scheduler;
  }

  // ---- the handler: any thread ----

  void setHandler(@Nullable ExceptionHandler to) {
    handler = to;
  }

  @Nullable ExceptionHandler handler() {
    return handler;
  }

  // ---- reporting: in a task or a callback of the loop ----

  /** Reports a failure to the handler; see {@link EventLoop#callExceptionHandler}. */
  @SuppressWarnings("ReferenceEquality") // an exception can't suppress itself
  void tell(ExceptionContext context) {
    ExceptionHandler told = handler;
    if (told == null) {
      tellDefault(context);
      return;
    }
    try {
      told.handle(loop, context);
    } catch (Throwable failure) {
      if (Failures.isFatal(failure)) {
        scheduler.fatal(failure);
        return;
      }
      strikeAgainAfter(failure);
      if (failure != context.exception()) {
        failure.addSuppressed(context.exception());
      }
      tellDefault(
          new ExceptionContext(
              "The exception handler of loop '"
                  + loop.name()
                  + "' failed itself, on: "
                  + context.message(),
              failure,
              context.task(),
              context.createdAt()));
    }
  }

  /** A handler or a log may have waited: then it was the caller that was cancelled there. */
  private void strikeAgainAfter(Throwable failure) {
    Fiber fiber = scheduler.currentFiber();
    if (fiber != null && fiber.isCancel(failure)) {
      fiber.strikeAgain();
    }
  }

  private void tellDefault(ExceptionContext context) {
    try {
      logOrThrow(context);
    } catch (Throwable failure) {
      logFailed("The default exception handler of loop '" + loop.name() + "'", failure, context);
    }
  }

  /** Writes the failure to the log; see {@link EventLoop#defaultExceptionHandler}. */
  void log(ExceptionContext context) {
    try {
      logOrThrow(context);
    } catch (Throwable failure) {
      logFailed("The log 'asyncio.task'", failure, context);
    }
  }

  /** Off the loop, as after its close, there is no run that a fatal error could end. */
  private void logFailed(String what, Throwable failure, ExceptionContext context) {
    if (scheduler.isOnLoop() && Failures.isFatal(failure)) {
      scheduler.fatal(failure);
      return;
    }
    strikeAgainAfter(failure);
    Logs.LOOP.log(
        System.Logger.Level.ERROR,
        what + " failed, on: " + context.message() + " (" + textOf(context.exception()) + ")",
        failure);
  }

  /** The text of a failure comes from user code. */
  private static String textOf(Throwable failure) {
    try {
      return failure.toString();
    } catch (Throwable itsOwn) {
      return failure.getClass().getName();
    }
  }

  private static void logOrThrow(ExceptionContext context) {
    String text = context.message();
    if (!context.createdAt().isEmpty()) {
      var report = new StringBuilder(text);
      CreationSite.append(report, "Created at:", context.createdAt());
      text = report.toString();
    }
    Logs.TASK.logOrThrow(System.Logger.Level.ERROR, text, context.exception());
  }

  /** Reports that a callback threw. */
  void callbackFailed(Callback callback, Throwable failure) {
    if (Failures.isFatal(failure)) {
      scheduler.fatal(failure);
      return;
    }
    CreationSite scheduled = callback.origin();
    tell(
        new ExceptionContext(
            "A callback of loop '" + loop.name() + "' failed.",
            failure,
            null,
            scheduled == null ? List.of() : scheduled.frames()));
  }

  // ---- reporting soon: any thread ----

  /**
   * Reports a failure to the handler soon; once the loop has closed, to the log.
   *
   * @param what supplies null if there is nothing to report any more; asked where it is reported,
   *     because it may query the failure, which is user code
   * @param of the context to report it in; null for an empty one
   */
  void tellSoon(Supplier<? extends @Nullable ExceptionContext> what, @Nullable Context of) {
    var report =
        new Callback() {
          @Override
          protected void call() {
            ExceptionContext told = what.get();
            if (told != null) {
              tell(told);
            }
          }

          @Override
          protected @Nullable Context runsIn() {
            return of;
          }
        };
    if (!scheduler.trySend(report)) {
      ExceptionContext told = what.get();
      if (told != null) {
        log(told);
      }
    }
  }

  // ---- what nobody has received so far: any thread ----

  void watch(UnretrievedFailure failure) {
    unretrieved.add(failure);
  }

  /** Returns whether nobody has received it so far. */
  boolean isWatched(UnretrievedFailure failure) {
    return unretrieved.contains(failure);
  }

  /** Returns false if it was no longer watched. */
  boolean forget(UnretrievedFailure failure) {
    return unretrieved.remove(failure);
  }

  /** Whether all failures so far have been received or reported. */
  boolean allReceived() {
    return unretrieved.isEmpty();
  }

  /** Reports soon all failures that nobody has received; once the loop has closed, to the log. */
  void tellOfUnretrieved() {
    for (UnretrievedFailure failure : List.copyOf(unretrieved)) {
      failure.run();
    }
  }
}
