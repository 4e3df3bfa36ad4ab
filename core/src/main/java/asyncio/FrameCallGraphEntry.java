package asyncio;

import java.util.Objects;

/**
 * One frame of a {@link FutureCallGraph}.
 *
 * @param frame where it stands
 */
public record FrameCallGraphEntry(StackTraceElement frame) {
  /** Refuses null. */
  public FrameCallGraphEntry {
    Objects.requireNonNull(frame, "frame");
  }
}
