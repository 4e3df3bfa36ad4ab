package asyncio;

import asyncio.internal.bridge.HelperCall;
import asyncio.internal.bridge.HelperPool;
import asyncio.internal.bridge.LoopExecutors;
import asyncio.internal.bridge.StageAwait;
import asyncio.internal.bridge.WrappedFuture;
import asyncio.internal.carrier.Carriers;
import asyncio.internal.diagnosis.Deadlocks;
import asyncio.internal.diagnosis.GraphBuilder;
import asyncio.internal.diagnosis.WatchedLoop;
import asyncio.internal.engine.NioEngine;
import asyncio.internal.exit.DumpSignal;
import asyncio.internal.exit.Grace;
import asyncio.internal.exit.ShutdownHook;
import asyncio.internal.log.Logs;
import asyncio.internal.scheduler.Callback;
import asyncio.internal.scheduler.Carrier;
import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.LoopAction;
import asyncio.internal.scheduler.LoopMonitor;
import asyncio.internal.scheduler.LoopParts;
import asyncio.internal.scheduler.Poller;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.scheduler.StallDetector;
import asyncio.internal.task.AbstractFuture;
import asyncio.internal.task.FailureReports;
import asyncio.internal.task.ForeignListener;
import asyncio.internal.task.Futures;
import asyncio.internal.task.TaskFiber;
import asyncio.internal.task.TaskHost;
import asyncio.internal.task.TaskList;
import asyncio.internal.util.Durations;
import asyncio.internal.util.Sneaky;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * An event loop: runs the coroutines and callbacks that are ready, first in first out and one at a
 * time, and waits for timers, sockets and other threads when none is ready.
 *
 * <p>Programs seldom need it: {@link Asyncio#run} creates a loop, and the functions of {@link
 * Asyncio} use the running one.
 */
public final class EventLoop {
  // Long because it is the whole of asyncio's loop, each method a line or two in front of the class
  // that does the work: Scheduler, LoopThread, LoopShutdown, FailureReports, TaskList,
  // LoopExecutors.
  //
  // In order: facts; debug mode; watching; running without a runner; tasks and futures; callbacks;
  // blocking calls on other threads; futures of other libraries; failures that nobody receives; the
  // end.

  /** For loops created from now on. Any thread. */
  private static volatile boolean debugByDefault = isOn(System.getProperty("asyncio.debug"));

  // Immutable.
  final boolean otherThreads;
  final Scheduler scheduler;
  final LoopThread thread;
  final LoopShutdown shutdown;
  final FailureReports reports;
  private final @Nullable Duration shutdownGrace;

  // Any thread.
  private final Object executorsLock = new Object();
  private @Nullable LoopExecutors executors;
  final Set<ForeignListener> foreignListeners = ConcurrentHashMap.newKeySet();
  private volatile TaskFactory taskFactory = TaskFactory.PLAIN;

  /** Null for the system's, so that a program without names does not load it. Loop-confined. */
  private @Nullable Resolver resolver;

  private volatile boolean closed;

  // Loop-confined.
  final TaskList tasks = new TaskList();

  private EventLoop(RunOptions options) {
    this.otherThreads = options.otherThreads();
    this.scheduler = new Scheduler(
        options.nameOrNext(), new LoopHost(this), options.clock(), new Parts(options));
    Boolean asked = options.debug();
    scheduler.debug = asked != null ? asked : debugByDefault;
    this.reports = new FailureReports(scheduler);
    this.thread = new LoopThread(this, options.stackSize());
    this.shutdown = new LoopShutdown(this);
    this.shutdownGrace = options.shutdownGrace();
  }

  /** How long a program that is about to end waits for this loop. Any thread. */
  Duration shutdownGrace() {
    Duration asked = shutdownGrace;
    return asked != null ? asked : Grace.byDefault();
  }

  static EventLoop open(RunOptions options) {
    StallDetector.checkOption();
    var loop = new EventLoop(options);
    Duration slowStep = options.slowStep();
    if (slowStep != null) {
      loop.setSlowCallbackDuration(slowStep);
    }
    loop.scheduler.open();
    ShutdownHook.add(loop.shutdown);
    return loop;
  }

