package asyncio;

import asyncio.internal.carrier.Carriers;
import asyncio.internal.diagnosis.Dump;
import asyncio.internal.net.Names;
import asyncio.internal.net.SystemResolver;
import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.Region;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.scheduler.Sleep;
import asyncio.internal.task.AsCompleted;
import asyncio.internal.task.Futures;
import asyncio.internal.task.Gather;
import asyncio.internal.task.Shield;
import asyncio.internal.task.StaggeredRace;
import asyncio.internal.task.WaitUntil;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * The functions of asyncio, intended for {@code import static asyncio.Asyncio.*}.
 *
 * <pre>{@code
 * void main() {
 *   run(() -> {
 *     var slow = createTask(() -> { sleep(ofSeconds(2)); return "world"; });
 *     IO.println("hello");
 *     IO.println(slow.await());
 *   });
 * }
 * }</pre>
 *
 * <p>Functions that take a body come in two forms: for bodies with a result ({@link Coroutine}) and
 * without one ({@link Action}). javac picks the right one and infers which checked exception the
 * body throws.
 */
public final class Asyncio {
  // Long because a static import brings in all functions from one class; none has more than a few
  // lines.
  //
  // In order: running; who waits for whom; tasks; time; several at once; other threads and
  // libraries; connections and servers.

  private Asyncio() {}

  // ---- running ----

  /**
   * Runs {@code main} on a new event loop and returns its result. What {@code main} throws is
   * thrown unchanged. Afterwards cancels the remaining tasks, waits for them and closes the loop.
   *
   * <p><i>Waits</i>: the calling thread, of any kind, blocks until {@code main} has ended and the
   * loop is closed. Interrupting it cancels the main task.
   *
   * <p><i>If cancelled</i>: if the caller is the main thread, Ctrl-C and SIGTERM cancel the main
   * task. Then {@link KeyboardInterrupt} is thrown, and if nobody catches it, the process exits
   * with 130 or 143. A second signal halts the process.
   *
   * <p><i>Thread</i>: any except a coroutine.
   *
   * @throws CancelledError if the main task ended cancelled
   * @throws IllegalStateException if called inside a running loop
   */
  public static <T extends @Nullable Object, X extends Exception> T run(Coroutine<T, X> main)
      throws X {
    Carriers.prepare();
    try (var runner = new Runner()) {
      return runner.run(main);
    }
  }

  /** As {@link #run(Coroutine)}, for a body without a result. */
  public static <X extends Exception> void run(Action<X> main) throws X {
    Carriers.prepare();
    try (var runner = new Runner()) {
      runner.run(main);
    }
  }

  /**
   * Returns a new event loop that is not running, for code that decides for itself when the loop
   * runs. Most programs want {@link #run} or a {@link Runner}, which also cancel the remaining
   * tasks. The caller must close the loop.
   *
   * <p><i>Thread</i>: any.
   */
  public static EventLoop newEventLoop() {
    return newEventLoop(RunOptions.defaults());
  }

  /**
   * As {@link #newEventLoop()}, with options; the close timeout is used only by a {@link Runner}.
   */
  public static EventLoop newEventLoop(RunOptions options) {
    return EventLoop.open(options);
  }

  /**
   * Returns the carrier that runs the coroutines of this process; see {@link CarrierKind}.
   * <i>Thread</i>: any.
   */
  public static CarrierKind carrier() {
    Scheduler scheduler = Current.scheduler();
    return scheduler != null ? scheduler.carrierKind() : Carriers.choose();
  }

  /**
   * Returns the running event loop.
   *
   * @throws IllegalStateException if called outside a coroutine
   */
  public static EventLoop runningLoop() {
    return EventLoop.require("runningLoop()");
  }

  /**
   * Returns the current numbers of the running loop and its slowest steps of the last minutes.
   * {@link EventLoop#statistics} does the same for any loop.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @throws IllegalStateException if called outside a coroutine
   */
  public static LoopStatistics statistics() {
    return EventLoop.require("statistics()").statistics();
  }

  /**
   * Returns the running task; null in a callback, on a thread that a task started, and outside a
   * loop. <i>Thread</i>: any.
   */
  public static @Nullable Task<?> currentTask() {
    Scheduler scheduler = Current.scheduler();
    return scheduler == null ? null : Task.of(scheduler.currentFiber());
  }

  /**
   * Returns a copy of the current context: that of the running task or callback, or elsewhere that
   * of the thread. <i>Thread</i>: any.
   */
  public static Context copyContext() {
    Context context = Context.inherited();
    return context != null ? context : new Context();
  }

  // ---- who waits for whom ----

