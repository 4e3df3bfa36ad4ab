package asyncio.internal.loop;

import asyncio.CarrierKind;
import asyncio.Clock;
import asyncio.Coroutine;
import asyncio.LoopStatistics;
import asyncio.internal.engine.Engine;
import asyncio.internal.engine.Owner;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.WeakHashMap;
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
public final class Loop implements Clock.Activity {
  // One turn and all that it touches; what has a life of its own stands apart (Inbox, Timers,
  // ReadyQueue, Callbacks, Standstill, Watched). In order: who am I; facts for any thread; queues
  // and timers; standing still; steps; driving: a turn, a poll, a sleep; the end.

  /**
   * Steps between two looks at the operating system; prime, as Tokio's, so that it falls in step
   * with nothing.
   */
  private static final int POLL_INTERVAL = 61;

  private static final String DEADLOCK = "asyncio.deadlock";

  /** Whether a loop that stands still fails although something from outside might come. */
  private static final boolean DEADLOCK_FAILS = "fail".equals(System.getProperty(DEADLOCK));

  /** All loops that are not closed. Copied on write. */
  private static volatile Loop[] loops = {};

  /**
   * Threads of coroutines that outlived their loop, with the loop's name: for their error messages
   * only.
   */
  private static final Map<Thread, String> survivors =
      Collections.synchronizedMap(new WeakHashMap<>());

  // Immutable.
  private final String name;
  private final Clock clock;
  private final long origin;
  private final Host host;
  private final Engine.Factory engines;
  final Carrier carrier;
  final Inbox inbox = new Inbox(new WakeUp(this), new Unpark(this));

  // Any thread.
  /** The thread that drives the loop, while one does. */
  volatile @Nullable Thread thread;

  private volatile @Nullable Engine engine;

  /** The thread that stands by between two runs, while it does. */
  private volatile @Nullable Thread standingBy;

  /** Somebody called for the loop's own thread, and it has not come yet; for the watchdog. */
  private volatile boolean callWaits;

  /** What the watchdog knows of this loop. */
  final Watched watched = new Watched(this);

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
  final Standstill standstill = new Standstill(this);
  final CancelWave cancelWave = new CancelWave();
  private final Timers sleepers = new Timers();
  private final Timers deadlines = new Timers();
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

  /** Whether any loop has a long step, as the watchdog last saw it. */
  private static volatile boolean longSteps;

  private @Nullable StepEnd stepEnds;
  private boolean stopping;
  private int headroomCalls;
  private boolean endsTasks;
  private boolean survived;

  /** Other loops read it as well, when an object that lived on this one has moved to them. */
  boolean closed;

  private int helpers;

  /** Whether the entries that the last run left in the ready queue have been examined. */
  private boolean leftoversSeen;

  private @Nullable Throwable fatal;

  /**
   * An open loop that nobody drives yet.
   *
   * @param name of the loop and its thread
   * @param kind of carrier; null for the one that {@link Carriers#choose} gives
   */
  public Loop(
      String name, Host host, Clock clock, @Nullable CarrierKind kind, Engine.Factory engines) {
    this.name = name;
    this.host = host;
    this.clock = clock;
    this.ticks = clock == Clock.system();
    this.origin = clock.nanoTime();
    this.engines = engines;
    // Last: the first loop waits here for what Carriers.prepare() began.
    CarrierKind chosen = kind != null ? kind : Carriers.choose();
    this.carrier =
        chosen == CarrierKind.MOUNTED ? new MountedCarrier(this) : new PortableCarrier(this);
  }

  /** Refuses an option that means nothing. */
  public static void checkOptions() {
    String value = System.getProperty(DEADLOCK);
    if (value != null && !value.equals("fail") && !value.equals("warn")) {
      throw new IllegalArgumentException(
          "-D"
              + DEADLOCK
              + " is 'warn', which warns of a loop that stands still, or 'fail', which fails its"
              + " main task; got '"
              + value
              + "'.");
    }
  }

  /** Makes a new loop known: its coroutines find it from now on, and the watchdog looks at it. */
  public void open() {
    synchronized (Loop.class) {
      Loop[] more = Arrays.copyOf(loops, loops.length + 1);
      more[loops.length] = this;
      loops = more;
    }
    Watchdog.watch(this);
  }

  // ---- who am I: any thread ----

  /** The loop whose running coroutine is the current thread; null elsewhere. */
  public static @Nullable Loop current() {
    Thread self = Thread.currentThread();
    if (self.getUncaughtExceptionHandler() instanceof CoroutineMark mark) {
      return mark.loop.running == self ? mark.loop : null;
    }
    return self.isVirtual() ? Unmarked.current(self, loops) : null;
  }

