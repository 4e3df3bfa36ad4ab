package asyncio.internal.engine;

import java.io.IOException;

/**
 * Receives the outcome of a write that could not be made immediately. Called on the loop's own
 * thread, so it must not run user code.
 */
public interface WriteCompletion {
  /** Called when the first {@code count} bytes, at least one, were sent; 0 when the output ended. */
  void written(int count);

  /** Called when some of it was sent, and the rest of it is still under way. */
  default void moved() {}

  /** Called when nothing was or will be sent: the connection is lost. */
  void failed(IOException failure);
}