  /**
   * Returns what each unfinished task of the running loop waits for, and where: as a record to
   * inspect, or as text, JSON or a picture. Meant for reports, because it takes the stacks of all
   * tasks.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public static WaitGraph waitGraph() {
    return EventLoop.require("waitGraph()").waitGraph();
  }

  /**
   * Returns the wait graphs of all event loops of this process as text, for someone looking at a
   * process that hangs. Of a loop with more than 100 tasks it shows the main task, the oldest ones
   * and 100 of those in blocking calls, and counts the others; {@link #waitGraph} has them all. If
   * a loop does not answer within a second because a step holds it, the text has the stack of that
   * step instead. With {@code -Dasyncio.dumpSignal=USR1}, {@code kill -USR1} prints the text,
   * together with the stacks of the JVM's threads; the JVM reserves QUIT for itself.
   *
   * <p><i>Thread</i>: any; the call blocks its thread while other loops answer.
   */
  public static String dump() {
    return Dump.text();
  }

  /**
   * Returns where the running task is, who awaits it, and who awaits those in turn; null in a
   * callback. A task that awaits several of them is followed only once, and a chain only to a depth
   * of 500.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public static @Nullable FutureCallGraph captureCallGraph() {
    return FutureCallGraph.ofCurrent(CallGraphOptions.defaults());
  }

  /** As {@link #captureCallGraph()}, with limits. */
  public static @Nullable FutureCallGraph captureCallGraph(CallGraphOptions options) {
    return FutureCallGraph.ofCurrent(options);
  }

  /**
   * Returns where a task is, who awaits it, and who awaits those in turn.
   *
   * <p><i>Thread</i>: on the loop of the future.
   */
  public static FutureCallGraph captureCallGraph(Future<?> future) {
    return FutureCallGraph.of(CallGraphOptions.defaults(), future);
  }

  /** As {@link #captureCallGraph(Future)}, with limits. */
  public static FutureCallGraph captureCallGraph(CallGraphOptions options, Future<?> future) {
    return FutureCallGraph.of(options, future);
  }

  /**
   * Returns {@link #captureCallGraph()} as text; empty in a callback. <i>Thread</i>: on the loop.
   */
  public static String formatCallGraph() {
    FutureCallGraph graph = captureCallGraph();
    return graph == null ? "" : graph.toString();
  }

  /**
   * Returns {@link #captureCallGraph(Future)} as text. <i>Thread</i>: on the loop of the future.
   */
  public static String formatCallGraph(Future<?> future) {
    return captureCallGraph(future).toString();
  }

  /** Prints {@link #formatCallGraph()} followed by a newline. <i>Thread</i>: on the loop. */
  public static void printCallGraph(PrintStream to) {
    to.println(formatCallGraph());
  }

  /**
   * Prints {@link #formatCallGraph(Future)} followed by a newline. <i>Thread</i>: on the loop of
   * the future.
   */
  public static void printCallGraph(Future<?> future, PrintStream to) {
    to.println(formatCallGraph(future));
  }

  /**
   * Switches debug mode on or off for loops created from now on, unless {@link
   * RunOptions#withDebug} sets it; see {@link EventLoop#setDebug}. Until the first call, {@code
   * -Dasyncio.debug} decides. <i>Thread</i>: any.
   */
  public static void debug(boolean on) {
    EventLoop.setDebugByDefault(on);
  }

  // ---- tasks ----

  /**
   * Starts {@code body} as a task of the running loop. Its first step runs after everything that is
   * ready now; the caller continues immediately. The task runs in a copy of the current {@link
   * Context}.
   *
   * <p>The body is a lambda, {@code createTask(() -> fetch(url))}, or a reference to a method
   * without overloads. A reference to an overloaded method, such as {@code condition::await}, is
   * ambiguous to javac: write {@code () -> condition.await()}.
   *
   * <p><i>Thread</i>: a coroutine; elsewhere use {@link #runCoroutineThreadsafe}.
   */
  public static <T extends @Nullable Object> Task<T> createTask(Coroutine<T, ?> body) {
    return EventLoop.require("createTask()").createTask(body);
  }

  /** As {@link #createTask(Coroutine)}, for a body without a result. */
  public static Task<@Nullable Void> createTask(Action<?> body) {
    return EventLoop.require("createTask()").createTask(withoutResult(body));
  }

  /** As {@link #createTask(Coroutine)}, with a name for reports. */
  public static <T extends @Nullable Object> Task<T> createTask(String name, Coroutine<T, ?> body) {
    return EventLoop.require("createTask()").createTask(name, body);
  }

  /** As {@link #createTask(Coroutine)}, with a name for reports, for a body without a result. */
  public static Task<@Nullable Void> createTask(String name, Action<?> body) {
    return EventLoop.require("createTask()").createTask(name, withoutResult(body));
  }

  /**
   * As {@link #createTask(Coroutine)}, with a name, a context, or a start before the caller
   * continues.
   */
  public static <T extends @Nullable Object> Task<T> createTask(
      TaskOptions options, Coroutine<T, ?> body) {
    return EventLoop.require("createTask()").createTask(options, body);
  }

