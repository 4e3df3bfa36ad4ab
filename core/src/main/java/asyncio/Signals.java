package asyncio;

import asyncio.internal.diagnosis.Logs;
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
final class Signals implements Consumer<String> {
  static final boolean POSSIBLE = isPossible();

  private final Task<?> main;
  private final List<Runnable> restores = new ArrayList<>();
  private volatile @Nullable KeyboardInterrupt received;

  // Guarded by this.
  private @Nullable Grace grace;
  private boolean runEnded;
  private boolean closing;
  private boolean restored;

  private Signals(Task<?> main) {
    this.main = main;
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
   */
  static @Nullable Signals install(Task<?> main) {
    Thread self = Thread.currentThread();
    if (!POSSIBLE
        || self.isVirtual()
        || !self.getName().equals("main")
        || self.getThreadGroup() == null) {
      return null;
    }
    var signals = new Signals(main);
    signals.handle("INT");
    signals.handle("TERM");
    return signals;
  }

  /** Returns the first signal that came, as the exception that run throws; null if none came. */
  @Nullable KeyboardInterrupt received() {
    return received;
  }

  /** Pauses the grace period: what the program does until the loop closes is not limited. */
  synchronized void runEnded() {
    runEnded = true;
    if (grace != null) {
      grace.stop();
    }
  }

  /** Resumes the grace period: closing the loop must be finished when it is over. */
  synchronized void closing() {
    closing = true;
    if (grace != null) {
      grace.goOn();
    }
  }

  void restore() {
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
    if (main.isDone() || !isFirst(new KeyboardInterrupt(signal, exitCode))) {
      Runtime.getRuntime().halt(exitCode);
    }
    Duration limit = main.loop().shutdownGrace();
    // Before the cancel, which may end the run at once.
    begin(new Grace("SIG" + signal, exitCode, limit));
    main.cancel("SIG" + signal);
    // Last, because whoever holds the log's lock may be the one that does not end.
    Logs.LOOP.log(
        System.Logger.Level.INFO,
        "SIG"
            + signal
            + ": "
            + main.fiber().describe()
            + " of the event loop '"
            + main.loop().name()
            + "' is cancelled. A program that has not ended after "
            + Durations.millis(limit)
            + " ms, or at the next signal, is halted with exit code "
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
  static void silenceIfUncaught() {
    Thread self = Thread.currentThread();
    Thread.UncaughtExceptionHandler before = self.getUncaughtExceptionHandler();
    if (before instanceof ThreadGroup) {
      self.setUncaughtExceptionHandler(
          (thread, failure) -> {
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
  static void exitWithCodeIfUncaught() {
    Thread self = Thread.currentThread();
    Thread.UncaughtExceptionHandler before = self.getUncaughtExceptionHandler();
    if (before instanceof ThreadGroup) {
      self.setUncaughtExceptionHandler(
          (thread, failure) -> {
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
