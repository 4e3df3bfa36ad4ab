package asyncio.internal.util;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Finds the frames of a stack that are the user's. Any thread. */
public final class Frames {
  private Frames() {}

  /**
   * The innermost line of user code: it is, or led to, the innermost frame. Null if none is known.
   */
  public static @Nullable StackTraceElement userLine(List<StackTraceElement> stack) {
    int index = userIndex(stack);
    return index < 0 ? null : stack.get(index);
  }

  /** What user code called: the frame above its innermost one; null if it called nothing. */
  public static @Nullable StackTraceElement calledByUser(List<StackTraceElement> stack) {
    int index = userIndex(stack);
    return index < 1 ? null : stack.get(index - 1);
  }

  /** The index of the innermost frame of user code; -1 if there is none. */
  public static int userIndex(List<StackTraceElement> stack) {
    for (int i = 0; i < stack.size(); i++) {
      if (Stacks.isUsers(stack.get(i))) {
        return i;
      }
    }
    return -1;
  }
}
