package asyncio;

import java.lang.ref.Cleaner;
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

  private UnretrievedFailure(Future<?> future, Throwable failure) {
    this.loop = future.loop;
    this.failure = failure;
    this.task = future instanceof Task<?> failed ? failed.name() : null;
    this.of = future instanceof Task<?> failed ? failed.fiber().context() : null;
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

  /** The future is unreachable. On the cleaner's thread. */
  @Override
  public void run() {
    if (loop.unretrieved.remove(this)) {
      loop.reportSoon(context(), of);
    }
  }

  ExceptionContext context() {
    String who = task == null ? "A future" : "Task '" + task + "'";
    return new ExceptionContext(
        who + " failed and nobody received the failure: await it, or ask for its exception().",
        failure,
        task);
  }
}
