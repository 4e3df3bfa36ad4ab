package asyncio.internal.task;

import asyncio.ExceptionContext;
import asyncio.internal.scheduler.FiberContext;
import asyncio.internal.util.CreationSite;
import java.lang.ref.Cleaner;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A failure of a future that nobody has received so far. It is reported once: when the future
 * becomes unreachable, so that nobody ever can receive it, or at the latest when the loop ends.
 * Created only for failures, so success costs nothing.
 */
final class UnretrievedFailure implements Runnable, Supplier<@Nullable ExceptionContext> {
  /** Its thread is a daemon, and starts with the first failure. */
  private static final class Cleaners {
    static final Cleaner CLEANER = Cleaner.create();
  }

  private final FailureReports reports;
  private final Throwable failure;
  private final @Nullable String task;
  private final @Nullable FiberContext of;
  final @Nullable CreationSite createdAt;

  private UnretrievedFailure(AbstractFuture<?> future, Throwable failure) {
    this.reports = TaskHost.of(future.scheduler).reports();
    this.failure = failure;
    TaskFiber fiber = future.fiber();
    this.task = fiber == null ? null : fiber.label();
    this.of = fiber == null ? null : fiber.context();
    this.createdAt = future.createdAt();
  }

  static UnretrievedFailure watch(AbstractFuture<?> future, Throwable failure) {
    var report = new UnretrievedFailure(future, failure);
    report.reports.watch(report);
    Cleaners.CLEANER.register(future, report);
    return report;
  }

  /** Called when somebody has received the failure. Any thread. */
  void received() {
    reports.forget(this);
  }

  /** Called when the future is unreachable, on the cleaner's thread, and when the loop ends. */
  @Override
  public void run() {
    if (reports.isWatched(this)) {
      reports.tellSoon(this, of); // no lambda: its class would take memory, which may be short
    }
  }

  /**
   * Returns what there is to report; null if it has been received or reported by now. It is
   * forgotten here and not earlier, so that a loop that ends meanwhile still finds it. Queries the
   * failure, which is user code.
   */
  @Override
  public @Nullable ExceptionContext get() {
    if (!reports.forget(this)) {
      return null;
    }
    var text = new StringBuilder();
    text.append(task == null ? "A future" : "Task '" + task + "'")
        .append(" failed and nobody received the failure: await it, or call its exception().");
    // Not "its body": the future may have awaited another task and rethrown what that one threw.
    StackTraceElement begins = bodyOf(failure);
    if (begins != null) {
      text.append(" Thrown in the body that begins at ").append(begins).append('.');
    }
    if (createdAt == null) {
      text.append(" -Dasyncio.debug shows where it was created.");
    }
    List<StackTraceElement> frames = createdAt == null ? List.of() : createdAt.frames();
    return new ExceptionContext(text.toString(), failure, task, frames);
  }

  /** Returns null if it is not known. */
  private static @Nullable StackTraceElement bodyOf(Throwable failure) {
    try {
      return CreationSite.bodyIn(failure.getStackTrace());
    } catch (Throwable itsOwn) {
      return null; // the failure is reported all the same
    }
  }
}
