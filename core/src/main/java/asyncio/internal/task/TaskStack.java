package asyncio.internal.task;

import java.util.Arrays;
import java.util.List;

/** The part of a task's stack that belongs to its body. */
public final class TaskStack {
  private TaskStack() {}

  /**
   * Returns the frames from the method the task waits in, or is in, to its body. On the loop only.
   */
  public static List<StackTraceElement> of(Thread thread) {
    List<StackTraceElement> frames = Arrays.asList(thread.getStackTrace());
    List<StackTraceElement> ofBody = frames.subList(0, bottom(frames));
    return List.copyOf(ofBody.subList(top(ofBody), ofBody.size()));
  }

  /** Returns where one of our waits begins; what foreign code does in its wait stays visible. */
  private static int top(List<StackTraceElement> frames) {
    int first = 0;
    int own = 0;
    for (StackTraceElement frame : frames) {
      String type = frame.getClassName();
      boolean ours = type.startsWith("asyncio.internal.");
      if (!ours && !type.startsWith("java.") && !type.startsWith("jdk.")) {
        break;
      }
      first++;
      if (ours) {
        own = first;
      }
    }
    return own;
  }

  private static int bottom(List<StackTraceElement> frames) {
    int end = frames.size();
    for (int i = end - 1; i >= 0; i--) {
      StackTraceElement frame = frames.get(i);
      if (frame.getClassName().equals(TaskFiber.class.getName())
          && frame.getMethodName().equals("runBody")) {
        return i;
      }
    }
    return end;
  }
}
