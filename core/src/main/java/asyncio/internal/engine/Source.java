package asyncio.internal.engine;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Something that bytes come from; one coroutine reads at a time. Loop-confined. */
public interface Source extends EngineHandle {
  /**
   * Reads at least one byte; returns null at the end of the stream. The bytes are in memory of the
   * engine: the caller must copy them before it does anything else.
   *
   * <p>Suspends until there are any bytes; they are returned even if a cancel came after that. A
   * coroutine that reads again and again is suspended from time to time, so that others get to run.
   *
   * @param max the maximum number of bytes, at least one
   * @throws java.nio.channels.ClosedChannelException if the handle is closed, before the call or
   *     during it
   */
  @Nullable
  ByteBuffer read(int max) throws IOException;

  /**
   * Reads as {@link #read(int)} does, into memory of the caller, and moves its position. What is
   * direct is filled without a copy. Once the call has ended, however it ended, nothing touches
   * that memory any more.
   *
   * @param into memory with room for at least one byte
   * @return how many bytes came, or -1 at the end of the stream
   */
  default int read(ByteBuffer into) throws IOException {
    ByteBuffer came = read(into.remaining());
    if (came == null) {
      return -1;
    }
    int count = came.remaining();
    into.put(came);
    return count;
  }

  /**
   * Returns whether the last read, which brought bytes that were copied meanwhile, has also shown
   * that they are the last ones. Where it has not, another read tells.
   */
  default boolean showedEnd() {
    return false;
  }

  /** Makes {@link #showedEnd} tell only of ends that are seen from now on. */
  default void forgetEnd() {}
}