  private record LoopHost(EventLoop loop) implements TaskHost {
    @Override
    public void callbackFailed(Callback callback, Throwable failure) {
      loop.reports.callbackFailed(callback, failure);
    }

    @Override
    public void watched() {
      DumpSignal.install();
    }

    @Override
    public List<Fiber> unfinished(int limit) {
      return loop.tasks.newest(limit);
    }

    @Override
    public boolean otherThreadsCallIn() {
      return loop.otherThreads;
    }

    @Override
    public void lookForCycles(List<Fiber> suspects) {
      Deadlocks.lookForCycles(loop.scheduler, suspects);
    }

    @Override
    public void quiet() {
      Deadlocks.quiet(loop.scheduler);
    }

    @Override
    public TaskList tasks() {
      return loop.tasks;
    }

    @Override
    public FailureReports reports() {
      return loop.reports;
    }

    @Override
    public Set<ForeignListener> foreignListeners() {
      return loop.foreignListeners;
    }

    @Override
    public @Nullable AbstractFuture<?> awaited() {
      return loop.thread.awaited();
    }

    @Override
    public AbstractFuture<?> createTask(Coroutine<?, ?> body) {
      return loop.createTask(body);
    }

    @Override
    public void taskEnded(TaskFiber task) {
      loop.shutdown.taskEnded(task);
    }

    @Override
    public void discard(@Nullable Object value) {
      loop.discard(value);
    }

    @Override
    public void discardLate(@Nullable Object value) {
      if (value instanceof AutoCloseable closeable) {
        loop.closeLate(closeable);
      }
    }
  }

  /** A handler of this loop, as its reports call it. */
  private record Handling(EventLoop loop, ExceptionHandler handler)
      implements Consumer<ExceptionContext> {
    @Override
    public void accept(ExceptionContext context) {
      handler.handle(loop, context);
    }
  }

  private record Parts(RunOptions options) implements LoopParts {
    @Override
    public LoopMonitor monitor(Scheduler scheduler) {
      return new WatchedLoop(scheduler);
    }

    @Override
    public Carrier carrier(Scheduler scheduler) {
      return Carriers.make(scheduler, options.carrier());
    }

    @Override
    public Poller poller(Scheduler scheduler) throws IOException {
      RunOptions.Pollers replacement = options.pollers();
      return replacement == null ? NioEngine.open(scheduler) : replacement.open(scheduler);
    }
  }

  static EventLoop of(Scheduler scheduler) {
    if (scheduler.host() instanceof LoopHost host) {
      return host.loop;
    }
    throw new AssertionError("a loop without its public face: a bug, please report it");
  }

  static EventLoop require(String what) {
    return of(Current.require(what));
  }

  // ---- facts ----

  /** Returns the loop's name, which is also the name of its thread. <i>Thread</i>: any. */
  public String name() {
    return scheduler.name();
  }

  /**
   * Returns the time of the loop's clock since the loop was created; never goes back.
   * <i>Thread</i>: any.
   */
  public Duration time() {
    return Duration.ofNanos(scheduler.time());
  }

  /**
   * Returns whether the loop is closed: nothing can be handed to it any more. <i>Thread</i>: any.
   */
  public boolean isClosed() {
    return closed;
  }

  /**
   * Sets the resolver that looks up host names for connections and servers of this loop; {@link
   * Resolvers#system} by default. <i>Thread</i>: on the loop.
   */
  public void setResolver(Resolver replacement) {
    scheduler.checkOnLoop("setResolver()");
    resolver = Objects.requireNonNull(replacement, "replacement");
  }

  Resolver resolver() {
    Resolver own = resolver;
    return own != null ? own : Resolvers.system();
  }

  /** Returns the carrier that runs the loop's coroutines. <i>Thread</i>: any. */
  public CarrierKind carrier() {
    return scheduler.carrierKind();
  }

  /** Returns the loop's unfinished tasks, oldest first. <i>Thread</i>: on the loop. */
  public List<Task<?>> allTasks() {
    scheduler.checkOnLoop("allTasks()");
    List<Task<?>> all = new ArrayList<>(tasks.size());
    for (TaskFiber task : tasks) {
      all.add((Task<?>) task.future());
    }
    return all;
  }

