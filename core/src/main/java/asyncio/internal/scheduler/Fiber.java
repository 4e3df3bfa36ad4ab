package asyncio.internal.scheduler;

import asyncio.CancelledError;
import asyncio.internal.util.CreationSite;
import asyncio.internal.util.VectorRegisters;
import org.jspecify.annotations.Nullable;

/**
 * A coroutine at run time: its virtual thread, its place in the loop, the one wait it is in, and
 * the cancel requests it has received.
 *
 * <pre>
 *   NEW --start()--> READY --the loop reaches it---> RUNNING --suspend()--> WAITING --its wait ends--> READY
 *                                                      |  ^
 *                            parks in foreign code     v  |  its step comes back
 *                                                     FOREIGN
 *   RUNNING --body ends--> DONE
 * </pre>
 *
 * <p><b>Every wait</b> follows this diagram. Its state is kept here, not in the {@link Wait}, so a
 * wake-up meant for an earlier wait has no effect:
 *
 * <pre>
 *   OPEN --wake(wait)-------------> WOKEN       what was waited for is available
 *   OPEN --endByCancel(wait, why)-> CANCELLED   suspend() throws the request
 *   OPEN --fail(error)------------> FAILED      suspend() throws the error
 *   FAILED --wake(wait)-----------> WOKEN       before the coroutine has run
 * </pre>
 *
 * <p>All transitions are made on the loop: by the running coroutine or by the loop's own thread.
 * {@link #suspend} loops until its wait has ended, so a coroutine that is resumed for another
 * reason, such as by an entry that an error left in the ready queue, keeps waiting.
 *
 * <p><b>Cancel requests</b> are kept by {@link CancelRequests}. A pending request takes effect at
 * the next wait that would suspend. One that arrived in the middle of a step counts even if the
 * body ends in that step; one that arrived when a wait was already over, or while the coroutine was
 * in foreign code, does not: then what the body returns counts. An interrupt is only a nudge for
 * foreign code.
 */
public abstract class Fiber extends Baton implements Runnable {
  // One state machine and everything that moves it. In order: what it is and how it starts;
  // waiting; cancel requests; for reports; for the carrier.

  static final byte NEW = 0;
  static final byte READY = 1;
  static final byte RUNNING = 2;
  static final byte WAITING = 3;
  static final byte FOREIGN = 4;
  static final byte DONE = 5;

  // Values of foreignWait.
  public static final byte NOWHERE = 0;
  public static final byte BY_NATURE = 1;
  public static final byte AT_A_LOCK = 2;

  /**
   * The {@link #label} of a virtual thread that runs on a loop but is not one of its coroutines.
   */
  public static final String NO_COROUTINE = "a virtual thread that is not a coroutine";

  private static final byte OPEN = 0;
  private static final byte WOKEN = 1;
  private static final byte CANCELLED = 2;
  private static final byte FAILED = 3;

  // Immutable.
  private final @Nullable ClassLoader contextClassLoader;

  // Loop-confined.
  byte state = NEW;

  /** State of the current wait; meaningless outside one. */
  private byte outcome;

  private boolean nudged;

  /** What it last parked at in foreign code, as seen by the mounted carrier. */
  public byte foreignWait;

  /** Whether it announced that it would wait in foreign code. */
  public boolean inBlocking;

  /** Whether it is among those that {@link StallDetector} will examine. */
  boolean suspected;

  /** Whether the excuse for its cycle has expired; see {@link StallDetector#excuse}. */
  boolean overdue;

  private @Nullable CancelRequests requests;
  private @Nullable Wait wait;

  /** The innermost region in which it may not wait; null outside. */
  @Nullable
  Region region;

  /** The context it runs in; null while that is empty and nobody has asked for it. */
  private @Nullable FiberContext context;

  @Nullable
  Thread thread;

  /** What the JDK hands to the executor to continue this thread; mounted carrier only. */
  public @Nullable Runnable continuation;

  /**
   * Creates a coroutine of {@code scheduler} that inherits the context class loader of its creator.
   */
  protected Fiber(Scheduler scheduler) {
    super(scheduler);
    this.contextClassLoader = Thread.currentThread().getContextClassLoader();
  }

  /**
   * Does the coroutine's work. Whatever it throws is fatal to the loop: implementations catch what
   * user code throws.
   */
  protected abstract void body() throws Throwable;

  /** Called on the loop's own thread if the coroutine could not be started; it counts as ended. */
  protected abstract void failedToStart(Throwable failure);

