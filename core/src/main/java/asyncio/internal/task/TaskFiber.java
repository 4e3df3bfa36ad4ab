package asyncio.internal.task;

import asyncio.CancelledError;
import asyncio.Coroutine;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.FiberContext;
import asyncio.internal.scheduler.Wait;
import asyncio.internal.util.Causes;
import asyncio.internal.util.CreationSite;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The coroutine of a task: runs the body and gives its outcome to the future of the task. It is
 * what the library itself knows of a task.
 */
public final class TaskFiber extends Fiber {
  private static final AtomicLong NUMBERS = new AtomicLong();

  /** A lock that a task holds. */
  public interface HeldLock {
    /** Called when the task has ended still holding this lock and any it acquired before. */
    void holderEnded();
  }

  // Immutable.
  private final AbstractFuture<?> future;
  private final long number = NUMBERS.incrementAndGet();

  // Any thread.
  private volatile @Nullable String name;

  // Loop-confined.
  /** The lock it acquired last and still holds; each lock links to the one before. */
  public @Nullable HeldLock held;

  // Loop-confined: links in the list of the loop's unfinished tasks.
  @Nullable
  TaskFiber previous;

  @Nullable
  TaskFiber following;

  /**
   * Creates a coroutine that is not started.
   *
   * @param name the name of the task; null for one made from its number
   * @param context the context to run in; null for an empty one
   */
  public TaskFiber(
      AbstractFuture<?> future, @Nullable String name, @Nullable FiberContext context) {
    super(future.scheduler);
    this.future = future;
    this.name = name;
    setContext(context);
  }

  /**
   * Returns the coroutine of a task that a wait, or something of which it is a part, refers to by
   * the coroutine itself or by the task; null for any other object.
   */
  public static @Nullable TaskFiber of(@Nullable Object object) {
    return object instanceof AbstractFuture<?> future
        ? future.fiber()
        : object instanceof TaskFiber fiber ? fiber : null;
  }

  // ---- facts: any thread ----

  /** Returns the future of the task's outcome: the task, as users see it. */
  public AbstractFuture<?> future() {
    return future;
  }

  /** Returns whether the task has ended. */
  public boolean hasEnded() {
    return future.isDone();
  }

  /** Returns the task's name. */
  @Override
  public String label() {
    String given = name;
    return given != null ? given : "Task-" + number;
  }

  /** Renames the task. */
  public void rename(String newName) {
    name = Objects.requireNonNull(newName, "newName");
  }

  @Override
  protected @Nullable String threadName() {
    return name;
  }

  @Override
  public String describe() {
    return "Task '" + label() + "'";
  }

  @Override
  public @Nullable CreationSite origin() {
    return future.createdAt();
  }

  /** Returns where it was created, to follow its name in a text; empty without debug mode. */
  public String creationText() {
    return future.creationText();
  }

  @Override
  public String outcome() {
    return future.stateText();
  }

  /** Returns what it does or how it ended, for its text. */
  public String stateText() {
    // Not for a wait for another task: that one would in turn say what it waits for, and tasks can
    // wait for each other in a cycle.
    Wait wait = waitsFor();
    if (wait != null && !hasEnded() && !(wait instanceof AwaitFuture)) {
      return "waits for " + wait.describe();
    }
    return scheduler().currentFiber() == this ? "running" : future.stateText();
  }

  /**
   * Returns where the task is: the frames of its body, innermost first. For a failed task, returns
   * the trace of the failure; empty for a task that has not begun, has a result, or was cancelled.
   * Loop only.
   */
  public List<StackTraceElement> stackTrace() {
    if (future.failed()) {
      return List.of(future.failure().getStackTrace());
    }
    Thread thread = hasEnded() ? null : thread();
    return thread == null ? List.of() : TaskStack.of(thread);
  }

  @Override
  public String toString() {
    return future.toString();
  }

  // ---- its life: loop only ----

  /**
   * Registers the task with its loop and makes it ready.
   *
   * @param eager whether its first step runs before the caller continues
   */
  public void start(boolean eager) {
    TaskHost host = TaskHost.of(scheduler());
    host.tasks().add(this);
    if (!eager) {
      start();
      return;
    }
    try {
      startEagerly();
    } catch (Throwable notStarted) {
      unregister();
      throw notStarted;
    }
  }

  private void unregister() {
    TaskHost host = TaskHost.of(scheduler());
    if (host.tasks().remove(this)) {
      host.taskEnded(this);
    }
  }

  @Override
  protected void body() {
    runBody(future);
  }

  private <T extends @Nullable Object> void runBody(AbstractFuture<T> task) {
    T value;
    try {
      Coroutine<T, ?> code = task.takeBody();
      throwIfCancelPending(null);
      value = code.run();
    } catch (Throwable failure) {
      ended(failure);
      return;
    }
    if (cancelPendingNow()) {
      try {
        throwIfCancelPending(null);
      } catch (CancelledError cancelled) {
        TaskHost.of(scheduler()).discard(value);
        leave();
        task.endCancelled(cancelled);
      }
      return;
    }
    settle(null);
    leave();
    task.finish(value);
  }

  private void leave() {
    unregister();
    HeldLock lock = held;
    if (lock != null) {
      lock.holderEnded();
    }
  }

  @Override
  protected void failedToStart(Throwable failure) {
    ended(failure);
  }

  private void ended(Throwable thrown) {
    try {
      endWith(thrown);
    } catch (Throwable broken) {
      // Perhaps out of memory. Whoever awaits the task is notified anyway, and the run ends.
      future.markRetrieved();
      future.fail(thrown);
      scheduler().fatal(broken);
    }
  }

  private void endWith(Throwable thrown) {
    Throwable failure = Objects.requireNonNull(settle(thrown));
    leave();
    if (failure instanceof CancelledError) {
      future.endCancelled(failure);
    } else if (Causes.isFatal(failure)) {
      future.markRetrieved();
      future.fail(failure);
      scheduler().fatal(failure);
    } else {
      future.fail(failure);
    }
  }
}
