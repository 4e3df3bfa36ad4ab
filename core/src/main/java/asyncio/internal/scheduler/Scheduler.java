package asyncio.internal.scheduler;

import asyncio.CarrierKind;
import asyncio.Clock;
import asyncio.LoopStatistics;
import asyncio.internal.util.Durations;
import asyncio.internal.util.Headroom;
import asyncio.internal.util.Sneaky;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The loop: a ready queue, timers, an inbox from other threads, an engine for the operating
 * system's events, and a carrier that runs one coroutine at a time.
 *
 * <p>One turn: take what other threads left; wait for the operating system if nothing is ready;
 * move what is due to the ready queue; then run exactly the steps that are ready now, first in
 * first out. While there always is something ready, the operating system and the timers are looked
 * at every {@value #POLL_INTERVAL} steps, and sooner where steps are long: the watchdog says when,
 * because a look at the clock after each step would cost as much as a fifth of a switch.
 *
 * <p>"On the loop" means in the running coroutine or on the loop's own thread; never both at once,
 * and each step happens-before the next. Fields are loop-confined where nothing else is said.
 */
public final class Scheduler implements Clock.Activity {
  // One turn and all that it touches; what has a life of its own stands apart (Inbox, Timers,
  // ReadyQueue, Callbacks, StallDetector). In order: who am I; facts for any thread; queues
  // and timers; standing still; steps; driving: a turn, a poll, a sleep; the end.

  /**
   * Steps between two looks at the operating system; prime, as Tokio's, so that it falls in step
   * with nothing.
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
  /** The thread that drives the loop, while one does. */
  volatile @Nullable Thread thread;

  /** Somebody called for the loop's own thread, and it has not come yet; for the watchdog. */
  private volatile boolean callWaits;

  /** Who watches this loop. */
  public final LoopMonitor monitor;

  /**
   * Who records what this loop does; null while nobody does. Written by the watchdog, read on the
   * loop without order: it makes no difference in which of the next steps it is seen.
   */
  @Nullable Recorder recorder;

  /**
   * The thread of the coroutine whose step runs. Written on the loop, read by any thread without
   * order: a thread that reads itself here is that coroutine, since it was written before its step
   * began; one that reads anything else is not.
   */
  @Nullable Thread running;

  /** Odd while a step runs; for the watchdog. */
  private long steps;

  /**
   * While the loop sleeps, when it means to wake, by System.nanoTime; for the watchdog, and on the
   * portable carrier only. 0 while awake.
   */
  private long sleepsUntil;

  // Loop-confined.
  final ReadyQueue ready = new ReadyQueue();
  final Callbacks callbacks = new Callbacks(this);
  final StallDetector stallDetector = new StallDetector(this);
  final CancelWave cancelWave = new CancelWave();
  final StandBy standBy = new StandBy(this);
  final LoopTimers timers = new LoopTimers();
  private @Nullable Fiber current;
  private int turnLeft;
  private int sincePoll;

  /** Whether the watchdog looks at the time for this loop; a clock of one's own counts steps. */
  private final boolean ticks;

  /**
   * Time has passed since the last look at the timers. Set by the watchdog, cleared by the loop.
   */
  private volatile boolean lookDue;

  /** The step ({@link #steps}) that the watchdog has seen to last; none if that has ended since. */
  private volatile long longStep = -1;

  final AfterSteps afterStep = new AfterSteps(this);
  private boolean stopping;
  private int headroomCalls;
  private boolean endsTasks;
  private boolean survived;

  /** Other loops read it as well, when an object that lived on this one has moved to them. */
  boolean closed;

  private int helpers;

  private @Nullable Throwable fatal;

  /**
   * An open loop that nobody drives yet.
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
    this.carrier = parts.carrier(this); // last: the first loop waits here for what was begun before
  }

  /** Makes a new loop known: its coroutines find it from now on, and the watchdog looks at it. */
  public void open() {
    Current.opened(this);
    monitor.opened();
  }

  // ---- on the loop, or not: any thread ----

  /** The coroutine that runs, where one does. */
  Fiber fiber() {
    Fiber fiber = current;
    if (fiber == null) {
      throw new AssertionError(
          "a loop runs its coroutine without knowing it: a bug, please report it");
    }
    return fiber;
  }

  /** The running coroutine of this loop; null when none runs or a foreign thread asks. */
  public @Nullable Fiber currentFiber() {
    return running == Thread.currentThread() ? current : null;
  }

  /** That nothing can be handed to a loop which is closed. */
  public static String closedMessage(Scheduler scheduler) {
    return "The event loop '" + scheduler.name + "' is closed: no more work can be handed to it.";
  }

  /** Whether the current thread is the running coroutine or the loop's own thread. */
  public boolean isOnLoop() {
    Thread self = Thread.currentThread();
    return self == running || (self == thread && running == null);
  }

  /** Makes sure that the stack is enough for a change of the loop's state. */
  void ensureHeadroomForChange() {
    Headroom.ensure(Headroom.CHANGE, headroomCalls++);
  }

  /** Makes sure that the stack is enough for a wait, or for as much work as one. */
  public void ensureHeadroom() {
    Headroom.ensure(carrier.waitHeadroom(), headroomCalls++);
  }

  /**
   * Fails when the current thread is not on this loop, or its stack is not enough for a change of
   * the loop's state.
   */
  public void checkOnLoop(String what) {
    if (isOnLoop()) {
      Headroom.ensure(Headroom.CHANGE, headroomCalls++);
      return;
    }
    Scheduler other = Current.scheduler();
    if (other != null) {
      throw new IllegalStateException(
          what
              + " belongs to loop '"
              + name
              + "' but was called in a coroutine of loop '"
              + other.name
              + "'. A loop's objects are not shared: use runCoroutineThreadsafe(body, loop) or"
              + " loop.callSoonThreadsafe(callback).");
    }
    throw Current.notOnLoop(what);
  }

  // ---- facts: any thread ----

  /** The loop's name. */
  public String name() {
    return name;
  }

  /** The object users see as the event loop. */
  public Host host() {
    return host;
  }

  /** Which carrier runs the coroutines. */
  public CarrierKind carrierKind() {
    return carrier.kind();
  }

  /** Nanoseconds of the loop's clock since the loop was made. */
  public long time() {
    return clock.nanoTime() - origin;
  }

  /** When {@code delay} from now is over, by {@link #time}; now when it is not positive. */
  public long deadline(Duration delay) {
    long now = time();
    long nanos = Math.max(0, Durations.nanos(delay));
    return nanos > Long.MAX_VALUE - 1 - now ? Long.MAX_VALUE - 1 : now + nanos;
  }

  /** Leaves a step for the loop, from any thread. Fails when the loop is closed. */
  public void send(Step step) {
    if (!trySend(step)) {
      throw new IllegalStateException(closedMessage(this));
    }
  }

  /**
   * Leaves a step for the loop, from any thread; returns false when the loop is closed. On the loop
   * itself it takes its place at once: the inbox is emptied only now and then, and what is added
   * meanwhile would come first.
   */
  public boolean trySend(Step step) {
    if (isOnLoop() && !inbox.isClosed()) {
      if (!inbox.isEmpty()) {
        takeInbox(); // what others have sent came before
      }
      ready.add(step);
      return true;
    }
    return inbox.add(step);
  }

  /** A number that changes with every step and is odd while one runs. Any thread, without order. */
  public long steps() {
    return steps;
  }

  /**
   * Whether there is something to do and the JVM has no thread for it; as the watchdog sees it, at
   * {@code now} by System.nanoTime.
   */
  public boolean lacksThread(long now) {
    long until = sleepsUntil;
    boolean overslept =
        until != 0 && (!inbox.isEmpty() || (until != Long.MAX_VALUE && now - until > 0));
    return overslept
        || carrier.lacksThread(current)
        || (callWaits && carrier.kind() == CarrierKind.PORTABLE);
  }

  /**
   * What the loop has and does now. On another thread, most of it is read without order, and may be
   * a moment old: so the loop itself counts in plain fields.
   *
   * @param tasks how many are unfinished
   */
  public LoopStatistics statistics(int tasks) {
    return new LoopStatistics(
        name,
        carrierKind(),
        monitor.uptime(),
        monitor.busy(),
        (steps + 1) >> 1,
        tasks,
        ready.size(),
        timers.size(),
        helpers,
        foreignWaits(),
        openHandles(),
        monitor.worst());
  }

  /** The thread that drives the loop, while one does. Any thread. */
  public @Nullable Thread drivingThread() {
    return thread;
  }

  /** How its coroutines run. */
  public Carrier carrier() {
    return carrier;
  }

  /** Steps from other threads. */
  public Inbox inbox() {
    return inbox;
  }

  /** Notices when the loop stands still. */
  public StallDetector stallDetector() {
    return stallDetector;
  }

  /** Who records what this loop does; null while nobody does. */
  public @Nullable Recorder recorder() {
    return recorder;
  }

  /** Has what this loop does recorded from now on; null ends that. On the watchdog's thread. */
  public void recordTo(@Nullable Recorder to) {
    recorder = to;
  }

  /** The thread of the running coroutine, as another thread sees it. */
  public @Nullable Thread runningThread() {
    return running;
  }

  /**
   * The virtual thread that runs on the loop's own thread now and is none of its coroutines, as
   * another thread sees it.
   */
  public @Nullable Thread runningStranger() {
    return carrier.runningStranger();
  }

  /** Virtual threads that others started in coroutines of this loop, and that live. Loop only. */
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

  /** How many steps are ready. */
  public int readyCount() {
    return ready.size();
  }

  /** The ready step that has {@code index} others before it. */
  public @Nullable Step readyAt(int index) {
    return ready.get(index);
  }

  /** A coroutine was parked by foreign code, or will be. If it calls callbacks, others do now. */
  public void parkedInForeignCode(Fiber fiber) {
    callbacks.parkedInForeignCode(fiber);
  }

  /** Puts two coroutines before all others, into the turn that runs. */
  void addFirst(Fiber first, Fiber second) {
    ready.addFirst(second);
    turnLeft++;
    ready.addFirst(first);
    turnLeft++;
  }

  /** Takes back what there is of {@link #addFirst}, when nothing else has happened since. */
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
   * Takes a callback out of line: it will be called although its turn has not come to it. Never
   * used by users.
   */
  @Nullable Callback nextCallback() {
    if (turnLeft > 0 && !lookDue && ready.peek() instanceof Callback callback) {
      ready.poll();
      turnLeft--;
      // Each callback is a step of its own to the watchdog.
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
   * Takes the next step if it is a coroutine, for the portable carrier; begins a new turn where the
   * loop itself has nothing to do between the two.
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

  /** The poller, which is opened if it is not; that may suspend. */
  public Poller poller() throws IOException {
    return poller.open();
  }

  /** What is to be done when the step that runs ends. */
  public AfterSteps afterStep() {
    return afterStep;
  }

  /** The timers of its coroutines and callbacks. */
  public LoopTimers timers() {
    return timers;
  }

  /** Passes cancels on. */
  public CancelWave cancelWave() {
    return cancelWave;
  }

  /** Whether nothing comes from outside, as the clock says. */
  boolean isClosedWorld() {
    return clock.isClosedWorld();
  }

  /** A helper thread works for this loop from now on; the virtual clock waits for it. */
  public void helperStarted() {
    helpers++;
  }

  /** A helper thread delivered. */
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

  /** What the user has to close so that all handles are closed. Loop only. */
  public List<Owner> owners() {
    return poller.owners();
  }

  @Override
  public String loopName() {
    return name;
  }

  // ---- steps: loop only ----

  /** A step of {@code fiber} begins. */
  public void enter(Fiber fiber) {
    current = fiber;
    fiber.state = Fiber.RUNNING;
    steps++;
    running = fiber.thread;
  }

  /** A virtual thread that is no coroutine of ours is about to run on the loop's own thread. */
  public void enterForeign() {
    current = null;
    steps++;
    running = null;
  }

  /** The step that runs ends. */
  public void leave() {
    running = null;
    afterStep.run();
    current = null;
    steps++;
  }

  /**
   * Time passes while this loop makes steps. On the watchdog's thread.
   *
   * @param lasting the step that has lasted since the last tick; -1 for none
   */
  public void tick(long lasting) {
    if (ticks) {
      lookDue = true;
      longStep = lasting;
    }
  }

  /** Whether the step that runs has lasted for long, as far as the watchdog has seen. */
  public boolean stepIsLong() {
    return longStep == steps;
  }

  /** The coroutine whose step runs, as another thread sees it. */
  public @Nullable Fiber runningFiber() {
    return current;
  }

  // ---- driving ----

  /** A thread that can drive this loop, not started. */
  public Thread newThread(long stackSize, Runnable body) {
    return carrier.loopThread(name, stackSize, body);
  }

  /** Whether somebody waits for the loop's own thread to do something. Any thread. */
  public void callWaits(boolean waits) {
    callWaits = waits;
  }

  /**
   * Runs turns until {@link #stop}; on a thread of {@link #newThread}. Throws the fatal error of a
   * coroutine, bare.
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
   * Between two runs: runs what virtual threads have to do that others started in coroutines of
   * this loop, or sleeps until there is something, or this thread is unparked. On a thread of
   * {@link #newThread} that does not drive the loop now.
   */
  public void standBy() {
    standBy.run();
  }

  /** Ends {@link #runUntilStopped} after this turn. Loop only. */
  public void stop() {
    stopping = true;
  }

  /**
   * Something happened that no program should go on after: the loop stops and its driver throws the
   * error.
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
      // Ours or the JVM's, never the user's: those end in their task or in the exception handler.
      fatal(failure);
    }
  }

  /** In the middle of a turn of long steps: what is due by now comes behind that turn. */
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
    stallDetector.lookForCircles(ready.isEmpty());
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
    fatal(
        new UncheckedIOException(
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
      // at once.
      Thread.interrupted();
    }
    lookDue = false; // of a tick while it slept
    takeInbox();
    timers.fireDue(this);
  }

  private void takeInbox() {
    // Without asking first whether there is anything: it also clears the mark of a sleep that
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
   * Remembers a coroutine that outlives the loop, so that its later calls get a message that says
   * so.
   */
  public void survives(Fiber fiber) {
    survived = true;
    Thread left = fiber.thread;
    if (left != null) {
      Current.survives(left, name);
    }
  }

  /**
   * Whether a coroutine outlives the loop. It may stand in the middle of anything, so what it might
   * use is not given to others.
   */
  public boolean hasSurvivors() {
    return survived;
  }

  /** From now on tasks are cancelled because the loop, or the process, ends. Loop only. */
  public void endTasks() {
    endsTasks = true;
  }

  /** Whether tasks are cancelled because everything ends, and no server needs to mind. */
  public boolean endsTasks() {
    return endsTasks;
  }

  /** Closes the loop for ever, on a thread of {@link #newThread} that does not drive it now. */
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
  }

  /** A step that the loop will not come to: only what others rely on is still done. */
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