  /**
   * Returns what each unfinished task waits for, and where. Meant for reports, because it takes the
   * stacks of all tasks.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public WaitGraph waitGraph() {
    scheduler.checkOnLoop("waitGraph()");
    return GraphBuilder.graph(scheduler);
  }

  /** Returns whether a thread is running the loop now. <i>Thread</i>: any. */
  public boolean isRunning() {
    return scheduler.isDriven();
  }

  // ---- debug mode ----

  /**
   * Switches debug mode on or off. In debug mode, tasks, futures and callbacks created from now on
   * record where they were created, and reports and their texts say so. That costs each of them
   * some microseconds and some hundred bytes. What asyncio checks only in debug mode is always
   * checked here: calls on a wrong thread are errors, and slow steps are reported.
   *
   * <p>{@code -Dasyncio.debug}, {@link Asyncio#debug} and {@link RunOptions#withDebug} switch it
   * before a loop is created.
   *
   * <p><i>Thread</i>: any.
   */
  public void setDebug(boolean on) {
    scheduler.debug = on;
  }

  /** Returns whether the loop is in debug mode. <i>Thread</i>: any. */
  public boolean debug() {
    return scheduler.debug;
  }

  static void setDebugByDefault(boolean on) {
    debugByDefault = on;
  }

  private static boolean isOn(@Nullable String property) {
    return property != null
        && (property.isEmpty() || property.equals("1") || property.equalsIgnoreCase("true"));
  }

  // ---- watching ----

  /**
   * Returns the loop's current numbers and its slowest steps; for a closed loop, those at its end.
   * Costs the loop nothing.
   *
   * <p><i>Thread</i>: any; on the loop the numbers are exact, elsewhere they may be a moment old.
   */
  public LoopStatistics statistics() {
    return scheduler.monitor.statistics(tasks.size());
  }

  /**
   * Sets how long a step may hold this loop before the watchdog reports it; applies to the running
   * step too. Below some milliseconds the watchdog also reports pauses of the machine.
   * <i>Thread</i>: any.
   *
   * @param duration one that no step reaches, such as {@code Duration.ofDays(365)}, switches the
   *     reports of this loop off
   * @throws IllegalArgumentException if it is zero or negative
   */
  public void setSlowCallbackDuration(Duration duration) {
    Durations.checkSlow(duration);
    scheduler.monitor.setSlowNanos(Durations.nanos(duration));
  }

  /**
   * Returns how long a step may hold this loop before it is reported: as {@linkplain
   * RunOptions#withSlowStep given} when the loop was created or set since, otherwise {@code
   * -Dasyncio.slowStepMillis}, otherwise 100 ms. <i>Thread</i>: any.
   */
  public Duration slowCallbackDuration() {
    return Duration.ofNanos(scheduler.monitor.slowNanos());
  }

  // ---- running without a runner ----

  /**
   * Runs the loop until {@code body}, started as a task, has ended. Returns its result, or throws
   * what it throws, unchanged. Other tasks stay where they are and continue in the next run.
   *
   * <p><i>Waits</i>: blocks the calling thread. Interrupting it cancels the task.
   *
   * <p><i>If cancelled</i>: {@link CancelledError} if the task was cancelled.
   *
   * <p><i>Thread</i>: any except a coroutine.
   *
   * @throws IllegalStateException if the loop is closed, is already running, or was stopped before
   *     the body ended
   */
  @SuppressWarnings("unused") // X: what the body throws is thrown bare
  public <T extends @Nullable Object, X extends Exception> T runUntilComplete(Coroutine<T, X> body)
      throws X {
    var task = new Task<T>(scheduler, null, Context.inherited(), body);
    thread.run("runUntilComplete()", task);
    if (Futures.succeeded(task)) {
      return task.result();
    }
    throw Sneaky.rethrow(Futures.failureForReceiver(task));
  }

  /** As {@link #runUntilComplete(Coroutine)}, for a body without a result. */
  public <X extends Exception> void runUntilComplete(Action<X> body) throws X {
    this.<@Nullable Void, X>runUntilComplete(() -> {
      body.run();
      return null;
    });
  }

