package asyncio;

import static asyncio.internal.util.Stacks.REPORTED_TASKS;

import asyncio.internal.diagnosis.Leaks;
import asyncio.internal.exit.ShutdownHook;
import asyncio.internal.log.Logs;
import asyncio.internal.scheduler.Callback;
import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.LoopAction;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.task.AbstractFuture;
import asyncio.internal.task.Futures;
import asyncio.internal.task.Listener;
import asyncio.internal.task.TaskFiber;
import asyncio.internal.util.CreationSite;
import asyncio.internal.util.Durations;
import asyncio.internal.util.Sneaky;
import asyncio.internal.util.Stacks;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How a loop ends: as a runner ends it, with the remaining tasks cancelled and waited for; or as it
 * is, with the tasks left where they are. Also what happens to its tasks when the JVM ends.
 *
 * <p>Loop-confined unless noted otherwise.
 */
final class LoopShutdown implements ShutdownHook.Ending {
  /** How many times a closing loop reports what failed during the reports. */
  private static final int REPORT_ROUNDS = 10;

  private final EventLoop loop;
  private final Scheduler scheduler;
  private final LoopThread thread;

  private Set<TaskFiber> cancelledForJvmEnd = Set.of();

  /** The current job; null before the first one. Only this job can be given up. */
  private @Nullable Object job;

  private boolean gaveUp;

  /** Tasks that did not end in time when the loop closed, and have not ended since. */
  private final Set<TaskFiber> survivors = new HashSet<>(0);

  private @Nullable Throwable fatal;

  LoopShutdown(EventLoop loop) {
    this.loop = loop;
    this.scheduler = loop.scheduler;
    this.thread = loop.thread;
  }

  // ---- as a runner ends it: between runs, on the closer's thread ----

  /**
   * Cancels the remaining tasks, waits for them, reports failures that nobody received, closes the
   * loop, and reports what has not ended or was left open.
   *
   * @param limit for the tasks, for what the reports start, and for helper threads, each
   * @param check null for the default
   */
  void close(Duration limit, @Nullable LeakCheck check) {
    var cancel = new CancelTasks(check != LeakCheck.OFF, check == LeakCheck.FAIL);
    var report = new ReportUnretrieved();
    List<TaskFiber> left = new ArrayList<>();
    List<String> helpers;
    try {
      try {
        thread.doWithin(limit, cancel);
        left.addAll(cancel.left);
        thread.doWithin(limit, report);
        if (report.tasksLeft) {
          var late = new CancelTasks(false, false);
          thread.doWithin(limit, late);
          left.addAll(late.left);
        }
      } finally {
        end();
      }
      loop.reports.tellOfUnretrieved();
    } finally {
      helpers = reportWhatHasNotEnded(left, limit);
    }
    LeakException leaked = checkLeaks(check, cancel.leaks, helpers);
    Throwable fatalError = fatal;
    if (fatalError != null) {
      if (leaked != null) {
        fatalError.addSuppressed(leaked);
      }
      throw Sneaky.rethrow(fatalError);
    }
    if (leaked != null) {
      throw leaked;
    }
  }

  private void end() {
    thread.end();
    ShutdownHook.remove(this);
  }

  private @Nullable LeakException checkLeaks(
      @Nullable LeakCheck check, @Nullable Leaks leaks, List<String> helpers) {
    if (leaks == null && helpers.isEmpty()) {
      return null; // nearly always here: a program that ends need not load another class
    }
    if (check == LeakCheck.FAIL) {
      return Leaks.failure(scheduler, leaks, helpers);
    }
    if (leaks != null) {
      leaks.log(true);
    }
    return null;
  }

