package asyncio;

import asyncio.internal.exit.Signals;
import asyncio.internal.log.Logs;
import asyncio.internal.util.Sneaky;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One event loop for several runs; {@link Asyncio#run} uses a runner for a single run.
 *
 * <pre>{@code
 * try (var runner = new Runner()) {
 *   var session = runner.run(() -> login());
 *   runner.run(() -> work(session));
 * }
 * }</pre>
 *
 * <p>The loop is created at first use. Between runs its tasks and timers stand still; virtual
 * threads that they started continue. {@link #close} cancels the remaining tasks.
 */
public final class Runner implements AutoCloseable {
  private final RunOptions options;

  // Guarded by this.
  private @Nullable EventLoop loop;
  private boolean closed;

  /** Written before a run, by the thread that creates the loop. */
  private volatile @Nullable Context context;

  private volatile @Nullable Signals signals;

  /** What the last run threw. */
  private volatile @Nullable Throwable thrown;

  /** Creates a runner with {@link RunOptions#defaults}. */
  public Runner() {
    this(RunOptions.defaults());
  }

  /** Creates a runner with options. */
  public Runner(RunOptions options) {
    this.options = options;
  }

  /**
   * Returns the loop of this runner.
   *
   * @throws IllegalStateException if the runner is closed
   */
  public synchronized EventLoop loop() {
    if (closed) {
      throw new IllegalStateException("This runner is closed: create a new one.");
    }
    EventLoop made = loop;
    if (made == null) {
      made = EventLoop.open(options);
      context = Asyncio.copyContext();
      loop = made;
    }
    return made;
  }

  /**
   * Runs {@code main} as a task of the loop and returns its result; what it throws is thrown
   * unchanged. All runs share one {@link Context}, copied from the caller's when the loop was
   * created.
   *
   * <p><i>Waits</i>: the calling thread, of any kind, blocks until {@code main} has ended.
   * Interrupting it cancels the main task.
   *
   * <p><i>If cancelled</i>: if the caller is the main thread and nobody else handles the signals,
   * Ctrl-C and SIGTERM cancel the main task; then {@link KeyboardInterrupt} is thrown. A program
   * that does not end in time is halted; see {@link RunOptions#withShutdownGrace}.
   *
   * <p><i>Thread</i>: any except a coroutine.
   *
   * @throws CancelledError if the main task ended cancelled
   * @throws IllegalStateException if called inside a running loop, if the runner is closed, or if
   *     it is already running something
   */
  public <T extends @Nullable Object, X extends Exception> T run(Coroutine<T, X> main) throws X {
    return runIn(null, main);
  }

  /** As {@link #run(Coroutine)}, in {@code context} instead of the one that the runs share. */
  public <T extends @Nullable Object, X extends Exception> T run(
      Context context, Coroutine<T, X> main) throws X {
    return runIn(Objects.requireNonNull(context, "context"), main);
  }

  /** As {@link #run(Context, Coroutine)}, for a body without a result. */
  public <X extends Exception> void run(Context context, Action<X> main) throws X {
    this.<@Nullable Void, X>run(context, new WithoutResult<>(main));
  }

  @SuppressWarnings("unused") // X: what the body throws is thrown bare
  private <T extends @Nullable Object, X extends Exception> T runIn(
      @Nullable Context given, Coroutine<T, X> main) throws X {
    LoopThread.refuseCoroutine("run()");
    EventLoop on = loop();
    Task<T> task = new Task<>(on.scheduler, null, given != null ? given : context, main);
    restoreSignals(); // left by a run that Ctrl-C ended; this run counts its own signals
    Signals handlers = Signals.install(task.fiber(), on.shutdownGrace());
    thrown = null;
    try {
      on.thread.run("run()", task);
    } catch (Throwable failure) {
      thrown = failure;
      throw failure;
    } finally {
      if (handlers != null && handlers.received() != null) {
        handlers.runEnded();
        signals = handlers; // a second signal during close halts
      } else if (handlers != null) {
        handlers.restore();
      }
    }
    try {
      return outcome(task, handlers);
    } catch (Throwable failure) {
      thrown = failure;
      throw failure;
    }
  }

  /** As {@link #run(Coroutine)}, for a body without a result. */
  public <X extends Exception> void run(Action<X> main) throws X {
    this.<@Nullable Void, X>run(new WithoutResult<>(main));
  }

  private static <T extends @Nullable Object> T outcome(Task<T> task, @Nullable Signals handlers) {
    if (task.isCancelled()) {
      KeyboardInterrupt interrupt = handlers == null ? null : handlers.received();
      if (interrupt != null && task.fiber().uncancel() == 0) {
        Signals.exitWithCodeIfUncaught();
        throw interrupt;
      }
      if (task.loop().shutdown.wasCancelledForJvmEnd(task.fiber())) {
        Signals.silenceIfUncaught();
      }
      return task.result();
    }
    Throwable failure = task.exception();
    if (failure != null) {
      throw Sneaky.rethrow(failure);
    }
    return task.result();
  }

  /**
   * Cancels the remaining tasks, waits for them to end, reports failures that nobody received, and
   * closes the loop. Tasks and helper threads that have not ended after the close timeout are
   * reported by name, and so are servers and connections that nobody closed ({@link
   * RunOptions#withLeakCheck}). Does nothing if the runner is closed.
   *
   * <p><i>Waits</i>: blocks the calling thread.
   *
   * <p><i>If cancelled</i>: an interrupt does not stop it; the interrupt flag is set again at the
   * end.
   *
   * <p><i>Thread</i>: any except a coroutine.
   *
   * @throws LeakException if something was left open and {@link LeakCheck#FAIL} was requested
   */
  @Override
  @SuppressWarnings("ReferenceEquality") // the very object that a run threw
  public void close() {
    LoopThread.refuseCoroutine("Runner.close()");
    EventLoop open;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      open = loop;
    }
    if (open == null || open.isClosed()) {
      restoreSignals();
      return;
    }
    if (open.thread.isAbandoned()) {
      // The caller is in a class initialiser that the loop waits for.
      Thread.ofPlatform().daemon().name(open.name() + "-close").start(() -> closeAfterwards(open));
      return;
    }
    try {
      close(open);
    } catch (Throwable failure) {
      // run() has already thrown this object to its caller: with try (var runner = …) it would
      // suppress itself. The JVM may well throw one OutOfMemoryError twice.
      if (failure != thrown && !open.thread.hasThrown(failure)) {
        throw failure;
      }
    }
  }

  private void closeAfterwards(EventLoop open) {
    try {
      close(open);
    } catch (Throwable failure) {
      Logs.LOOP.log(
          System.Logger.Level.ERROR,
          "The event loop '" + open.name() + "' failed when it closed.",
          failure);
    }
  }

  private void close(EventLoop open) {
    Signals handlers = signals;
    if (handlers != null) {
      handlers.closing();
    }
    try {
      open.shutdown.close(options.closeTimeout(), options.leakCheck());
    } finally {
      restoreSignals();
    }
  }

  private void restoreSignals() {
    Signals handlers = signals;
    if (handlers != null) {
      signals = null;
      handlers.restore();
    }
  }
}
