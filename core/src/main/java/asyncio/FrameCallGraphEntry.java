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

  /** Returns the place without module and class loader: {@code Demo.main(Demo.java:12)}. */
  @Override
  public String toString() {
    String file = frame.getFileName();
    int line = frame.getLineNumber();
    String place = file == null ? "unknown source" : line < 0 ? file : file + ":" + line;
    return frame.getClassName() + "." + frame.getMethodName() + "(" + place + ")";
  }
}
