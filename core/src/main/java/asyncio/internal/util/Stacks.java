package asyncio.internal.util;

import java.util.Arrays;
import java.util.List;

/** What reports have in common: a stack is a line for each frame, innermost first. */
public final class Stacks {
  /** Of so many tasks a report tells; the others are counted. */
  public static final int REPORTED_TASKS = 100;

  /** So many lines of a stack tell where somebody stands. */
  private static final int SHORT = 10;

  private Stacks() {}

  /** Adds the frames, each on a new line. */
  public static void append(StringBuilder text, List<StackTraceElement> frames) {
    for (StackTraceElement frame : frames) {
      line(text, frame);
    }
  }

  /** As {@link #append(StringBuilder, List)}. */
  public static void append(StringBuilder text, StackTraceElement[] frames) {
    append(text, Arrays.asList(frames));
  }

  /**
   * Adds where a thread stands in the user's code, innermost line first, and what that line calls.
   * Where nothing is the user's, the innermost frames.
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

  /** How a thread is called: 'name', or #id where it has none, as most virtual threads. */
  public static String nameOf(Thread thread) {
    return thread.getName().isEmpty() ? "#" + thread.threadId() : "'" + thread.getName() + "'";
  }

  private static void line(StringBuilder text, StackTraceElement frame) {
    text.append(System.lineSeparator()).append("    at ").append(frame);
  }

  /** Whether a frame is neither the JDK's nor this library's. */
  public static boolean isUsers(StackTraceElement frame) {
    String type = frame.getClassName();
    return !type.startsWith("java.")
        && !type.startsWith("javax.")
        && !type.startsWith("jdk.")
        && !type.startsWith("sun.")
        && !type.startsWith("com.sun.")
        && !CreationSite.isOurs(frame);
  }
}
