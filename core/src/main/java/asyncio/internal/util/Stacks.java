package asyncio.internal.util;

import java.util.Arrays;
import java.util.List;

/** Formats stacks for reports: one line for each frame, innermost first. */
public final class Stacks {
  /** The number of tasks that a report describes; the others are only counted. */
  public static final int REPORTED_TASKS = 100;

  /** The number of stack lines that show where a thread is. */
  private static final int SHORT = 10;

  private Stacks() {}

  /** Adds the frames, each on a new line. */
  public static void append(StringBuilder text, List<StackTraceElement> frames) {
    for (StackTraceElement frame : frames) {
      line(text, frame);
    }
  }

  /** Adds the frames as {@link #append(StringBuilder, List)} does. */
  public static void append(StringBuilder text, StackTraceElement[] frames) {
    append(text, Arrays.asList(frames));
  }

  /**
   * Adds where a thread is in user code, innermost line first, and what that line calls. If no
   * frame is user code, adds the innermost frames.
   */
  public static void appendShort(StringBuilder text, StackTraceElement[] frames) {
    int shown = 0;
    int left = 0;
    for (int i = 0; i < frames.length; i++) {
      if (!isUsers(frames[i])) {
        continue;
      }
      if (shown == SHORT) {
        left++;
        continue;
      }
      line(text, frames[i]);
      if (shown == 0 && i > 0) {
        text.append(", in ").append(frames[i - 1]);
      }
      shown++;
    }
    if (shown == 0) {
      append(text, Arrays.asList(frames).subList(0, Math.min(SHORT, frames.length)));
      left = Math.max(0, frames.length - SHORT);
    }
    if (left > 0) {
      text.append(System.lineSeparator()).append("    and ").append(left).append(" more");
    }
  }

  /** Returns the name of a thread: 'name', or #id if it has none, like most virtual threads. */
  public static String nameOf(Thread thread) {
    return thread.getName().isEmpty() ? "#" + thread.threadId() : "'" + thread.getName() + "'";
  }

  private static void line(StringBuilder text, StackTraceElement frame) {
    text.append(System.lineSeparator()).append("    at ").append(frame);
  }

  /** Returns whether a frame belongs to neither the JDK nor this library. */
  public static boolean isUsers(StackTraceElement frame) {
    // By module, not by package: javax. and com.sun. are also packages of libraries.
    String module = frame.getModuleName();
    boolean ofJdk = module != null && (module.startsWith("java.") || module.startsWith("jdk."));
    return !ofJdk && !CreationSite.isOurs(frame);
  }
}
