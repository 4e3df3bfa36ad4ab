package asyncio.support;

import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** What is written to one of the library's logs while this is open; it is not printed. */
public final class CapturedLog extends Handler implements AutoCloseable {
  private final Logger logger;
  private final Level before;
  private final ConcurrentLinkedQueue<LogRecord> records = new ConcurrentLinkedQueue<>();

  public CapturedLog(String name) {
    this(name, Logger.getLogger(name).getLevel());
  }

  /** With records down to this level. */
  public CapturedLog(String name, Level level) {
    logger = Logger.getLogger(name);
    before = logger.getLevel();
    logger.setLevel(level);
    logger.setUseParentHandlers(false);
    setLevel(Level.ALL);
    logger.addHandler(this);
  }

  public List<String> messages() {
    return records.stream().map(LogRecord::getMessage).toList();
  }

  public List<LogRecord> records() {
    return List.copyOf(records);
  }

  /**
   * Holds the current thread, busily, until a record contains {@code text}; returns its message.
   */
  public String spinUntil(String text) {
    long deadline = System.nanoTime() + 20_000_000_000L;
    while (System.nanoTime() < deadline) {
      for (LogRecord record : records) {
        if (record.getMessage().contains(text)) {
          return record.getMessage();
        }
      }
      Thread.onSpinWait();
    }
    throw new AssertionError("no record with '" + text + "'; there are " + messages());
  }

  @Override
  public void publish(LogRecord record) {
    records.add(record);
  }

  @Override
  public void flush() {}

  @Override
  public void close() {
    logger.removeHandler(this);
    logger.setLevel(before);
    logger.setUseParentHandlers(true);
  }
}