  /** The loop of the running coroutine, which is about to change its state in {@code what}. */
  public static Loop require(String what) {
    Loop loop = running(what);
    Headroom.ensure(Headroom.CHANGE, loop.headroomCalls++);
    return loop;
  }

  private static Loop running(String what) {
    Loop loop = current();
    if (loop == null) {
      throw new IllegalStateException(notOnLoop(what));
    }
    return loop;
  }

  /** The running coroutine, which is about to wait in {@code what}. */
  public static Fiber requireTask(String what) {
    Fiber fiber = requireNoRegion(what);
    if (!fiber.mayWait()) {
      throw new IllegalStateException(
          what
              + " would wait, and it was called in a callback of loop '"
              + fiber.loop.name
              + "', which may not wait. Start a task in the callback instead: createTask(() ->"
              + " …).");
    }
    return fiber;
  }

  /** The running coroutine, which is about to let others run in {@code what}. */
  private static Fiber requireNoRegion(String what) {
    Fiber fiber = running(what).fiber();
    fiber.loop.ensureHeadroom();
    if (fiber.region != null) {
      throw Region.refusal(what, fiber);
    }
    return fiber;
  }

  /** The coroutine that runs, where one does. */
  Fiber fiber() {
    Fiber fiber = current;
    if (fiber == null) {
      throw new AssertionError(
          "a loop runs its coroutine without knowing it: a bug, please report it");
    }
    return fiber;
  }

  /**
   * For a waiting method that returns at once, before it asks {@link #requireTask}: fails in a
   * region that may not wait, and lets others run where the step has lasted long.
   */
  public static void returnsAtOnce(String what) {
    if (longSteps || Region.mayBeOpen()) {
      Loop loop = current();
      Fiber fiber = loop == null ? null : loop.current;
      if (fiber == null) {
        return;
      }
      if (fiber.region != null) {
        throw Region.refusal(what, fiber);
      }
      if (fiber.mayWait()) {
        fiber.breatheBeforeValue();
      }
    }
  }

  /**
   * Fails in a region that may not wait. For a waiting method that returns where there is nothing
   * to wait for, before it asks {@link #requireTask}.
   */
  public static void refuseInRegion(String what) {
    if (!Region.mayBeOpen()) {
      return;
    }
    Loop loop = current();
    Fiber fiber = loop == null ? null : loop.current;
    if (fiber != null && fiber.region != null) {
      throw Region.refusal(what, fiber);
    }
  }

  /** The running coroutine of this loop; null when none runs or a foreign thread asks. */
  public @Nullable Fiber currentFiber() {
    return running == Thread.currentThread() ? current : null;
  }

  /** All loops that are not closed. Any thread. */
  public static List<Loop> allOpen() {
    return List.of(loops);
  }

  /** Whether the loop is not closed. Any thread. */
  boolean isOpen() {
    for (Loop loop : loops) {
      if (loop == this) {
        return true;
      }
    }
    return false;
  }

  private static String notOnLoop(String what) {
    Thread self = Thread.currentThread();
    String closedLoop = survivors.get(self);
    if (closedLoop != null) {
      return what
          + " was called in a coroutine of loop '"
          + closedLoop
          + "' after the loop closed. It stood in foreign code when run ended: end such calls"
          + " first, or make them react to an interrupt.";
    }
    String kind = self.isVirtual() ? "virtual thread" : "thread";
    String where = self.getName().isEmpty() ? self.toString() : "'" + self.getName() + "'";
    return what
        + " was called on the "
        + kind
        + " "
        + where
        + ", which is no coroutine of a running event loop. Call it inside Asyncio.run(…); from"
        + " another thread hand the work over with runCoroutineThreadsafe(body, loop) or"
        + " loop.callSoonThreadsafe(callback).";
  }

  static String closedMessage(Loop loop) {
    return "The event loop '" + loop.name + "' is closed: no more work can be handed to it.";
  }

