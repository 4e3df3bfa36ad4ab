package asyncio;

import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.Wait;
import asyncio.internal.util.CreationSite;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A coroutine that runs on an event loop, and the future of its result. Made by {@link
 * Asyncio#createTask} or a {@link TaskGroup}; its first step runs after all that is ready when it
 * is made, or {@linkplain TaskOptions#withEagerStart at once}.
 *
 * <p><b>Cancelling</b> asks the coroutine to unwind: {@link CancelledError} is thrown where it
 * waits, or at its next wait; a task that has not begun never begins. A task that awaits another
 * one passes the request on and unwinds when that one has ended. Each request counts ({@link
 * #cancelling}); a scope that made one takes it back with {@link #uncancel}. A coroutine may catch
 * the signal to clean up, and throws it on.
 *
 * <p>In foreign blocking code the thread is interrupted, as a nudge; the request itself strikes at
 * the next wait of ours.
 *
 * @param <T> the result
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

  /** The lock it took last and still holds, which knows the one before. */
  @Nullable Lock held;

  // Loop-confined: the list of the loop's unfinished tasks.
  @Nullable Task<?> previous;
  @Nullable Task<?> following;

  Task(EventLoop loop, @Nullable String name, Coroutine<T, ?> body) {
    this(loop, name, Context.inherited(), body);
  }

  /**
   * A task that is not started.
   *
   * @param context the one to run in; null for an empty one
   */
  Task(EventLoop loop, @Nullable String name, @Nullable Context context, Coroutine<T, ?> body) {
    super(loop);
    this.name = name;
    this.body = Objects.requireNonNull(body, "body");
    this.fiber = new TaskFiber(this);
    fiber.setContext(context);
  }

  /** Makes the task known to its loop and ready. Loop only. */
  Task<T> start() {
    return start(false);
  }

  /** As {@link #start()}; {@code eager} runs its first step before the caller goes on. */
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
   * The task's name: as given, else Task-N with a number of its own in this process. Any thread.
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
   * The context the task runs in, made for it as a copy of its creator's unless it was given one.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public Context context() {
    loop.scheduler.checkOnLoop("context()");
    return Context.of(fiber);
  }

  /** Cancel requests less those taken back. <i>Thread</i>: on the loop. */
  public int cancelling() {
    loop.scheduler.checkOnLoop("cancelling()");
    return fiber.cancelling();
  }

  /**
   * Takes one cancel request back and returns how many are left; at none, a request not yet
   * delivered is dropped. For code that cancels a task and catches the signal itself.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public int uncancel() {
    loop.scheduler.checkOnLoop("uncancel()");
    return fiber.uncancel();
  }

  /**
   * Where the task stands: the frames of its body, innermost first. Of a task that failed, the
   * trace of the failure; none of one that has not begun, has a result, or was cancelled.
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

  /** Always fails: the body alone decides a task's result. */
  @Override
  public void setResult(T result) {
    throw new IllegalStateException(
        this + ": a task's result comes from its body; setResult() is for a plain Future.");
  }

  /** Always fails: the body alone decides a task's result. */
  @Override
  public void setException(Throwable failure) {
    throw new IllegalStateException(
        this + ": a task's result comes from its body; setException() is for a plain Future.");
  }

  /** Always fails: the body alone decides a task's result. */
  @Override
  public boolean trySetResult(T result) {
    setResult(result);
    return false;
  }

  /** Always fails: the body alone decides a task's result. */
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
      // No memory, it may be. Who awaits it is told all the same, and the run ends.
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

  /** The running part of a task. */
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
    // Another task would say in turn what it waits for, and tasks can wait for each other in a
    // circle.
    var wait = fiber.waitsFor();
    String state;
    if (wait != null && !isDone() && !(wait instanceof Future.AwaitFuture)) {
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
