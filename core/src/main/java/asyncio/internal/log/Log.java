package asyncio.internal.log;

import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.Scheduler;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One of the library's loggers. Behind it is foreign code: a handler whose disk is full, an
 * appender whose network is down. That must not harm what is reported on, so nothing is thrown
 * here; what could not be logged goes to the standard error of the process, with the reason.
 */
public final class Log {
  private final String name;
  private final System.@Nullable Logger logger;

  private Log(String name, System.@Nullable Logger logger) {
    this.name = name;
    this.logger = logger;
  }

  static Log named(String name) {
    System.Logger logger = null;
    try {
      logger = System.getLogger(name);
    } catch (Throwable broken) {
      print("The logger '" + name + "' could not be created: " + className(broken));
    }
    return new Log(name, logger);
  }

  /** Whether a record of this level is logged anywhere. */
  public boolean isLoggable(System.Logger.Level level) {
    try {
      return logger != null && logger.isLoggable(level);
    } catch (Throwable broken) {
      failed("when asked whether " + level + " is logged.", broken);
      return false;
    }
  }

  /** Writes a record. */
  public void log(System.Logger.Level level, String message) {
    log(level, message, null);
  }

  /** Writes a record whose text is created only if the record is logged anywhere. */
  public void log(System.Logger.Level level, Supplier<String> message) {
    if (isLoggable(level)) {
      log(level, message.get());
    }
  }

  /** Writes a record that reports a failure. */
  public void log(System.Logger.Level level, String message, @Nullable Throwable failure) {
    try {
      logOrThrow(level, message, failure);
    } catch (Throwable broken) {
      String lost = failure == null ? message : message + " (" + className(failure) + ")";
      failed("while writing: " + lost, broken);
    }
  }

  /** As {@link #log}, for a caller that has another log to fall back on. */
  public void logOrThrow(System.Logger.Level level, String message, @Nullable Throwable failure) {
    System.Logger known = logger;
    if (known == null) {
      throw new IllegalStateException("There is no logger '" + name + "'.");
    }
    known.log(level, message, failure);
  }

  /** Returns only the class name, because even the message may come from foreign code. */
  private static String className(Throwable failure) {
    return failure.getClass().getName();
  }

  private void failed(String when, Throwable broken) {
    try {
      // A handler may have waited: then the caller was cancelled there.
      Scheduler scheduler = Current.scheduler();
      Fiber fiber = scheduler == null ? null : scheduler.currentFiber();
      if (fiber != null && fiber.isCancel(broken)) {
        fiber.redeliverCancel();
      }
    } catch (Throwable noMemory) {
      // The text matters more.
    }
    print("The logger '" + name + "' failed with " + className(broken) + " " + when);
  }

  /** Bypasses all logs and writes to the standard error of the process. Throws nothing. */
  public static void print(String text) {
    try {
      // The process's own stream, never closed: what a program has put in its place may be broken.
      var error = new PrintStream(new FileOutputStream(FileDescriptor.err), true);
      error.println(text);
    } catch (Throwable nobodyIsLeft) {
      // Nobody is left to tell.
    }
  }
}