  /** As {@link #createTask(TaskOptions, Coroutine)}, for a body without a result. */
  public static Task<@Nullable Void> createTask(TaskOptions options, Action<?> body) {
    return EventLoop.require("createTask()").createTask(options, withoutResult(body));
  }

  /**
   * Starts {@code body} as a task of {@code loop} from any thread. The returned future can be read
   * with {@link Future#get()}, and cancelled, from any thread too. The body runs in a copy of the
   * caller's context.
   *
   * @throws IllegalStateException if the loop is closed
   */
  public static <T extends @Nullable Object> Future<T> runCoroutineThreadsafe(
      Coroutine<T, ?> body, EventLoop loop) {
    return loop.createTaskThreadsafe(body);
  }

  /** As {@link #runCoroutineThreadsafe(Coroutine, EventLoop)}, for a body without a result. */
  public static Future<@Nullable Void> runCoroutineThreadsafe(Action<?> body, EventLoop loop) {
    return runCoroutineThreadsafe(withoutResult(body), loop);
  }

  static Coroutine<@Nullable Void, ?> withoutResult(Action<?> body) {
    return new WithoutResult<>(Objects.requireNonNull(body, "body"));
  }

  // ---- time ----

  /**
   * Suspends the task for {@code delay}. If the delay is zero or less, lets everything else that is
   * ready run once.
   *
   * <p><i>Waits</i> at least that long, by the loop's clock.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; nothing is left behind.
   *
   * <p><i>Thread</i>: a coroutine.
   */
  public static void sleep(Duration delay) {
    Fiber fiber = Current.requireTask("sleep()");
    if (!delay.isPositive()) {
      fiber.yieldNow();
      return;
    }
    Sleep.until(fiber, fiber.scheduler().deadline(delay));
  }

  /**
   * Lets everything else that is ready run once.
   *
   * <p><i>Waits</i> one turn of the loop.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}.
   *
   * <p><i>Thread</i>: a coroutine.
   */
  public static void yieldNow() {
    Current.requireTask("yieldNow()").yieldNow();
  }

  /**
   * Runs {@code body} with a time limit and returns its result; see {@link Timeout#run}.
   *
   * <p><i>Waits</i>: as the body does; after the limit, until the cancelled body has ended.
   *
   * <p><i>If cancelled</i>: {@link CancelledError} from the body.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @throws TimeoutException if the limit ran out
   */
  public static <T extends @Nullable Object, X extends Exception> T timeout(
      Duration limit, Coroutine<T, X> body) throws X {
    return new Timeout(limit).run(body);
  }

  /** As {@link #timeout(Duration, Coroutine)}, for a body without a result. */
  public static <X extends Exception> void timeout(Duration limit, Action<X> body) throws X {
    new Timeout(limit).run(body);
  }

  /**
   * As {@link #timeout(Duration, Coroutine)}, but the limit is a time of the loop's clock ({@link
   * EventLoop#time}). A time that has passed expires at the next turn of the loop.
   */
  public static <T extends @Nullable Object, X extends Exception> T timeoutAt(
      Duration when, Coroutine<T, X> body) throws X {
    return Timeout.at(when).run(body);
  }

  /** As {@link #timeoutAt(Duration, Coroutine)}, for a body without a result. */
  public static <X extends Exception> void timeoutAt(Duration when, Action<X> body) throws X {
    Timeout.at(when).run(body);
  }

  /**
   * Awaits a future with a time limit. If the limit runs out, the future is cancelled.
   *
   * <p><i>Waits</i> for the future; after the limit, until the cancelled work has ended. With a
   * limit of zero or less, returns the result of a future that is done; otherwise cancels the
   * future without waiting for it first.
   *
   * <p><i>If cancelled</i>: the future is cancelled too.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @throws TimeoutException if the limit ran out; a failure of the future itself is thrown as by
   *     {@link Future#await()}
   */
  public static <T extends @Nullable Object> T waitFor(Future<T> future, Duration limit) {
    Fiber fiber = Current.requireTask("waitFor()");
    if (limit.isPositive() || future.isDone()) {
      return future.isDone() ? future.await() : timeout(limit, () -> future.await());
    }
    int cancelling = fiber.cancelling();
    future.cancel("the time limit of waitFor was zero");
    try {
      future.await();
    } catch (CancelledError cancelled) {
      if (fiber.cancelling() > cancelling) {
        throw cancelled; // the caller was cancelled meanwhile
      }
      throw new TimeoutException("The time limit of " + limit + " ran out.", cancelled);
    }
    return future.result();
  }

