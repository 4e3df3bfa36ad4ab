package asyncio.internal.file;

import asyncio.internal.bridge.HelperJob;
import asyncio.internal.bridge.HelperPool;
import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Fiber;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Calls about files, which block, on helper threads. */
public final class FileJobs {
  private FileJobs() {}

  /** What a helper thread does for its effect. */
  public interface Effect {
    void run() throws IOException;
  }

  /**
   * Returns what {@code body} does. Suspends; if cancelled before a thread has begun, it is not run.
   *
   * @param call the public method that is called, for the error of a caller that may not wait
   * @param path what it is about, for reports
   */
  public static <T> T call(String call, Path path, Callable<T> body) throws IOException {
    return call(Current.requireTask(call), HelperPool.FILES, "the file " + path, body, null);
  }

  /**
   * Returns what {@code body} does, as {@link #call(String, Path, Callable)} does, or gives it to
   * {@code unwanted} if nobody waits any more.
   *
   * @param unwanted does not block
   */
  public static <T> T call(String call, String what, Callable<T> body, Consumer<? super T> unwanted)
      throws IOException {
    return call(Current.requireTask(call), HelperPool.FILES, what, body, unwanted);
  }

  /** Runs {@code body}, as {@link #call(String, Path, Callable)} does. */
  public static void run(String call, Path path, Effect body) throws IOException {
    call(call, path, () -> {
      body.run();
      return true;
    });
  }

  /**
   * Writes bytes at a position, or at the end where that is -1. In pieces: the JDK copies what is on
   * the heap, and each thread keeps the memory for that.
   */
  static void writeNow(FileChannel channel, ByteBuffer bytes, long position) throws IOException {
    int from = bytes.position();
    int end = bytes.limit();
    try {
      while (bytes.position() < end) {
        bytes.limit(Math.min(end, bytes.position() + FileMemory.LARGEST));
        int count = position < 0
            ? channel.write(bytes)
            : channel.write(bytes, position + bytes.position() - from);
        if (count == 0) {
          throw new IOException("the system took none of the bytes");
        }
      }
    } finally {
      bytes.limit(end);
    }
  }

  /** Reads from the user's own file; if cancelled, the memory may still be written to. */
  public static int read(Fiber fiber, FileChannel file, long position, ByteBuffer into)
      throws IOException {
    return call(
        fiber, HelperPool.FILES, "the file to be read", () -> file.read(into, position), null);
  }

  /** Returns what {@code body} does, or gives it to {@code unwanted} if nobody waits any more. */
  static <T> T call(
      Fiber fiber,
      HelperPool pool,
      String what,
      Callable<T> body,
      @Nullable Consumer<? super T> unwanted)
      throws IOException {
    fiber.breathe();
    try {
      return new HelperJob<>(fiber, what, body, unwanted).call(pool);
    } catch (IOException failure) {
      throw told(failure);
    } catch (RuntimeException failure) {
      throw failure;
    } catch (Exception impossible) {
      throw new AssertionError(impossible);
    }
  }

  /** Returns the failure with the trace of the coroutine: that of the helper says nothing. */
  private static IOException told(IOException failure) {
    if (failure instanceof FileSystemException of
        && of.getReason() != null
        && of.getReason().startsWith("Too many open files")) {
      var coached = new FileSystemException(
          of.getFile(),
          of.getOtherFile(),
          of.getReason()
              + ". Close files as soon as you are done with them, or limit how many tasks have files"
              + " open at once, with a Semaphore. `ulimit -n` shows and raises the limit.");
      coached.initCause(failure);
      return coached;
    }
    failure.fillInStackTrace();
    return failure;
  }
}
