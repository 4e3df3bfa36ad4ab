package asyncio.internal.exit;

import asyncio.CancelledError;
import asyncio.KeyboardInterrupt;
import asyncio.internal.log.Logs;
import asyncio.internal.task.Futures;
import asyncio.internal.task.TaskFiber;
import asyncio.internal.util.Durations;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Handles Ctrl-C and SIGTERM during a run on the main thread: the first signal cancels the main
 * task, and a second one halts the JVM, as the end of the {@link Grace} does. Signals are left
 * alone if somebody else handles them, on other threads, and without the module jdk.unsupported.
 */
public final class Signals implements Consumer<String> {
  static final boolean POSSIBLE = isPossible();

  private final TaskFiber main;
  private final Duration limit;
  private final List<Runnable> restores = new ArrayList<>();
  private volatile @Nullable KeyboardInterrupt received;

  // Guarded by this.
  private @Nullable Grace grace;
  private boolean runEnded;
  private boolean closing;
  private boolean restored;

  private Signals(TaskFiber main, Duration limit) {
    this.main = main;
    this.limit = limit;
  }

  private static boolean isPossible() {
    try {
      Class.forName("sun.misc.Signal");
      return true;
    } catch (ClassNotFoundException | LinkageError e) {
      return false;
    }
  }

  /**
   * Handles the signals for {@code main} if the current thread is the main thread; returns null if
   * they are left alone.
   *
   * @param limit the grace: how long the program may take to end
   */
  public static @Nullable Signals install(TaskFiber main, Duration limit) {
    Thread self = Thread.currentThread();
    if (!POSSIBLE
        || self.isVirtual()
        || !self.getName().equals("main")
        || self.getThreadGroup() == null) {
      return null;
    }
    var signals = new Signals(main, limit);
    signals.handle("INT");
    signals.handle("TERM");
    return signals;
  }

  /** Returns the first signal that came, as the exception that run throws; null if none came. */
  public @Nullable KeyboardInterrupt received() {
    return received;
  }

  /** Pauses the grace period: what the program does until the loop closes is not limited. */
  public synchronized void runEnded() {
    runEnded = true;
    if (grace != null) {
      grace.stop();
    }
  }

  /** Resumes the grace period: closing the loop must be finished when it is over. */
  public synchronized void closing() {
    closing = true;
    if (grace != null) {
      grace.goOn();
    }
  }

  /** Gives the signals back to whoever handled them before. */
  public void restore() {
    synchronized (this) {
      restored = true;
      if (grace != null) {
        grace.end();
      }
    }
    for (Runnable restore : restores) {
      restore.run();
    }
    restores.clear();
  }

  /** Called when the signal of this name arrives. */
  @Override
  public void accept(String signal) {
    int exitCode = signal.equals("INT") ? 130 : 143;
    if (main.hasEnded() || !isFirst(new KeyboardInterrupt(signal, exitCode))) {
      Runtime.getRuntime().halt(exitCode);
    }
    // Before the cancel, which may end the run at once.
    begin(new Grace("SIG" + signal, exitCode, limit));
    Futures.cancelFromAnyThread(main.future(), "SIG" + signal);
    // Last, because whoever holds the log's lock may be the one that does not end.
    Logs.LOOP.log(
        System.Logger.Level.INFO,
        "SIG"
            + signal
            + ": "
            + main.describe()
            + " of the event loop '"
            + main.scheduler().name()
            + "' is cancelled. If the program has not ended after "
            + Durations.millis(limit)
            + " ms, or at the next signal, it is halted with exit code "
            + exitCode
            + ".");
  }

  /**
   * Each signal comes on a thread of its own: of two at once, only one may cancel the main task.
   */
  private synchronized boolean isFirst(KeyboardInterrupt interrupt) {
    if (received != null) {
      return false;
    }
    received = interrupt;
    return true;
  }

  private synchronized void begin(Grace begun) {
    if (!restored) {
      grace = begun;
      if (!runEnded || closing) {
        begun.goOn();
      }
    }
  }

  /**
   * Silences a CancelledError that the main thread does not catch. The JVM is shutting down and has
   * cancelled what the caller of run waited for: nobody needs that stack trace.
   */
  public static void silenceIfUncaught() {
    Thread self = Thread.currentThread();
    Thread.UncaughtExceptionHandler before = self.getUncaughtExceptionHandler();
    if (before instanceof ThreadGroup) {
      self.setUncaughtExceptionHandler((thread, failure) -> {
        if (!(failure instanceof CancelledError)) {
          before.uncaughtException(thread, failure);
        }
      });
    }
  }

  /**
   * Makes the process exit with the code of a KeyboardInterrupt that the main thread does not
   * catch.
   */
  public static void exitWithCodeIfUncaught() {
    Thread self = Thread.currentThread();
    Thread.UncaughtExceptionHandler before = self.getUncaughtExceptionHandler();
    if (before instanceof ThreadGroup) {
      self.setUncaughtExceptionHandler((thread, failure) -> {
        if (failure instanceof KeyboardInterrupt interrupt) {
          System.exit(interrupt.exitCode());
        }
        before.uncaughtException(thread, failure);
      });
    }
  }

  private void handle(String name) {
    try {
      restores.add(SignalBridge.handle(name, this));
    } catch (IllegalArgumentException takenByTheJvm) {
      // The JVM was started with -Xrs: the signal is not ours to handle.
    }
  }
}