  /**
   * Runs {@code body} in the caller's task with a time limit. If the limit is zero or less, the
   * body does not start.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #timeout}.
   *
   * @throws TimeoutException if the limit ran out
   */
  public static <T extends @Nullable Object, X extends Exception> T waitFor(
      Coroutine<T, X> body, Duration limit) throws X {
    Current.requireTask("waitFor()");
    if (!limit.isPositive()) {
      throw new TimeoutException("The time limit of " + limit + " left no time to start.");
    }
    return timeout(limit, body);
  }

  /** As {@link #waitFor(Coroutine, Duration)}, for a body without a result. */
  public static <X extends Exception> void waitFor(Action<X> body, Duration limit) throws X {
    Asyncio.<@Nullable Void, X>waitFor(
        () -> {
          body.run();
          return null;
        },
        limit);
  }

  // ---- several at once ----

  /**
   * Runs the bodies concurrently, each as a task, and returns their results in the order of the
   * arguments. The first failure is thrown immediately, and the other tasks keep running; use a
   * {@link TaskGroup} if they should not.
   *
   * <p><i>Waits</i> until all have ended or one has failed.
   *
   * <p><i>If cancelled</i>: all are cancelled; {@link CancelledError} is thrown when all have
   * ended.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @throws DeadlockException if this wait closes a cycle of tasks that wait for each other
   */
  @SafeVarargs
  @SuppressWarnings("unused") // X: what the bodies throw is thrown bare
  public static <T extends @Nullable Object, X extends Exception> List<T> gather(
      Coroutine<T, X>... bodies) throws X {
    EventLoop loop = EventLoop.require("gather()");
    Current.requireTask("gather()");
    List<Task<T>> tasks = new ArrayList<>(bodies.length);
    for (Coroutine<T, X> body : bodies) {
      tasks.add(loop.createTask(body));
    }
    return Gather.await(tasks);
  }

  /** As {@link #gather(Coroutine[])}, for bodies without results. */
  @SafeVarargs
  @SuppressWarnings("unused") // X: what the bodies throw is thrown bare
  public static <X extends Exception> void gather(Action<X>... bodies) throws X {
    EventLoop loop = EventLoop.require("gather()");
    Current.requireTask("gather()");
    List<Task<@Nullable Void>> tasks = new ArrayList<>(bodies.length);
    for (Action<X> body : bodies) {
      tasks.add(loop.createTask(withoutResult(body)));
    }
    Gather.await(tasks);
  }

  /**
   * Awaits futures and tasks together and returns their results in order; a future that occurs
   * twice fills both places. To gather a list of bodies, make each a task with {@link #createTask}.
   * A failure is thrown immediately and unchanged, checked or not, and the others keep running.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #gather(Coroutine[])}.
   */
  public static <T extends @Nullable Object> List<T> gather(
      List<? extends Future<? extends T>> futures) {
    return Gather.await(futures);
  }

  /**
   * Runs the bodies concurrently, each as a task, and returns how each of them ended, in the order
   * of the arguments. A failure is an {@link Outcome} just as a result is, and so is the
   * cancellation of one of the tasks.
   *
   * <p><i>Waits</i> until all have ended.
   *
   * <p><i>If cancelled</i>: all are cancelled; {@link CancelledError} is thrown when all have
   * ended.
   *
   * <p><i>Thread</i>: a coroutine.
   */
  @SafeVarargs
  public static <T extends @Nullable Object> List<Outcome<T>> gatherOutcomes(
      Coroutine<T, ?>... bodies) {
    EventLoop loop = EventLoop.require("gatherOutcomes()");
    Current.requireTask("gatherOutcomes()");
    List<Task<T>> tasks = new ArrayList<>(bodies.length);
    for (Coroutine<T, ?> body : bodies) {
      tasks.add(loop.createTask(body));
    }
    return Gather.awaitOutcomes(tasks);
  }

  /** As {@link #gatherOutcomes(Coroutine[])}, for bodies without results. */
  public static List<Outcome<@Nullable Void>> gatherOutcomes(Action<?>... bodies) {
    EventLoop loop = EventLoop.require("gatherOutcomes()");
    Current.requireTask("gatherOutcomes()");
    List<Task<@Nullable Void>> tasks = new ArrayList<>(bodies.length);
    for (Action<?> body : bodies) {
      tasks.add(loop.createTask(withoutResult(body)));
    }
    return Gather.awaitOutcomes(tasks);
  }

  /**
   * Awaits futures and tasks together and returns how each of them ended, in order; a future that
   * occurs twice fills both places.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #gatherOutcomes(Coroutine[])}.
   */
  public static <T extends @Nullable Object> List<Outcome<T>> gatherOutcomes(
      List<? extends Future<? extends T>> futures) {
    return Gather.awaitOutcomes(futures);
  }