  /** Returns its name, for reports. */
  public abstract String describe();

  /** Returns where it was created, in debug mode; null otherwise. For reports. Any thread. */
  public @Nullable CreationSite origin() {
    return null;
  }

  /** Returns its name for use on its own, in records and lists. Any thread. */
  public String label() {
    return describe();
  }

  /** Returns how its body ended, in a word or two; null for a coroutine that is not a task. */
  public @Nullable String outcome() {
    return null;
  }

  /**
   * Returns a name for its thread, for debuggers and thread dumps; null for none, which costs
   * nothing.
   */
  protected @Nullable String threadName() {
    return null;
  }

  /** Whether our own waiting methods may be called in this coroutine. */
  protected boolean mayWait() {
    return true;
  }

  @Override
  final IllegalStateException pinned() {
    return new IllegalStateException(Pinned.describe(this));
  }

  /** Returns the loop it belongs to. */
  public final Scheduler scheduler() {
    return scheduler;
  }

  /** Returns the context it runs in; null for an empty one. Loop only. */
  public final @Nullable FiberContext context() {
    return context;
  }

  /** Moves it to another context. Loop only. */
  public final void setContext(@Nullable FiberContext to) {
    context = to;
  }

  /** Makes a new coroutine ready: it runs after everything that is ready now. Loop only. */
  public final void start() {
    if (state != NEW) {
      throw startedTwice();
    }
    scheduler.ready.add(this);
    state = READY;
    recordStart();
  }

  private void recordStart() {
    Recorder recorder = scheduler.recorder;
    if (recorder != null) {
      recorder.taskStarted(this);
    }
  }

  private static IllegalStateException startedTwice() {
    return new IllegalStateException("coroutine started twice: a bug, please report it");
  }

  /**
   * Runs the first step of a new coroutine, up to its first park of any kind, before the running
   * coroutine continues and before anything else. If no coroutine of this loop is running, does the
   * same as {@link #start}.
   */
  public final void startEagerly() {
    Fiber creator = scheduler.currentFiber();
    if (creator == null) {
      start();
      return;
    }
    if (creator.region != null) {
      throw Region.refusal("createTask() with an eager start", creator);
    }
    scheduler.ensureHeadroom();
    if (state != NEW) {
      throw startedTwice();
    }
    recordStart();
    creator.letGoFirst(this);
  }

  private void letGoFirst(Fiber child) {
    int before = cancelling();
    try {
      scheduler.addFirst(child, this);
      child.state = READY;
      state = READY;
      scheduler.carrier.suspend(this);
    } catch (Throwable notSuspended) {
      // It never left its step, because it is pinned or short of stack, so neither entry was taken.
      scheduler.removeFirst(child, this);
      state = RUNNING;
      throw notSuspended;
    }
    CancelRequests received = requests;
    if (received != null && received.count() > before) {
      // To the canceller, this coroutine was in the middle of its step.
      received.pendNow();
    }
  }

  @Override
  public final void run(Scheduler ignored) {
    if (state == READY) { // otherwise an error left the entry behind; see yieldNow()
      scheduler.carrier.resume(this);
    }
  }

  /** The thread's body. */
  @Override
  public final void run() {
    takeResumed();
    Recorder beginning = scheduler.recorder;
    if (beginning != null) {
      beginning.stepBegan(this);
    }
    try {
      body();
    } catch (Throwable failure) {
      scheduler.fatal(failure);
    } finally {
      Recorder recorder = scheduler.recorder;
      if (recorder != null) {
        recorder.taskEnded(this);
        recorder.stepEnds(this);
      }
      state = DONE;
      scheduler.stallDetector.ended(this);
      // A task that is kept for its result does not keep its thread.
      thread = null;
      continuation = null;
      scheduler.carrier.ended(this);
    }
  }

  public final Thread makeThread(Thread.Builder.OfVirtual builder) {
    Thread made = builder.unstarted(this);
    if (contextClassLoader != made.getContextClassLoader()) {
      made.setContextClassLoader(contextClassLoader);
    }
    String name = threadName();
    if (name != null) {
      made.setName(name);
    }
    thread = made;
    VectorRegisters.clearUpperHalves();
    return made;
  }

  // ---- waiting: called by the running coroutine itself ----