  /**
   * Runs the loop until one of its futures is done. Returns its result, or throws its failure as
   * {@link Future#await()} does.
   *
   * <p><i>Waits</i>: blocks the calling thread. Interrupting it cancels the future.
   *
   * <p><i>If cancelled</i>: {@link CancelledError} if the future was cancelled.
   *
   * <p><i>Thread</i>: any except a coroutine.
   *
   * @throws IllegalArgumentException if the future belongs to another loop
   * @throws IllegalStateException if the loop is closed, is already running, or was stopped before
   *     the future was done
   */
  public <T extends @Nullable Object> T runUntilComplete(Future<T> future) {
    thread.runUntil("runUntilComplete()", future);
    return future.result();
  }

  /**
   * Runs the loop until {@link #stop}.
   *
   * <p><i>Waits</i>: blocks the calling thread. Interrupting it stops the loop; the interrupt flag
   * stays set.
   *
   * <p><i>If cancelled</i>: nothing; there is no task to cancel.
   *
   * <p><i>Thread</i>: any except a coroutine.
   *
   * @throws IllegalStateException if the loop is closed or is already running
   */
  public void runForever() {
    thread.runForever();
  }

  /**
   * Ends {@link #runForever} after the current turn: what is ready still runs; what that adds is
   * left for the next run. If called before a run, it ends that run after one turn.
   *
   * <p><i>Thread</i>: any.
   */
  public void stop() {
    if (scheduler.isOnLoop()) {
      scheduler.stop();
    } else {
      scheduler.trySend(LoopAction.of(scheduler::stop));
    }
  }

  /**
   * Closes a loop that is not running, permanently. Timers and callbacks are dropped, tasks are
   * left where they are and named in the log, and executors are told to stop but not waited for.
   * Does nothing if the loop is closed. A {@link Runner} closes its loop more cleanly.
   *
   * <p><i>Thread</i>: any except a coroutine.
   *
   * @throws IllegalStateException while the loop is running
   */
  public void close() {
    shutdown.closeAsItIs();
  }

  // ---- tasks and futures ----

  /** Returns a pending future of this loop. <i>Thread</i>: any. */
  public <T extends @Nullable Object> Future<T> createFuture() {
    return new Future<>(scheduler);
  }

  /** Starts a task; see {@link Asyncio#createTask(Coroutine)}. <i>Thread</i>: on the loop. */
  public <T extends @Nullable Object> Task<T> createTask(Coroutine<T, ?> body) {
    TaskFactory factory = taskFactory;
    if (factory != TaskFactory.PLAIN) {
      return createTask(TaskOptions.defaults(), body);
    }
    scheduler.checkOnLoop("createTask()");
    return new Task<>(scheduler, null, Context.inherited(), body).start();
  }

  /**
   * Starts a task with a name; see {@link Asyncio#createTask(String, Coroutine)}. <i>Thread</i>: on
   * the loop.
   */
  public <T extends @Nullable Object> Task<T> createTask(String name, Coroutine<T, ?> body) {
    return createTask(TaskOptions.defaults().withName(name), body);
  }

  /**
   * Starts a task with options; see {@link Asyncio#createTask(TaskOptions, Coroutine)}.
   * <i>Thread</i>: on the loop.
   */
  public <T extends @Nullable Object> Task<T> createTask(
      TaskOptions options, Coroutine<T, ?> body) {
    scheduler.checkOnLoop("createTask()");
    Task<T> task = taskFactory.create(this, Objects.requireNonNull(body, "body"), options);
    if (Objects.requireNonNull(task, "the task factory of the loop returned null")
            .loop()
        != this) {
      throw new IllegalStateException("The task factory of the event loop '"
          + name()
          + "' returned "
          + task
          + ", which belongs to another event loop, '"
          + task.loop().name()
          + "': a task factory must create tasks on the loop that it is given.");
    }
    return task;
  }

  /** Starts a task with options, for a body without a result. <i>Thread</i>: on the loop. */
  public Task<@Nullable Void> createTask(TaskOptions options, Action<?> body) {
    return createTask(options, Asyncio.withoutResult(body));
  }