  /**
   * Runs bodies until one succeeds, then cancels the others; for example, to connect to one of
   * several addresses. A body starts when the one before it has failed, or after {@code delay}.
   *
   * <p><i>Waits</i> until one body has succeeded or all have failed, and all that were started have
   * ended.
   *
   * <p><i>If cancelled</i>: all are cancelled; {@link CancelledError} is thrown when all have
   * ended. If a body has already won, its result is returned and the cancellation is delivered at
   * the next wait.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @param delay the head start of each body over the next one; zero or less means one turn of the
   *     loop
   * @return the result of the winner and the failures of the others; also returned if all failed
   */
  public static <T extends @Nullable Object> Race<T> staggeredRace(
      Collection<? extends Coroutine<? extends T, ?>> bodies, Duration delay) {
    return StaggeredRace.run(bodies, Objects.requireNonNull(delay, "delay"));
  }

  /**
   * As {@link #staggeredRace(Collection, Duration)}, but one at a time: a body starts when the one
   * before it has failed.
   */
  public static <T extends @Nullable Object> Race<T> staggeredRace(
      Collection<? extends Coroutine<? extends T, ?>> bodies) {
    return StaggeredRace.run(bodies, null);
  }

  /** For {@link #waitUntil}: returns as soon as one is done, whatever its outcome. */
  public static final ReturnWhen FIRST_COMPLETED = ReturnWhen.FIRST_COMPLETED;

  /** For {@link #waitUntil}: returns as soon as one fails, or when all are done. */
  public static final ReturnWhen FIRST_EXCEPTION = ReturnWhen.FIRST_EXCEPTION;

  /** For {@link #waitUntil}: returns when all are done, whatever their outcomes. */
  public static final ReturnWhen ALL_COMPLETED = ReturnWhen.ALL_COMPLETED;

  /**
   * Waits for several futures or tasks and returns which of them are done. It neither throws their
   * failures nor cancels any of them; a future that occurs twice counts once.
   *
   * <pre>{@code
   * var first = waitUntil(FIRST_COMPLETED, tasks);
   * first.pending().forEach(Task::cancel);
   * IO.println(first.done().getFirst().await());
   * }</pre>
   *
   * <p><i>Waits</i> until as many are done as {@code mode} requires; returns without suspending if
   * they already are.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; the futures keep running.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @throws IllegalArgumentException if there are no futures, or one belongs to another loop
   * @throws DeadlockException if this wait closes a cycle of tasks that wait for each other
   */
  public static <F extends Future<?>> Waited<F> waitUntil(
      ReturnWhen mode, Iterable<? extends F> futures) {
    return WaitUntil.<F, Waited<F>>await(mode, futures, null, Waited::new);
  }

  /**
   * As {@link #waitUntil(ReturnWhen, Iterable)}, for at most {@code limit}. If the limit runs out,
   * nothing is thrown: those that are not done are among the pending. A limit of zero or less lets
   * everything else that is ready run once.
   */
  public static <F extends Future<?>> Waited<F> waitUntil(
      ReturnWhen mode, Iterable<? extends F> futures, Duration limit) {
    return WaitUntil.<F, Waited<F>>await(
        mode, futures, Objects.requireNonNull(limit, "limit"), Waited::new);
  }

  /**
   * Returns the futures or tasks in the order in which they complete, for a {@code for} loop. The
   * elements are the caller's own objects, each once, done with a result, a failure or a
   * cancellation.
   *
   * <pre>{@code
   * for (var page : asCompleted(pages)) {
   *   show(page.await());
   * }
   * }</pre>
   *
   * <p>The loop may be left at any time: nothing is cancelled. A second loop over the same object,
   * or one in another task, continues with those that are left.
   *
   * <p><i>Waits</i>: {@code next} waits until one more is done.
   *
   * <p><i>If cancelled</i>: {@link CancelledError} from {@code next}; the futures keep running.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @throws IllegalArgumentException if a future belongs to another loop
   */
  public static <F extends Future<?>> Iterable<F> asCompleted(Iterable<? extends F> futures) {
    return new AsCompleted<>(EventLoop.require("asCompleted()").scheduler, futures, null);
  }

  /**
   * As {@link #asCompleted(Iterable)}, with a time limit for the whole iteration, counted from now.
   * Once it has run out, {@code next} returns those that are done and then throws {@link
   * TimeoutException}, once for each that is left; nothing is cancelled.
   */
  public static <F extends Future<?>> Iterable<F> asCompleted(
      Iterable<? extends F> futures, Duration limit) {
    return new AsCompleted<>(
        EventLoop.require("asCompleted()").scheduler,
        futures,
        Objects.requireNonNull(limit, "limit"));
  }

  /**
   * Awaits a future without passing a cancellation of the caller on to it: the future keeps
   * running. Keep a reference to it.
   *
   * <p><i>Waits</i> for the future.
   *
   * <p><i>If cancelled</i>: {@link CancelledError} in the caller; if the future fails later, the
   * exception handler receives the failure.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @throws DeadlockException if this wait closes a cycle of tasks that wait for each other
   */
  public static <T extends @Nullable Object> T shield(Future<T> future) {
    return Shield.await(future);
  }

