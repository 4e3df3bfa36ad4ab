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
import asyncio.internal.util.CreationSite;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchEvent;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What happens to a file, in a folder or in a tree, from the thread that hears of it to the loop. */
public final class Watch {
  /** How many changes wait for the program; if more happen, it is told that some are missing. */
  private static final int MOST = 2048;

  // Immutable.
  private final Scheduler scheduler;
  private final Path root;

  /** The only name in the folder that matters; null if all do. */
  private final @Nullable Path name;

  private final boolean tree;
  private final Resource resource;

  // Any thread.
  private final ConcurrentLinkedQueue<FileChange> changes = new ConcurrentLinkedQueue<>();
  private final AtomicInteger waiting = new AtomicInteger();
  private final AtomicBoolean overflow = new AtomicBoolean();

  /** Whether the loop was told that something is here, and has not looked. */
  private final AtomicBoolean told = new AtomicBoolean();

  /** Whether nothing will come any more, because what was watched is gone. */
  private volatile boolean ended;

  private volatile boolean closed;

  // Loop-confined.
  private final WaiterList waiters = new WaiterList();

  private Watch(Scheduler scheduler, Path root, @Nullable Path name, boolean tree) {
    this.scheduler = scheduler;
    this.root = root;
    this.name = name;
    this.tree = tree;
    this.resource = new Left(CreationSite.here(scheduler.debug));
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
      return "watch of " + root;
    }

    @Override
    public void loopClosed() {
      endWatch();
    }
  }

  /** Begins to watch a file, which need not exist, or what is in a folder. Suspends. */
  public static Watch of(Fiber fiber, Path path) throws IOException {
    return begin(fiber, path, () -> {
      if (Files.isDirectory(path)) {
        var watch = new Watch(fiber.scheduler(), path, null, false);
        watch.add(path);
        return watch;
      }
      Path folder = path.getParent() == null ? path.toAbsolutePath().getParent() : path.getParent();
      if (folder == null || !Files.isDirectory(folder)) {
        throw new NoSuchFileException(path.toString(), null, "Neither it nor its folder is there");
      }
      var watch = new Watch(fiber.scheduler(), path, path.getFileName(), false);
      watch.add(folder);
      return watch;
    });
  }

  /** Begins to watch a folder and all folders in it. Suspends. */
  public static Watch ofTree(Fiber fiber, Path path) throws IOException {
    return begin(fiber, path, () -> {
      if (!Files.isDirectory(path)) {
        throw Files.exists(path)
            ? new FileSystemException(
                path.toString(), null, "This is no folder: watch() looks at a file")
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
    watch.scheduler.opened(watch.resource);
    return watch;
  }

  // ---- on helper threads, and on the one that hears of changes ----

  private void add(Path folder) throws IOException {
    WatchHub.add(this, folder);
  }

  /** Adds a folder and the folders in it; {@code isNew} if what is in it has to be told. */
  private void addTree(Path folder, boolean isNew) throws IOException {
    add(folder); // before looking into it, so that nothing is missed in between
    try (Stream<Path> entries = Files.list(folder)) {
      for (Path entry : (Iterable<Path>) entries::iterator) {
        if (isNew) {
          tell(new FileChange(Kind.CREATED, entry));
        }
        if (Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS)) {
          addTree(entry, isNew);
        }
      }
    } catch (NoSuchFileException goneMeanwhile) {
      if (!isNew && folder.equals(root)) {
        throw goneMeanwhile;
      }
    }
  }

  /** Something happened in {@code folder}; if {@code goesOn} is false, nothing more will. */
  void happened(Path folder, List<WatchEvent<?>> events, boolean goesOn) {
    for (WatchEvent<?> event : events) {
      happened(folder, event);
    }
    if (!goesOn && (!tree || folder.equals(root))) {
      if (name == null) {
        tell(new FileChange(Kind.DELETED, root));
      }
      ended = true;
      wake();
    }
  }

  private void happened(Path folder, WatchEvent<?> event) {
    if (event.kind() == StandardWatchEventKinds.OVERFLOW) {
      missSome();
      addFolders(root, false); // those that were made while nobody looked
      return;
    }
    Path entry = (Path) event.context();
    if (name != null && !name.equals(entry)) {
      return;
    }
    Path path = name == null ? folder.resolve(entry) : root;
    Kind kind = event.kind() == StandardWatchEventKinds.ENTRY_CREATE
        ? Kind.CREATED
        : event.kind() == StandardWatchEventKinds.ENTRY_DELETE ? Kind.DELETED : Kind.MODIFIED;
    tell(new FileChange(kind, path));
    if (tree && kind == Kind.CREATED && Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
      addFolders(path, true);
    }
  }

  private void addFolders(Path folder, boolean isNew) {
    if (tree && !closed) {
      try {
        addTree(folder, isNew);
      } catch (IOException | UncheckedIOException notWatched) {
        missSome();
      }
    }
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

  // ---- on the loop ----

  /** Returns the next change; null if there will be none. Suspends. */
  public @Nullable FileChange next(Fiber fiber) {
    while (true) {
      boolean last = ended;
      if (closed) {
        return null;
      }
      FileChange change = changes.poll();
      if (change != null) {
        waiting.decrementAndGet();
        return change;
      }
      if (overflow.getAndSet(false)) {
        return new FileChange(Kind.OVERFLOW, root);
      }
      if (last) {
        return null;
      }
      await(fiber);
    }
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
      scheduler.closed(resource);
      endWatch();
      waiters.wakeAll();
    }
  }
}
