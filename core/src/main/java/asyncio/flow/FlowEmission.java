package asyncio.flow;

import asyncio.Asyncio;
import asyncio.CancelledError;
import asyncio.Coroutine;
import asyncio.EventLoop;
import asyncio.ExceptionContext;
import asyncio.Future;
import asyncio.Task;
import asyncio.WaitKind;
import asyncio.internal.scheduler.Callback;
import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.LoopAction;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.scheduler.Waiter;
import asyncio.internal.scheduler.WaiterList;
import asyncio.internal.task.AbstractFuture;
import asyncio.internal.task.ForeignListener;
import asyncio.internal.task.Futures;
import asyncio.internal.task.TaskHost;
import asyncio.internal.util.Causes;
import asyncio.internal.util.Sneaky;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * One subscriber of a {@link FlowPublisher}, the task that emits for it, and its subscription.
 *
 * <p>The subscriber is called in the coroutine that emits, one call at a time; if there is no task
 * to call it, because none could be created or the loop has closed, on another thread. Whoever
 * takes it out of {@link #subscriber} makes the last call, or none if it has cancelled. Its
 * requests from other threads arrive through the loop's inbox. Only its cancellation is seen
 * immediately, so that a body that never suspends stops too.
 *
 * <p>How far it has come, and whose turn it is to call the subscriber:
 *
 * <pre>
 *   NEW --onSubscribe()--> ACTIVE --cancel(), or a wrong request()--> STOPPING --body ends--> ENDED
 *   ACTIVE --body ends--> ENDED
 *
 *   FREE --there is demand and somebody emits--> GIVEN --onNext()--> CALLING --it returns--> GIVEN
 *   FREE --onSubscribe()--> CALLING --it returns--> FREE         GIVEN --emit() ends--> FREE
 * </pre>
 */
final class FlowEmission<T> extends ForeignListener implements Flow.Subscription {
  private static final String CANCELLED = "the Flow.Subscriber cancelled its subscription";

  private enum State {
    /** The subscriber does not know of it yet. */
    NEW,
    ACTIVE,
    /** The body's task has been told to end. */
    STOPPING,
    /** The body has ended. */
    ENDED
  }

  private enum Turn {
    FREE,
    /** Somebody is about to call the subscriber, or has been woken to do so. */
    GIVEN,
    /** The subscriber is being called. */
    CALLING
  }

  // Immutable.
  private final EventLoop loop;
  private final Scheduler scheduler;
  private final FlowBody<T> body;

  // Any thread.
  /**
   * Empty once nothing more may be signalled: whoever empties it signals the end, if anybody does.
   */
  private final AtomicReference<Flow.@Nullable Subscriber<? super T>> subscriber;

  // Loop-confined.
  private @Nullable Task<?> task;
  private State state = State.NEW;
  private Turn turn = Turn.FREE;

  /** Requested and not yet emitted. */
  private long demand;

  /** Tasks that wait in {@link #emit} for demand, or for the signal before theirs. */
  private final WaiterList emitters = new WaiterList();

  /** The error that the subscriber is to get even if the body did not fail. */
  private @Nullable Throwable refused;

  private @Nullable Throwable failure;
  private boolean failedByCancel;

  FlowEmission(
      EventLoop loop,
      Scheduler scheduler,
      FlowBody<T> body,
      Flow.Subscriber<? super T> subscriber) {
    this.loop = loop;
    this.scheduler = scheduler;
    this.body = body;
    this.subscriber = new AtomicReference<>(subscriber);
  }

  // ---- the subscriber's side: any thread ----

  /** Starts the task. If that fails, the subscriber is told: subscribe() must not throw. */
  void start() {
    Coroutine<@Nullable Void, ?> run = () -> {
      run();
      return null;
    };
    Future<@Nullable Void> running;
    try {
      running = scheduler.isOnLoop()
          ? loop.<@Nullable Void>createTask(run)
          : Asyncio.runCoroutineThreadsafe(run, loop);
    } catch (Throwable noTask) { // the loop is closed, or its task factory failed
      if (isCancel(noTask) || Causes.isFatal(noTask)) {
        throw noTask;
      }
      giveUp(noTask);
      return;
    }
    if (!listenTo(running)) {
      release();
    }
  }

  @Override
  public void request(long n) {
    if (isOver()) {
      return;
    }
    if (scheduler.isOnLoop()) {
      requested(n);
    } else {
      scheduler.trySend(LoopAction.of(() -> requested(n)));
    }
  }

  @Override
  public void cancel() {
    // Immediately and on any thread: no reference is kept, and a body that never suspends sees it.
    if (subscriber.getAndSet(null) == null) {
      return;
    }
    if (scheduler.isOnLoop()) {
      stop();
    } else {
      scheduler.trySend(LoopAction.of(this::stop));
    }
  }

  private boolean isOver() {
    return subscriber.get() == null;
  }

  // ---- what it requests: loop only ----

  private void requested(long n) {
    if (state == State.ENDED || refused != null || isOver()) {
      return;
    }
    if (n <= 0) {
      refused = new IllegalArgumentException("request("
          + n
          + ") was called: a Flow.Subscriber must request at least one item (rule 3.9 of"
          + " Reactive Streams).");
      stop();
      return;
    }
    demand = n > Long.MAX_VALUE - demand ? Long.MAX_VALUE : demand + n;
    letNextEmit();
  }

  /** Ends the body; only once, because a second request would cut its cleanup short. */
  private void stop() {
    if (state == State.STOPPING || state == State.ENDED) {
      return;
    }
    state = State.STOPPING;
    emitters.wakeAll();
    Task<?> running = task;
    if (running != null) {
      Futures.cancel(running, whyStopped());
    }
  }

  private @Nullable String whyStopped() {
    return refused == null ? CANCELLED : refused.getMessage();
  }

  // ---- the body's side: in coroutines of the loop ----

  private void run() {
    task = Objects.requireNonNull(Asyncio.currentTask());
    Throwable thrown = null;
    try {
      introduce();
      if (state == State.ACTIVE && !isOver()) {
        body.run(new FlowEmitter<>(this));
      }
    } catch (Throwable any) {
      thrown = any;
    }
    state = State.ENDED;
    failure = thrown;
    failedByCancel = thrown != null && isCancel(thrown);
    emitters.wakeAll();
    if (turn == Turn.FREE) {
      signalEnd();
    }
    // These concern the task itself as well.
    if (thrown != null && (failedByCancel || Causes.isFatal(thrown))) {
      throw Sneaky.rethrow(thrown);
    }
  }

  /** A separate method, so that no frame below the body keeps the subscriber. */
  private void introduce() {
    Flow.Subscriber<? super T> to = subscriber.get();
    if (to == null) {
      return; // cancelled by whoever passed the subscription on
    }
    state = State.ACTIVE;
    turn = Turn.CALLING;
    try {
      to.onSubscribe(this);
    } catch (Throwable broken) {
      subscriberFailed("onSubscribe()", broken);
    } finally {
      turn = Turn.FREE;
    }
  }

  void emit(T item) {
    Objects.requireNonNull(item, "A Flow.Publisher can't emit null");
    scheduler.checkOnLoop("emit()");
    Fiber fiber = Current.requireTask("emit()");
    fiber.breathe();
    refuseIfOver(fiber);
    if (turn != Turn.FREE || demand == 0) {
      awaitTurn(fiber);
    }
    turn = Turn.GIVEN;
    try {
      signalNext(fiber, item);
    } finally {
      turnEnded();
    }
  }

  private void turnEnded() {
    turn = Turn.FREE;
    if (state == State.ENDED) {
      signalEnd(); // the body did not wait for this task
    } else {
      letNextEmit();
    }
  }

  private void signalNext(Fiber fiber, T item) {
    Flow.Subscriber<? super T> to = subscriber.get();
    if (to == null) {
      refuseIfOver(fiber); // cancelled by another thread at this very moment
      return;
    }
    if (demand != Long.MAX_VALUE) {
      demand--;
    }
    turn = Turn.CALLING;
    try {
      to.onNext(item);
    } catch (Throwable broken) {
      subscriberFailed("onNext()", broken);
      refuseIfOver(fiber);
    } finally {
      turn = Turn.GIVEN;
    }
  }

  private void refuseIfOver(Fiber fiber) {
    if (state == State.ENDED) {
      throw new IllegalStateException(
          "emit() was called after the body of the publisher had ended: the body must await the"
              + " tasks that emit for it, for example in a TaskGroup.");
    }
    if (state == State.STOPPING || isOver()) {
      stop();
      fiber.throwIfCancelPending(null);
      throw new CancelledError(whyStopped());
    }
  }

  /**
   * A wait in {@link #emit}. Whoever wakes it reserves the turn for it, so that nobody overtakes
   * it.
   */
  private final class Emitter extends Waiter {
    private boolean given;

    Emitter(Fiber fiber) {
      super(fiber, WaitKind.STAGE, "the demand of a Flow.Subscriber");
    }

    @Override
    protected void passOn() {
      if (given) {
        turnEnded();
      }
    }
  }

  private void awaitTurn(Fiber fiber) {
    var emitter = new Emitter(fiber);
    emitters.await(emitter);
    if (!emitter.given) {
      refuseIfOver(fiber);
    }
  }

  private void letNextEmit() {
    if (turn != Turn.FREE || demand == 0) {
      return;
    }
    for (Waiter first = emitters.poll(); first != null; first = emitters.poll()) {
      if (first.wake()) {
        ((FlowEmission<?>.Emitter) first).given = true;
        turn = Turn.GIVEN;
        return;
      }
    }
  }

  /**
   * The subscriber broke its contract: it gets no more calls, and its failure goes to the handler.
   */
  private void subscriberFailed(String method, Throwable broken) {
    if (isCancel(broken) || Causes.isFatal(broken)) {
      throw Sneaky.rethrow(broken); // it waited, and the task it waits in was cancelled
    }
    subscriber.set(null);
    loop.callExceptionHandler(new ExceptionContext(
        "A Flow.Subscriber threw in "
            + method
            + ", which is not allowed (rule 2.13 of Reactive Streams); its subscription was"
            + " cancelled.",
        broken,
        taskName()));
  }

  private @Nullable String taskName() {
    Task<?> running = task;
    return running == null ? null : running.name();
  }

  private boolean isCancel(Throwable thrown) {
    Fiber fiber = scheduler.currentFiber();
    return fiber != null ? fiber.isCancel(thrown) : thrown instanceof CancelledError;
  }

  // ---- the end ----

  /** The body has ended, and the subscriber is not being called. */
  private void signalEnd() {
    Throwable thrown = failure;
    Flow.Subscriber<? super T> to = subscriber.getAndSet(null);
    if (to == null) {
      if (thrown != null && !failedByCancel && !Causes.isFatal(thrown)) {
        loop.callExceptionHandler(new ExceptionContext(
            "The body of a Flow.Publisher failed after its subscriber had cancelled.",
            thrown,
            taskName()));
      }
      return;
    }
    try {
      Throwable error = errorFor(thrown);
      if (error == null) {
        to.onComplete();
      } else {
        to.onError(error);
      }
    } catch (Throwable broken) {
      subscriberFailed("onComplete() or onError()", broken);
    }
  }

  private @Nullable Throwable errorFor(@Nullable Throwable thrown) {
    Throwable why = refused;
    if (thrown == null) {
      return why;
    }
    if (why != null) {
      if (!failedByCancel && thrown != why) { // an exception can't suppress itself
        why.addSuppressed(thrown);
      }
      return why;
    }
    return failedByCancel ? cancellation(thrown) : thrown;
  }

  private static CancellationException cancellation(Throwable cause) {
    var cancelled = new CancellationException(cause.getMessage());
    cancelled.initCause(cause);
    return cancelled;
  }

  /**
   * Called when the task is done. If it was cancelled before its first step, the subscriber knows
   * nothing yet.
   */
  @Override
  protected void done(AbstractFuture<?> running) {
    if (isOver() || turn != Turn.FREE) { // the latter in a task that the body did not wait for
      TaskHost.of(scheduler).foreignListeners().remove(this);
      return;
    }
    Futures.markRetrieved(running);
    Throwable why =
        Futures.failed(running) ? Futures.failure(running) : Futures.cancellation(running);
    scheduler.add(new Callback() {
      @Override
      protected void call() {
        giveUp(why);
      }
    });
  }

  /** The loop has closed and runs nothing more. */
  @Override
  public void release() {
    if (turn == Turn.CALLING) {
      return; // when the subscriber's code returns, the end is signalled there
    }
    var closed = new IllegalStateException(
        "The event loop '" + loop.name() + "' closed before its Flow.Publisher was done.");
    Thread.ofVirtual().name("asyncio-after-close").start(() -> giveUp(closed));
  }

  /** Gives {@code why} to a subscriber that has no task. On any thread except the loop's own. */
  private void giveUp(Throwable why) {
    TaskHost.of(scheduler).foreignListeners().remove(this);
    Flow.Subscriber<? super T> to = subscriber.get();
    if (to == null) {
      return;
    }
    if (state == State.NEW) {
      state = State.ACTIVE;
      to.onSubscribe(this); // it may cancel
    }
    if (subscriber.getAndSet(null) != null) {
      to.onError(why);
    }
  }
}