  /**
   * Suspends until {@code what} has ended. A pending cancel is handed to it first.
   *
   * @throws CancelledError if a cancel ended it
   */
  public final void suspend(Wait what) {
    settleInterrupt(true);
    wait = what;
    outcome = OPEN;
    try {
      if (cancelPending() && what.cancel(cancelMessage())) {
        deliver();
      }
      if (outcome == OPEN && what.isOver()) {
        return;
      }
      if (outcome == OPEN && what.mayCloseCycle()) {
        suspect();
      }
      while (outcome == OPEN) {
        state = WAITING;
        try {
          scheduler.carrier.suspend(this);
        } finally {
          state = RUNNING;
        }
      }
    } finally {
      wait = null;
    }
    if (outcome == CANCELLED) {
      throw cancelledError(cancelRequests().endedWait());
    }
    if (outcome == FAILED) {
      throw scheduler.stallDetector.takeVerdict(this);
    }
  }

  /**
   * Ends the wait {@code what} successfully, if this coroutine is in it and nothing has ended it
   * yet. Loop only.
   *
   * @return whether it did; if not, nobody was woken, and what was promised is still available
   */
  public final boolean wake(Wait what) {
    return end(what, WOKEN);
  }

  /**
   * Ends the wait {@code what} by a cancel, if this coroutine is in it and nothing has ended it
   * yet. For {@link Wait#cancel}. Loop only.
   */
  public final boolean endByCancel(Wait what, @Nullable String why) {
    if (!end(what, CANCELLED)) {
      return false;
    }
    cancelRequests().endWait(why);
    return true;
  }

  /**
   * Ends the current wait with an error, unless something else ends it before the coroutine runs.
   *
   * @return whether it is in a wait that nothing has ended yet
   */
  final boolean endByError() {
    Wait current = wait;
    return state == WAITING && current != null && end(current, FAILED);
  }

  private boolean end(Wait what, byte how) {
    if (wait != what || (outcome != OPEN && outcome != FAILED) || scheduler.closed) {
      return false;
    }
    if (outcome == FAILED) {
      scheduler.stallDetector.takeVerdict(this);
    }
    if (state == WAITING) {
      scheduler.ready.add(this);
      state = READY;
    }
    outcome = how;
    return true;
  }

  /**
   * Notes that its wait may be part of a cycle; it is examined when the loop has nothing else to
   * do. A wait that begins is noted by {@link #suspend}. This is for what happens to a wait later:
   * fewer are left that can end it.
   */
  public final void suspect() {
    overdue = false;
    if (!suspected) {
      suspected = true;
      scheduler.stallDetector.suspect(this);
    }
  }

  /** Lets everything else that is ready run once. */
  public final void yieldNow() {
    settleInterrupt(true);
    throwIfCancelPending(null);
    scheduler.ready.add(this);
    state = READY;
    try {
      scheduler.carrier.suspend(this);
    } finally {
      // If it could not be suspended, its entry is dropped when the loop reaches it.
      state = RUNNING;
    }
    throwIfCancelPending(null);
  }

  /**
   * Lets others run if the current step has lasted long. For a waiting method that may return
   * immediately: a program that calls only such methods would hold its loop for ever, and no time
   * limit would take effect.
   */
  public final void breathe() {
    if (scheduler.stepIsLong()) {
      yieldWhereItCan();
      throwIfCancelPending(null);
    }
  }

  /**
   * As {@link #breathe}, for a wait whose value is already there and may exist nowhere else: a
   * cancel that arrives meanwhile does not keep the value from the caller, and takes effect at the
   * next wait. One that arrived earlier takes effect here; otherwise no time limit would take
   * effect around code that makes only such waits.
   */
  public final void breatheBeforeValue() {
    if (scheduler.stepIsLong()) {
      throwIfCancelPending(null);
      yieldWhereItCan();
    }
  }

  /** Lets everything else that is ready run once, as {@link #breatheBeforeValue} does. */
  public final void yieldBeforeValue() {
    throwIfCancelPending(null);
    yieldWhereItCan();
  }

  /** Whether the current step has lasted long, as far as the watchdog has seen. */
  public final boolean stepIsLong() {
    return scheduler.stepIsLong();
  }

  private void yieldWhereItCan() {
    if (Pinned.inInitialiser()) {
      return; // this wait is optional
    }
    scheduler.ensureHeadroom();
    settleInterrupt(true);
    scheduler.ready.add(this);
    state = READY;
    try {
      scheduler.carrier.suspend(this);
    } catch (IllegalStateException belowANativeFrame) {
      // It has not waited, and its entry is dropped when the loop reaches it.
    } finally {
      state = RUNNING;
    }
  }

