package asyncio.internal.net;

import asyncio.ExceptionContext;
import asyncio.internal.log.Logs;
import asyncio.internal.scheduler.Callback;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.scheduler.Timer;
import asyncio.internal.task.TaskHost;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reports on a listener that can't accept, for instance because it is out of descriptors. This may
 * last for hours, with an attempt every second: one report when it begins, further ones after
 * growing gaps, and one line when it is over. Loop-confined.
 *
 * <pre>
 *   WELL --failed(), report--> ILL --accepted(), and no failure for a while, line--> WELL
 *   ILL --failed(), report when the gap is over--> ILL
 * </pre>
 */
public final class AcceptTrouble {
  private static final Duration FIRST_GAP = Duration.ofSeconds(10);
  private static final Duration LONGEST_GAP = Duration.ofHours(1);

  /**
   * While clients come and go at the limit, some are accepted even in the middle of the trouble.
   */
  private static final Duration OVER_AFTER = Duration.ofSeconds(10);

  private final Scheduler scheduler;
  private final String where;

  /** Number of failures; 0 if all is well. */
  private int attempts;

  private Duration first = Duration.ZERO;
  private Duration last = Duration.ZERO;
  private Duration nextReport = Duration.ZERO;
  private Duration gap = FIRST_GAP;
  private @Nullable Timer over;

  public AcceptTrouble(Scheduler scheduler, String where) {
    this.scheduler = scheduler;
    this.where = where;
  }

  public void failed(
      Throwable failure, Duration retry, String task, List<StackTraceElement> createdAt) {
    close();
    Duration now = Duration.ofNanos(scheduler.time());
    if (attempts == 0) {
      first = now;
      nextReport = now;
      gap = FIRST_GAP;
    }
    last = now;
    attempts++;
    if (now.compareTo(nextReport) < 0) {
      return;
    }
    nextReport = now.plus(gap);
    gap = gap.multipliedBy(2);
    if (gap.compareTo(LONGEST_GAP) > 0) {
      gap = LONGEST_GAP;
    }
    String message = "Accepting clients on "
        + where
        + (attempts == 1 ? " failed" : " has failed for " + lasted())
        + "; the server retries every "
        + retry.toMillis()
        + " ms and says when it works again. If too many files are open, raise the limit"
        + " (ulimit -n) or hold fewer connections.";
    if (TaskHost.of(scheduler).reports().handler() == null && failure instanceof IOException) {
      // The system's message says everything; a stack trace would only hide it.
      Logs.NET.log(System.Logger.Level.ERROR, message + " (" + failure.getMessage() + ")");
    } else {
      TaskHost.of(scheduler)
          .reports()
          .tell(new ExceptionContext(message, failure, task, createdAt));
    }
  }

  public void accepted() {
    if (attempts > 0 && over == null) {
      var timer = new Over();
      scheduler.timers().addSleeper(timer, scheduler.deadline(OVER_AFTER));
      over = timer;
    }
  }

  /** Calls back, because a loop's own thread must not log. */
  private final class Over extends Timer {
    @Override
    protected void fire() {
      scheduler.add(new Callback() {
        @Override
        protected void call() {
          if (over == Over.this) { // not closed, and no new trouble, since it fired
            isOver();
          }
        }
      });
    }
  }

  private void isOver() {
    over = null;
    String after = last.minus(first).toSeconds() == 0
        ? " after " + attempts + (attempts == 1 ? " failed attempt" : " failed attempts")
        : "; it failed for " + lasted();
    String line = "Accepting clients on " + where + " works again" + after + ".";
    attempts = 0;
    Logs.NET.log(System.Logger.Level.WARNING, line);
  }

  private String lasted() {
    return last.minus(first).toSeconds() + " s (" + attempts + " attempts)";
  }

  /** Stops reporting. */
  public void close() {
    Timer pending = over;
    if (pending != null) {
      over = null;
      scheduler.timers().removeSleeper(pending);
    }
  }
}
