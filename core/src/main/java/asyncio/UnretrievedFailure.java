package asyncio;

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
final class UnretrievedFailure implements Runnable, Supplier<ExceptionContext> {
  /** Its thread is a daemon, and starts with the first failure. */
  private static final class Cleaners {
    static final Cleaner CLEANER = Cleaner.create();
  }

  private final EventLoop loop;
  private final Throwable failure;
  private final @Nullable String task;
  private final @Nullable Context of;
  final @Nullable CreationSite createdAt;

  private UnretrievedFailure(Future<?> future, Throwable failure) {
    this.loop = future.loop;
    this.failure = failure;
    this.task = future instanceof Task<?> failed ? failed.name() : null;
    this.of = future instanceof Task<?> failed ? Context.of(failed.fiber().context()) : null;
    this.createdAt = future.createdAt();
  }

  static UnretrievedFailure watch(Future<?> future, Throwable failure) {
    var report = new UnretrievedFailure(future, failure);
    report.loop.reports.watch(report);
    Cleaners.CLEANER.register(future, report);
    return report;
  }

  /** Called when somebody has received the failure. Any thread. */
  void received() {
    loop.reports.forget(this);
  }

  /** Called when the future is unreachable. On the cleaner's thread. */
  @Override
  public void run() {
    if (!loop.reports.forget(this)) {
      return;
    }
    loop.reports.tellSoon(
        this, of); // no lambda: to make its class takes memory, which may be short
  }

  /** What there is to tell. Asks the failure, which is the user's code. */
  @Override
  public ExceptionContext get() {
    var text = new StringBuilder();
    text.append(task == null ? "A future" : "Task '" + task + "'")
        .append(" failed and nobody received the failure: await it, or ask for its exception().");
    // Not "its body": the future may have awaited another task and rethrown what that one threw.
    StackTraceElement begins = CreationSite.bodyIn(failure.getStackTrace());
    if (begins != null) {
      text.append(" Thrown in the body that begins at ").append(begins).append('.');
    }
    if (createdAt == null) {
      text.append(" -Dasyncio.debug tells where it was created.");
    }
    List<StackTraceElement> frames = createdAt == null ? List.of() : createdAt.frames();
    return new ExceptionContext(text.toString(), failure, task, frames);
  }
}