  /** Throws the pending cancel, if there is one. */
  public final void throwIfCancelPending(@Nullable String fallback) {
    if (cancelPending()) {
      String message = cancelMessage();
      throw cancelledError(message != null ? message : fallback);
    }
  }

  /**
   * Clears the interrupt flag. A flag that no nudge of ours explains is somebody's request to stop,
   * and counts as a cancel if {@code foreignCounts}.
   */
  private void settleInterrupt(boolean foreignCounts) {
    Thread self = thread;
    if (self != null && self.isInterrupted()) {
      Thread.interrupted();
      if (!nudged && foreignCounts) {
        cancel("interrupted");
      }
    }
    nudged = false;
  }

  /**
   * Called at the end of a scope or body: clears interrupts, and returns what the body threw as the
   * scope should see it. An exception that an interrupt of ours made foreign code throw becomes the
   * cancel behind that interrupt, with the exception as its cause.
   *
   * @param thrown what the body threw; null for nothing
   */
  public final @Nullable Throwable settle(@Nullable Throwable thrown) {
    Throwable seen = thrown;
    if (thrown != null && isCausedByNudge(thrown)) {
      seen = new CancelledError(cancelMessage(), thrown);
      deliver();
    }
    settleInterrupt(false);
    return seen;
  }

  /** Whether {@code thrown} is a cancel, or what an interrupt of ours made foreign code throw. */
  public final boolean isCancel(Throwable thrown) {
    return thrown instanceof CancelledError || isCausedByNudge(thrown);
  }

  private boolean isCausedByNudge(Throwable thrown) {
    return nudged && Interrupts.explain(thrown);
  }

  // ---- cancel requests: loop only ----

  private CancelRequests cancelRequests() {
    CancelRequests received = requests;
    if (received == null) {
      received = new CancelRequests();
      requests = received;
    }
    return received;
  }

  /** As {@link #cancel(String, CancelRequest)}, for a request that nobody will refer to again. */
  public final boolean cancel(@Nullable String why) {
    return cancel(why, null);
  }

  /**
   * Requests the cancellation of this coroutine. If it waits for another one to end, that one is
   * cancelled too, and so on down the chain; if the chain leads into a cycle, which nothing else
   * would end, this coroutine's wait is ended.
   *
   * @param scope the request of a scope of this coroutine, which the scope can take back; null for
   *     any other
   * @return false if it has ended
   */
  public final boolean cancel(@Nullable String why, @Nullable CancelRequest scope) {
    if (state == DONE) {
      return false;
    }
    scheduler.cancelWave.request(this, why, scope);
    return true;
  }

  /** Delivers a request, as part of a {@link CancelWave}. */
  final void deliverCancel(@Nullable String why, @Nullable CancelRequest scope) {
    if (state == DONE) {
      return;
    }
    cancelRequests().receive(scope, why);
    Wait current = wait;
    if (state == WAITING && current != null && current.passesOnTo() != null && leadsIntoACycle()) {
      cancelRequests().delivered(scope);
      endByCancel(current, why);
      return;
    }
    // A loop, not recursion: chains can be longer than the stack is deep.
    Fiber target = this;
    CancelRequest own = scope;
    for (Fiber next = target.passesOnTo(); next != null; next = target.passesOnTo()) {
      target.cancelRequests().delivered(own);
      own = null;
      target = next;
      target.cancelRequests().receive(null, why);
    }
    target.received(own, why);
  }

  private @Nullable Fiber passesOnTo() {
    Wait current = wait;
    return state == WAITING && current != null ? current.passesOnTo() : null;
  }

  /**
   * Brent's algorithm: walks the chain, comparing with a place that is moved up at each power of
   * two.
   */
  private boolean leadsIntoACycle() {
    Fiber anchor = this;
    long steps = 0;
    long power = 1;
    for (Fiber next = passesOnTo(); next != null; next = next.passesOnTo()) {
      if (next == anchor) {
        return true;
      }
      if (++steps == power) {
        anchor = next;
        power *= 2;
        steps = 0;
      }
    }
    return false;
  }

  /** Applies a request that has been counted: it ends the wait, or stays pending. */
  private void received(@Nullable CancelRequest scope, @Nullable String why) {
    CancelRequests all = cancelRequests();
    Wait current = wait;
    if (state == WAITING && current != null && current.cancel(why)) {
      all.delivered(scope);
      return;
    }
    if (state == RUNNING || thread == null) {
      all.pendNow();
    }
    if (state == FOREIGN) {
      nudged = true;
      // Not here: an interrupt runs JDK code that may take locks, and this may be the loop's own
      // thread.
      scheduler.ready.add(new Nudge(this));
    }
  }

