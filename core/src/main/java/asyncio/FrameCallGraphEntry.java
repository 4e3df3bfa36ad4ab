package asyncio;

import java.util.Objects;

/**
 * One frame of a {@link FutureCallGraph}.
 *
 * @param frame the stack frame
 */
public record FrameCallGraphEntry(StackTraceElement frame) {
  /** Refuses null. */
  public FrameCallGraphEntry {
    Objects.requireNonNull(frame, "frame");
  }
}
