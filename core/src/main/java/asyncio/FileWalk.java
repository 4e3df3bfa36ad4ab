package asyncio;

import asyncio.internal.bridge.HelperPool;
import asyncio.internal.file.Entries;
import asyncio.internal.file.Entries.Entry;
import asyncio.internal.file.FileJobs;
import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Resource;
import asyncio.internal.scheduler.Scheduler;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The files in a directory tree, for a single {@code for} loop; made by {@link
 * AsyncFiles#walk(Path)}. Directories are read as the loop reaches them, a few hundred entries at a
 * time, so even a large tree takes little memory. Files come in the order in which the file system
 * lists them.
 */
public final class FileWalk implements Iterable<Path>, AutoCloseable {
  private final Scheduler scheduler;
  private final Path root;
  private final WalkOptions options;
  private final Resource resource;

  /** The directories that the walk is in, the innermost last. */
  private final Deque<Entries> directories = new ArrayDeque<>();

  /** The root, until it is taken. */
  private @Nullable Entry first;

  /** The directory to be entered next; null if there is none. */
  private @Nullable Entry next;

  private boolean iterated;

  /** Whether a thread reads, or did so for a task that was cancelled. */
  private boolean busy;

  private boolean closed;

  private FileWalk(Scheduler scheduler, Path root, WalkOptions options, Entry first) {
    this.scheduler = scheduler;
    this.root = root;
    this.options = options;
    this.first = first;
    this.resource = new Resource(scheduler, "walk through " + root, this::closeDirectories);
  }

  static FileWalk of(Path root, WalkOptions options) throws IOException {
    String call = "AsyncFiles.walk()";
    Scheduler scheduler = Current.requireTask(call).scheduler();
    Entry first = FileJobs.call(call, root, () -> Entries.root(root));
    return new FileWalk(scheduler, root, options, first);
  }

  /**
   * Returns the files, once. A directory that can't be read is thrown as an {@link
   * UncheckedIOException}, which ends a {@code for} loop, unless there is {@linkplain
   * WalkOptions#withErrorHandler a handler}; a caller of {@code next()} may go on after it. Links to
   * files are returned; links to directories are followed only {@linkplain
   * WalkOptions#withFollowLinks on request}.
   *
   * <p><i>Waits</i>, in {@code hasNext} and {@code next}, while a directory is read.
   *
   * <p><i>If cancelled</i>: {@link CancelledError} from either; the walk can't be continued.
   *
   * <p><i>Thread</i>: a coroutine of the loop, one at a time.
   *
   * @throws IllegalStateException if it was called before, or the walk is closed
   */
  @Override
  public Iterator<Path> iterator() {
    scheduler.checkOnLoop("FileWalk.iterator()");
    if (iterated || closed) {
      throw new IllegalStateException("The walk through " + root
          + (iterated ? " can be iterated only once" : " is closed")
          + ". Call AsyncFiles.walk() again.");
    }
    iterated = true;
    return new Paths();
  }

  private final class Paths implements Iterator<Path> {
    private @Nullable Path path;
    private boolean ended;

    @Override
    public boolean hasNext() {
      Current.requireTask(scheduler, "FileWalk.hasNext()").breathe();
      if (path == null && !ended) {
        path = advance();
        ended = path == null;
      }
      return path != null;
    }

    @Override
    public Path next() {
      if (!hasNext()) {
        throw new NoSuchElementException("The walk through " + root + " has ended.");
      }
      Path taken = Objects.requireNonNull(path);
      path = null;
      return taken;
    }
  }

  /** Returns the next path; null, and nothing is open any more, if there are no more. */
  private @Nullable Path advance() {
    while (true) {
      if (closed || busy) {
        throw new IllegalStateException("The walk through " + root
            + (closed
                ? " is closed."
                : " is being read by another task, or a read of it was cancelled. A walk belongs to"
                    + " one task: call AsyncFiles.walk() again."));
      }
      try {
        Entry entry = nextEntry();
        if (entry == null) {
          if (directories.isEmpty() && next == null) {
            close();
            return null;
          }
        } else if (isWanted(entry)) {
          return entry.path();
        }
      } catch (IOException failure) {
        Consumer<? super IOException> told = options.onError;
        if (told == null) {
          throw new UncheckedIOException(failure);
        }
        told.accept(failure);
      }
    }
  }

  /** Returns the next entry; null if there is none yet, or no more. */
  private @Nullable Entry nextEntry() throws IOException {
    Entry root = first;
    if (root != null) {
      first = null;
      return root;
    }
    Entry directory = next;
    if (directory != null) {
      next = null;
      directories.add(call(() -> Entries.open(directory, options.followLinks), Entries::close));
    }
    Entries innermost = directories.peekLast();
    if (innermost == null) {
      return null;
    }
    IOException failure = innermost.takeFailure();
    if (failure != null) {
      throw failure;
    }
    Entry entry = innermost.take();
    if (entry == null) {
      if (innermost.isLast()) {
        directories.removeLast();
      } else {
        call(innermost::readMore, Entries::close);
      }
    }
    return entry;
  }

  private boolean isWanted(Entry entry) {
    Predicate<? super Path> skipped = options.skipped;
    if (skipped != null && entry.parent() != null && skipped.test(entry.path())) {
      return false;
    }
    if (entry.directory() && entry.depth() < options.maxDepth) {
      next = entry;
    }
    return entry.file() || options.allEntries;
  }

  /** Calls what blocks. If this is cancelled, the thread may still be reading. */
  private Entries call(Callable<Entries> body, Consumer<Entries> unwanted) throws IOException {
    busy = true;
    Entries read;
    try {
      read = FileJobs.call(
          "FileWalk.next()",
          "the directories in " + root,
          body,
          late -> HelperPool.FILES.submit(() -> unwanted.accept(late)));
    } catch (IOException | RuntimeException failure) {
      busy = false;
      throw failure;
    }
    busy = false;
    return read;
  }

  /**
   * Ends the walk. Does not wait. Does nothing the second time, or after the last file.
   * <i>Thread</i>: on the loop.
   */
  @Override
  public void close() {
    scheduler.checkOnLoop("FileWalk.close()");
    if (!closed) {
      closed = true;
      resource.closed();
      List<Entries> open = List.copyOf(directories);
      if (!open.isEmpty()) {
        HelperPool.FILES.submit(() -> open.forEach(Entries::close));
      }
    }
  }

  private void closeDirectories() {
    if (busy) { // a thread may still be reading
      HelperPool.FILES.submit(() -> directories.forEach(Entries::close));
    } else {
      directories.forEach(Entries::close);
    }
  }

  @Override
  public String toString() {
    return "FileWalk[" + root + (closed ? ", closed]" : "]");
  }
}
