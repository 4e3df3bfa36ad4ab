package asyncio.internal.file;

import asyncio.FileChange;
import asyncio.FileChange.Kind;
import asyncio.WaitKind;
import asyncio.internal.bridge.HelperPool;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.LoopAction;
import asyncio.internal.scheduler.Resource;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.scheduler.Waiter;
import asyncio.internal.scheduler.WaiterList;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchEvent;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What happens to a file, in a directory or in a tree, from the thread that hears of it to the loop. */
public final class Watch {
  /** How many changes wait for the program; if more happen, it is told that some are missing. */
  private static final int MOST = 2048;

  // Immutable.
  private final Scheduler scheduler;
  private final Path root;

  /** The only name in the directory that matters; null if all do. */
  private final @Nullable Path name;

  private final boolean tree;

  // Any thread. No locks: a coroutine that waited for one would hold up its loop.
  private final ConcurrentLinkedQueue<FileChange> changes = new ConcurrentLinkedQueue<>();
  private final AtomicInteger waiting = new AtomicInteger();
  private final AtomicBoolean overflow = new AtomicBoolean();

  /** Whether the loop was told that something is here, and has not looked. */
  private final AtomicBoolean told = new AtomicBoolean();

  /** The directories of a tree that are watched. */
  private final Set<Path> directories = ConcurrentHashMap.newKeySet();

  /** Whether nothing will come any more, because what was watched is gone. */
  private volatile boolean ended;

  private volatile boolean closed;

  // Loop-confined.
  private final WaiterList waiters = new WaiterList();

  private @Nullable Resource resource;

  private Watch(Scheduler scheduler, Path root, @Nullable Path name, boolean tree) {
    this.scheduler = scheduler;
    this.root = root;
    this.name = name;
    this.tree = tree;
  }

  /** Begins to watch a file, which need not exist, or the entries of a directory. Suspends. */
  public static Watch of(Fiber fiber, Path path) throws IOException {
    return begin(fiber, path, () -> {
      if (Files.isDirectory(path)) {
        var watch = new Watch(fiber.scheduler(), path, null, false);
        watch.add(path);
        return watch;
      }
      Path directory =
          path.getParent() == null ? path.toAbsolutePath().getParent() : path.getParent();
      if (directory == null || !Files.isDirectory(directory)) {
        throw new NoSuchFileException(
            path.toString(), null, "Neither the file nor its directory exists");
      }
      var watch = new Watch(fiber.scheduler(), path, path.getFileName(), false);
      watch.add(directory);
      return watch;
    });
  }

  /** Begins to watch a directory and all its subdirectories. Suspends. */
  public static Watch ofTree(Fiber fiber, Path path) throws IOException {
    return begin(fiber, path, () -> {
      if (!Files.isDirectory(path)) {
        throw Files.exists(path)
            ? new FileSystemException(
                path.toString(), null, "This is a file. AsyncFiles.watch() watches a file")
            : new NoSuchFileException(path.toString());
      }
      var watch = new Watch(fiber.scheduler(), path, null, true);
      try {
        watch.addTree(path, false);
      } catch (Throwable failed) {
        WatchHub.remove(watch);
        throw failed;
      }
      return watch;
    });
  }

  private static Watch begin(Fiber fiber, Path path, Callable<Watch> body) throws IOException {
    Watch watch =
        FileJobs.call(fiber, HelperPool.FILES, "the watch of " + path, body, Watch::endWatch);
    watch.resource = new Resource(watch.scheduler, "watch of " + path, watch::endWatch);
    return watch;
  }

  // ---- on helper threads, and on the one that hears of changes ----

  private void add(Path directory) throws IOException {
    WatchHub.add(this, directory);
    directories.add(directory);
  }

  /**
   * Adds a directory and those in it.
   *
   * @param isNew whether what is in it has to be reported
   */
  private void addTree(Path directory, boolean isNew) throws IOException {
    add(directory); // before looking into it, so that nothing is missed in between
    addTreesIn(directory, isNew);
  }

  private void addTreesIn(Path directory, boolean isNew) throws IOException {
    List<Path> entries;
    try (Stream<Path> listed = Files.list(directory)) {
      entries = listed.toList();
    } catch (UncheckedIOException failure) {
      throw failure.getCause();
    }
    for (Path entry : entries) {
      if (isNew) {
        tell(new FileChange(Kind.CREATED, entry));
      }
      if (isDirectory(entry) && (isNew || !directories.contains(entry))) {
        try {
          addTree(entry, isNew);
        } catch (NoSuchFileException | NotDirectoryException goneMeanwhile) {
          // Its directory is watched, and reports that.
        }
      }
    }
  }

