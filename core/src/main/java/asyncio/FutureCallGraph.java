package asyncio;

import java.util.List;
import java.util.Objects;

/**
 * A snapshot of where a task is, who awaits it, and who awaits those; see {@link
 * Asyncio#captureCallGraph(Future)}. Its text form begins with the future and ends with the
 * outermost futures that await it.
 *
 * @param future the task or future
 * @param callStack the frames of the task's body, innermost first; empty for a plain future
 * @param awaitedBy the futures that await it, in the order in which they began to
 */
public record FutureCallGraph(
    Future<?> future, List<FrameCallGraphEntry> callStack, List<FutureCallGraph> awaitedBy) {
  /** Copies the lists. */
  public FutureCallGraph {
    Objects.requireNonNull(future, "future");
    callStack = List.copyOf(callStack);
    awaitedBy = List.copyOf(awaitedBy);
  }

  @Override
  public String toString() {
    var text = new StringBuilder();
    append(text, "");
    return text.toString();
  }

  private void append(StringBuilder text, String indent) {
    text.append(indent).append("* ").append(describe());
    if (!callStack.isEmpty()) {
      line(text, indent).append("  + Call stack:");
      for (FrameCallGraphEntry entry : callStack) {
        line(text, indent).append("  |   ").append(Frames.text(entry.frame()));
      }
    }
    if (!awaitedBy.isEmpty()) {
      line(text, indent).append("  + Awaited by:");
      for (FutureCallGraph awaiter : awaitedBy) {
        text.append(System.lineSeparator());
        awaiter.append(text, indent + "     ");
      }
    }
  }

  private static StringBuilder line(StringBuilder text, String indent) {
    return text.append(System.lineSeparator()).append(indent);
  }

  private String describe() {
    return future instanceof Task<?> task ? "Task '" + task.name() + "'" : future.toString();
  }
}