  /**
   * Sets the factory that creates the tasks of this loop from now on, except the main tasks of
   * runs: {@link TaskFactory#PLAIN}, the default, {@link TaskFactory#EAGER}, or one that wraps
   * them. <i>Thread</i>: any.
   */
  public void setTaskFactory(TaskFactory factory) {
    taskFactory = Objects.requireNonNull(factory, "factory");
  }

  /** Returns the factory that creates the tasks of this loop. <i>Thread</i>: any. */
  public TaskFactory taskFactory() {
    return taskFactory;
  }

  <T extends @Nullable Object> Future<T> createTaskThreadsafe(Coroutine<T, ?> body) {
    if (taskFactory != TaskFactory.PLAIN) {
      return RelayedTask.start(this, Objects.requireNonNull(body, "body"));
    }
    var task = new Task<T>(scheduler, null, Context.inherited(), body);
    scheduler.send(LoopAction.of(task::start));
    return task;
  }

  /** Closes, if possible, a result that nobody can receive any more. Loop only. */
  void discard(@Nullable Object value) {
    if (!(value instanceof AutoCloseable closeable)) {
      return;
    }
    String name = "close a result nobody received";
    if (closed) {
      Thread.ofPlatform().daemon().name(name).start(() -> closeLate(closeable));
    } else {
      new Task<>(
              scheduler,
              name,
              Context.inherited(),
              Asyncio.withoutResult(() -> closeOrReport(closeable, name)))
          .start();
    }
  }

  /** Nobody holds this task, so nobody could receive its failure: it is reported immediately. */
  private void closeOrReport(AutoCloseable closeable, String task) {
    try {
      closeable.close();
    } catch (Exception failure) {
      callExceptionHandler(
          new ExceptionContext("Closing a result that nobody received failed.", failure, task));
    }
  }

  /** Closes a result that arrived after the loop was closed. */
  void closeLate(AutoCloseable closeable) {
    try {
      closeable.close();
    } catch (Exception failure) {
      reports.log(new ExceptionContext(
          "Closing a result that arrived after the event loop had closed failed.", failure, null));
    }
  }

  // ---- callbacks ----

  /**
   * Calls {@code callback} soon, after everything that is ready now. It runs on a coroutine for
   * callbacks, in a copy of the current context, and must not wait; what it throws goes to the
   * exception handler.
   *
   * <p><i>Thread</i>: on the loop; elsewhere use {@link #callSoonThreadsafe}.
   */
  public Handle callSoon(Runnable callback) {
    return soon(Context.inherited(), callback);
  }

  /** As {@link #callSoon(Runnable)}, in {@code context} instead of a copy of the current one. */
  public Handle callSoon(Context context, Runnable callback) {
    return soon(Objects.requireNonNull(context, "context"), callback);
  }

  private Handle soon(@Nullable Context context, Runnable callback) {
    scheduler.checkOnLoop("callSoon() (use callSoonThreadsafe() from other threads)");
    var handle =
        CallbackHandle.make(scheduler.debug, Objects.requireNonNull(callback, "callback"), context);
    scheduler.add(handle);
    return handle;
  }

  /**
   * As {@link #callSoon}, from any thread; on the loop itself it does the same.
   *
   * @throws IllegalStateException if the loop is closed
   */
  public Handle callSoonThreadsafe(Runnable callback) {
    return send(Context.inherited(), callback);
  }

  /** As {@link #callSoonThreadsafe(Runnable)}, in {@code context} instead of a copy. */
  public Handle callSoonThreadsafe(Context context, Runnable callback) {
    return send(Objects.requireNonNull(context, "context"), callback);
  }

  private Handle send(@Nullable Context context, Runnable callback) {
    var handle =
        CallbackHandle.make(scheduler.debug, Objects.requireNonNull(callback, "callback"), context);
    scheduler.send(handle);
    return handle;
  }

  /**
   * Calls {@code callback} after {@code delay}; without delay if it is not positive. Callbacks due
   * at the same time are called in the order in which they were scheduled.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public TimerHandle callLater(Duration delay, Runnable callback) {
    scheduler.checkOnLoop("callLater()");
    return at(scheduler.deadline(delay), Context.inherited(), callback);
  }

  /** As {@link #callLater(Duration, Runnable)}, in {@code context} instead of a copy. */
  public TimerHandle callLater(Context context, Duration delay, Runnable callback) {
    scheduler.checkOnLoop("callLater()");
    Objects.requireNonNull(context, "context");
    return at(scheduler.deadline(delay), context, callback);
  }