  /** As {@link #shield(Future)}, for a body that is run as a task. */
  @SuppressWarnings("unused") // X: what the body throws is thrown bare
  public static <T extends @Nullable Object, X extends Exception> T shield(Coroutine<T, X> body)
      throws X {
    Current.requireTask("shield()");
    return Shield.awaitBare(createTask(body));
  }

  /** As {@link #shield(Coroutine)}, for a body without a result. */
  @SuppressWarnings("unused") // X: what the body throws is thrown bare
  public static <X extends Exception> void shield(Action<X> body) throws X {
    Current.requireTask("shield()");
    Shield.awaitBare(createTask(body));
  }

  /**
   * Runs {@code body}, steps that belong together, as a region in which no other coroutine of the
   * loop may run, and returns its result. Code that does not wait is not interrupted anyway; this
   * method checks that it does not wait, now and after later changes.
   *
   * <pre>{@code
   * atomically(() -> {
   *   int left = stock.get(item);
   *   stock.put(item, left - 1);
   * });
   * }</pre>
   *
   * <p>Inside a region, methods that may wait fail immediately, even if they would return without
   * suspending; so does an eager start of a task. Methods that never wait are allowed. Foreign code
   * that suspends the coroutine, as a contended lock, a logger or a blocking queue may on the
   * mounted carrier, can't be refused: the region fails when it ends and names the place. What the
   * body did is not undone. On the portable carrier such code blocks the whole loop, and the region
   * holds.
   *
   * <p>Regions may be nested. Tasks and callbacks that a region creates are not part of it.
   *
   * <p><i>Waits</i>: never.
   *
   * <p><i>If cancelled</i>: the cancellation is delivered at the next wait, after the region.
   *
   * <p><i>Thread</i>: a coroutine or a callback.
   *
   * @throws IllegalStateException if other coroutines may have run meanwhile; if the body throws,
   *     that is thrown instead, with this exception suppressed
   */
  public static <T extends @Nullable Object, X extends Exception> T atomically(Coroutine<T, X> body)
      throws X {
    return Region.run(body);
  }

  /** As {@link #atomically(Coroutine)}, for a body without a result. */
  public static <X extends Exception> void atomically(Action<X> body) throws X {
    Region.<@Nullable Void, X>run(new WithoutResult<>(body));
  }

  // ---- other threads, other libraries ----

  /**
   * Runs a blocking body on a helper thread, or on the {@linkplain EventLoop#setDefaultExecutor
   * default executor}, and returns its result; what it throws is thrown unchanged. For calls that
   * hold the thread whatever the carrier: files, name lookups, native code, long computations. The
   * body runs in a copy of the current {@link Context}.
   *
   * <p><i>Waits</i> until the body has ended.
   *
   * <p><i>If cancelled</i>: {@link CancelledError} immediately. The body keeps running, because
   * nothing can stop it, and its result is dropped (closed, if it is AutoCloseable). A body that
   * has not begun never runs.
   *
   * <p><i>Thread</i>: a coroutine.
   */
  @SuppressWarnings("unused") // X: what the body throws is thrown bare
  public static <T extends @Nullable Object, X extends Exception> T toThread(Coroutine<T, X> body)
      throws X {
    EventLoop loop = EventLoop.of(Current.requireTask("toThread()").scheduler());
    return Futures.awaitBare(loop.call(loop.executors()::submit, copyContext(), body));
  }

  /** As {@link #toThread(Coroutine)}, for a body without a result. */
  public static <X extends Exception> void toThread(Action<X> body) throws X {
    Asyncio.<@Nullable Void, X>toThread(() -> {
      body.run();
      return null;
    });
  }

  /**
   * Runs foreign code that blocks, such as a JDBC query or a blocking queue, so that the loop keeps
   * running meanwhile on both carriers. On the portable carrier the body runs beside the loop: it
   * must not touch anything the loop's coroutines share, nor call functions of this library. On the
   * mounted carrier this method is never needed.
   *
   * <p><i>Waits</i>: as the body does.
   *
   * <p><i>If cancelled</i>: the thread is interrupted, as a nudge; the cancellation is delivered at
   * the next wait of this library.
   *
   * <p><i>Thread</i>: a coroutine.
   */
  public static <T extends @Nullable Object, X extends Exception> T blocking(Coroutine<T, X> body)
      throws X {
    if (carrier() == CarrierKind.MOUNTED) {
      return Current.blocking(body);
    }
    Context context = Context.currentMade();
    return Current.blocking(() -> Context.beside(context, body));
  }

  /** As {@link #blocking(Coroutine)}, for a body without a result. */
  public static <X extends Exception> void blocking(Action<X> body) throws X {
    Asyncio.<@Nullable Void, X>blocking(() -> {
      body.run();
      return null;
    });
  }

