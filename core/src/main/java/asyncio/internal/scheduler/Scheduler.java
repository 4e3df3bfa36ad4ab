package asyncio.internal.scheduler;

import asyncio.CarrierKind;
import asyncio.Clock;
import asyncio.internal.util.Durations;
import asyncio.internal.util.Headroom;
import asyncio.internal.util.Sneaky;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The event loop: a ready queue, timers, an inbox for other threads, an engine for the operating
 * system's events, and a carrier that runs one coroutine at a time.
 *
 * <p>One turn: take what other threads left; if nothing is ready, wait for the operating system;
 * move what is due to the ready queue; then run exactly the steps that are ready now, first in
 * first out. While there is always something ready, the loop checks the operating system and the
 * timers every {@value #POLL_INTERVAL} steps, and sooner if steps are long: the watchdog says when,
 * because reading the clock after each step would cost up to a fifth of a switch.
 *
 * <p>"On the loop" means in the running coroutine or on the loop's own thread; never both at once,
 * and each step happens-before the next. Fields are confined to the loop unless stated otherwise.
 */
public final class Scheduler implements Clock.Activity {
  // A turn and everything it touches; independent parts are separate classes (Inbox, Timers,
  // ReadyQueue, Callbacks, StallDetector). In order: on the loop, or not; facts for any thread;
  // queues and timers; steps; driving: a turn, a poll, a sleep; the end.

  /**
   * Number of steps between two looks at the operating system; prime, like Tokio's, so that it does
   * not fall into step with anything.
   */
  private static final int POLL_INTERVAL = 61;

  // Immutable.
  private final String name;
  private final Clock clock;
  private final long origin;
  private final Host host;
  final LazyPoller poller;
  final Carrier carrier;
  final Inbox inbox = new Inbox(new WakeUp(this), new Unpark(this));

  // Any thread.
  /** The thread that drives the loop; null while none does. */
  volatile @Nullable Thread thread;

  /**
   * Whether a caller waits for the loop's own thread, which has not responded yet; for the
   * watchdog.
   */
  private volatile boolean callWaits;

  /** Watches this loop. */
  public final LoopMonitor monitor;

  /** Debug mode: whether tasks, futures and callbacks created from now on record where. */
  public volatile boolean debug;

  /**
   * Records what this loop does; null while nobody records. Written by the watchdog, read on the
   * loop without ordering: it makes no difference which of the next steps sees it first.
   */
  @Nullable
  Recorder recorder;

  /**
   * The thread of the coroutine whose step is running. Written on the loop, read by any thread
   * without ordering: a thread that reads itself here is that coroutine, because the field was
   * written before its step began; a thread that reads anything else is not.
   */
  @Nullable
  Thread running;

  /** Odd while a step runs; for the watchdog. */
  private long steps;

  /**
   * While the loop sleeps, when it means to wake, as a time of System.nanoTime; for the watchdog,
   * and on the portable carrier only. 0 while awake.
   */
  private long sleepsUntil;

  // Loop-confined.
  final ReadyQueue ready = new ReadyQueue();
  final Callbacks callbacks = new Callbacks(this);
  final StallDetector stallDetector = new StallDetector(this);
  final CancelWave cancelWave = new CancelWave();
  final StandBy standBy = new StandBy(this);
  final LoopTimers timers = new LoopTimers();
  private final Map<Class<?>, Object> locals = new HashMap<>(2);
  private @Nullable Fiber current;
  private int turnLeft;
  private int sincePoll;

  /**
   * Whether the watchdog tells this loop when to look at the time; with a custom clock, only steps
   * are counted.
   */
  private final boolean ticks;

  /**
   * Whether time has passed since the last look at the timers. Set by the watchdog, cleared by the
   * loop.
   */
  private volatile boolean lookDue;

  /**
   * The number ({@link #steps}) of a step that the watchdog has seen last long; it matches no step
   * once that one has ended.
   */
  private volatile long longStep = -1;

  final AfterSteps afterStep = new AfterSteps(this);
  private boolean stopping;
  private int headroomCalls;
  private boolean endsTasks;
  private boolean survived;

  /** Also read by other loops, when an object that belonged to this one has moved to them. */
  boolean closed;

  private int helpers;

  private final Set<Resource> resources = new LinkedHashSet<>();

  private @Nullable Throwable fatal;

  /**
   * Creates an open loop that nobody drives yet.
   *
   * @param name of the loop and its thread
   */
  public Scheduler(String name, Host host, Clock clock, LoopParts parts) {
    this.name = name;
    this.host = host;
    this.clock = clock;
    this.ticks = clock == Clock.system();
    this.origin = clock.nanoTime();
    this.poller = new LazyPoller(this, parts);
    this.monitor = parts.monitor(this);
    this.carrier = parts.carrier(this); // last: the first loop waits here for work begun earlier
  }

  /** Registers a new loop: from now on its coroutines find it, and the watchdog watches it. */
  public void open() {
    Current.opened(this);
    monitor.opened();
  }

  // ---- on the loop, or not: any thread ----

  /** Returns the running coroutine; one must be running. */
  Fiber fiber() {
    Fiber fiber = current;
    if (fiber == null) {
      throw new AssertionError(
          "a loop runs its coroutine without knowing it: a bug, please report it");
    }
    return fiber;
  }

  /** Returns the running coroutine of this loop; null if none runs or a foreign thread asks. */
  public @Nullable Fiber currentFiber() {
    return running == Thread.currentThread() ? current : null;
  }

  /** Returns the message that no work can be handed to a closed loop. */
  public static String closedMessage(Scheduler scheduler) {
    return "The event loop '" + scheduler.name + "' is closed: no more work can be handed to it.";
  }

  /** Whether the current thread is the running coroutine or the loop's own thread. */
  public boolean isOnLoop() {
    Thread self = Thread.currentThread();
    return self == running || (self == thread && running == null);
  }

  /** Ensures that there is enough stack to change the loop's state. */
  void ensureHeadroomForChange() {
    Headroom.ensure(Headroom.CHANGE, headroomCalls++);
  }

  /** Ensures that there is enough stack for a wait, or for a comparable amount of work. */
  public void ensureHeadroom() {
    Headroom.ensure(carrier.waitHeadroom(), headroomCalls++);
  }

  /**
   * Fails if the current thread is not on this loop, or does not have enough stack to change the
   * loop's state.
   */
  public void checkOnLoop(String what) {
    if (isOnLoop()) {
      Headroom.ensure(Headroom.CHANGE, headroomCalls++);
      return;
    }
    throw Current.notOnLoop(what, this);
  }

  // ---- facts: any thread ----

  /** Returns the loop's name. */
  public String name() {
    return name;
  }

  /** Returns the object that users see as the event loop. */
  public Host host() {
    return host;
  }

  /** Returns which carrier runs the coroutines. */
  public CarrierKind carrierKind() {
    return carrier.kind();
  }

  /** Returns the nanoseconds since the loop was created, by the loop's clock. */
  public long time() {
    return clock.nanoTime() - origin;
  }

  /**
   * Returns the {@link #time} at which {@code delay} from now is over; now if it is not positive.
   */
  public long deadline(Duration delay) {
    long now = time();
    long nanos = Math.max(0, Durations.nanos(delay));
    return nanos > Long.MAX_VALUE - 1 - now ? Long.MAX_VALUE - 1 : now + nanos;
  }

  /** Leaves a step for the loop, from any thread. Fails if the loop is closed. */
  public void send(Step step) {
    if (!trySend(step)) {
      throw new IllegalStateException(closedMessage(this));
    }
  }

  /**
   * Leaves a step for the loop, from any thread; returns false if the loop is closed. On the loop
   * itself the step is queued at once: the inbox is emptied only now and then, and steps added
   * meanwhile would come first.
   */
  public boolean trySend(Step step) {
    if (isOnLoop() && !inbox.isClosed()) {
      if (!inbox.isEmpty()) {
        takeInbox(); // what others have sent comes first
      }
      ready.add(step);
      return true;
    }
    return inbox.add(step);
  }

  /**
   * Returns a number that changes with every step and is odd while one runs. Any thread, without
   * ordering.
   */
  @Override
  public long steps() {
    return steps;
  }

  /**
   * Whether there is work but the JVM has no thread for it, as the watchdog sees it at {@code now},
   * a time of System.nanoTime.
   */
  public boolean lacksThread(long now) {
    long until = sleepsUntil;
    boolean overslept =
        until != 0 && (!inbox.isEmpty() || (until != Long.MAX_VALUE && now - until > 0));
    return overslept
        || carrier.lacksThread(current)
        || (callWaits && carrier.kind() == CarrierKind.PORTABLE);
  }

  /** Returns the thread that drives the loop; null while none does. Any thread. */
  public @Nullable Thread drivingThread() {
    return thread;
  }

  /** Returns what runs its coroutines. */
  public Carrier carrier() {
    return carrier;
  }

  /** Returns the steps left by other threads. */
  public Inbox inbox() {
    return inbox;
  }

  /** Returns what notices that the loop is stalled. */
  public StallDetector stallDetector() {
    return stallDetector;
  }

  /** Returns the recorder of what this loop does; null while nobody records. */
  public @Nullable Recorder recorder() {
    return recorder;
  }

  /** Records what this loop does from now on; null ends recording. On the watchdog's thread. */
  public void recordTo(@Nullable Recorder to) {
    recorder = to;
  }

  /** Returns the thread of the running coroutine, as another thread sees it. */
  public @Nullable Thread runningThread() {
    return running;
  }

  /**
   * Returns the virtual thread that now runs on the loop's own thread and is not one of its
   * coroutines, as another thread sees it.
   */
  public @Nullable Thread runningStranger() {
    return carrier.runningStranger();
  }

  /** Returns the live virtual threads that others started in coroutines of this loop. Loop only. */
  public List<Thread> strangers() {
    return carrier.strangers();
  }

  /** Whether a thread drives the loop. */
  public boolean isDriven() {
    return thread != null;
  }

  // ---- queues and timers: loop only ----

  /** Whether a step is ready. */
  public boolean hasReady() {
    return !ready.isEmpty() || !inbox.isEmpty();
  }

  /** Adds a step to the end of the ready queue. */
  public void add(Step step) {
    ready.add(step);
  }

  /** Returns the number of ready steps. */
  public int readyCount() {
    return ready.size();
  }

  /** Returns the ready step with {@code index} others before it. */
  public @Nullable Step readyAt(int index) {
    return ready.get(index);
  }

  /**
   * Notes that foreign code has parked a coroutine, or will. If it is the callback runner, another
   * one takes over.
   */
  public void parkedInForeignCode(Fiber fiber) {
    callbacks.parkedInForeignCode(fiber);
  }

  /** Puts two coroutines ahead of all others, in the current turn. */
  void addFirst(Fiber first, Fiber second) {
    ready.addFirst(second);
    turnLeft++;
    ready.addFirst(first);
    turnLeft++;
  }

  /** Undoes {@link #addFirst} as far as it got, if nothing else has happened since. */
  void removeFirst(Fiber first, Fiber second) {
    removeFirst(first);
    removeFirst(second);
  }

  private void removeFirst(Fiber fiber) {
    if (ready.peek() == fiber) {
      ready.poll();
      turnLeft--;
    }
  }

  /**
   * Takes the next step of this turn if it is a callback, for the callback runner, which calls it
   * without returning to the loop; null otherwise.
   */
  @Nullable
  Callback nextCallback() {
    if (turnLeft > 0 && !lookDue && ready.peek() instanceof Callback callback) {
      ready.poll();
      turnLeft--;
      // To the watchdog, each callback is a step of its own.
      steps += 2;
      afterStep.run();
      Recorder recording = recorder;
      Fiber runner = current;
      if (recording != null && runner != null) {
        recording.stepBegan(runner);
      }
      return callback;
    }
    return null;
  }

  /**
   * Takes the next step if it is a coroutine, for the portable carrier; begins a new turn if the
   * loop itself has nothing to do between the two turns.
   */
  public @Nullable Fiber nextFiber() {
    if (lookDue) {
      return null;
    }
    if (turnLeft == 0) {
      if (stopping || ready.isEmpty() || sincePoll >= POLL_INTERVAL || !inbox.isEmpty()) {
        return null;
      }
      beginTurn();
    }
    if (ready.peek() instanceof Fiber fiber && fiber.state == Fiber.READY) {
      ready.poll();
      turnLeft--;
      return fiber;
    }
    return null;
  }

  /** Returns the poller, opening it if necessary; that may suspend. */
  public Poller poller() throws IOException {
    return poller.open();
  }

  /** Handles what has happened outside, without waiting. On the loop's own thread. */
  public void pollNow() throws IOException {
    poller.pollNow();
  }

  /** Returns what this loop has of a type, such as memory that its streams share; first makes it. */
  public <T> T local(Class<T> type, Supplier<T> maker) {
    Object made = locals.get(type);
    if (made == null) {
      made = maker.get();
      locals.put(type, made);
    }
    return type.cast(made);
  }

  /** Returns what to do when the current step ends. */
  public AfterSteps afterStep() {
    return afterStep;
  }

  /** Returns the timers of its coroutines and callbacks. */
  public LoopTimers timers() {
    return timers;
  }

  /** Returns what passes cancels on. */
  public CancelWave cancelWave() {
    return cancelWave;
  }

  /** Whether nothing can come from outside, according to the clock. */
  boolean isClosedWorld() {
    return clock.isClosedWorld();
  }

  /** Notes that a helper thread works for this loop; the virtual clock waits for it. */
  public void helperStarted() {
    helpers++;
  }

  /** Notes that a helper thread has delivered. */
  public void helperEnded() {
    helpers--;
  }

  @Override
  public int helpers() {
    return helpers;
  }

  @Override
  public int foreignWaits() {
    return carrier.foreignWaits();
  }

  @Override
  public int openHandles() {
    return poller.openHandles();
  }

  /** Records that something is open, until {@link #closed}. Loop only. */
  void opened(Resource resource) {
    resources.add(resource);
  }

  /** Records that something is no longer open. Loop only. */
  void closed(Resource resource) {
    resources.remove(resource);
  }

  /** Returns whether the user has something open. Loop only. */
  public boolean hasOpen() {
    return poller.openHandles() > 0 || !resources.isEmpty();
  }

  /** Returns what the user has to close so that nothing is open. Loop only. */
  public List<Owner> owners() {
    if (resources.isEmpty()) {
      return poller.owners();
    }
    List<Owner> all = new ArrayList<>(poller.owners());
    all.addAll(resources);
    return all;
  }

  @Override
  public String loopName() {
    return name;
  }

  // ---- steps: loop only ----

  /** Begins a step of {@code fiber}. */
  public void enter(Fiber fiber) {
    current = fiber;
    fiber.state = Fiber.RUNNING;
    steps++;
    running = fiber.thread;
  }

  /**
   * Begins a step of a virtual thread on the loop's own thread that is not one of our coroutines.
   */
  public void enterForeign() {
    current = null;
    steps++;
    running = null;
  }

  /** Ends the current step. */
  public void leave() {
    running = null;
    afterStep.run();
    current = null;
    steps++;
  }

  /**
   * Tells the loop that time passes while it runs steps. On the watchdog's thread.
   *
   * @param lasting the number of the step that has lasted since the last tick; -1 if none has
   */
  public void tick(long lasting) {
    if (ticks) {
      lookDue = true;
      longStep = lasting;
    }
  }

  /** Whether the current step has lasted long, as far as the watchdog has seen. */
  public boolean stepIsLong() {
    return longStep == steps;
  }

  /** Returns the coroutine whose step is running, as another thread sees it. */
  public @Nullable Fiber runningFiber() {
    return current;
  }

  // ---- driving ----

  /** Returns an unstarted thread that can drive this loop. */
  public Thread newThread(long stackSize, Runnable body) {
    return carrier.loopThread(name, stackSize, body);
  }

  /** Sets whether a caller waits for the loop's own thread to do something. Any thread. */
  public void callWaits(boolean waits) {
    callWaits = waits;
  }

  /**
   * Runs turns until {@link #stop}; on a thread from {@link #newThread}. Throws the fatal error of
   * a coroutine as it is.
   */
  public void runUntilStopped() {
    thread = Thread.currentThread();
    monitor.wakesUp();
    standBy.runBegins();
    stopping = false;
    try {
      do {
        turn();
      } while (!stopping);
    } finally {
      thread = null;
    }
    Throwable error = fatal;
    fatal = null;
    if (error != null) {
      throw Sneaky.rethrow(error);
    }
  }

  /**
   * Stands by between two runs: runs what is ready of the virtual threads that others started in
   * coroutines of this loop, or sleeps until something is, or until this thread is unparked. On a
   * thread from {@link #newThread} that is not driving the loop.
   */
  public void standBy() {
    standBy.run();
  }

  /** Ends {@link #runUntilStopped} after this turn. Loop only. */
  public void stop() {
    stopping = true;
  }

  /**
   * Stops the loop because of an error that no program should continue after; the loop's driver
   * throws the error.
   */
  public void fatal(Throwable error) {
    if (fatal == null) {
      fatal = error;
    } else if (fatal != error) {
      fatal.addSuppressed(error);
    }
    stopping = true;
  }

  private void turn() {
    if (ready.isEmpty() || sincePoll >= POLL_INTERVAL) {
      poll();
    } else if (!inbox.isEmpty()) {
      takeInbox();
    }
    beginTurn();
    while (turnLeft > 0) {
      if (lookDue) {
        look();
      }
      Step step = ready.poll();
      if (step == null) {
        break;
      }
      turnLeft--;
      runStep(step);
    }
    turnLeft = 0;
  }

  private void beginTurn() {
    turnLeft = ready.size();
    sincePoll += turnLeft;
  }

  void runStep(Step step) {
    try {
      step.run(this);
    } catch (Throwable failure) {
      // Ours or the JVM's, never the user's: user errors end in their task or in the exception
      // handler.
      fatal(failure);
    }
  }

  /** Checks in the middle of a turn of long steps; what is due by now runs after that turn. */
  private void look() {
    lookDue = false;
    takeInbox();
    timers.fireDue(this);
    try {
      poller.pollNow();
    } catch (IOException broken) {
      pollerFailed(broken);
    }
  }

  private void poll() {
    sincePoll = 0;
    lookDue = false;
    takeInbox();
    timers.fireDue(this);
    stallDetector.lookForCycles(ready.isEmpty());
    try {
      if (!ready.isEmpty() || stopping) {
        poller.pollNow();
        return;
      }
      sleep();
    } catch (IOException broken) {
      pollerFailed(broken);
    }
  }

  private void pollerFailed(IOException broken) {
    fatal(new UncheckedIOException(
        "The engine of loop '" + name + "' failed: " + broken.getMessage(), broken));
  }

  private void sleep() throws IOException {
    long next = Math.min(timers.next(), stallDetector.nextLook());
    if (next == Long.MAX_VALUE && helpers == 0) {
      stallDetector.aboutToSleepForEver();
      if (!ready.isEmpty()) {
        return;
      }
    }
    long nanos = clock.idle(next == Long.MAX_VALUE ? Long.MAX_VALUE : origin + next, this);
    Poller open = poller.ifOpen();
    if (nanos <= 0) {
      if (open != null) {
        open.poll(0);
      }
    } else if (inbox.prepareToSleep()) {
      if (carrier.kind() == CarrierKind.PORTABLE) {
        sleepsUntil = nanos == Long.MAX_VALUE ? Long.MAX_VALUE : System.nanoTime() + nanos;
      }
      if (open != null) {
        open.poll(nanos);
      } else if (nanos == Long.MAX_VALUE) {
        LockSupport.park(this);
      } else {
        LockSupport.parkNanos(this, nanos);
      }
      sleepsUntil = 0;
      monitor.wakesUp();
      // Nobody has a reason to interrupt this thread, and a set flag would make every sleep return
      // immediately.
      Thread.interrupted();
    }
    lookDue = false; // from a tick while it slept
    takeInbox();
    timers.fireDue(this);
  }

  private void takeInbox() {
    // Don't check first whether there is anything: this also clears the mark of a sleep that
    // something else ended.
    Step step = inbox.takeAll();
    try {
      while (step != null) {
        ready.add(step);
        Step following = step.unlink();
        step = following;
      }
    } catch (Throwable noMemory) {
      if (step != null) {
        inbox.giveBack(step);
      }
      throw noMemory;
    }
  }

  // ---- the end ----

  /**
   * Remembers a coroutine that outlives the loop, so that its later calls fail with a message that
   * says so.
   */
  public void survives(Fiber fiber) {
    survived = true;
    Thread left = fiber.thread;
    if (left != null) {
      Current.survives(left, name);
    }
  }

  /**
   * Whether a coroutine outlives the loop. It may be in the middle of anything, so nothing that it
   * might use is given to others.
   */
  public boolean hasSurvivors() {
    return survived;
  }

  /** Marks that from now on tasks are cancelled because the loop or the process ends. Loop only. */
  public void endTasks() {
    endsTasks = true;
  }

  /** Whether tasks are cancelled because everything ends, so that no server needs to care. */
  public boolean endsTasks() {
    return endsTasks;
  }

  /** Closes the loop for good, on a thread from {@link #newThread} that is not driving it. */
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    thread = Thread.currentThread();
    callbacks.close();
    Step left = inbox.close();
    thread = null;
    running = null;
    Current.closed(this);
    monitor.closed();
    while (left != null) {
      Step following = left.next;
      discard(left);
      left = following;
    }
    for (Step step = ready.poll(); step != null; step = ready.poll()) {
      discard(step);
    }
    poller.close();
    for (Resource resource : List.copyOf(resources)) {
      try {
        resource.loopClosed();
      } catch (Throwable failed) {
        // The others are closed all the same; nobody is left who could be told.
      }
    }
    resources.clear();
  }

  /** Discards a step that the loop will never reach: only what others rely on is still done. */
  private void discard(Step step) {
    if (step instanceof LoopAction action) {
      runStep(action); // it may deliver something that has to be closed
    } else {
      carrier.discard(step);
    }
  }

  @Override
  public String toString() {
    return "loop '" + name + "'";
  }
}
