package asyncio.internal.loop;

import java.util.Arrays;
import java.util.List;

/** How a stack stands in a report: a line for each frame, innermost first. */
public final class Stacks {
  private Stacks() {}

  /** Adds the frames, each on a new line. */
  public static void append(StringBuilder text, List<StackTraceElement> frames) {
    for (StackTraceElement frame : frames) {
      text.append(System.lineSeparator()).append("    at ").append(frame);
    }
  }

  /** As {@link #append(StringBuilder, List)}. */
  public static void append(StringBuilder text, StackTraceElement[] frames) {
    append(text, Arrays.asList(frames));
  }
}