  /**
   * Awaits a CompletionStage of another library and returns its result; a failure is thrown as by
   * {@link Future#await()}.
   *
   * <p><i>Waits</i> for the stage.
   *
   * <p><i>If cancelled</i>: the stage is cancelled if it is a CompletableFuture, and {@link
   * CancelledError} is thrown.
   *
   * <p><i>Thread</i>: a coroutine.
   */
  public static <T extends @Nullable Object> T await(CompletionStage<T> stage) {
    return EventLoop.of(Current.requireTask("await()").scheduler())
        .follow(stage)
        .await();
  }

  /**
   * Returns a future of the running loop that follows a java.util.concurrent.Future, such as one
   * from an ExecutorService. It can be awaited, gathered and waited for like any other. Cancelling
   * either cancels the other; a running job is interrupted. A future of the running loop is
   * returned as is.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public static <T extends @Nullable Object> Future<T> wrapFuture(
      java.util.concurrent.Future<T> future) {
    return EventLoop.require("wrapFuture()").wrap(future);
  }

  /**
   * As {@link #wrapFuture(java.util.concurrent.Future)}, for a CompletionStage. Cancelling reaches
   * the stage only if it is a CompletableFuture; other stages can't be cancelled.
   */
  public static <T extends @Nullable Object> Future<T> wrapFuture(CompletionStage<T> stage) {
    return EventLoop.require("wrapFuture()").follow(stage);
  }

  /** As {@link #wrapFuture(CompletionStage)}; a CompletableFuture is both. */
  public static <T extends @Nullable Object> Future<T> wrapFuture(CompletableFuture<T> future) {
    return EventLoop.require("wrapFuture()").follow(future);
  }

  // ---- connections and servers ----

  /**
   * Connects to a TCP server, with {@link ConnectOptions#defaults}.
   *
   * <p><i>Waits</i> for the name look-up and for the connection; if a name has several addresses,
   * they are tried in turn. The operating system decides how long this takes, sometimes minutes. To
   * limit it: {@code timeout(ofSeconds(3), () -> openConnection(…))}.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}, and nothing is left open. If the connection was
   * made before the cancellation, it is returned, and the cancellation is delivered at the next
   * wait.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @param host a name or an address
   * @throws java.net.UnknownHostException if the name has no address
   * @throws java.net.ConnectException if nobody listens there
   * @throws IOException if no connection can be made for another reason; if several addresses
   *     failed, the first one's failure is its cause, and the others' are suppressed
   */
  public static Connection openConnection(String host, int port) throws IOException {
    return openConnection(host, port, ConnectOptions.defaults());
  }

  /**
   * Connects as {@link #openConnection(String, int)} does, with options.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #openConnection(String, int)}.
   */
  public static Connection openConnection(String host, int port, ConnectOptions options)
      throws IOException {
    return Connection.open(host, port, Objects.requireNonNull(options, "options"));
  }

  /**
   * Starts a TCP server, with {@link ServerOptions#defaults}: from now on each client is passed to
   * {@code handler}, in its own task, named "client" followed by the client's address.
   *
   * <pre>{@code
   * try (var server = startServer(client -> client.writer().write("hello\n"), "127.0.0.1", 8888)) {
   *   server.serveForever();
   * }
   * }</pre>
   *
   * <p><i>Waits</i> for the name look-up, if {@code host} is a name.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}, and nothing is left open.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @param host the address to listen on, or a name for all its addresses; "" and null listen on
   *     all addresses of this machine, IPv4 and IPv6. "0.0.0.0" listens on IPv4 only; "::" listens
   *     on IPv6 and also on IPv4, because the JDK can't restrict an IPv6 socket to IPv6
   * @param port 0 takes a free port, see {@link Server#port}
   * @throws java.net.BindException if the port is in use
   * @throws IOException if it can't listen for another reason
   */
  public static Server startServer(ConnectionHandler handler, @Nullable String host, int port)
      throws IOException {
    return startServer(handler, host, port, ServerOptions.defaults());
  }

  /**
   * Starts a server as {@link #startServer(ConnectionHandler, String, int)} does, with options.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #startServer(ConnectionHandler,
   * String, int)}.
   */
  public static Server startServer(
      ConnectionHandler handler, @Nullable String host, int port, ServerOptions options)
      throws IOException {
    return Server.start(Objects.requireNonNull(handler, "handler"), host, port, options);
  }

  /**
   * Opens a connection to an address, of the Internet or of a Unix socket, as {@link
   * #openConnection(String, int)} does to a host.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #openConnection(String, int)}.
   *
   * @throws IllegalArgumentException if the address is of another kind
   */
  public static Connection openConnection(SocketAddress address) throws IOException {
    return Connection.open(address, ConnectOptions.defaults());
  }

