package asyncio.internal.task;

import asyncio.CancelledError;
import asyncio.Coroutine;
import asyncio.InvalidStateException;
import asyncio.WaitKind;
import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.LoopAction;
import asyncio.internal.scheduler.Scheduler;
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
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * The state of a future, whoever waits for it, and how it gets its outcome: the superclass of the
 * public {@code Future}, which adds what users see. A superclass, because a second object would
 * make every future larger.
 *
 * <pre>
 *   PENDING --finish()-------> FINISHED
 *   PENDING --fail()---------> FAILED
 *   PENDING --endCancelled()-> CANCELLED
 * </pre>
 *
 * <p>The classes of this package use it directly, others through {@link Futures}: a public or
 * protected method here would be one of the public class as well.
 *
 * @param <T> the type of the result
 */
public abstract class AbstractFuture<T extends @Nullable Object> {
  // One state machine and everything that reads or moves it. In order: what it is; reading;
  // awaiting; completing; cancelling; listeners.

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
      STATUS = MethodHandles.lookup().findVarHandle(AbstractFuture.class, "status", byte.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  // Immutable.
  final Scheduler scheduler;

  // Written on the loop, the outcome before the status (release). Other threads read the status
  // first (acquire).
  @SuppressWarnings("unused") // through STATUS
  private byte status = PENDING;

  /** The result, or why there is none; while a task has not begun, its body. */
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

  // ---- what it is ----

  /** Creates a pending future. */
  protected AbstractFuture(Scheduler scheduler) {
    this.scheduler = scheduler;
    if (scheduler.debug) {
      trace = CreationSite.here();
    }
  }

  /**
   * Creates a pending future that a helper or another library completes.
   *
   * @param completer {@link WaitKind#HELPER} or {@link WaitKind#STAGE}, for reports
   */
  protected AbstractFuture(Scheduler scheduler, WaitKind completer) {
    this(scheduler);
    this.completer = completer == WaitKind.HELPER ? HELPER : STAGE;
  }

  /** Creates the future of a task, which runs {@code body}. */
  protected AbstractFuture(Scheduler scheduler, Coroutine<T, ?> body) {
    this(scheduler);
    this.outcome = Objects.requireNonNull(body, "body");
  }

  /**
   * Returns the coroutine whose outcome this is; null if it is not a task.
   *
   * @hidden
   */
  @SuppressWarnings("InvalidBlockTag") // a tag of javadoc's that Error Prone does not know
  protected @Nullable TaskFiber fiber() {
    return null;
  }

  /** Takes the body of a task, once. */
  @SuppressWarnings("unchecked") // put there by the constructor
  final Coroutine<T, ?> takeBody() {
    Object body = Objects.requireNonNull(outcome);
    outcome = null;
    return (Coroutine<T, ?>) body;
  }

  /** Returns what a coroutine that awaits this future waits for, for reports. */
  final WaitKind waitKind() {
    return switch (completer) {
      case HELPER -> WaitKind.HELPER;
      case STAGE -> WaitKind.STAGE;
      default -> fiber() == null ? WaitKind.FUTURE : WaitKind.TASK;
    };
  }

  /** Returns the same as {@link #waitKind}, in words. */
  final String describeWork() {
    TaskFiber fiber = fiber();
    return switch (completer) {
      case HELPER -> "a call on a helper thread";
      case STAGE -> "a CompletionStage or a Future of another library";
      default -> fiber == null ? toString() : fiber.label();
    };
  }

  /** Returns its state in a word, and the class of its failure. */
  final String stateText() {
    return switch (status()) {
      case PENDING -> "pending";
      case FINISHED -> "finished";
      case CANCELLED -> "cancelled";
      default -> "failed: " + failure().getClass().getName();
    };
  }

  /** Returns where it was created, in debug mode; otherwise null. Any thread. */
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

  // ---- reading: any thread ----

  private byte status() {
    return (byte) STATUS.getAcquire(this);
  }

  /** Returns whether it has an outcome. */
  protected boolean isDone() {
    return status() != PENDING;
  }

  /** Returns whether it has been cancelled. */
  protected boolean isCancelled() {
    return status() == CANCELLED;
  }

  /** Returns whether it is done and has a result. */
  final boolean succeeded() {
    return status() == FINISHED;
  }

  /** Returns whether it is done and has a failure; a cancellation is not one. */
  final boolean failed() {
    return status() == FAILED;
  }

  /** Returns the result without waiting; throws what the public method promises. */
  protected T result() {
    if (!isDone()) {
      throw new InvalidStateException(
          this + " has no result yet: await() it, or check isDone() first.");
    }
    return unwrap();
  }

  /** Returns the failure without waiting; throws what the public method promises. */
  protected @Nullable Throwable exception() {
    switch (status()) {
      case PENDING ->
        throw new InvalidStateException(this
            + " is not done, so it has no exception yet: await() it, or check isDone()"
            + " first.");
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

  /** Returns why it failed; must be called only on a failed future. */
  final Throwable failure() {
    if (outcome instanceof Throwable failure) {
      return failure;
    }
    throw new AssertionError("a failed future without a failure: a bug, please report it");
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

  /** Returns what the next receiver of an unsuccessful future gets; checked exceptions are bare. */
  final Throwable failureForReceiver() {
    return status() == CANCELLED ? cancelledError() : takeFailure();
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

  /** Returns what failed in the cleanup of a task that ended cancelled. */
  final List<Throwable> suppressedByCancel() {
    return isCancelled() && outcome instanceof CancelledError signal
        ? Failures.suppressedBy(signal)
        : List.of();
  }

  /** Returns the cancellation as java.util.concurrent reports it. */
  final CancellationException cancellation() {
    if (outcome instanceof CancelledError original) {
      var cancelled = new CancellationException(original.getMessage());
      cancelled.initCause(original);
      return cancelled;
    }
    return new CancellationException((String) outcome);
  }

  /** Records that somebody has received the failure, or will: it will not be reported. */
  final void markRetrieved() {
    retrieved = true;
    if (trace instanceof UnretrievedFailure report) {
      report.received();
      trace = report.createdAt;
    }
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

  // ---- awaiting: on a coroutine of the loop ----

  /** Waits until it is done; the future itself tells how it ended. */
  final void awaitDone(String what) {
    if (isDone()) {
      Current.returnsAtOnce(what);
      return;
    }
    Fiber fiber = Current.requireTask(what);
    if (fiber.scheduler() != scheduler) {
      throw new IllegalStateException(this
          + " belongs to loop '"
          + scheduler.name()
          + "' but was awaited on loop '"
          + fiber.scheduler().name()
          + "'. Await another loop's future as a CompletionStage:"
          + " await(future.toCompletableFuture()).");
    }
    if (fiber() == fiber) {
      throw new IllegalStateException(this
          + " tried to await itself, and would wait for ever. Return the value, or await this"
          + " task from another one: createTask(() -> …).");
    }
    var wait = new AwaitFuture(fiber, this);
    addListener(wait);
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

  /** Waits for the result; a checked exception is wrapped. */
  protected T await() {
    awaitDone("await()");
    return unwrap();
  }

  /** Waits for the result; a failure of one of these types is thrown unchanged. */
  final T awaitAny(Class<?> first, Class<?> second, Class<?> third) {
    awaitDone("awaitThrowing()");
    if (failed()
        && (first.isInstance(outcome) || second.isInstance(outcome) || third.isInstance(outcome))) {
      throw Sneaky.rethrow(takeFailure());
    }
    return unwrap();
  }

  /** Waits for the result; a failure is thrown unchanged, checked or not. */
  final T awaitBare() {
    awaitDone("await()");
    if (!succeeded()) {
      throw Sneaky.rethrow(failureForReceiver());
    }
    return unwrap();
  }

  // ---- completing: loop only ----

  /** Ends it with a result unless it is done; returns whether it did. */
  final boolean finish(T result) {
    return complete(FINISHED, result);
  }

  /** Ends it with a failure unless it is done; returns whether it did. */
  final boolean fail(Throwable failure) {
    return complete(FAILED, Objects.requireNonNull(failure, "failure"));
  }

  /**
   * Ends it cancelled unless it is done; returns whether it did.
   *
   * @param why a message, or the error itself if there is one
   */
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
    if (outcomeStatus == FAILED && !isAwaited(told) && !retrieved) {
      try {
        trace = UnretrievedFailure.watch(this, failure());
      } catch (Throwable noMemory) {
        scheduler.fatal(noMemory); // those that wait are notified anyway
      }
    }
    if (told instanceof Listener one) {
      tell(one);
    } else if (told instanceof ListenerList many) {
      many.forEach(this::tell);
    }
    return true;
  }

  /** Whether a coroutine that waits will receive the failure. */
  private static boolean isAwaited(@Nullable Object listeners) {
    return listeners instanceof AwaitFuture
        || (listeners instanceof ListenerList many && many.last() instanceof AwaitFuture);
  }

  /** Notifies one listener. If it fails, the others are still notified. */
  private void tell(Listener listener) {
    try {
      listener.done(this);
      Fiber waiting = listener.stillWaiting();
      if (waiting != null && waiting.isWaiting()) {
        waiting.suspect(); // it waits for others, and all that are left may wait for it
      }
    } catch (Throwable broken) {
      scheduler.fatal(broken);
    }
  }

  // ---- cancelling ----

  /** Cancels it, from any thread; returns false if it is done already. */
  protected boolean cancel(@Nullable String message) {
    if (isDone()) {
      return false;
    }
    if (scheduler.isOnLoop()) {
      return cancelOnLoop(message);
    }
    return scheduler.trySend(LoopAction.of(() -> cancelOnLoop(message)));
  }

  /** Cancels it: a task is asked to unwind, any other future ends now. Loop only. */
  final boolean cancelOnLoop(@Nullable String message) {
    TaskFiber fiber = fiber();
    return fiber != null ? fiber.cancel(message) : endCancelled(message);
  }

  // ---- listeners: loop only unless noted otherwise ----

  /** Returns who waits for this future, in the order in which they began. */
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

  /** Registers a listener, or notifies it now if the future is done. */
  final void listen(Listener listener) {
    if (isDone()) {
      listener.done(this);
    } else {
      addListener(listener);
    }
  }

  /** Registers a listener of a future that is not done. */
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

  /** Returns the listener that is notified first; null if there is none. */
  final @Nullable Listener firstListener() {
    return listeners instanceof ListenerList many ? many.first() : (Listener) listeners;
  }

  /** Returns the listener added last that is still registered; null if there is none. */
  final @Nullable Listener lastListener() {
    return listeners instanceof ListenerList many ? many.last() : (Listener) listeners;
  }

  /**
   * Registers a listener from any thread; it is notified on the loop. Returns false if the loop is
   * closed.
   */
  final boolean listenFromAnyThread(Listener listener) {
    return scheduler.trySend(LoopAction.of(() -> listen(listener)));
  }

  /** Returns false if the listener was not registered. */
  final boolean removeListener(Listener listener) {
    if (listeners == listener) {
      listeners = null;
      return true;
    }
    return listeners instanceof ListenerList many && many.remove(listener);
  }

  /** Removes all registrations of {@code callback} and returns how many there were. */
  final int removeCallback(Object callback) {
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
}
