package asyncio;

import asyncio.internal.scheduler.Callback;
import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.LoopAction;
import asyncio.internal.scheduler.Wait;
import asyncio.internal.util.CreationSite;
import asyncio.internal.util.Sneaky;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
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
 * A result that will be there later. Belongs to one event loop: it is completed and awaited there;
 * it can be read, and waited for with {@link #get()}, from any thread.
 *
 * <pre>
 *   PENDING --setResult()-----> FINISHED
 *   PENDING --setException()--> FAILED
 *   PENDING --cancel()--------> CANCELLED
 * </pre>
 *
 * @param <T> the result
 */
public sealed class Future<T extends @Nullable Object> implements java.util.concurrent.Future<T>
    permits Task, HelperCall.Called {
  // One state machine and all that reads or moves it. In order: reading; awaiting; completing;
  // cancelling; callbacks and listeners; other threads.

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
   * Told on the loop when the future is done. Runs in the middle of somebody's step: no user code.
   */
  abstract static class Listener {
    abstract void done(Future<?> future);

    /** The coroutine that waits for the future by this; null when none does. */
    @Nullable Fiber awaitedBy() {
      return null;
    }

    /** Whether nobody is left to tell, so that the registration may go. */
    boolean isAbandoned() {
      return false;
    }
  }

  // Immutable.
  final EventLoop loop;

  // Written on the loop, the outcome before the status (release); read by any thread after it
  // (acquire).
  @SuppressWarnings("unused") // through STATUS
  private byte status = PENDING;

  private @Nullable Object outcome;

  /** Who will complete it; a plain future of a program's own unless its constructor says else. */
  private byte completer = PROGRAM;

  // Loop-confined.
  /** Null, one Listener, or a ListenerList, in order of registration. */
  private @Nullable Object listeners;

  // Any thread; a race is harmless.
  private boolean thrown;
  private volatile boolean retrieved;

  /**
   * What it leaves behind for reports: in debug mode the {@link CreationSite}; once it has failed
   * and nobody has received that, the {@link UnretrievedFailure}, which keeps the site. One field
   * for both: another would make every future eight bytes larger, also where there is no debug mode
   * (FutureSizeTest).
   */
  private @Nullable Object trace;

  /**
   * A pending future of the running loop.
   *
   * @throws IllegalStateException outside a running loop
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

  /** A future that a helper or another library completes, for reports. */
  Future(EventLoop loop, WaitKind completer) {
    this(loop);
    this.completer = completer == WaitKind.HELPER ? HELPER : STAGE;
  }

  /** What a coroutine that awaits it waits for, for reports. */
  WaitKind waitKind() {
    return switch (completer) {
      case HELPER -> WaitKind.HELPER;
      case STAGE -> WaitKind.STAGE;
      default -> WaitKind.FUTURE;
    };
  }

  /** The same in words. */
  String describeWork() {
    return switch (completer) {
      case HELPER -> "a call on a helper thread";
      case STAGE -> "a CompletionStage or a Future of another library";
      default -> toString();
    };
  }

  /** Who waits for it, in the order in which they began to. Loop only. */
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

  /** All listeners, as they are now. */
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

  /** The loop this future belongs to. */
  public final EventLoop loop() {
    return loop;
  }

  /**
   * The result, without waiting; a failure is thrown as {@link #await()} does.
   *
   * @throws InvalidStateException if the future is pending
   * @throws CancelledError if it was cancelled
   */
  public final T result() {
    if (!isDone()) {
      throw new InvalidStateException(
          this + " has no result yet: await() it, or ask isDone() first.");
    }
    return unwrap();
  }

  /**
   * The failure, without waiting; null when there is a result. Counts as having received it.
   *
   * @throws InvalidStateException if the future is pending
   * @throws CancelledError if it was cancelled
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

  /** Why it failed; only asked of one that did. */
  final Throwable failure() {
    if (outcome instanceof Throwable failure) {
      return failure;
    }
    throw new AssertionError("a failed future without a failure: a bug, please report it");
  }

  // ---- awaiting ----

  /**
   * The result, once it is there.
   *
   * <p>A failure is thrown: an unchecked exception or an Error as it is, a checked one as the cause
   * of a {@link CompletionException} ({@link #awaitThrowing(Class)} throws it bare). The first
   * receiver gets the object itself, later ones a copy of the same class with the same content; its
   * cause is the object itself where that has none of its own.
   *
   * <p><i>Waits</i> until the future is done; returns without suspending when it is.
   *
   * <p><i>If cancelled</i>: the future is cancelled, and the wait ends when it is done. A result
   * that was there before the cancel is returned, and the cancel strikes at the next wait.
   *
   * <p><i>Thread</i>: a coroutine of the future's loop; any other thread uses {@link #get()}.
   *
   * @throws CancelledError if the future is cancelled
   * @throws DeadlockException if tasks wait for each other in a circle that this wait closed
   * @throws IllegalStateException if called elsewhere, or by the task itself
   */
  public final T await() {
    awaitDone("await()");
    return unwrap();
  }

  /**
   * As {@link #await()}, but a failure of type {@code type} is thrown bare. Any other checked one
   * comes wrapped, so that a {@code catch} of its type does not see it: name all that are to be
   * caught.
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

  static final class AwaitFuture extends Listener implements Wait {
    private final Fiber fiber;
    private final Future<?> future;

    AwaitFuture(Fiber fiber, Future<?> future) {
      this.fiber = fiber;
      this.future = future;
    }

    @Override
    void done(Future<?> done) {
      fiber.wake(this);
    }

    @Override
    public boolean isOver() {
      return future.isDone();
    }

    @Override
    public @Nullable Fiber passesOnTo() {
      return future instanceof Task<?> task && !task.isDone() ? task.fiber() : null;
    }

    @Override
    public boolean cancel(@Nullable String message) {
      return future.cancelOnLoop(message);
    }

    @Override
    public String describe() {
      return future instanceof Task<?> task ? task.name() : future.describeWork();
    }

    @Override
    public WaitKind kind() {
      return future.waitKind();
    }

    @Override
    public Iterator<?> targets() {
      return Collections.singleton(future).iterator();
    }

    @Override
    public boolean endsByTargetsOnly() {
      return future instanceof Task;
    }

    @Override
    Fiber awaitedBy() {
      return fiber;
    }
  }

  @SuppressWarnings({"unchecked", "NullAway"}) // null only where T allows it
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

  /** The failure for one receiver more. */
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
   * Takes over the duty to report a failure; false when somebody has received it, or has taken it
   * over. Loop only.
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

  /** Whether it is done and has a failure; being cancelled is none. */
  final boolean failed() {
    return status() == FAILED;
  }

  /** What the next receiver of a future that did not succeed is to get, checked exceptions bare. */
  final Throwable failureForReceiver() {
    return status() == CANCELLED ? cancelledError() : takeFailure();
  }

  /** The result, once it is there; a failure is thrown as it is, checked or not. */
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

  /** What failed in the clean-up of a task that ended cancelled. */
  final List<Throwable> suppressedByCancel() {
    return isCancelled() && outcome instanceof CancelledError signal
        ? Failures.suppressedBy(signal)
        : List.of();
  }

  /** How java.util.concurrent tells that the future was cancelled. */
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
   * @throws InvalidStateException if it is done
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
   * @throws InvalidStateException if it is done
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
   * Completes the future with a result unless it is done; tells whether it did.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public boolean trySetResult(T result) {
    loop.scheduler.checkOnLoop("trySetResult()");
    return complete(FINISHED, result);
  }

  /**
   * Completes the future with a failure unless it is done; tells whether it did.
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

  /** Ends the future cancelled; {@code why} is a message, or the error itself when there is one. */
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
        loop.scheduler.fatal(noMemory); // who waits is told all the same
      }
    }
    if (told instanceof Listener one) {
      tell(one);
    } else if (told instanceof ListenerList many) {
      many.forEach(this::tell);
    }
    return true;
  }

  /** Whatever becomes of one, the others are told as well. */
  private void tell(Listener listener) {
    try {
      listener.done(this);
    } catch (Throwable broken) {
      loop.scheduler.fatal(broken);
    }
  }

  /** Somebody has received the failure, or undertakes to: it will not be reported. */
  final void markRetrieved() {
    retrieved = true;
    if (trace instanceof UnretrievedFailure report) {
      report.received();
      trace = report.createdAt;
    }
  }

  /** Where it was created, in debug mode; null else. Any thread. */
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

  /** As {@link #createdAt}, to go behind the state in a text; empty without debug mode. */
  final String creationText() {
    CreationSite site = createdAt();
    return site == null ? "" : ", " + site;
  }

  // ---- cancelling: any thread ----

  /**
   * Cancels the future: who awaits it gets {@link CancelledError}. Of a task: requests that its
   * coroutine unwinds, see {@link Task}.
   *
   * <p><i>Thread</i>: any; from another thread the request is handed to the loop.
   *
   * @return false if the future is done already
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

  /** As {@link #cancel()}: a coroutine always unwinds, so the argument makes no difference. */
  @Override
  public final boolean cancel(boolean mayInterruptIfRunning) {
    return cancel((String) null);
  }

  boolean cancelOnLoop(@Nullable String message) {
    return endCancelled(message);
  }

  // ---- callbacks ----

  /**
   * Calls {@code callback} with this future soon after it is done, in order of registration; soon,
   * if it is. It runs in a copy of the current context.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public final void addDoneCallback(Consumer<? super Future<T>> callback) {
    listen(Context.inherited(), callback);
  }

  /** As {@link #addDoneCallback(Consumer)}, to run in {@code context} itself. */
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
   * Removes all registrations of {@code callback}; returns how many there were.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public final int removeDoneCallback(Consumer<? super Future<T>> callback) {
    loop.scheduler.checkOnLoop("removeDoneCallback()");
    // Over a copy: equals() is user code, and may remove and add callbacks itself.
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

  private static class DoneCallback<T extends @Nullable Object> extends Listener {
    private final Future<T> future;
    private final Consumer<? super Future<T>> callback;
    private final @Nullable Context context;

    DoneCallback(
        Future<T> future, Consumer<? super Future<T>> callback, @Nullable Context context) {
      this.future = future;
      this.callback = callback;
      this.context = context;
    }

    @Nullable CreationSite addedAt() {
      return null;
    }

    @Override
    final void done(Future<?> done) {
      future.loop.scheduler.add(
          new Callback() {
            @Override
            protected void call() {
              callback.accept(future);
            }

            @Override
            protected @Nullable Context runsIn() {
              return context;
            }

            @Override
            public @Nullable CreationSite origin() {
              return addedAt();
            }
          });
    }
  }

  /** One that knows where it was added: debug mode. */
  private static final class TracedDoneCallback<T extends @Nullable Object>
      extends DoneCallback<T> {
    private final CreationSite addedAt = CreationSite.here();

    TracedDoneCallback(
        Future<T> future, Consumer<? super Future<T>> callback, @Nullable Context context) {
      super(future, callback, context);
    }

    @Override
    CreationSite addedAt() {
      return addedAt;
    }
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

  /** Adds a listener that is told before all others; for one at most. */
  final void addFirstListener(Listener listener) {
    Object registered = listeners;
    if (registered instanceof ListenerList many) {
      many.addFirst(listener);
    } else if (registered instanceof Listener one && !one.isAbandoned()) {
      // Stored when it is whole: if memory ends here, the one that waits is still to be told.
      var many = new ListenerList();
      many.add(listener);
      many.add(one);
      listeners = many;
    } else {
      listeners = listener;
    }
  }

  /** The one that is told first; null when there is none. */
  final @Nullable Listener firstListener() {
    return listeners instanceof ListenerList many ? many.first() : (Listener) listeners;
  }

  /** The one that was added last and is there still; null when there is none. */
  final @Nullable Listener lastListener() {
    return listeners instanceof ListenerList many ? many.last() : (Listener) listeners;
  }

  /**
   * Registers a listener from any thread; it is told on the loop. Returns false when the loop is
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

  /** Returns false when it was not registered. */
  final boolean removeListener(Listener listener) {
    if (listeners == listener) {
      listeners = null;
      return true;
    }
    return listeners instanceof ListenerList many && many.remove(listener);
  }

  // ---- other threads ----

  /**
   * The result, once it is there, for threads that are no coroutine of the loop.
   *
   * <p><i>Waits</i>: parks the calling thread. In a coroutine of the loop it waits as {@link
   * #await()} does.
   *
   * <p><i>If cancelled</i>: as {@link #await()} in a coroutine; an interrupt of another thread
   * leaves the future alone.
   *
   * <p><i>Thread</i>: any.
   *
   * @throws ExecutionException if the future failed, with the failure as cause
   * @throws CancellationException if it was cancelled
   */
  @Override
  public final T get() throws InterruptedException, ExecutionException {
    return JavaFuture.get(this);
  }

  /** As {@link #get()}, but fails when the future is not done in time; the future goes on. */
  @Override
  public final T get(long timeout, TimeUnit unit)
      throws InterruptedException, ExecutionException, java.util.concurrent.TimeoutException {
    return JavaFuture.get(this, timeout, unit);
  }

  /**
   * A CompletableFuture with the same outcome; cancelling either cancels the other.
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
