package asyncio;

import asyncio.internal.util.Stacks;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Which frames of a stack are the user's. Any thread. */
final class Frames {
  private Frames() {}

  /**
   * The line of user code that stands in, or called, the innermost frame; null when none is known.
   */
  static @Nullable StackTraceElement userLine(List<StackTraceElement> stack) {
    int index = userIndex(stack);
    return index < 0 ? null : stack.get(index);
  }

  /** What user code called: the frame above its innermost one; null when it called nothing. */
  static @Nullable StackTraceElement calledByUser(List<StackTraceElement> stack) {
    int index = userIndex(stack);
    return index < 1 ? null : stack.get(index - 1);
  }

  /** The place of the innermost frame of user code; -1 when there is none. */
  static int userIndex(List<StackTraceElement> stack) {
    for (int i = 0; i < stack.size(); i++) {
      if (Stacks.isUsers(stack.get(i))) {
        return i;
      }
    }
    return -1;
  }

  /** A frame without its module and class loader: {@code Demo.main(Demo.java:12)}. */
  static String text(StackTraceElement frame) {
    String file = frame.getFileName();
    int line = frame.getLineNumber();
    String place = file == null ? "unknown source" : line < 0 ? file : file + ":" + line;
    return frame.getClassName() + "." + frame.getMethodName() + "(" + place + ")";
  }
}