  /**
   * Calls {@code callback} when {@link #time} reaches {@code when}; without delay if it has passed.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public TimerHandle callAt(Duration when, Runnable callback) {
    scheduler.checkOnLoop("callAt()");
    return at(Durations.nanos(when), Context.inherited(), callback);
  }

  /** As {@link #callAt(Duration, Runnable)}, in {@code context} instead of a copy. */
  public TimerHandle callAt(Context context, Duration when, Runnable callback) {
    scheduler.checkOnLoop("callAt()");
    return at(Durations.nanos(when), Objects.requireNonNull(context, "context"), callback);
  }

  private TimerHandle at(long time, @Nullable Context context, Runnable callback) {
    Objects.requireNonNull(callback, "callback");
    // To the scheduler, Long.MAX_VALUE means "no timer".
    long due = Math.min(time, Long.MAX_VALUE - 1);
    var timer =
        new TimerCallback(scheduler, due, CallbackHandle.make(scheduler.debug, callback, context));
    scheduler.timers().addSleeper(timer, due);
    return timer;
  }

  // ---- blocking calls on other threads ----

  /** Where they run; created by the first call. Any thread. */
  LoopExecutors executors() {
    synchronized (executorsLock) {
      LoopExecutors made = executors;
      if (made == null) {
        made = new LoopExecutors(name());
        executors = made;
        if (closed) {
          made.close();
        }
      }
      return made;
    }
  }

  /**
   * Runs a blocking body on the default executor: helper threads of the loop, unless another
   * executor was {@linkplain #setDefaultExecutor set}. Like {@link Asyncio#toThread(Coroutine)},
   * but returns a future immediately, and the body runs in an empty {@link Context}.
   *
   * <p>Cancelling the future abandons a body that is running, and prevents one that has not begun
   * from running.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public <T extends @Nullable Object> Future<T> runInExecutor(Coroutine<T, ?> body) {
    scheduler.checkOnLoop("runInExecutor()");
    return call(executors()::submit, new Context(), body);
  }

  /** Runs {@code body} where {@code where} takes it. */
  <T extends @Nullable Object> Future<T> call(
      Consumer<HelperCall<?>> where, Context context, Coroutine<T, ?> body) {
    Future<T> future = new Future<>(scheduler, WaitKind.HELPER);
    HelperCall.start(scheduler, future, where, () -> context.run(body));
    return future;
  }

  /** As {@link #runInExecutor(Coroutine)}, for a body without a result. */
  public Future<@Nullable Void> runInExecutor(Action<?> body) {
    return runInExecutor(Asyncio.withoutResult(body));
  }

  /**
   * As {@link #runInExecutor(Coroutine)}, on {@code executor}. A thread of the loop hands over the
   * jobs one after another, so an executor whose {@code execute} blocks delays later jobs. A
   * rejection is the future's failure.
   */
  public <T extends @Nullable Object> Future<T> runInExecutor(
      Executor executor, Coroutine<T, ?> body) {
    scheduler.checkOnLoop("runInExecutor()");
    Objects.requireNonNull(executor, "executor");
    return call(call -> executors().submit(executor, call), new Context(), body);
  }

  /** As {@link #runInExecutor(Executor, Coroutine)}, for a body without a result. */
  public Future<@Nullable Void> runInExecutor(Executor executor, Action<?> body) {
    return runInExecutor(executor, Asyncio.withoutResult(body));
  }

  /**
   * Sets where {@link #runInExecutor(Coroutine)} and {@link Asyncio#toThread(Coroutine)} run their
   * bodies from now on. The loop takes ownership of the executor and shuts it down when it closes.
   *
   * <p><i>Thread</i>: any.
   *
   * @throws IllegalStateException if the default executor was shut down, or the loop is closed
   */
  public void setDefaultExecutor(ExecutorService executor) {
    executors().choose(Objects.requireNonNull(executor, "executor"));
  }

