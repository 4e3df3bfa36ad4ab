package asyncio;

import asyncio.internal.file.Watch;
import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Fiber;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * The changes to a file, a directory or a directory tree; made by {@link AsyncFiles#watch} and
 * {@link AsyncFiles#watchTree}. Meant for a {@code for} loop, which waits for changes.
 *
 * <p>The system reports what it notices: several changes to one file may arrive as one, and a file
 * that is created and deleted at once may not be reported. A file that is replaced by renaming
 * another one, as editors and {@link AsyncFiles#replace} do, is reported as created. If changes
 * were missed, there is always an {@link FileChange.Kind#OVERFLOW}. On macOS, the JDK checks every
 * two seconds.
 */
public final class FileWatch implements Iterable<FileChange>, AutoCloseable {
  private final Watch watch;

  private FileWatch(Watch watch) {
    this.watch = watch;
  }

  static FileWatch of(Path path) throws IOException {
    return new FileWatch(Watch.of(Current.requireTask("AsyncFiles.watch()"), path));
  }

  static FileWatch ofTree(Path path) throws IOException {
    return new FileWatch(Watch.ofTree(Current.requireTask("AsyncFiles.watchTree()"), path));
  }

  /**
   * Returns the next change, or null once there will be no more, because the watch was closed or
   * what it watched is gone.
   *
   * <p><i>Waits</i> until something happens.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; no change is lost.
   *
   * <p><i>Thread</i>: a coroutine of the loop. Several may wait; each change goes to one of them.
   */
  public @Nullable FileChange next() {
    return take("FileWatch.next()");
  }

  private @Nullable FileChange take(String call) {
    Fiber fiber = Current.requireTask(watch.scheduler(), call);
    fiber.breathe();
    return watch.next(fiber);
  }

  /**
   * Returns the changes not yet taken, oldest first, and then those to come. The loop ends when the
   * watch is closed, even by another task, or what it watched is gone.
   *
   * <p><i>Waits</i>, in {@code hasNext} and {@code next}, until something happens.
   *
   * <p><i>If cancelled</i>: {@link CancelledError} from either; no change is lost.
   *
   * <p><i>Thread</i>: a coroutine of the loop.
   */
  @Override
  public Iterator<FileChange> iterator() {
    return new Changes();
  }

  private final class Changes implements Iterator<FileChange> {
    private @Nullable FileChange change;

    @Override
    public boolean hasNext() {
      if (change == null) {
        change = take("FileWatch.hasNext()");
      } else {
        Current.refuseInRegion("FileWatch.hasNext()");
      }
      return change != null;
    }

    @Override
    public FileChange next() {
      FileChange next = hasNext() ? change : null;
      if (next == null) {
        throw new NoSuchElementException("The watch of " + watch.root() + " has ended.");
      }
      change = null;
      return next;
    }
  }

  /**
   * Ends the watch. Does not wait. Does nothing the second time. <i>Thread</i>: on the loop.
   */
  @Override
  public void close() {
    watch.scheduler().checkOnLoop("FileWatch.close()");
    watch.close();
  }

  @Override
  public String toString() {
    return "FileWatch[" + watch.root() + (watch.isClosed() ? ", closed]" : "]");
  }
}
