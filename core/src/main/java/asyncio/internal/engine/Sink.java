package asyncio.internal.engine;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import org.jspecify.annotations.Nullable;

/** Something that takes bytes; one write is under way at a time. Loop-confined. */
public interface Sink extends EngineHandle {
  /**
   * Lends memory of the engine for what the running step sends, so that it need not be copied
   * again: the caller puts bytes there, then calls {@link #sendLent}. The memory is empty when it
   * is lent; null is returned if there is none, such as while another stream has it. By the end of
   * the step the caller must have called sendLent or {@link #giveBack}.
   */
  @Nullable
  ByteBuffer lend();

  /**
   * Sends the first bytes of what was put in the lent memory, and takes the memory back. Does not
   * wait. Must not be called while a write is under way.
   *
   * <p>The engine decides how many bytes it takes: none, what the operating system takes
   * immediately, or all, because it keeps the memory until they are sent. Bytes that the engine has
   * taken count as taken by the operating system: they are sent before anything later, and a close
   * does not affect them.
   *
   * @return the rest, which still belongs to the caller, who must copy it before doing anything
   *     else
   */
  ByteBuffer sendLent() throws IOException;

  /** Takes lent memory back with everything in it, if this stream has it. */
  void giveBack();

  /**
   * Sends the first bytes of {@code data}, as many as the operating system takes; its position
   * stays. What is direct is sent without a copy. Does not wait.
   *
   * @return how many bytes were sent immediately; 0 if none could be. In that case a write is under
   *     way: the engine keeps {@code data}, whose bytes must not change, and calls {@code
   *     completion} exactly once, also if the handle is closed
   */
  int write(ByteBuffer data, WriteCompletion completion) throws IOException;

  /**
   * Gives up the write that is under way, if there is one: its completion is not told any more, and
   * the memory is the caller's again.
   *
   * @return how many of its first bytes are sent all the same, because it is too late for them;
   *     usually 0
   */
  int takeBack();

  /** Returns whether this can send bytes of {@code file} without bringing them into the program. */
  default boolean sendsFiles(FileChannel file) {
    return false;
  }

  /**
   * Sends bytes of a file for which {@link #sendsFiles} is true. A write is under way from now on:
   * {@code completion} is told how many bytes were sent, or of 0 if the file ends at {@code
   * position}, or of a {@link FileReadException}, after which the stream is as it was. The write can't
   * be taken back; see {@link #stopFile}. Does not wait.
   *
   * @param count the maximum number of bytes; fewer may be sent
   */
  default void sendFile(FileChannel file, long position, long count, WriteCompletion completion)
      throws IOException {
    throw new AssertionError("a stream does not send files: a bug, please report it");
  }

  /**
   * Sends no more of the file that is under way. Returns whether none of it is; if not, the
   * completion is told of what is sent all the same, perhaps 0 bytes.
   */
  default boolean stopFile() {
    return true;
  }

  /**
   * Returns whether everything that was taken has arrived where it goes. If not, that is under way
   * as a write is, and {@code completion} is told of 0 bytes, or of a failure. Must not be called
   * while a write is under way.
   *
   * @throws IOException if something that was taken has failed to arrive
   */
  default boolean settle(WriteCompletion completion) throws IOException {
    return true;
  }

  /**
   * Retries the write that is under way, if there is one; its completion may be called. Does not
   * wait. For a caller that must know whether the operating system takes more now, because
   * readiness may be reported late.
   */
  void retryWrite();

  /**
   * Returns whether a helper thread is trying to move what is under way, so that it is not known
   * whether the other end takes more.
   */
  default boolean isBusy() {
    return false;
  }

  /**
   * Ends the output: whoever reads it gets the end of the stream after what was written. Does not
   * wait. Must not be called while a write is under way.
   *
   * @param closes whether {@link #close} follows, so that a socket, which ends with it, has nothing
   *     to do
   * @return whether it has ended; if not, that is under way as a write is, and {@code completion} is
   *     told of 0 bytes
   */
  boolean end(boolean closes, WriteCompletion completion) throws IOException;

  /** Returns whether something that was taken has not gone on, so that a close would drop it. */
  default boolean holdsBytes() {
    return false;
  }

  /** Returns what to tell of a write that could not read its data, such as from a closed arena. */
  static IOException unreadable(RuntimeException gone) {
    return new IOException("What is being sent can't be read any more: " + gone, gone);
  }

  /**
   * After {@link #end}, returns whether a close does no harm to what was sent. If not, waiting for the
   * peer is under way as a write is, and {@code completion} is told of 0 bytes when its time has come.
   */
  default boolean linger(WriteCompletion completion) {
    return true;
  }
}
