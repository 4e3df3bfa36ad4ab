package asyncio;

import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.Wait;
import asyncio.internal.util.CreationSite;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
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
  private static final AtomicLong NUMBERS = new AtomicLong();

  // Immutable.
  private final TaskFiber fiber;
  private final long number = NUMBERS.incrementAndGet();

  // Any thread.
  private volatile @Nullable String name;

  // Loop-confined.
  private @Nullable Coroutine<T, ?> body; // until it runs

  /** The lock it acquired last and still holds; each lock links to the one before. */
  @Nullable Lock held;

  // Loop-confined: links in the list of the loop's unfinished tasks.
  @Nullable Task<?> previous;
  @Nullable Task<?> following;

  Task(EventLoop loop, @Nullable String name, Coroutine<T, ?> body) {
    this(loop, name, Context.inherited(), body);
  }

  /**
   * Creates a task that is not started.
   *
   * @param context the context to run in; null for an empty one
   */
  Task(EventLoop loop, @Nullable String name, @Nullable Context context, Coroutine<T, ?> body) {
    super(loop);
    this.name = name;
    this.body = Objects.requireNonNull(body, "body");
    this.fiber = new TaskFiber(this);
    fiber.setContext(context);
  }

  /** Registers the task with its loop and makes it ready. Loop only. */
  Task<T> start() {
    return start(false);
  }

  /** As {@link #start()}; if {@code eager}, its first step runs before the caller continues. */
  Task<T> start(boolean eager) {
    loop.tasks.add(this);
    if (!eager) {
      fiber.start();
      return this;
    }
    try {
      fiber.startEagerly();
    } catch (Throwable notStarted) {
      loop.unregister(this);
      throw notStarted;
    }
    return this;
  }

  Fiber fiber() {
    return fiber;
  }

  @Override
  WaitKind waitKind() {
    return WaitKind.TASK;
  }

  /**
   * Returns the task's name: the given one, or Task-N with a number unique in this process. Any
   * thread.
   */
  public String name() {
    String given = name;
    return given != null ? given : "Task-" + number;
  }

  /** Renames the task. Any thread. */
  public void setName(String newName) {
    name = Objects.requireNonNull(newName, "newName");
  }

  /**
   * Returns the context the task runs in: a copy of its creator's, unless it was given one.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public Context context() {
    loop.scheduler.checkOnLoop("context()");
    return Context.of(fiber);
  }

  /** Returns the number of cancel requests less those taken back. <i>Thread</i>: on the loop. */
  public int cancelling() {
    loop.scheduler.checkOnLoop("cancelling()");
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
    loop.scheduler.checkOnLoop("uncancel()");
    return fiber.uncancel();
  }

  /**
   * Returns where the task is: the frames of its body, innermost first. For a failed task, returns
   * the trace of the failure; empty for a task that has not begun, has a result, or was cancelled.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public List<StackTraceElement> stackTrace() {
    loop.scheduler.checkOnLoop("stackTrace()");
    if (failed()) {
      return List.of(failure().getStackTrace());
    }
    Thread thread = isDone() ? null : fiber.thread();
    return thread == null ? List.of() : TaskStack.of(thread);
  }

  @Override
  boolean cancelOnLoop(@Nullable String message) {
    return fiber.cancel(message);
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

  private void runBody() {
    T value;
    try {
      Coroutine<T, ?> code = Objects.requireNonNull(body);
      body = null;
      fiber.throwIfCancelPending(null);
      value = code.run();
    } catch (Throwable failure) {
      ended(failure);
      return;
    }
    if (fiber.cancelPendingNow()) {
      try {
        fiber.throwIfCancelPending(null);
      } catch (CancelledError cancelled) {
        loop.discard(value);
        leave();
        endCancelled(cancelled);
      }
      return;
    }
    fiber.settle(null);
    leave();
    finish(value);
  }

  private void leave() {
    loop.unregister(this);
    if (held != null) {
      Lock.holderEnded(held);
    }
  }

  private void ended(Throwable thrown) {
    try {
      endWith(thrown);
    } catch (Throwable broken) {
      // Perhaps out of memory. Whoever awaits the task is notified anyway, and the run ends.
      markRetrieved();
      fail(thrown);
      loop.scheduler.fatal(broken);
    }
  }

  private void endWith(Throwable thrown) {
    Throwable failure = Objects.requireNonNull(fiber.settle(thrown));
    leave();
    if (failure instanceof CancelledError) {
      endCancelled(failure);
    } else if (Failures.isFatal(failure)) {
      markRetrieved();
      fail(failure);
      loop.scheduler.fatal(failure);
    } else {
      fail(failure);
    }
  }

  /** The coroutine of a task. */
  private static final class TaskFiber extends Fiber {
    private final Task<?> task;

    TaskFiber(Task<?> task) {
      super(task.loop.scheduler);
      this.task = task;
    }

    @Override
    protected void body() {
      task.runBody();
    }

    @Override
    protected void failedToStart(Throwable failure) {
      task.ended(failure);
    }

    @Override
    protected @Nullable String threadName() {
      return task.name;
    }

    @Override
    public String describe() {
      return "Task '" + task.name() + "'";
    }

    @Override
    public @Nullable CreationSite origin() {
      return task.createdAt();
    }

    @Override
    public String label() {
      return task.name();
    }

    @Override
    public String outcome() {
      return task.stateText();
    }
  }

  static @Nullable Task<?> of(@Nullable Fiber fiber) {
    return fiber instanceof TaskFiber running ? running.task : null;
  }

  @Override
  public String toString() {
    // Not for a wait for another task: that one would in turn say what it waits for, and tasks can
    // wait for each other in a cycle.
    var wait = fiber.waitsFor();
    String state;
    if (wait != null && !isDone() && !(wait instanceof AwaitFuture)) {
      state = describe(wait);
    } else {
      state = loop.scheduler.currentFiber() == fiber ? "running" : stateText();
    }
    return "Task[" + name() + ", " + state + creationText() + "]";
  }

  private static String describe(Wait wait) {
    return "waits for " + wait.describe();
  }
}
