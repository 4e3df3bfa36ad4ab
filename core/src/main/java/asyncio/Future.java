package asyncio;

import asyncio.internal.bridge.JavaFuture;
import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.task.AbstractFuture;
import asyncio.internal.task.DoneCallback;
import asyncio.internal.task.Futures;
import java.util.Objects;
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
public sealed class Future<T extends @Nullable Object> extends AbstractFuture<T>
    implements java.util.concurrent.Future<T> permits Task {
  // What users see of a future; the work is done in AbstractFuture. In order: reading; awaiting;
  // completing; cancelling; callbacks; other threads.

  /**
   * Creates a pending future of the running loop.
   *
   * @throws IllegalStateException if called outside a running loop
   */
  public Future() {
    super(Current.require("new Future()"));
  }

  Future(Scheduler scheduler) {
    super(scheduler);
  }

  /** Creates a future that a helper or another library completes, for reports. */
  Future(Scheduler scheduler, WaitKind completer) {
    super(scheduler, completer);
  }

  /** Creates the future of a task. */
  Future(Scheduler scheduler, Coroutine<T, ?> body) {
    super(scheduler, body);
  }

  // ---- reading: any thread ----

  @Override
  public final boolean isDone() {
    return super.isDone();
  }

  @Override
  public final boolean isCancelled() {
    return super.isCancelled();
  }

  /** Returns the loop this future belongs to. */
  public final EventLoop loop() {
    return EventLoop.of(Futures.scheduler(this));
  }

  /**
   * Returns the result without waiting; a failure is thrown as by {@link #await()}.
   *
   * @throws InvalidStateException if the future is pending
   * @throws CancelledError if the future was cancelled
   */
  @Override
  public final T result() {
    return super.result();
  }

  /**
   * Returns the failure without waiting; null if there is a result. The failure then counts as
   * received.
   *
   * @throws InvalidStateException if the future is pending
   * @throws CancelledError if the future was cancelled
   */
  @Override
  public final @Nullable Throwable exception() {
    return super.exception();
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
  @Override
  public final T await() {
    return super.await();
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
    return Futures.awaitAny(this, type, type, type);
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
    return Futures.awaitAny(this, first, second, second);
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
    return Futures.awaitAny(this, first, second, third);
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
    Futures.scheduler(this).checkOnLoop("setResult()");
    if (!trySetResult(result)) {
      throw new InvalidStateException(this
          + " is already done: setResult() came too late. Where that can happen, use"
          + " trySetResult().");
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
    Futures.scheduler(this).checkOnLoop("setException()");
    if (!trySetException(failure)) {
      throw new InvalidStateException(this
          + " is already done: setException() came too late. Where that can happen, use"
          + " trySetException().");
    }
  }

  /**
   * Completes the future with a result unless it is done; returns whether it did.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public boolean trySetResult(T result) {
    Futures.scheduler(this).checkOnLoop("trySetResult()");
    return Futures.finish(this, result);
  }

  /**
   * Completes the future with a failure unless it is done; returns whether it did.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public boolean trySetException(Throwable failure) {
    Futures.scheduler(this).checkOnLoop("trySetException()");
    return Futures.fail(this, failure);
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
  @Override
  public final boolean cancel(@Nullable String message) {
    return super.cancel(message);
  }

  /** Same as {@link #cancel()}: a coroutine always unwinds, so the argument makes no difference. */
  @Override
  public final boolean cancel(boolean mayInterruptIfRunning) {
    return cancel((String) null);
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
    Futures.scheduler(this).checkOnLoop("addDoneCallback()");
    Futures.listen(this, DoneCallback.of(this, callback, context));
  }

  /**
   * Removes all registrations of {@code callback} and returns how many there were.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public final int removeDoneCallback(Consumer<? super Future<T>> callback) {
    Futures.scheduler(this).checkOnLoop("removeDoneCallback()");
    return Futures.removeCallback(this, callback);
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

  @Override
  public String toString() {
    return "Future[" + Futures.stateText(this) + "]";
  }
}