  /** Returns the helper threads that are still working. */
  private List<String> reportWhatHasNotEnded(List<TaskFiber> tasks, Duration limit) {
    for (TaskFiber task : tasks) {
      Logs.LOOP.log(System.Logger.Level.WARNING, describeSurvivor(task, limit));
    }
    List<String> helpers = loop.awaitHelpers(limit);
    if (!helpers.isEmpty()) {
      Logs.LOOP.log(
          System.Logger.Level.WARNING,
          "Helper threads of the event loop '"
              + loop.name()
              + "' are still working "
              + Durations.millis(limit)
              + " ms after it closed and are left behind: "
              + String.join(", ", helpers));
    }
    return helpers;
  }

  private String describeSurvivor(TaskFiber task, Duration limit) {
    Thread stands = task.thread();
    var wait = task.waitsFor();
    var text = new StringBuilder();
    text.append(task.describe())
        .append(" did not end within ")
        .append(Durations.millis(limit))
        .append(" ms of being cancelled when the event loop '")
        .append(loop.name())
        .append("' closed; it is left behind.");
    if (stands != null && task.inForeignCode()) {
      text.append(" It is in foreign code:");
      Stacks.append(text, stands.getStackTrace());
    } else if (wait != null) {
      text.append(" It waits for ").append(wait.describe()).append('.');
    }
    CreationSite.append(text, "Created at:", task.origin());
    return text.toString();
  }

  // ---- as it is: between runs, on the closer's thread ----

  /** Closes a loop that nobody drives, with whatever is left in it. */
  void closeAsItIs() {
    if (loop.isClosed()) {
      return;
    }
    if (Current.scheduler() != scheduler) {
      LoopThread.refuseCoroutine("close()");
    }
    if (Current.scheduler() == scheduler || !thread.occupy()) {
      throw new IllegalStateException("close() was called while the event loop '"
          + loop.name()
          + "' was running: stop() it first, and close it when the call that runs it has"
          + " returned.");
    }
    @Nullable Leaks leaks;
    List<TaskFiber> left;
    try {
      leaks = hasLeftovers() ? new Leaks(scheduler, false) : null;
      left = leaveAllTasks();
      if (leaks != null) {
        leaks.settle(left);
      }
      end();
    } catch (Throwable failure) {
      thread.leave(); // so that the loop can be closed again
      throw failure;
    }
    if (leaks != null) {
      leaks.log(false);
    }
    if (!left.isEmpty()) {
      Logs.LOOP.log(
          System.Logger.Level.WARNING,
          "The event loop '"
              + loop.name()
              + "' was closed with tasks that had not ended and never will: "
              + namesOf(left)
              + ". Cancel and await them first, or use a Runner, which does so.");
    }
    loop.reports.tellOfUnretrieved();
  }

  private static String namesOf(List<TaskFiber> tasks) {
    List<String> shown = tasks.stream()
        .limit(REPORTED_TASKS)
        .map(task -> task.label() + task.creationText())
        .toList();
    int more = tasks.size() - shown.size();
    return String.join(", ", shown) + (more > 0 ? " and " + more + " more" : "");
  }

  /** Whether the end of the loop will cancel or close something. */
  private boolean hasLeftovers() {
    return loop.tasks.size() > 0 || scheduler.hasOpen();
  }

  /** The tasks that have not ended and never will, because the loop closes. */
  private List<TaskFiber> leaveAllTasks() {
    List<TaskFiber> left = loop.tasks.toList();
    for (TaskFiber task : left) {
      scheduler.survives(task);
    }
    return left;
  }

  // ---- on the loop's own thread ----

  /** A job that is given up if it takes too long. */
  private abstract class ShutdownJob extends LoopThread.Job {
    @Override
    final void work() {
      job = this;
      gaveUp = false;
      shutDown();
    }

    abstract void shutDown();

    /** Does nothing if the job is over, because the next one has its own time limit. */
    @Override
    final void endEarly() {
      scheduler.trySend(LoopAction.of(() -> {
        if (job == this) {
          gaveUp = true;
          scheduler.stop();
        }
      }));
    }
  }

  /**
   * Cancels all tasks and runs until they have ended, or the job is given up. A fatal error
   * meanwhile does not keep the others from ending.
   */
  private final class CancelTasks extends ShutdownJob {
    private final boolean checksLeaks;
    private final boolean thoroughly;

