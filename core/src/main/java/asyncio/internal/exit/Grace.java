package asyncio.internal.exit;

import asyncio.internal.diagnosis.Dump;
import asyncio.internal.log.Logs;
import asyncio.internal.util.Durations;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The time a program has to end after Ctrl-C or SIGTERM. When it is over, the log says what holds
 * the program, and the JVM is halted: otherwise a coroutine that computes, or is in a call that
 * ignores interrupts, would keep it running for ever.
 *
 * <pre>
 *   RUNNING --stop(), the run has ended--> STOPPED --goOn(), the loop closes--> RUNNING
 *   RUNNING, STOPPED --end(), the loop is closed--> over
 *   RUNNING --the time is over--> the JVM is halted
 * </pre>
 */
public final class Grace implements Runnable {
  /** The log may need a lock held by whatever keeps the program from ending. */
  private static final Duration FOR_THE_REPORT = Duration.ofSeconds(3);

  private final String signal;
  private final int exitCode;
  private final Duration limit;

  // Guarded by this.
  private long left;
  private long deadline;
  private boolean runs;
  private boolean over;
  private @Nullable Thread thread;

  Grace(String signal, int exitCode, Duration limit) {
    this.signal = signal;
    this.exitCode = exitCode;
    this.limit = limit;
    this.left = Durations.nanos(limit);
  }

  /** The time if neither option nor property sets it. */
  public static Duration byDefault() {
    return Duration.ofMillis(Math.max(0, Long.getLong("asyncio.shutdownGraceMillis", 10_000)));
  }

  /** Starts the time, or continues it from where it was stopped. Any thread. */
  synchronized void goOn() {
    if (runs || over) {
      return;
    }
    if (thread == null) {
      try {
        thread = Thread.ofPlatform().daemon().name("asyncio-grace").start(this);
      } catch (OutOfMemoryError noThread) {
        return; // tried again when the loop closes; and a second signal halts
      }
    }
    runs = true;
    deadline = System.nanoTime() + left;
    notifyAll();
  }

  /**
   * Stops the time: what the program does between a run and its close is its own business. Any
   * thread.
   */
  synchronized void stop() {
    if (runs) {
      runs = false;
      left = deadline - System.nanoTime();
    }
  }

  /** Called when the program has ended what the signal was for. Any thread. */
  synchronized void end() {
    over = true;
    notifyAll();
  }

  @Override
  public void run() {
    try {
      if (!awaitEnd()) {
        return;
      }
      tell(this::report);
    } catch (InterruptedException notOurs) {
      // Nobody else knows this thread: as good a reason to end as any.
    } catch (OutOfMemoryError noReport) {
      // The program is halted anyway.
    }
    Runtime.getRuntime().halt(exitCode);
  }

  /** Returns false if the program ended before the time was over. */
  private synchronized boolean awaitEnd() throws InterruptedException {
    while (!over) {
      if (!runs) {
        wait();
        continue;
      }
      long rest = deadline - System.nanoTime();
      if (rest <= 0) {
        return true;
      }
      wait(Math.ceilDiv(rest, 1_000_000L));
    }
    return false;
  }

  /** Runs a report but waits for it only for a limited time: it may never finish. */
  static void tell(Runnable report) throws InterruptedException {
    Thread reporter = Thread.ofPlatform().daemon().name("asyncio-report").start(report);
    var _ = reporter.join(FOR_THE_REPORT);
  }

  private void report() {
    Logs.LOOP.log(
        System.Logger.Level.ERROR,
        "The program has not ended within "
            + Durations.millis(limit)
            + " ms of "
            + signal
            + ", and is halted with exit code "
            + exitCode
            + ". Coroutines that compute should call yieldNow() now and then, and calls that ignore"
            + " interrupts belong in toThread(). What holds it up:"
            + System.lineSeparator()
            + Dump.textWithStacks());
  }
}
