package asyncio;

import asyncio.internal.loop.Callback;
import asyncio.internal.loop.CreationSite;
import java.lang.ref.Cleaner;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A failure of a future that nobody has received so far. It is reported once: when the future
 * becomes unreachable, so that nobody ever can, or at the latest when the loop ends. Made only for
 * failures: success pays nothing.
 */
final class UnretrievedFailure implements Runnable {
  /** Its thread is a daemon, started with the first failure. */
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
    this.of = future instanceof Task<?> failed ? failed.fiber().context() : null;
    this.createdAt = future.createdAt();
  }

  static UnretrievedFailure watch(Future<?> future, Throwable failure) {
    var report = new UnretrievedFailure(future, failure);
    report.loop.unretrieved.add(report);
    Cleaners.CLEANER.register(future, report);
    return report;
  }

  /** Somebody received it. Any thread. */
  void received() {
    loop.unretrieved.remove(this);
  }

  /** The future is unreachable, on the cleaner's thread; or the loop ends. */
  @Override
  public void run() {
    if (!loop.unretrieved.contains(this)) {
      return;
    }
    // It is taken out where it is told, not here: a loop that ends meanwhile still finds it.
    // The text is made there: it asks the failure, which is the user's code, and this may be the
    // loop's own thread.
    var report =
        new Callback() {
          @Override
          protected void call() {
            if (loop.unretrieved.remove(UnretrievedFailure.this)) {
              loop.callExceptionHandler(context());
            }
          }

          @Override
          protected @Nullable Context runsIn() {
            return of;
          }
        };
    if (!loop.kernel.trySend(report) && loop.unretrieved.remove(this)) {
      loop.defaultExceptionHandler(context());
    }
  }

  private ExceptionContext context() {
    var text = new StringBuilder();
    text.append(task == null ? "A future" : "Task '" + task + "'")
        .append(" failed and nobody received the failure: await it, or ask for its exception().");
    // Not "its body": it may have awaited another task, and thrown on what that one threw.
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