  /**
   * Shuts the default executor down. Submitted bodies still run; later calls of {@link
   * #runInExecutor(Coroutine)} and {@link Asyncio#toThread(Coroutine)} are errors. A runner does
   * this when it closes.
   *
   * <p><i>Waits</i> until the executor's threads have ended; past the limit it logs which have not,
   * and returns.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; the executor is shut down anyway.
   *
   * <p><i>Thread</i>: a coroutine of the loop.
   *
   * @param limit in real time
   */
  public void shutdownDefaultExecutor(Duration limit) {
    scheduler.checkOnLoop("shutdownDefaultExecutor()");
    Current.refuseInRegion("shutdownDefaultExecutor()"); // before anything is shut down
    LoopExecutors all = executors();
    // Here, not in the call that waits: that one may be cancelled before it has begun.
    all.shutdownDefault();
    var waits = new HelperPool(name() + "-shutdown", 1);
    Future<List<String>> ended = call(waits::submit, new Context(), () -> all.awaitDefault(limit));
    waits.close();
    List<String> left = ended.await();
    if (!left.isEmpty()) {
      Logs.LOOP.log(
          System.Logger.Level.WARNING,
          "The default executor of the event loop '"
              + name()
              + "' did not end within "
              + Durations.millis(limit)
              + " ms of its shutdown and is left behind: "
              + String.join(", ", left));
    }
  }

  // ---- futures of other libraries ----

  /** Returns a future of this loop that follows a stage. Loop only. */
  <T extends @Nullable Object> Future<T> follow(CompletionStage<T> stage) {
    Future<T> future = new Future<>(scheduler, WaitKind.STAGE);
    StageAwait.follow(future, stage);
    return future;
  }

  /** Returns a future of this loop that follows any future. Loop only. */
  @SuppressWarnings("unchecked") // a stage that is a Future<T> produces a T
  <T extends @Nullable Object> Future<T> wrap(java.util.concurrent.Future<T> source) {
    if (source instanceof Future<T> ours) {
      return Futures.scheduler(ours) == scheduler ? ours : follow(ours.toCompletableFuture());
    }
    if (source instanceof CompletionStage<?> stage) {
      return follow((CompletionStage<T>) stage);
    }
    Future<T> future = new Future<>(scheduler, WaitKind.STAGE);
    WrappedFuture.follow(future, source, executors());
    return future;
  }

  // ---- failures that nobody else receives ----

  /**
   * Sets the handler that receives them; null for the default, a record at ERROR. <i>Thread</i>:
   * any.
   */
  public void setExceptionHandler(@Nullable ExceptionHandler handler) {
    reports.setHandler(handler == null ? null : new Handling(this, handler));
  }

  /** Returns the handler that receives them; null for the default. <i>Thread</i>: any. */
  public @Nullable ExceptionHandler exceptionHandler() {
    return reports.handler() instanceof Handling told ? told.handler : null;
  }

  /**
   * Hands a failure to the exception handler. If the handler itself fails, both failures go to the
   * default handler; if that fails too, to the log {@code asyncio.loop}. Errors that end a run end
   * it here too. <i>Thread</i>: in a task or a callback of the loop.
   */
  public void callExceptionHandler(ExceptionContext context) {
    reports.tell(context);
  }

  /**
   * Writes the failure to the log {@code asyncio.task} at ERROR, with the place where the failed
   * task, future or callback was created, if known.
   */
  public void defaultExceptionHandler(ExceptionContext context) {
    reports.log(context);
  }

  // ---- the end ----

  /**
   * Ends everything: nothing runs on the loop after this. Called by {@link LoopThread} as its last
   * job.
   */
  void shut() {
    closed = true;
    scheduler.close();
    synchronized (executorsLock) {
      if (executors != null) {
        executors.close();
      }
    }
    for (ForeignListener waiting : foreignListeners) {
      waiting.release();
    }
  }

  /**
   * Waits, after {@link #shut}, for the helper threads and returns the names of those that have not
   * ended.
   */
  List<String> awaitHelpers(Duration limit) {
    LoopExecutors made;
    synchronized (executorsLock) {
      made = executors;
    }
    return made == null ? List.of() : made.awaitEnd(limit);
  }

  @Override
  public String toString() {
    return "EventLoop[" + name() + (closed ? ", closed]" : "]");
  }
}
