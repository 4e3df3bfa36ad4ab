package asyncio.internal.task;

import asyncio.ExceptionContext;
import asyncio.internal.log.Logs;
import asyncio.internal.scheduler.Callback;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.FiberContext;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.util.Causes;
import asyncio.internal.util.CreationSite;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The failures of a loop that nobody receives, and where they are reported: to the exception
 * handler, otherwise to the log {@code asyncio.task}, and if that itself fails, to the log {@code
 * asyncio.loop}.
 */
public final class FailureReports {
  private final Scheduler scheduler;

  // Any thread.
  private final Set<UnretrievedFailure> unretrieved = ConcurrentHashMap.newKeySet();
  private volatile @Nullable Consumer<ExceptionContext> handler;

  /** Creates the reports of one loop. */
  public FailureReports(Scheduler scheduler) {
    this.scheduler = scheduler;
  }

  // ---- the handler: any thread ----

  /** Sets who is told; null for the log. */
  public void setHandler(@Nullable Consumer<ExceptionContext> to) {
    handler = to;
  }

  /** Returns who is told; null for the log. */
  public @Nullable Consumer<ExceptionContext> handler() {
    return handler;
  }

  // ---- reporting: in a task or a callback of the loop ----

  /** Reports a failure to the handler. */
  @SuppressWarnings("ReferenceEquality") // an exception can't suppress itself
  public void tell(ExceptionContext context) {
    Consumer<ExceptionContext> told = handler;
    if (told == null) {
      tellDefault(context);
      return;
    }
    try {
      told.accept(context);
    } catch (Throwable failure) {
      if (Causes.isFatal(failure)) {
        scheduler.fatal(failure);
        return;
      }
      redeliverCancelAfter(failure);
      if (failure != context.exception()) {
        failure.addSuppressed(context.exception());
      }
      tellDefault(new ExceptionContext(
          "The exception handler of loop '"
              + scheduler.name()
              + "' itself failed while handling: "
              + context.message(),
          failure,
          context.task(),
          context.createdAt()));
    }
  }

  /** A handler or a log may have waited: then it was the caller that was cancelled there. */
  private void redeliverCancelAfter(Throwable failure) {
    Fiber fiber = scheduler.currentFiber();
    if (fiber != null && fiber.isCancel(failure)) {
      fiber.redeliverCancel();
    }
  }

  private void tellDefault(ExceptionContext context) {
    try {
      logOrThrow(context);
    } catch (Throwable failure) {
      logFailed(
          "The default exception handler of loop '" + scheduler.name() + "'", failure, context);
    }
  }

  /** Writes a failure to the log. */
  public void log(ExceptionContext context) {
    try {
      logOrThrow(context);
    } catch (Throwable failure) {
      logFailed("The logger 'asyncio.task'", failure, context);
    }
  }

  /** Off the loop, as after its close, there is no run that a fatal error could end. */
  private void logFailed(String what, Throwable failure, ExceptionContext context) {
    if (scheduler.isOnLoop() && Causes.isFatal(failure)) {
      scheduler.fatal(failure);
      return;
    }
    redeliverCancelAfter(failure);
    Logs.LOOP.log(
        System.Logger.Level.ERROR,
        what
            + " failed while handling: "
            + context.message()
            + " ("
            + textOf(context.exception())
            + ")",
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
  public void callbackFailed(Callback callback, Throwable failure) {
    if (Causes.isFatal(failure)) {
      scheduler.fatal(failure);
      return;
    }
    CreationSite scheduled = callback.origin();
    tell(new ExceptionContext(
        "A callback of loop '" + scheduler.name() + "' failed.",
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
  public void tellSoon(
      Supplier<? extends @Nullable ExceptionContext> what, @Nullable FiberContext of) {
    var report = new Callback() {
      @Override
      protected void call() {
        ExceptionContext told = what.get();
        if (told != null) {
          tell(told);
        }
      }

      @Override
      protected @Nullable FiberContext runsIn() {
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
  public boolean allReceived() {
    return unretrieved.isEmpty();
  }

  /** Reports soon all failures that nobody has received; once the loop has closed, to the log. */
  public void tellOfUnretrieved() {
    for (UnretrievedFailure failure : List.copyOf(unretrieved)) {
      failure.run();
    }
  }
}