  /**
   * Marks all pending requests as delivered, for a wait that passed one on and ended because of it.
   */
  public final void deliver() {
    CancelRequests received = requests;
    if (received != null) {
      received.deliver();
    }
  }

  /** Delivers all pending requests, and returns the error to throw. */
  public final CancelledError cancelledError(@Nullable String why) {
    deliver();
    return new CancelledError(why);
  }

  /** Returns the number of requests, less those taken back. */
  public final int cancelling() {
    CancelRequests received = requests;
    return received == null ? 0 : received.count();
  }

  /** Takes one request back and returns how many are left. */
  public final int uncancel() {
    CancelRequests received = requests;
    if (received == null) {
      return 0;
    }
    received.takeBackAny();
    return received.count();
  }

  /**
   * Takes back the request of a scope, if it was made; one from elsewhere stays, and takes effect
   * if it has not yet. Returns how many are left.
   */
  public final int takeBack(@Nullable CancelRequest scope) {
    CancelRequests received = requests;
    if (received == null) {
      return 0;
    }
    if (scope != null) {
      received.takeBack(scope);
    }
    return received.count();
  }

  /**
   * Makes a delivered cancel that had no effect take effect at the next wait, without counting it
   * again.
   */
  public final void redeliverCancel() {
    CancelRequests received = requests;
    if (received != null) {
      received.redeliver();
    }
  }

  /** Whether a request is pending. */
  public final boolean cancelPending() {
    CancelRequests received = requests;
    return received != null && received.isPending();
  }

  /** Whether a pending request arrived in the middle of the current step. */
  public final boolean cancelPendingNow() {
    CancelRequests received = requests;
    return received != null && received.isPendingNow();
  }

  /** Returns the message of the last request. */
  public final @Nullable String cancelMessage() {
    CancelRequests received = requests;
    return received == null ? null : received.message();
  }

  /**
   * Cancels this coroutine: someone else interrupted it while it was suspended in one of our waits.
   * A nudge of ours reaches it only in foreign code.
   */
  @Override
  final void interruptedWhileSuspended() {
    cancel("interrupted");
  }

  private static final class Nudge extends Callback {
    private final Fiber target;

    Nudge(Fiber target) {
      this.target = target;
    }

    @Override
    protected void call() {
      Thread thread = target.thread;
      if (target.state == FOREIGN && target.nudged && thread != null) {
        thread.interrupt();
      }
    }
  }

  // ---- for reports: loop only ----

  /** Returns whether this coroutine is in one of our waits, and nothing has ended it yet. */
  public final boolean isInOpenWait() {
    return wait != null && outcome == OPEN;
  }

  /** Returns what this coroutine waits for in one of our waits, or null. */
  public final @Nullable Wait waitsFor() {
    return wait;
  }

  /**
   * Whether callbacks that were due when its cycle was found have had their chance to end it. Loop
   * only.
   */
  public final boolean isOverdue() {
    return overdue;
  }

  /** Whether it is suspended in one of our waits, and nothing has ended the wait yet. */
  public final boolean isWaiting() {
    return state == WAITING;
  }

  /** Whether it is in foreign code. */
  public final boolean inForeignCode() {
    return state == FOREIGN;
  }

  /** Whether it is in foreign code and announced that it would be. */
  public final boolean isBlocking() {
    return state == FOREIGN && inBlocking;
  }

  /** Whether it has ended. */
  public final boolean isDone() {
    return state == DONE;
  }

  /** Returns its thread; null before its first step. */
  public final @Nullable Thread thread() {
    return thread;
  }

  /** Whether it is suspended, in one of our waits or ready to continue. Any thread; a guess. */
  public final boolean isSuspended() {
    return state == WAITING || state == READY;
  }

  /** Whether its step is running. */
  public final boolean isRunning() {
    return state == RUNNING;
  }

  // ---- for the carrier ----

  /** Notes that its thread could not be started: it counts as ended. */
  public final void notStarted(Throwable failure) {
    state = DONE;
    failedToStart(failure);
  }

  /** Notes that foreign code has parked it, or is about to block it: its step ends without us. */
  public final void leavesForForeignCode() {
    state = FOREIGN;
  }

  /** Returns the innermost region in which it may not wait; null outside. */
  public final @Nullable Region region() {
    return region;
  }
}
