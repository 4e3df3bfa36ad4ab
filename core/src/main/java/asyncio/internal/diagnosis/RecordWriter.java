package asyncio.internal.diagnosis;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A thread that writes log records for threads which may not wait for a log. A handler whose pipe
 * is full or whose network is gone can block for ever; the watchdog keeps the time of all loops and
 * ends waits that hold one, and must go on.
 *
 * <p>A bounded number of records waits to be written. More are dropped and counted.
 */
public final class RecordWriter {
  /** So many records may wait; a report with its stacks takes some kilobytes. */
  private static final int LIMIT = 100;

  private static final AtomicInteger DROPPED = new AtomicInteger();

  private static final ThreadPoolExecutor WRITER = newWriter();

  private RecordWriter() {}

  private static ThreadPoolExecutor newWriter() {
    ThreadPoolExecutor writer =
        new ThreadPoolExecutor(
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

  /** Has {@code record} written, after those handed over before. Any thread; does not wait. */
  public static void submit(Runnable record) {
    WRITER.execute(
        () -> {
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
              + " dropped, because a handler of the log did not return for a while and "
              + LIMIT
              + " others waited for it.");
    }
  }
}
