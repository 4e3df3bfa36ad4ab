package asyncio;

import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.LoopAction;
import asyncio.internal.util.CreationSite;
import asyncio.internal.util.Sneaky;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A result that will be available later. It belongs to one event loop: it is completed and awaited
 * there. It can be read, and waited for with {@link #get()}, from any thread.
 *
 * <pre>
 *   PENDING --setResult()-----> FINISHED
 *   PENDING --setException()--> FAILED
 *   PENDING --cancel()--------> CANCELLED
 * </pre>
 *
 * @param <T> the type of the result
 */
public sealed class Future<T extends @Nullable Object> implements java.util.concurrent.Future<T>
    permits Task, HelperCall.Called {
  // One state machine and everything that reads or moves it. In order: reading; awaiting;
  // completing; cancelling; callbacks and listeners; other threads.

  private static final byte PENDING = 0;
  private static final byte FINISHED = 1;
  private static final byte FAILED = 2;
  private static final byte CANCELLED = 3;

  private static final byte PROGRAM = 0;
  private static final byte HELPER = 1;
  private static final byte STAGE = 2;

  private static final VarHandle STATUS;

  static {
    try {
      STATUS = MethodHandles.lookup().findVarHandle(Future.class, "status", byte.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /**
   * Notified on the loop when the future is done. It runs in the middle of another coroutine's
   * step, so it must not run user code.
   */
  abstract static class Listener {
    abstract void done(Future<?> future);

    /** The coroutine that waits for the future through this listener; null if there is none. */
    @Nullable Fiber awaitedBy() {
      return null;
    }

    /** Whether nobody is left to notify, so that the registration may be dropped. */
    boolean isAbandoned() {
      return false;
    }
  }

  // Immutable.
  final EventLoop loop;

  // Written on the loop, the outcome before the status (release). Other threads read the status
  // first (acquire).
  @SuppressWarnings("unused") // through STATUS
  private byte status = PENDING;

  private @Nullable Object outcome;

  /** Who will complete it; the program itself, unless the constructor says otherwise. */
  private byte completer = PROGRAM;

  // Loop-confined.
  /** Null, one Listener, or a ListenerList, in order of registration. */
  private @Nullable Object listeners;

  // Any thread; a race is harmless.
  private boolean thrown;
  private volatile boolean retrieved;

  /**
   * What the future keeps for reports: in debug mode the {@link CreationSite}; once it has failed
   * and nobody has received the failure, the {@link UnretrievedFailure}, which keeps the site. One
   * field for both, because a second one would make every future eight bytes larger, even without
   * debug mode (FutureSizeTest).
   */
  private @Nullable Object trace;

  /**
   * Creates a pending future of the running loop.
   *
   * @throws IllegalStateException if called outside a running loop
   */
  public Future() {
    this(EventLoop.require("new Future()"));
  }

  Future(EventLoop loop) {
    this.loop = loop;
    if (loop.debug) {
      trace = CreationSite.here();
    }
  }

  /** Creates a future that a helper or another library completes, for reports. */
  Future(EventLoop loop, WaitKind completer) {
    this(loop);
    this.completer = completer == WaitKind.HELPER ? HELPER : STAGE;
  }

  /** What a coroutine that awaits this future waits for, for reports. */
  WaitKind waitKind() {
    return switch (completer) {
      case HELPER -> WaitKind.HELPER;
      case STAGE -> WaitKind.STAGE;
      default -> WaitKind.FUTURE;
    };
  }

  /** The same as {@link #waitKind}, in words. */
  String describeWork() {
    return switch (completer) {
      case HELPER -> "a call on a helper thread";
      case STAGE -> "a CompletionStage or a Future of another library";
      default -> toString();
    };
  }

  /** Returns who waits for this future, in the order in which they began. Loop only. */
  final Set<Fiber> awaiters() {
    Set<Fiber> all = new LinkedHashSet<>();
    for (Listener one : registered()) {
      Fiber fiber = one.awaitedBy();
      if (fiber != null) {
        all.add(fiber);
      }
    }
    return all;
  }

  /** A copy of the listeners. */
  private List<Listener> registered() {
    List<Listener> all = new ArrayList<>();
    if (listeners instanceof ListenerList many) {
      many.forEach(all::add);
    } else if (listeners instanceof Listener one) {
      all.add(one);
    }
    return all;
  }

  // ---- reading: any thread ----

  private byte status() {
    return (byte) STATUS.getAcquire(this);
  }

  @Override
  public final boolean isDone() {
    return status() != PENDING;
  }

  @Override
  public final boolean isCancelled() {
    return status() == CANCELLED;
  }

  /** Returns the loop this future belongs to. */
  public final EventLoop loop() {
    return loop;
  }

  /**
   * Returns the result without waiting; a failure is thrown as by {@link #await()}.
   *
   * @throws InvalidStateException if the future is pending
   * @throws CancelledError if the future was cancelled
   */
  public final T result() {
    if (!isDone()) {
      throw new InvalidStateException(
          this + " has no result yet: await() it, or ask isDone() first.");
    }
    return unwrap();
  }

  /**
   * Returns the failure without waiting; null if there is a result. The failure then counts as
   * received.
   *
   * @throws InvalidStateException if the future is pending
   * @throws CancelledError if the future was cancelled
   */
  public final @Nullable Throwable exception() {
    switch (status()) {
      case PENDING ->
          throw new InvalidStateException(this + " is not done: it has no exception yet.");
      case CANCELLED -> throw cancelledError();
      case FAILED -> {
        markRetrieved();
        return failure();
      }
      default -> {
        return null;
      }
    }
  }

  /** Why it failed; must be called only on a failed future. */
  final Throwable failure() {
    if (outcome instanceof Throwable failure) {
      return failure;
    }
    throw new AssertionError("a failed future without a failure: a bug, please report it");
  }

  // ---- awaiting ----

  /**
   * Waits until the future is done and returns its result.
   *
   * <p>A failure is thrown: an unchecked exception or an Error unchanged, a checked exception as
   * the cause of a {@link CompletionException} ({@link #awaitThrowing(Class)} throws it bare). The
   * first receiver gets the object itself, later receivers a copy of the same class with the same
   * content. If the object has no cause of its own, it becomes the cause of the copy.
   *
   * <p><i>Waits</i> until the future is done; returns without suspending if it already is.
   *
   * <p><i>If cancelled</i>: the future is cancelled, and the wait ends when it is done. A result
   * that was there before the cancellation is returned, and the cancellation is delivered at the
   * next wait.
   *
   * <p><i>Thread</i>: a coroutine of the future's loop; any other thread uses {@link #get()}.
   *
   * @throws CancelledError if the future is cancelled
   * @throws DeadlockException if this wait closes a cycle of tasks that wait for each other
   * @throws IllegalStateException if called elsewhere, or by the task itself
   */
  public final T await() {
    awaitDone("await()");
    return unwrap();
  }

  /**
   * As {@link #await()}, but throws a failure of type {@code type} bare. Any other checked
   * exception is wrapped, so a {@code catch} of its type does not see it: name every type you want
   * to catch.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #await()}.
   *
   * @throws X if the future failed with it
   */
  public final <X extends Exception> T awaitThrowing(Class<X> type) throws X {
    throwBare(type, type, type);
    return unwrap();
  }

  /**
   * As {@link #awaitThrowing(Class)}, for failures of two types.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #await()}.
   *
   * @throws X if the future failed with it
   * @throws Y if the future failed with it
   */
  public final <X extends Exception, Y extends Exception> T awaitThrowing(
      Class<X> first, Class<Y> second) throws X, Y {
    throwBare(first, second, second);
    return unwrap();
  }

  /**
   * As {@link #awaitThrowing(Class)}, for failures of three types.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #await()}.
   *
   * @throws X if the future failed with it
   * @throws Y if the future failed with it
   * @throws Z if the future failed with it
   */
  public final <X extends Exception, Y extends Exception, Z extends Exception> T awaitThrowing(
      Class<X> first, Class<Y> second, Class<Z> third) throws X, Y, Z {
    throwBare(first, second, third);
    return unwrap();
  }

  private void throwBare(Class<?> first, Class<?> second, Class<?> third) {
    awaitDone("awaitThrowing()");
    if (status() == FAILED
        && (first.isInstance(outcome) || second.isInstance(outcome) || third.isInstance(outcome))) {
      throw Sneaky.rethrow(takeFailure());
    }
  }

  final void awaitDone(String what) {
    if (isDone()) {
      Current.returnsAtOnce(what);
      return;
    }
    Fiber fiber = Current.requireTask(what);
    if (fiber.scheduler() != loop.scheduler) {
      throw new IllegalStateException(
          this
              + " belongs to loop '"
              + loop.name()
              + "' but is awaited on loop '"
              + fiber.scheduler().name()
              + "'. Another loop's future can be waited for as a CompletionStage:"
              + " await(future.toCompletableFuture()).");
    }
    if (this instanceof Task<?> task && task.fiber() == fiber) {
      throw new IllegalStateException(
          this
              + " awaits itself: it would wait for ever. Return the value, or await this task in"
              + " another one: createTask(() -> …).");
    }
    var wait = new AwaitFuture(fiber, this);
    addListener(wait);
    if (this instanceof Task<?> task && task.fiber().isWaiting()) {
      fiber.suspect();
    }
    try {
      fiber.suspend(wait);
    } finally {
      if (!isDone()) {
        removeListener(wait);
      }
    }
    if (isCancelled()) {
      fiber.deliver();
    }
  }

  @SuppressWarnings({"unchecked", "NullAway"}) // null only if T allows it
  private T unwrap() {
    switch (status()) {
      case FINISHED -> {
        return (T) outcome;
      }
      case CANCELLED -> throw cancelledError();
      default -> {
        Throwable failure = takeFailure();
        if (failure instanceof RuntimeException || failure instanceof Error) {
          throw Sneaky.rethrow(failure);
        }
        throw new CompletionException(failure);
      }
    }
  }

  /** The failure for one more receiver: the object itself for the first, a copy for the others. */
  private Throwable takeFailure() {
    markRetrieved();
    Throwable failure = failure();
    if (thrown) {
      return FailureCopy.of(failure);
    }
    thrown = true;
    return failure;
  }

  /**
   * Takes over the duty to report a failure. Returns false if somebody has received the failure or
   * taken the duty over already. Loop only.
   */
  final boolean takeUnretrieved() {
    if (retrieved) {
      return false;
    }
    markRetrieved();
    return true;
  }

  /** Whether it is done and has a result. */
  final boolean succeeded() {
    return status() == FINISHED;
  }

  /** Whether it is done and has a failure; a cancellation is not one. */
  final boolean failed() {
    return status() == FAILED;
  }

  /** What the next receiver of an unsuccessful future gets; checked exceptions are bare. */
  final Throwable failureForReceiver() {
    return status() == CANCELLED ? cancelledError() : takeFailure();
  }

  /** Waits for the result; a failure is thrown unchanged, checked or not. */
  final T awaitBare() {
    awaitDone("await()");
    if (!succeeded()) {
      throw Sneaky.rethrow(failureForReceiver());
    }
    return unwrap();
  }

  private CancelledError cancelledError() {
    if (!(outcome instanceof CancelledError original)) {
      return new CancelledError((String) outcome);
    }
    if (thrown) {
      return new CancelledError(original.getMessage(), original);
    }
    thrown = true;
    return original;
  }

  /** What failed in the cleanup of a task that ended cancelled. */
  final List<Throwable> suppressedByCancel() {
    return isCancelled() && outcome instanceof CancelledError signal
        ? Failures.suppressedBy(signal)
        : List.of();
  }

  /** The cancellation as java.util.concurrent reports it. */
  final CancellationException cancellation() {
    if (outcome instanceof CancelledError original) {
      var cancelled = new CancellationException(original.getMessage());
      cancelled.initCause(original);
      return cancelled;
    }
    return new CancellationException((String) outcome);
  }

  // ---- completing: loop only ----

  /**
   * Completes the future with a result.
   *
   * <p><i>Thread</i>: on the loop.
   *
   * @throws InvalidStateException if the future is done
   */
  public void setResult(T result) {
    loop.scheduler.checkOnLoop("setResult()");
    if (!trySetResult(result)) {
      throw new InvalidStateException(
          this + " is done already: setResult() came too late. trySetResult() does not mind.");
    }
  }

  /**
   * Completes the future with a failure.
   *
   * <p><i>Thread</i>: on the loop.
   *
   * @throws InvalidStateException if the future is done
   */
  public void setException(Throwable failure) {
    loop.scheduler.checkOnLoop("setException()");
    if (!trySetException(failure)) {
      throw new InvalidStateException(
          this
              + " is done already: setException() came too late. trySetException() does not mind.");
    }
  }

  /**
   * Completes the future with a result unless it is done; returns whether it did.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public boolean trySetResult(T result) {
    loop.scheduler.checkOnLoop("trySetResult()");
    return complete(FINISHED, result);
  }

  /**
   * Completes the future with a failure unless it is done; returns whether it did.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public boolean trySetException(Throwable failure) {
    loop.scheduler.checkOnLoop("trySetException()");
    return fail(failure);
  }

  final boolean finish(T result) {
    return complete(FINISHED, result);
  }

  final boolean fail(Throwable failure) {
    return complete(FAILED, Objects.requireNonNull(failure, "failure"));
  }

  /** Ends the future cancelled; {@code why} is a message, or the error itself if there is one. */
  final boolean endCancelled(@Nullable Object why) {
    return complete(CANCELLED, why);
  }

  private boolean complete(byte outcomeStatus, @Nullable Object value) {
    if (status != PENDING) {
      return false;
    }
    outcome = value;
    STATUS.setRelease(this, outcomeStatus);
    Object told = listeners;
    listeners = null;
    if (outcomeStatus == FAILED && !(told instanceof AwaitFuture) && !retrieved) {
      try {
        trace = UnretrievedFailure.watch(this, failure());
      } catch (Throwable noMemory) {
        loop.scheduler.fatal(noMemory); // those that wait are notified anyway
      }
    }
    if (told instanceof Listener one) {
      tell(one);
    } else if (told instanceof ListenerList many) {
      many.forEach(this::tell);
    }
    return true;
  }

  /** Notifies one listener. If it fails, the others are still notified. */
  private void tell(Listener listener) {
    try {
      listener.done(this);
    } catch (Throwable broken) {
      loop.scheduler.fatal(broken);
    }
  }

  /** Records that somebody has received the failure, or will: it will not be reported. */
  final void markRetrieved() {
    retrieved = true;
    if (trace instanceof UnretrievedFailure report) {
      report.received();
      trace = report.createdAt;
    }
  }

  /** Where it was created, in debug mode; otherwise null. Any thread. */
  final @Nullable CreationSite createdAt() {
    Object left = trace;
    if (left instanceof UnretrievedFailure report) {
      return report.createdAt;
    }
    return left instanceof CreationSite site ? site : null;
  }

  /** As {@link #createdAt}, for an exception handler. */
  final List<StackTraceElement> creationFrames() {
    CreationSite site = createdAt();
    return site == null ? List.of() : site.frames();
  }

  /** As {@link #createdAt}, to follow the state in a text; empty without debug mode. */
  final String creationText() {
    CreationSite site = createdAt();
    return site == null ? "" : ", " + site;
  }

  // ---- cancelling: any thread ----

  /**
   * Cancels the future: whoever awaits it gets {@link CancelledError}. Cancelling a task requests
   * that its coroutine unwinds; see {@link Task}.
   *
   * <p><i>Thread</i>: any; from another thread the request is handed to the loop.
   *
   * @return false if the future is already done
   */
  public final boolean cancel() {
    return cancel((String) null);
  }

  /** As {@link #cancel()}, with a message that travels with the {@link CancelledError}. */
  public final boolean cancel(@Nullable String message) {
    if (isDone()) {
      return false;
    }
    if (loop.scheduler.isOnLoop()) {
      return cancelOnLoop(message);
    }
    return loop.scheduler.trySend(LoopAction.of(() -> cancelOnLoop(message)));
  }

  /** Same as {@link #cancel()}: a coroutine always unwinds, so the argument makes no difference. */
  @Override
  public final boolean cancel(boolean mayInterruptIfRunning) {
    return cancel((String) null);
  }

  boolean cancelOnLoop(@Nullable String message) {
    return endCancelled(message);
  }

  // ---- callbacks ----

  /**
   * Schedules {@code callback} to be called soon after the future is done, with the future as its
   * argument; if the future already is done, it is scheduled now. Callbacks are called in order of
   * registration. Each runs in a copy of the current context.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public final void addDoneCallback(Consumer<? super Future<T>> callback) {
    listen(Context.inherited(), callback);
  }

  /** As {@link #addDoneCallback(Consumer)}, but runs in {@code context} itself. */
  public final void addDoneCallback(Context context, Consumer<? super Future<T>> callback) {
    listen(Objects.requireNonNull(context, "context"), callback);
  }

  private void listen(@Nullable Context context, Consumer<? super Future<T>> callback) {
    loop.scheduler.checkOnLoop("addDoneCallback()");
    var listener =
        loop.debug
            ? new TracedDoneCallback<>(this, callback, context)
            : new DoneCallback<>(this, callback, context);
    if (isDone()) {
      listener.done(this);
    } else {
      addListener(listener);
    }
  }

  /**
   * Removes all registrations of {@code callback} and returns how many there were.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public final int removeDoneCallback(Consumer<? super Future<T>> callback) {
    loop.scheduler.checkOnLoop("removeDoneCallback()");
    // Iterates over a copy: equals() is user code and may itself add and remove callbacks.
    int removed = 0;
    for (Listener one : registered()) {
      if (one instanceof DoneCallback<?> each
          && each.callback.equals(callback)
          && removeListener(each)) {
        removed++;
      }
    }
    return removed;
  }

  final void addListener(Listener listener) {
    Object registered = listeners;
    if (registered == null) {
      listeners = listener;
    } else if (registered instanceof Listener one) {
      if (one.isAbandoned()) {
        listeners = listener;
        return;
      }
      var many = new ListenerList();
      many.add(one);
      many.add(listener);
      listeners = many;
    } else {
      ((ListenerList) registered).add(listener);
    }
  }

  /** Adds a listener that is notified before all others; for at most one. */
  final void addFirstListener(Listener listener) {
    Object registered = listeners;
    if (registered instanceof ListenerList many) {
      many.addFirst(listener);
    } else if (registered instanceof Listener one && !one.isAbandoned()) {
      // Stored only when complete: if memory runs out here, the one that waits is still notified.
      var many = new ListenerList();
      many.add(listener);
      many.add(one);
      listeners = many;
    } else {
      listeners = listener;
    }
  }

  /** The listener that is notified first; null if there is none. */
  final @Nullable Listener firstListener() {
    return listeners instanceof ListenerList many ? many.first() : (Listener) listeners;
  }

  /** The listener added last that is still registered; null if there is none. */
  final @Nullable Listener lastListener() {
    return listeners instanceof ListenerList many ? many.last() : (Listener) listeners;
  }

  /**
   * Registers a listener from any thread; it is notified on the loop. Returns false if the loop is
   * closed.
   */
  final boolean listenFromAnyThread(Listener listener) {
    return loop.scheduler.trySend(
        LoopAction.of(
            () -> {
              if (isDone()) {
                listener.done(this);
              } else {
                addListener(listener);
              }
            }));
  }

  /** Returns false if the listener was not registered. */
  final boolean removeListener(Listener listener) {
    if (listeners == listener) {
      listeners = null;
      return true;
    }
    return listeners instanceof ListenerList many && many.remove(listener);
  }

  // ---- other threads ----

  /**
   * Waits for the result, on threads that are not coroutines of the loop.
   *
   * <p><i>Waits</i>: parks the calling thread. In a coroutine of the loop it waits as {@link
   * #await()} does.
   *
   * <p><i>If cancelled</i>: as {@link #await()} in a coroutine; interrupting another thread leaves
   * the future alone.
   *
   * <p><i>Thread</i>: any.
   *
   * @throws ExecutionException if the future failed, with the failure as its cause
   * @throws CancellationException if the future was cancelled
   */
  @Override
  public final T get() throws InterruptedException, ExecutionException {
    return JavaFuture.get(this);
  }

  /** As {@link #get()}, but fails if the future is not done in time; the future keeps running. */
  @Override
  public final T get(long timeout, TimeUnit unit)
      throws InterruptedException, ExecutionException, java.util.concurrent.TimeoutException {
    return JavaFuture.get(this, timeout, unit);
  }

  /**
   * Returns a CompletableFuture with the same outcome; cancelling either cancels the other.
   *
   * <p><i>Thread</i>: any.
   */
  public final CompletableFuture<T> toCompletableFuture() {
    return JavaFuture.toCompletable(this);
  }

  String stateText() {
    return switch (status()) {
      case PENDING -> "pending";
      case FINISHED -> "finished";
      case CANCELLED -> "cancelled";
      default -> "failed: " + failure().getClass().getName();
    };
  }

  @Override
  public String toString() {
    return "Future[" + stateText() + creationText() + "]";
  }
}
