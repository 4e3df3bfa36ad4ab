package asyncio;

import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.task.TaskFiber;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A coroutine that runs on an event loop, and the future of its result. Created by {@link
 * Asyncio#createTask} or a {@link TaskGroup}. Its first step runs after everything that is ready at
 * its creation, or {@linkplain TaskOptions#withEagerStart immediately}.
 *
 * <p><b>Cancelling</b> asks the coroutine to unwind: {@link CancelledError} is thrown where it
 * waits, or at its next wait; a task that has not begun never begins. A task that awaits another
 * task passes the request on, and unwinds when the other has ended. Requests are counted ({@link
 * #cancelling}); a scope that made one takes it back with {@link #uncancel}. A coroutine may catch
 * the error to clean up, and should then rethrow it.
 *
 * <p>In foreign blocking code the thread is interrupted, as a nudge; the request itself is
 * delivered at the next wait of this library.
 *
 * @param <T> the type of the result
 */
public final class Task<T extends @Nullable Object> extends Future<T> {
  // What users see of a task; its coroutine does the work.

  private final TaskFiber fiber;

  /**
   * Creates a task that is not started.
   *
   * @param name null for the default
   * @param context the context to run in; null for an empty one
   */
  Task(
      Scheduler scheduler, @Nullable String name, @Nullable Context context, Coroutine<T, ?> body) {
    super(scheduler, body);
    this.fiber = new TaskFiber(this, name, context);
  }

  /** Makes the task ready. Loop only. */
  Task<T> start() {
    return start(false);
  }

  /** As {@link #start()}; if {@code eager}, its first step runs before the caller continues. */
  Task<T> start(boolean eager) {
    fiber.start(eager);
    return this;
  }

  /** Returns the task that a coroutine runs; null if it runs none. */
  static @Nullable Task<?> of(@Nullable Fiber fiber) {
    return fiber instanceof TaskFiber running ? (Task<?>) running.future() : null;
  }

  /**
   * For the library itself.
   *
   * @hidden
   */
  @SuppressWarnings("InvalidBlockTag") // a tag of javadoc's that Error Prone does not know
  @Override
  protected TaskFiber fiber() {
    return fiber;
  }

  /**
   * Returns the task's name: the given one, or Task-N with a number unique in this process. Any
   * thread.
   */
  public String name() {
    return fiber.label();
  }

  /** Renames the task. Any thread. */
  public void setName(String newName) {
    fiber.rename(newName);
  }

  /**
   * Returns the context the task runs in: a copy of its creator's, unless it was given one.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public Context context() {
    fiber.scheduler().checkOnLoop("context()");
    return Context.of(fiber);
  }

  /** Returns the number of cancel requests less those taken back. <i>Thread</i>: on the loop. */
  public int cancelling() {
    fiber.scheduler().checkOnLoop("cancelling()");
    return fiber.cancelling();
  }

  /**
   * Takes one cancel request back and returns how many are left. If none is left, a request not yet
   * delivered is dropped. For code that cancels a task and catches the {@link CancelledError}
   * itself.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public int uncancel() {
    fiber.scheduler().checkOnLoop("uncancel()");
    return fiber.uncancel();
  }

  /**
   * Returns where the task is: the frames of its body, innermost first. For a failed task, returns
   * the trace of the failure; empty for a task that has not begun, has a result, or was cancelled.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public List<StackTraceElement> stackTrace() {
    fiber.scheduler().checkOnLoop("stackTrace()");
    return fiber.stackTrace();
  }

  /** Always fails: only the body decides a task's result. */
  @Override
  public void setResult(T result) {
    throw new IllegalStateException(
        this + ": a task's result comes from its body; setResult() is for a plain Future.");
  }

  /** Always fails: only the body decides a task's result. */
  @Override
  public void setException(Throwable failure) {
    throw new IllegalStateException(
        this + ": a task's result comes from its body; setException() is for a plain Future.");
  }

  /** Always fails: only the body decides a task's result. */
  @Override
  public boolean trySetResult(T result) {
    setResult(result);
    return false;
  }

  /** Always fails: only the body decides a task's result. */
  @Override
  public boolean trySetException(Throwable failure) {
    setException(failure);
    return false;
  }

  @Override
  public String toString() {
    return "Task[" + name() + ", " + fiber.stateText() + fiber.creationText() + "]";
  }
}
