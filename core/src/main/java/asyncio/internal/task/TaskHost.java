package asyncio.internal.task;

import asyncio.Coroutine;
import asyncio.internal.scheduler.Host;
import asyncio.internal.scheduler.Scheduler;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What tasks and futures need from the object that users see as the event loop. */
public interface TaskHost extends Host {
  /** Returns the host of a loop. Any thread. */
  static TaskHost of(Scheduler scheduler) {
    if (scheduler.host() instanceof TaskHost host) {
      return host;
    }
    throw new AssertionError("a loop without tasks: a bug, please report it");
  }

  /** Returns the unfinished tasks. Loop only. */
  TaskList tasks();

  /** Returns where failures that nobody receives are reported. Any thread. */
  FailureReports reports();

  /**
   * Returns those outside the loop that wait for one of its futures, to be released when it closes.
   * Any thread.
   */
  Set<ForeignListener> foreignListeners();

  /**
   * Returns what the call that runs the loop waits for; null if it waits for nothing. Loop only.
   */
  @Nullable
  AbstractFuture<?> awaited();

  /** Starts a task, as the loop's task factory makes them. Loop only. */
  AbstractFuture<?> createTask(Coroutine<?, ?> body);

  /** Called when a task has ended or could not be started. Loop only. */
  void taskEnded(TaskFiber task);

  /** Closes, if possible, a result that nobody can receive any more. Loop only. */
  void discard(@Nullable Object value);

  /**
   * As {@link #discard}, for a result that came after the loop had closed; on the calling thread,
   * which may block.
   */
  void discardLate(@Nullable Object value);
}