  /** Whether the current thread is the running coroutine or the loop's own thread. */
  public boolean isOnLoop() {
    Thread self = Thread.currentThread();
    return self == running || (self == thread && running == null);
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
    Loop other = current();
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
    throw new IllegalStateException(notOnLoop(what));
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
  boolean lacksThread(long now) {
    long until = sleepsUntil;
    boolean overslept =
        until != 0 && (!inbox.isEmpty() || (until != Long.MAX_VALUE && now - until > 0));
    return overslept
        || carrier.lacksThread(current)
        || (callWaits && carrier.kind() == CarrierKind.PORTABLE);
  }

  /** From when on a step counts as slow, in nanoseconds; for the watchdog. */
  public long slowStepNanos() {
    return watched.slowNanos();
  }

  /** Changes {@link #slowStepNanos}. */
  public void setSlowStepNanos(long nanos) {
    Watchdog.setSlow(this, nanos);
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
        watched.uptime(),
        watched.busy(),
        (steps + 1) >> 1,
        tasks,
        ready.size(),
        sleepers.size() + deadlines.size(),
        helpers,
        foreignWaits(),
        openHandles(),
        watched.worst());
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

  /** Ends the sleep of a loop, from any thread. */
  private static final class WakeUp implements Runnable {
    private final Loop loop;

    WakeUp(Loop loop) {
      this.loop = loop;
    }

    @Override
    public void run() {
      // Both, where it stands by: the mark of a sleep may be one that a run has left.
      LockSupport.unpark(loop.standingBy);
      Engine open = loop.engine;
      if (open != null) {
        open.wakeup();
      } else {
        LockSupport.unpark(loop.thread);
      }
    }
  }

  /** Ends the park of a loop that holds a step open, from any thread. */
  private static final class Unpark implements Runnable {
    private final Loop loop;

    Unpark(Loop loop) {
      this.loop = loop;
    }

    @Override
    public void run() {
      LockSupport.unpark(loop.thread);
    }
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
      atStepEnd();
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
  @Nullable Fiber nextFiber() {
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

  /** Starts a timer that wakes a sleeper at {@code time} (see {@link #time}). */
  public void addSleeper(Timer timer, long time) {
    sleepers.add(timer, time);
  }

  /**
   * Starts a timer that ends a time limit: among those due in one turn, they come before all
   * sleepers.
   */
  public void addDeadline(Timer timer, long time) {
    deadlines.add(timer, time);
  }

  /** Stops a timer of {@link #addSleeper}; does nothing when it is not pending. */
  public void removeSleeper(Timer timer) {
    sleepers.remove(timer);
  }

  /** Stops a timer of {@link #addDeadline}; does nothing when it is not pending. */
  public void removeDeadline(Timer timer) {
    deadlines.remove(timer);
  }

  /** When a timer of {@link #addSleeper} is due. */
  public long due(Timer sleeper) {
    return sleepers.when(sleeper);
  }

  /**
   * The last time at which a time limit will cancel one of {@code fibers}; Long.MIN_VALUE when none
   * will. Looks at all limits.
   */
  public long lastDeadlineOf(Set<Fiber> fibers) {
    return deadlines.last(
        Long.MAX_VALUE, timer -> timer.strikes() != null && fibers.contains(timer.strikes()));
  }

  /**
   * The last time, but none after {@code limit}, at which a timer calls user code; Long.MIN_VALUE
   * when none does. Looks at all.
   */
  public long lastCallback(long limit) {
    return sleepers.last(limit, Timer::callsBack);
  }

  /** When the next timer is due; Long.MAX_VALUE when none is set. */
  long nextTimer() {
    return Math.min(sleepers.next(), deadlines.next());
  }

  /** Passes cancels on. */
  public CancelWave cancelWave() {
    return cancelWave;
  }

  // ---- standing still: loop only ----

  /**
   * Ends the wait of a coroutine with an error, unless something else ends it before it runs. Does
   * nothing when it does not wait.
   */
  public void fail(Fiber fiber, RuntimeException error) {
    standstill.fail(fiber, error);
  }

  /**
   * Puts off the search for a circle in which {@code fiber} waits, until a time of the loop's clock
   * or until no timer is set: before, a timer may end it.
   */
  public void excuse(Fiber fiber, long until) {
    standstill.excuse(fiber, until);
  }

  /** The host has looked into a loop that stands still; tells whether it had something to say. */
  public void quietReported(boolean warned) {
    standstill.reported(warned);
  }

  /** Whether a loop that stands still fails at once. */
  public boolean standstillFails() {
    return (DEADLOCK_FAILS || clock.isClosedWorld()) && !host.otherThreadsCallIn();
  }

  /** Calls {@code what} once when the step that runs ends. */
  public void atStepEnd(StepEnd what) {
    if (!what.registered) {
      what.registered = true;
      what.nextAtEnd = stepEnds;
      stepEnds = what;
    }
  }

  private void atStepEnd() {
    StepEnd end = stepEnds;
    if (end == null) {
      return;
    }
    stepEnds = null;
    while (end != null) {
      StepEnd following = end.nextAtEnd;
      end.nextAtEnd = null;
      end.registered = false;
      try {
        end.stepEnded();
      } catch (Throwable failure) {
        // Never into the coroutine whose step ends: it may have nothing to do with it.
        fatal(failure);
      }
      end = following;
    }
  }

  /**
   * The engine; opened at first use. Opening may suspend (the JDK sleeps when memory is short).
   * Meanwhile another coroutine may open one, or the loop may close: the first one stored wins.
   */
  public Engine engine() throws IOException {
    Engine open = engine;
    if (open != null) {
      return open;
    }
    Engine made;
    try {
      made = engines.open(this);
    } catch (Throwable failed) {
      Engine ofAnother = engine;
      if (ofAnother != null && !closed && failed instanceof IOException) {
        return ofAnother;
      }
      throw failed;
    }
    open = engine;
    if (open == null) {
      open = made;
      engine = made;
    } else {
      made.close();
    }
    // close() writes before it looks for an engine, and here it is the other way round: one of the
    // two sees what the other did. Closing an engine twice does nothing.
    VarHandle.fullFence();
    if (closed) {
      open.close();
      throw new IllegalStateException(closedMessage(this));
    }
    return open;
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
    Engine open = engine;
    return open == null ? 0 : open.openHandles();
  }

  /** What the user has to close so that all handles are closed. Loop only. */
  public List<Owner> owners() {
    Engine open = engine;
    return open == null ? List.of() : open.owners();
  }

  @Override
  public String loopName() {
    return name;
  }

  // ---- steps: loop only ----

  void enter(Fiber fiber) {
    current = fiber;
    fiber.state = Fiber.RUNNING;
    steps++;
    running = fiber.thread;
  }

  /** A virtual thread that is no coroutine of ours is about to run on the loop's own thread. */
  void enterForeign() {
    current = null;
    steps++;
    running = null;
  }

  void leave() {
    running = null;
    atStepEnd();
    current = null;
    steps++;
  }

  /**
   * Time passes while this loop makes steps. On the watchdog's thread.
   *
   * @param lasting the step that has lasted since the last tick; -1 for none
   */
  void tick(long lasting) {
    if (ticks) {
      lookDue = true;
      longStep = lasting;
    }
  }

  /** Whether a step of any loop has lasted since the last tick. On the watchdog's thread. */
  static void longSteps(boolean any) {
    longSteps = any;
  }

  /** Whether the step that runs has lasted for long, as far as the watchdog has seen. */
  boolean stepIsLong() {
    return longStep == steps;
  }

  /** The coroutine whose step runs, as another thread sees it. */
  public @Nullable Fiber runningFiber() {
    return current;
  }

  /** Runs foreign code that blocks; on the portable carrier the loop goes on meanwhile. */
  public static <T extends @Nullable Object, X extends Exception> T blocking(Coroutine<T, X> body)
      throws X {
    Fiber fiber = requireNoRegion("blocking()");
    return fiber.loop.carrier.blocking(fiber, body);
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
    Watchdog.keepTime();
    leftoversSeen = false;
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
   * Between two runs the loop stands still, but virtual threads that others started in its
   * coroutines go on: somebody may wait for them. Runs what they have to do now; where there is
   * nothing, sleeps until there is, or until this thread is unparked. On a thread of {@link
   * #newThread} that does not drive the loop now.
   *
   * <p><b>Why no wake-up is lost.</b> The loop's own thread alone takes from the inbox, here as in
   * a run, and sleeps only behind the mark that the inbox guards (see {@link Inbox}); {@link
   * #standingBy} is written before that mark, and the sender who finds the mark reads it after. A
   * caller with a run unparks this thread when its job is there to be seen; a permit is sticky. So
   * each of the two may come at any time, and whoever comes back from here looks at both again.
   *
   * <p><b>Why the loop's state stays its own.</b> Only this thread touches it, and none of its
   * coroutines runs: their steps are kept, in order, for the next run.
   */
  public void standBy() {
    if (carrier.kind() == CarrierKind.PORTABLE) {
      LockSupport.park(this); // there the JVM runs them
      Thread.interrupted();
      return;
    }
    if (!leftoversSeen) {
      leftoversSeen = true;
      for (int left = ready.size(); left > 0; left--) {
        runOrKeep(ready.poll());
      }
    }
    standingBy = Thread.currentThread();
    if (inbox.prepareToSleep()) {
      LockSupport.park(this);
      Thread.interrupted(); // a set flag would turn park into a spin
    }
    standingBy = null;
    Step step = inbox.takeAll();
    while (step != null) {
      Step following = step.next;
      step.next = null;
      runOrKeep(step);
      step = following;
    }
  }

  private void runOrKeep(@Nullable Step step) {
    if (step == null) {
      return;
    }
    if (carrier.isForeign(step)) {
      runStep(step);
    } else {
      ready.add(step);
    }
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

  private void runStep(Step step) {
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
    fireDue();
    try {
      pollEngine();
    } catch (IOException broken) {
      engineFailed(broken);
    }
  }

  private void pollEngine() throws IOException {
    Engine open = engine;
    if (open != null) {
      open.poll(0);
    }
  }

  private void poll() {
    sincePoll = 0;
    lookDue = false;
    takeInbox();
    fireDue();
    standstill.lookForCircles(ready.isEmpty());
    try {
      if (!ready.isEmpty() || stopping) {
        pollEngine();
        return;
      }
      sleep();
    } catch (IOException broken) {
      engineFailed(broken);
    }
  }

  private void engineFailed(IOException broken) {
    fatal(
        new UncheckedIOException(
            "The engine of loop '" + name + "' failed: " + broken.getMessage(), broken));
  }

  private void sleep() throws IOException {
    long next = Math.min(nextTimer(), standstill.nextLook());
    if (next == Long.MAX_VALUE && helpers == 0 && isClosedWorld()) {
      standstill.closedWorld();
      if (!ready.isEmpty()) {
        return;
      }
    }
    long nanos = clock.idle(next == Long.MAX_VALUE ? Long.MAX_VALUE : origin + next, this);
    Engine open = engine;
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
      Watchdog.keepTime();
      // Nobody has a reason to interrupt this thread, and a set flag would make every sleep return
      // at once.
      Thread.interrupted();
    }
    lookDue = false; // of a tick while it slept
    takeInbox();
    fireDue();
  }

  /**
   * Has the loop look whether it stands still, if it has made no step since. On the watchdog's
   * thread.
   */
  void askWhetherQuiet(long since) {
    if (host.otherThreadsCallIn()) {
      return;
    }
    trySend(
        LoopAction.of(
            () -> {
              boolean idle = ready.isEmpty() && nextTimer() == Long.MAX_VALUE && helpers == 0;
              if (idle && steps == since) {
                standstill.ask();
              }
            }));
  }

  /** Whether nothing from outside can make this loop go on, as far as it knows. */
  private boolean isClosedWorld() {
    return standstillFails()
        && carrier.foreignWaits() == 0
        && openHandles() == 0
        && carrier.strangers().isEmpty();
  }

  private void takeInbox() {
    // Without asking first whether there is anything: it also clears the mark of a sleep that
    // something else ended.
    Step step = inbox.takeAll();
    try {
      while (step != null) {
        ready.add(step);
        Step following = step.next;
        step.next = null;
        step = following;
      }
    } catch (Throwable noMemory) {
      if (step != null) {
        inbox.giveBack(step);
      }
      throw noMemory;
    }
  }

  private void fireDue() {
    if (sleepers.next() == Long.MAX_VALUE && deadlines.next() == Long.MAX_VALUE) {
      return;
    }
    long now = time();
    for (Timer timer = deadlines.pollDue(now); timer != null; timer = deadlines.pollDue(now)) {
      timer.fire();
    }
    for (Timer timer = sleepers.pollDue(now); timer != null; timer = sleepers.pollDue(now)) {
      timer.fire();
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
      survivors.put(left, name);
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
    synchronized (Loop.class) {
      List<Loop> others = new ArrayList<>(Arrays.asList(loops));
      others.remove(this);
      loops = others.toArray(new Loop[0]);
    }
    Watchdog.forget(this);
    while (left != null) {
      Step following = left.next;
      bury(left);
      left = following;
    }
    for (Step step = ready.poll(); step != null; step = ready.poll()) {
      bury(step);
    }
    VarHandle.fullFence(); // see engine()
    Engine open = engine;
    if (open != null) {
      open.close();
    }
  }

  /** A step that the loop will not come to: only what others rely on is still done. */
  private void bury(Step step) {
    if (step instanceof LoopAction action) {
      runStep(action); // it may deliver something that has to be closed
    } else {
      carrier.bury(step);
    }
  }

  @Override
  public String toString() {
    return "loop '" + name + "'";
  }
}
