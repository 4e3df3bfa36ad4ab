package asyncio.internal.engine;

import java.io.IOException;

/**
 * Receives the outcome of a write that could not be made at once. On the loop's own thread: no user
 * code.
 */
public interface WriteCompletion {
  /** The first {@code count} bytes were sent, at least one. */
  void written(int count);

  /** Nothing was or will be sent: the connection is lost. */
  void failed(IOException failure);
}
