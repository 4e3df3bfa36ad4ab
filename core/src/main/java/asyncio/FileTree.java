package asyncio;

import asyncio.internal.bridge.HelperPool;
import asyncio.internal.file.FileJobs;
import asyncio.internal.file.TreeWalk;
import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Resource;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.util.CreationSite;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The files in a folder and in the folders in it, for one {@code for} loop; made by {@link
 * AsyncFiles#walk(Path)}. Folders are read as the loop comes to them, some hundred entries at a time,
 * so a large tree takes little memory. The order is that of the file system.
 */
public final class FileTree implements Iterable<Path>, AutoCloseable {
  private final Scheduler scheduler;
  private final Path root;
  private final WalkOptions options;
  private final Resource resource;
  private final TreeWalk walk;

  /** For each folder that the walk is in, the innermost last: what was read of it and is next. */
  private final Deque<Level> levels = new ArrayDeque<>();

  /** The folder to be entered next; null if there is none. */
  private TreeWalk.@Nullable Entry next;

  private boolean iterated;
  private boolean busy;
  private boolean closed;

  private FileTree(
      Scheduler scheduler, Path root, WalkOptions options, TreeWalk walk, TreeWalk.Entry first) {
    this.scheduler = scheduler;
    this.root = root;
    this.options = options;
    this.walk = walk;
    this.levels.add(new Level(new TreeWalk.Batch(List.of(first), true)));
    this.resource = new Left(CreationSite.here(scheduler.debug));
    scheduler.opened(resource);
  }

  /** A folder that the walk is in. */
  private static final class Level {
    final Deque<TreeWalk.Entry> entries = new ArrayDeque<>();
    boolean last;

    Level(TreeWalk.Batch first) {
      add(first);
    }

    void add(TreeWalk.Batch batch) {
      entries.addAll(batch.entries());
      last = batch.last();
    }
  }

  private final class Left extends Resource {
    Left(CreationSite madeAt) {
      super(madeAt);
    }

    @Override
    public boolean isLeft() {
      return !closed;
    }

    @Override
    public String describe() {
      return "walk through " + root;
    }

    @Override
    public void loopClosed() {
      closeFolders();
    }
  }

  static FileTree of(Path root, WalkOptions options) throws IOException {
    Scheduler scheduler = Current.requireTask("AsyncFiles.walk()").scheduler();
    var walk = new TreeWalk(options.followLinks);
    TreeWalk.Entry first = FileJobs.call("AsyncFiles.walk()", root, () -> TreeWalk.root(root));
    return new FileTree(scheduler, root, options, walk, first);
  }

  /**
   * Returns the files, once. What can't be read is thrown as an {@link UncheckedIOException}, unless
   * there is {@linkplain WalkOptions#withErrorHandler a handler}; after that, the iterator goes on
   * with the rest. Links to files are given, links to folders are not followed unless {@linkplain
   * WalkOptions#withFollowLinks wanted}.
   *
   * <p><i>Waits</i>, in {@code hasNext} and {@code next}, while a folder is read.
   *
   * <p><i>If cancelled</i>: {@link CancelledError} from either; the walk can't be continued.
   *
   * <p><i>Thread</i>: a coroutine of the loop, one at a time.
   *
   * @throws IllegalStateException if it was called before, or the walk was closed
   */
  @Override
  public Iterator<Path> iterator() {
    scheduler.checkOnLoop("FileTree.iterator()");
    if (iterated || closed) {
      throw new IllegalStateException("This walk through " + root
          + (closed ? " was closed" : " has been used")
          + ": AsyncFiles.walk() begins another one.");
    }
    iterated = true;
    return new Files();
  }

  private final class Files implements Iterator<Path> {
    private @Nullable Path path;

    @Override
    public boolean hasNext() {
      Current.requireTask(scheduler, "FileTree.hasNext()").breathe();
      if (path == null) {
        path = advance();
      }
      return path != null;
    }

    @Override
    public Path next() {
      if (!hasNext()) {
        throw new NoSuchElementException("The walk through " + root + " has ended.");
      }
      Path next = path;
      path = null;
      if (next == null) {
        throw new AssertionError("a walk lost its place: a bug, please report it");
      }
      return next;
    }
  }

  /** Returns the next path; null if there are no more. */
  private @Nullable Path advance() {
    while (true) {
      if (closed || busy) {
        throw new IllegalStateException("The walk through " + root
            + (closed ? " was closed." : " is used by another task, or was cancelled."));
      }
      try {
        enterNext();
        Level level = levels.peekLast();
        if (level == null) {
          return null;
        }
        TreeWalk.Entry entry = level.entries.poll();
        if (entry == null) {
          readMore(level);
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

  private boolean isWanted(TreeWalk.Entry entry) {
    Predicate<? super Path> skipped = options.skipped;
    if (skipped != null && entry.parent() != null && skipped.test(entry.path())) {
      return false;
    }
    if (entry.folder() && entry.depth() < options.maxDepth) {
      next = entry;
    }
    return entry.file() || options.everything;
  }

  private void enterNext() throws IOException {
    TreeWalk.Entry folder = next;
    if (folder != null) {
      next = null;
      levels.add(new Level(call(() -> walk.enter(folder))));
    }
  }

  private void readMore(Level level) throws IOException {
    if (level.last) {
      levels.removeLast();
      return;
    }
    try {
      level.add(call(walk::read));
    } catch (IOException failure) {
      levels.removeLast();
      throw failure;
    }
  }

  /** Calls what blocks. If cancelled, the thread may still use the walk. */
  private <T> T call(Callable<T> body) throws IOException {
    busy = true;
    T value;
    try {
      value = FileJobs.call("FileTree.next()", root, body);
    } catch (IOException | RuntimeException failure) {
      busy = false;
      throw failure;
    }
    busy = false;
    return value;
  }

  /**
   * Ends the walk. Does nothing the second time, and does not wait. <i>Thread</i>: on the loop.
   */
  @Override
  public void close() {
    scheduler.checkOnLoop("FileTree.close()");
    if (!closed) {
      scheduler.closed(resource);
      closeFolders();
    }
  }

  private void closeFolders() {
    closed = true;
    HelperPool.FILES.submit(walk::close);
  }

  @Override
  public String toString() {
    return "FileTree[" + root + (closed ? ", closed]" : "]");
  }
}
