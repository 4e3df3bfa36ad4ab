package asyncio.internal.log;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A thread that writes log records for threads that must not wait for a log. A handler whose pipe
 * is full or whose network is down can block for ever; the watchdog keeps the time of all loops and
 * ends waits that hold one, so it must keep running.
 *
 * <p>Only a bounded number of records may wait to be written. Further ones are dropped and counted.
 */
public final class RecordWriter {
  /** The number of records that may wait; a report with its stacks takes some kilobytes. */
  private static final int LIMIT = 100;

  private static final AtomicInteger DROPPED = new AtomicInteger();

  private static final ThreadPoolExecutor WRITER = newWriter();

  private RecordWriter() {}

  private static ThreadPoolExecutor newWriter() {
    ThreadPoolExecutor writer = new ThreadPoolExecutor(
        1,
        1,
        1,
        TimeUnit.SECONDS,
        new ArrayBlockingQueue<>(LIMIT),
        RecordWriter::newThread,
        (record, full) -> DROPPED.incrementAndGet());
    writer.allowCoreThreadTimeOut(true);
    return writer;
  }

  private static Thread newThread(Runnable body) {
    Thread thread = new Thread(null, body, "asyncio-log", 0, false);
    thread.setDaemon(true);
    return thread;
  }

  /**
   * Submits {@code record}, to be written after those submitted before. Any thread; does not wait.
   */
  public static void submit(Runnable record) {
    WRITER.execute(() -> {
      record.run();
      tellOfDropped();
    });
  }

  private static void tellOfDropped() {
    int dropped = DROPPED.getAndSet(0);
    if (dropped > 0) {
      Logs.WATCHDOG.log(
          System.Logger.Level.WARNING,
          dropped
              + (dropped == 1 ? " record was" : " records were")
              + " dropped, because a log handler did not return for a while and "
              + LIMIT
              + " others were waiting for it.");
    }
  }
}