  /**
   * Opens a connection to an address, with options.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #openConnection(String, int)}.
   */
  public static Connection openConnection(SocketAddress address, ConnectOptions options)
      throws IOException {
    return Connection.open(address, Objects.requireNonNull(options, "options"));
  }

  /**
   * Opens a connection to a Unix socket.
   *
   * <p><i>Waits</i> until it is made or refused, which is usually at once.
   *
   * <p><i>If cancelled</i>, <i>Thread</i>: as {@link #openConnection(String, int)}.
   *
   * @param path the socket's file
   * @throws java.net.ConnectException if nobody listens there
   * @throws IOException if it can't be opened
   */
  public static Connection openUnixConnection(Path path) throws IOException {
    return openUnixConnection(path, ConnectOptions.defaults());
  }

  /**
   * Opens a connection to a Unix socket, with options; those of TCP do nothing.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #openUnixConnection(Path)}.
   */
  public static Connection openUnixConnection(Path path, ConnectOptions options)
      throws IOException {
    return openConnection(UnixDomainSocketAddress.of(path), options);
  }

  /**
   * Starts a server on an address, of the Internet or of a Unix socket, as {@link
   * #startServer(ConnectionHandler, String, int)} does on a host. A wildcard address of IPv4 means
   * all addresses of IPv4 alone; for all of both kinds, start it on the host "".
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #startServer(ConnectionHandler,
   * String, int)}.
   *
   * @throws IllegalArgumentException if the address is of another kind
   */
  public static Server startServer(ConnectionHandler handler, SocketAddress address)
      throws IOException {
    return startServer(handler, address, ServerOptions.defaults());
  }

  /**
   * Starts a server on an address, with options.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #startServer(ConnectionHandler,
   * String, int)}.
   */
  public static Server startServer(
      ConnectionHandler handler, SocketAddress address, ServerOptions options) throws IOException {
    return Server.start(
        Objects.requireNonNull(handler, "handler"),
        Objects.requireNonNull(address, "address"),
        Objects.requireNonNull(options, "options"));
  }

  /**
   * Starts a server on a Unix socket. A socket's file that a dead server left is replaced; this
   * server's own is removed when it closes.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #startServer(ConnectionHandler,
   * String, int)}.
   *
   * @param path the socket's file; at most 107 bytes on most systems
   * @throws java.net.BindException if another server listens there, or the file is no socket
   * @throws IOException if it can't listen for another reason
   */
  public static Server startUnixServer(ConnectionHandler handler, Path path) throws IOException {
    return startUnixServer(handler, path, ServerOptions.defaults());
  }

  /**
   * Starts a server on a Unix socket, with options; those of TCP do nothing.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link
   * #startUnixServer(ConnectionHandler, Path)}.
   */
  public static Server startUnixServer(ConnectionHandler handler, Path path, ServerOptions options)
      throws IOException {
    return startServer(handler, UnixDomainSocketAddress.of(path), options);
  }

  /**
   * Returns the addresses of a host, in the resolver's order.
   *
   * <p><i>Waits</i> until they are known; not for a literal address, for {@code localhost}, or for
   * what the resolver's cache knows.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; the look-up is given up.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @throws java.net.UnknownHostException if there are none
   * @throws IOException if the name can't be looked up
   */
  public static List<InetAddress> resolve(String host) throws IOException {
    EventLoop loop = EventLoop.of(Current.requireTask("resolve()").scheduler());
    return Names.resolveAll(loop.resolver(), host);
  }

  /**
   * Returns the name of an address, as the operating system knows it; its literal if it has none.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #resolve}.
   */
  public static String resolveName(InetAddress address) throws IOException {
    return SystemResolver.nameOf(address);
  }

  /**
   * Moves bytes between two connections, both ways, until both have ended: what comes from one is
   * sent to the other, and an end is passed on. Closes neither.
   *
   * <p>Once one direction has ended, a minute of silence in the other one ends it too, since a peer
   * that has gone without a word would keep it for ever.
   *
   * <p><i>Waits</i> until both directions have ended.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; what was read has been written, and is still
   * sent.
   *
   * <p><i>Thread</i>: a coroutine of the loop of both; nobody else may read from them meanwhile.
   *
   * @return the number of bytes that went each way
   * @throws IOException if one of the connections is lost, or closed on this side
   */
  public static Relayed relay(Connection one, Connection other) throws IOException {
    return relay(one, other, Duration.ofMinutes(1));
  }

  /**
   * Relays as {@link #relay(Connection, Connection)} does.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #relay(Connection, Connection)}.
   *
   * @param silence how long nothing may come from one side after the other has ended; positive
   */
  public static Relayed relay(Connection one, Connection other, Duration silence)
      throws IOException {
    Current.requireTask("relay()");
    return Relayed.between(one, other, silence);
  }
}