    /** The tasks that have not ended. */
    List<TaskFiber> left = List.of();

    @Nullable
    Leaks leaks;

    CancelTasks(boolean checksLeaks, boolean thoroughly) {
      this.checksLeaks = checksLeaks;
      this.thoroughly = thoroughly;
    }

    @Override
    void shutDown() {
      Leaks before = checksLeaks && hasLeftovers() ? new Leaks(scheduler, thoroughly) : null;
      scheduler.endTasks();
      for (TaskFiber task : loop.tasks.newestFirst()) {
        // A second request would cut short the cleanup that the first one began.
        if (!cancelledForJvmEnd.contains(task) && !survivors.contains(task)) {
          task.cancel("the event loop is closing");
        }
      }
      runTasks();
      left = leaveAllTasks();
      left.removeIf(survivors::contains); // known already
      survivors.addAll(left);
      if (before != null) {
        before.settle(left);
        leaks = before;
      }
    }
  }

  /**
   * Reports what nobody received, so that no failure is lost with the loop. The handler may start
   * tasks, and those may fail in turn: so runs until they have ended, or the job is given up. After
   * some rounds the rest goes to the log; otherwise a handler whose tasks all fail would keep the
   * loop for ever.
   */
  private final class ReportUnretrieved extends ShutdownJob {
    /** Whether tasks started meanwhile have not ended. */
    boolean tasksLeft;

    @Override
    void shutDown() {
      for (int round = 0; round < REPORT_ROUNDS && !gaveUp; round++) {
        if (loop.reports.allReceived() && (round == 0 || !scheduler.hasReady())) {
          break;
        }
        loop.reports.tellOfUnretrieved();
        scheduler.trySend(new Callback() {
          @Override
          protected void call() {
            scheduler.stop();
          }
        });
        run();
        runTasks();
      }
      tasksLeft = hasTasksToEnd();
    }
  }

  private void runTasks() {
    while (hasTasksToEnd() && !gaveUp) {
      run();
    }
  }

  private boolean hasTasksToEnd() {
    return loop.tasks.size() > survivors.size();
  }

  private void run() {
    try {
      scheduler.runUntilStopped();
    } catch (Throwable error) {
      // Whoever awaited the failed task gets the same error again.
      if (!thread.hasThrown(error) && fatal == null) {
        fatal = error;
      }
    }
  }

  /** Called when a task has ended. */
  void taskEnded(TaskFiber task) {
    if (job != null) {
      survivors.remove(task);
      if (!hasTasksToEnd()) {
        scheduler.stop();
      }
    }
  }

  // ---- the JVM ends ----

  @Override
  public Scheduler scheduler() {
    return scheduler;
  }

  @Override
  public Duration grace() {
    return loop.shutdownGrace();
  }

  /**
   * Cancels all tasks except those that are in Runtime.exit themselves, and calls {@code whenEnded}
   * when the cancelled ones have ended.
   */
  @Override
  public void cancelForJvmEnd(Runnable whenEnded) {
    List<TaskFiber> others = new ArrayList<>();
    for (TaskFiber task : loop.tasks.newestFirst()) {
      if (!ShutdownHook.standsInExit(task)) {
        others.add(task);
      }
    }
    int[] left = {others.size()};
    if (left[0] == 0) {
      whenEnded.run();
      return;
    }
    scheduler.endTasks();
    cancelledForJvmEnd = Set.copyOf(others);
    for (TaskFiber task : others) {
      Futures.listen(task.future(), new Listener() {
        @Override
        protected void done(AbstractFuture<?> future) {
          if (--left[0] == 0) {
            whenEnded.run();
          }
        }
      });
      task.cancel("the JVM is shutting down");
    }
  }

  /** Whether the end of the JVM cancelled {@code task}. Between runs. */
  boolean wasCancelledForJvmEnd(TaskFiber task) {
    return cancelledForJvmEnd.contains(task);
  }
}