  private static boolean isDirectory(Path path) {
    return Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS);
  }

  /** Something happened in {@code directory}; if {@code goesOn} is false, nothing more will. */
  void happened(Path directory, List<WatchEvent<?>> events, boolean goesOn) {
    try {
      for (WatchEvent<?> event : events) {
        happened(directory, event);
      }
    } catch (Throwable failed) { // of a file system that is not the JDK's, or memory is short
      missSome();
    }
    if (!goesOn) {
      directories.remove(directory);
      if (!tree || directory.equals(root)) {
        if (name == null) {
          tell(new FileChange(Kind.DELETED, root));
        }
        end();
      }
    }
  }

  private void happened(Path directory, WatchEvent<?> event) {
    if (event.kind() == StandardWatchEventKinds.OVERFLOW) {
      missSome();
      addMissed(directory);
      return;
    }
    Path entry = (Path) event.context();
    if (name != null && !name.equals(entry)) {
      return;
    }
    Path path = name == null ? directory.resolve(entry) : root;
    Kind kind = kind(event);
    tell(new FileChange(kind, path));
    if (tree && kind == Kind.DELETED && directories.contains(path)) {
      forget(path);
    }
    if (tree && kind == Kind.CREATED && isDirectory(path)) {
      try {
        addTree(path, true);
      } catch (IOException notWatched) {
        missSome();
      }
    }
  }

  /** A directory was deleted, or moved, perhaps to where it is not watched any more. */
  private void forget(Path directory) {
    WatchHub.remove(this, known -> known.startsWith(directory));
    directories.removeIf(known -> known.startsWith(directory));
  }

  /** Adds the directories that were made while changes were lost. */
  private void addMissed(Path directory) {
    if (tree) {
      try {
        addTreesIn(directory, false);
      } catch (IOException notWatched) {
        missSome();
      }
    }
  }

  private static Kind kind(WatchEvent<?> event) {
    if (event.kind() == StandardWatchEventKinds.ENTRY_CREATE) {
      return Kind.CREATED;
    }
    return event.kind() == StandardWatchEventKinds.ENTRY_DELETE ? Kind.DELETED : Kind.MODIFIED;
  }

  private void tell(FileChange change) {
    if (waiting.incrementAndGet() > MOST) {
      waiting.decrementAndGet();
      missSome();
      return;
    }
    changes.add(change);
    wake();
  }

  private void missSome() {
    overflow.set(true);
    wake();
  }

  private void wake() {
    if (told.compareAndSet(false, true)) {
      scheduler.trySend(LoopAction.of(() -> {
        told.set(false);
        waiters.wakeAll();
      }));
    }
  }

  /** Hears nothing any more. Any thread; does not wait. */
  private void endWatch() {
    closed = true;
    HelperPool.FILES.submit(() -> WatchHub.remove(this));
  }

  /** Nothing will come any more. */
  void end() {
    ended = true;
    wake();
  }

  // ---- on the loop ----

  /** Returns the next change; null if there will be none. Suspends. */
  public @Nullable FileChange next(Fiber fiber) {
    while (true) {
      boolean last = ended;
      if (closed) {
        return null;
      }
      if (overflow.getAndSet(false)) {
        while (poll() != null) {
          // Whoever looks at everything again need not be told.
        }
        return new FileChange(Kind.OVERFLOW, root);
      }
      FileChange change = poll();
      if (change != null) {
        return change;
      }
      if (last) {
        return null;
      }
      await(fiber);
    }
  }

  private @Nullable FileChange poll() {
    FileChange change = changes.poll();
    if (change != null) {
      waiting.decrementAndGet();
    }
    return change;
  }

  private void await(Fiber fiber) {
    scheduler.helperStarted(); // another thread will wake it
    try {
      waiters.await(new Waiter(fiber, WaitKind.HELPER, "a change of " + root));
    } finally {
      scheduler.helperEnded();
    }
  }

  public boolean isClosed() {
    return closed;
  }

  public Path root() {
    return root;
  }

  public Scheduler scheduler() {
    return scheduler;
  }

  /** Ends the watch, and the waits for changes. */
  public void close() {
    if (!closed) {
      Objects.requireNonNull(resource).closed();
      endWatch();
      waiters.wakeAll();
    }
  }
}
