package asyncio;

import asyncio.internal.scheduler.CancelRequest;
import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.LoopAction;
import asyncio.internal.scheduler.Waiter;
import asyncio.internal.task.AbstractFuture;
import asyncio.internal.task.Failures;
import asyncio.internal.task.Futures;
import asyncio.internal.task.Listener;
import asyncio.internal.util.Causes;
import asyncio.internal.util.Sneaky;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * Tasks that begin and end together: {@link #run} returns when the body and all tasks of the group
 * have ended. If one fails, the others are cancelled and the failures are thrown as one {@link
 * ExceptionGroup}. A group can be used once.
 *
 * <pre>{@code
 * var group = new TaskGroup();
 * String both = group.run(() -> {
 *   var a = group.createTask(() -> fetch("a"));
 *   var b = group.createTask(() -> fetch("b"));
 *   return a.await() + b.await();
 * });
 * }</pre>
 */
public final class TaskGroup {
  // Two states: how far the scope has come, and whether it is to end early.
  //
  //   CREATED --run()--> RUNNING --body ends--> ENDING
  //   ENDING --no task is left, or they can't end--> ENDED
  //
  //   NONE --cancel() before run()----------------------------------> AT_ENTRY
  //   NONE --body fails or is cancelled, or the group while ENDING--> TASKS
  //   NONE or AT_ENTRY --cancel(), or run() after that--------------> TASKS_AND_PARENT
  //   NONE --a task fails-------------------------------------------> TASKS_AND_PARENT

  private enum State {
    CREATED,
    /** The body is running. */
    RUNNING,
    /** The body has ended, and the parent waits for the tasks. */
    ENDING,
    ENDED
  }

  /** What has been asked to end early. Only ever moves down this list. */
  private enum Abort {
    NONE,
    /** The group, as soon as it begins. */
    AT_ENTRY,
    /** The tasks; no more can be created. */
    TASKS,
    /** Also the coroutine that runs the group; that request is taken back at the end. */
    TASKS_AND_PARENT
  }

  // Loop-confined.
  private final Set<Task<?>> tasks = new LinkedHashSet<>();
  private final List<Throwable> errors = new ArrayList<>();

  /** The same failures, for lookup: a hundred thousand may fail in one turn. */
  private final Set<Throwable> known = Collections.newSetFromMap(new IdentityHashMap<>(0));

  private @Nullable Fiber parent;
  private @Nullable EventLoop loop;
  private @Nullable Throwable fatal;
  private @Nullable Waiter emptied;
  private State state = State.CREATED;
  private Abort abort = Abort.NONE;
  private int cancellingAtEntry;

  /** The group's cancel request to its own body, taken back at the end; null until it makes one. */
  private @Nullable CancelRequest ownCancel;

  /** Creates a group that has not begun. */
  public TaskGroup() {}

  private final class ChildDone extends Listener {
    @Override
    protected void done(AbstractFuture<?> future) {
      childDone((Task<?>) future);
    }

    @Override
    protected @Nullable Fiber awaitedBy() {
      return parent;
    }

    @Override
    protected @Nullable Fiber stillWaiting() {
      return emptied == null ? null : parent; // not while the body waits for something else
    }
  }

  /** The wait at the end of the scope. */
  private final class Emptied extends Waiter {
    Emptied(Fiber fiber) {
      super(fiber, WaitKind.TASK, "the tasks of a group");
    }

    @Override
    public Iterator<?> targets() {
      return tasks.iterator();
    }

    @Override
    public boolean endsByTargetsOnly() {
      return true;
    }

    @Override
    public boolean mustGoOn() {
      return true;
    }
  }

  /**
   * Runs the body, waits for all tasks of the group, including those created meanwhile, and returns
   * the body's result; null if {@link #cancel} ended the body before it had one.
   *
   * <p><i>Waits</i> until the body and all tasks have ended.
   *
   * <p><i>If cancelled</i>: the tasks are cancelled and waited for. Then {@link CancelledError} is
   * thrown, unless there are failures: those take precedence, and the cancellation is delivered at
   * the next wait.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @throws ExceptionGroup if the body or a task failed; a task that is cancelled on its own does
   *     not count, but what its cleanup threw does
   * @throws DeadlockException if the tasks can never end and ignore their cancellation; earlier
   *     failures are suppressed in it
   * @throws IllegalStateException if the group was used before, or if it can't wait for its tasks
   *     at the end, for instance in a class initialiser. In the latter case, and if a {@link
   *     StackOverflowError} prevents the wait, the tasks are cancelled and left behind, and earlier
   *     failures are suppressed in what is thrown
   */
  public <T extends @Nullable Object, X extends Exception> T run(Coroutine<T, X> body) throws X {
    Fiber current = Current.requireTask("TaskGroup.run()");
    if (state != State.CREATED) {
      throw new IllegalStateException(
          "This task group has already been used: create a new one for each scope.");
    }
    parent = current;
    loop = EventLoop.of(current.scheduler());
    state = State.RUNNING;
    cancellingAtEntry = current.cancelling();
    if (abort == Abort.AT_ENTRY) {
      cancelAll(current);
    }
    T value = nullUntilSet();
    Throwable failure = null;
    try {
      value = body.run();
    } catch (Throwable thrown) {
      failure = thrown;
    }
    exit(current, failure);
    return value;
  }

  /** As {@link #run(Coroutine)}, for a body without a result. */
  public <X extends Exception> void run(Action<X> body) throws X {
    this.<@Nullable Void, X>run(() -> {
      body.run();
      return null;
    });
  }

  /** A null that callers see only if {@link #cancel} ended a body that had no result yet. */
  @SuppressWarnings({"NullAway", "TypeParameterUnusedInFormals"})
  private static <T extends @Nullable Object> T nullUntilSet() {
    return null;
  }

  private void exit(Fiber current, @Nullable Throwable thrown) {
    state = State.ENDING;
    Throwable failure = current.settle(thrown);
    if (failure != null && fatal == null && Causes.isFatal(failure)) {
      fatal = failure;
    }
    CancelledError outside = failure instanceof CancelledError signal ? signal : null;
    CancelledError whileEnding = null;
    boolean stoodStill = false;
    int outsideRequests = current.cancelling() - (parentIsCancelled() ? 1 : 0);
    if (failure != null && !isAborting()) {
      abort(Abort.TASKS, "the body of the task group failed or was cancelled");
    }
    while (!tasks.isEmpty()) {
      var waiter = new Emptied(current);
      emptied = waiter;
      try {
        waiter.awaitPermit();
      } catch (DeadlockException standsStill) {
        if (stoodStill) {
          throw Sneaky.rethrow(leftWith(standsStill, failure, current));
        }
        stoodStill = true;
        collect(List.of(standsStill));
        abort(Abort.TASKS, "the task group can't end"); // also those that ignored an earlier cancel
      } catch (CancelledError signal) {
        whileEnding = signal;
        if (!isAborting()) {
          outside = signal;
          abort(Abort.TASKS, "the task group was cancelled from outside");
        }
      } catch (Throwable cantWait) { // in a class initialiser, or not enough stack left
        abort(Abort.TASKS, "the task group can't wait for its tasks");
        throw Sneaky.rethrow(leftWith(cantWait, failure, current));
      } finally {
        emptied = null;
      }
    }
    state = State.ENDED;
    if (fatal != null) {
      throw Sneaky.rethrow(fatal);
    }
    if (parentIsCancelled() && current.takeBack(ownCancel) <= cancellingAtEntry) {
      outside = null;
    } else if (outside == null && current.cancelling() > outsideRequests) {
      outside = current.cancelPending() ? null : whileEnding;
    }
    if (failure != null && !(failure instanceof CancelledError)) {
      collectOfBody(failure);
    }
    if (outside != null && errors.isEmpty()) {
      throw outside;
    }
    if (failure instanceof CancelledError swallowed) {
      collect(Failures.suppressedBy(swallowed));
    }
    if (!errors.isEmpty()) {
      redeliverCancel(current);
      throw new ExceptionGroup("Unhandled failures in a task group", errors);
    }
  }

  /**
   * Repeats a cancellation from outside that the failures hid: it is delivered at the next wait,
   * with the count unchanged.
   */
  private void redeliverCancel(Fiber current) {
    if (current.cancelling() > cancellingAtEntry) {
      current.redeliverCancel();
    }
  }

  /**
   * Collects what the body threw, unless it is what the body got from a failed task of the group.
   */
  private void collectOfBody(Throwable failure) {
    Throwable cause = failure instanceof CompletionException ? Causes.causeOf(failure) : null;
    if (cause == null || !known.contains(cause)) {
      collect(List.of(failure));
    }
  }

  /**
   * Leaves the group for {@code reason}, because the tasks ignore their cancellation or can't be
   * waited for. No failure is lost.
   */
  @SuppressWarnings("ReferenceEquality") // an exception can't suppress itself
  private Throwable leftWith(Throwable reason, @Nullable Throwable bodyFailed, Fiber current) {
    state = State.ENDED;
    if (parentIsCancelled()) {
      current.takeBack(ownCancel);
    }
    redeliverCancel(current);
    if (bodyFailed != null) {
      collectOfBody(bodyFailed);
    }
    for (Throwable error : errors) {
      if (error != reason) {
        reason.addSuppressed(error);
      }
    }
    return fatal != null ? fatal : reason;
  }

  /**
   * Ends the group early and without a failure: cancels its unfinished tasks and its body, and
   * {@link #run} returns when they have ended, with null if the body has no result. If called
   * before {@link #run}, it takes effect there, at the body's first wait. It does nothing if the
   * group has ended or is already being cancelled.
   *
   * <p><i>Thread</i>: on the loop of the group.
   */
  public void cancel() {
    EventLoop on = loop;
    if (on == null) {
      abort = Abort.AT_ENTRY;
      return;
    }
    on.scheduler.checkOnLoop("TaskGroup.cancel()");
    if (state != State.ENDED && !isAborting()) {
      cancelAll(Objects.requireNonNull(parent));
    }
  }

  private void cancelAll(Fiber current) {
    if (state == State.RUNNING) {
      abortWithParent(current, "the group was cancelled", "the task group was cancelled");
    } else {
      abort(Abort.TASKS, "the group was cancelled");
    }
  }

  private void abortWithParent(Fiber current, String why, String whyParent) {
    abort(Abort.TASKS_AND_PARENT, why);
    ownCancel = new CancelRequest();
    current.cancel(whyParent, ownCancel);
  }

  private void abort(Abort what, String why) {
    if (what.compareTo(abort) > 0) {
      abort = what;
    }
    for (Task<?> task : List.copyOf(tasks)) {
      Futures.cancel(task, why);
    }
  }

  private boolean isAborting() {
    return abort.compareTo(Abort.TASKS) >= 0;
  }

  private boolean parentIsCancelled() {
    return abort == Abort.TASKS_AND_PARENT;
  }

  private void childDone(Task<?> task) {
    if (failuresOf(task).isEmpty()) {
      ended(task);
      return;
    }
    // Not in the step that failed: other failures of the same turn are to be collected, not
    // cancelled.
    Futures.scheduler(task).add(LoopAction.of(() -> childFailed(task)));
  }

  /**
   * Returns the failure of a task. For a cancelled task, what its cleanup threw, because nobody
   * else may look for it.
   */
  private static List<Throwable> failuresOf(Task<?> task) {
    return Futures.failed(task) ? List.of(Futures.failure(task)) : Futures.suppressedByCancel(task);
  }

  /** Collects each failure once: whoever awaits a task of the group gets the same object. */
  private void collect(List<Throwable> failures) {
    for (Throwable failure : failures) {
      if (known.add(failure)) {
        errors.add(failure);
      }
    }
  }

  private void ended(Task<?> task) {
    tasks.remove(task);
    Waiter waiting = emptied;
    if (waiting != null && tasks.isEmpty()) {
      waiting.wake();
    }
  }

  private void childFailed(Task<?> task) {
    ended(task);
    Waiter waiting = emptied;
    if (waiting != null) {
      waiting.fiber().suspect(); // this task leaves a turn after its end
    }
    if (state == State.ENDED) {
      return; // the group was left early: nobody receives it here
    }
    Futures.markRetrieved(task);
    collect(failuresOf(task));
    if (fatal == null && Futures.failed(task) && Causes.isFatal(Futures.failure(task))) {
      fatal = Futures.failure(task);
    }
    Fiber current = Objects.requireNonNull(parent);
    if (!isAborting()) {
      abortWithParent(current, "another task of the group failed", "a task of the group failed");
    }
  }

  /**
   * Starts a task of the group.
   *
   * <p><i>Thread</i>: on the loop of the group.
   *
   * @throws IllegalStateException before {@link #run}, after it, or if the group is being cancelled
   */
  public <T extends @Nullable Object> Task<T> createTask(Coroutine<T, ?> body) {
    return create(TaskOptions.defaults(), body);
  }

  /** As {@link #createTask(Coroutine)}, with a name for the task. */
  public <T extends @Nullable Object> Task<T> createTask(String name, Coroutine<T, ?> body) {
    return create(TaskOptions.defaults().withName(name), body);
  }

  /** As {@link #createTask(Coroutine)}, for a body without a result. */
  public Task<@Nullable Void> createTask(Action<?> body) {
    return create(TaskOptions.defaults(), Asyncio.withoutResult(body));
  }

  /** As {@link #createTask(String, Coroutine)}, for a body without a result. */
  public Task<@Nullable Void> createTask(String name, Action<?> body) {
    return create(TaskOptions.defaults().withName(name), Asyncio.withoutResult(body));
  }

  /**
   * As {@link #createTask(Coroutine)}, with a name, a context, or a start before the caller
   * continues.
   */
  public <T extends @Nullable Object> Task<T> createTask(
      TaskOptions options, Coroutine<T, ?> body) {
    return create(options, body);
  }

  /** As {@link #createTask(TaskOptions, Coroutine)}, for a body without a result. */
  public Task<@Nullable Void> createTask(TaskOptions options, Action<?> body) {
    return create(options, Asyncio.withoutResult(body));
  }

  private <T extends @Nullable Object> Task<T> create(TaskOptions options, Coroutine<T, ?> body) {
    EventLoop on = loop;
    if (on == null) {
      throw new IllegalStateException(
          "This task group is not running yet: create tasks inside group.run(() -> …).");
    }
    on.scheduler.checkOnLoop("TaskGroup.createTask()");
    if (state == State.ENDED || (state == State.ENDING && tasks.isEmpty())) {
      throw new IllegalStateException(
          "This task group has ended: no more tasks can be created in it.");
    }
    if (isAborting()) {
      throw new IllegalStateException(
          "This task group is shutting down, because a task failed or it was cancelled: no more"
              + " tasks can be created in it.");
    }
    Task<T> task = on.createTask(options, body);
    if (state == State.ENDED) { // meanwhile: a factory may wait
      Futures.cancel(task, "the group ended while the task was being created");
      return task;
    }
    // Added first, even if it is done: a failure is collected a turn later, and run() waits for it.
    tasks.add(task);
    boolean ended = task.isDone(); // it started eagerly and did not wait
    Futures.listen(task, new ChildDone());
    if (!ended
        && isAborting()) { // meanwhile: a factory may wait, and a first step may fail the group
      Futures.cancel(task, "the group was cancelled while the task was being created");
    }
    return task;
  }

  @Override
  public String toString() {
    return "TaskGroup[tasks="
        + tasks.size()
        + ", errors="
        + errors.size()
        + (state == State.ENDED ? ", ended]" : "]");
  }
}
