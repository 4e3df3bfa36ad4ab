package asyncio;

import asyncio.internal.diagnosis.Logs;
import asyncio.internal.util.Durations;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Ctrl-C and SIGTERM while a run is on the main thread: the first cancels the main task, and a
 * second one halts the JVM, as the end of the {@link Grace} does. Left alone where somebody else
 * handles the signal, on other threads, and where the module jdk.unsupported is missing.
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
   * Handles the signals for {@code main} if the current thread is the main thread; null when they
   * are left alone.
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

  /** The first signal that came, as what run throws; null when none did. */
  @Nullable KeyboardInterrupt received() {
    return received;
  }

  /** What the program does until the loop closes, it does in its own time. */
  synchronized void runEnded() {
    runEnded = true;
    if (grace != null) {
      grace.stop();
    }
  }

  /** The loop closes, which is to be over when the grace is. */
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

  /** The signal of this name arrived. */
  @Override
  public void accept(String signal) {
    int exitCode = signal.equals("INT") ? 130 : 143;
    if (received != null || main.isDone()) {
      Runtime.getRuntime().halt(exitCode);
    }
    received = new KeyboardInterrupt(signal, exitCode);
    Duration limit = main.loop().shutdownGrace();
    // Before the cancel: the run may end with it at once.
    begin(new Grace("SIG" + signal, exitCode, limit));
    main.cancel("SIG" + signal);
    // Last: who holds the log's lock may be the one that does not end.
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

  private synchronized void begin(Grace begun) {
    if (!restored) {
      grace = begun;
      if (!runEnded || closing) {
        begun.goOn();
      }
    }
  }

  /**
   * The JVM is shutting down and has cancelled what the caller of run waited for: nobody needs the
   * stack of that.
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
   * Makes the process end with the code of a KeyboardInterrupt that leaves the main thread
   * uncaught.
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
      // Started with -Xrs: the signal is not ours to handle.
    }
  }
}
