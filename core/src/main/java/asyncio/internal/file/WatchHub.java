package asyncio.internal.file;

import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.FileSystem;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;

/**
 * All watches of one file system: they share a WatchService, because the system allows few of them,
 * and the JDK has a thread for each. Another thread waits for events and hands them out. Helper
 * threads only: the methods block.
 */
final class WatchHub {
  private static final Map<FileSystem, WatchHub> hubs = new HashMap<>();

  /** Guards {@link #hubs}, and who gets the events of which directory. */
  private static final ReentrantLock lock = new ReentrantLock();

  private final FileSystem system;
  private final WatchService service;

  /** Who is told of what happens in a directory, and by which path each knows it. */
  private final Map<WatchKey, Map<Watch, Path>> watches = new HashMap<>();

  private WatchHub(FileSystem system) throws IOException {
    this.system = system;
    this.service = system.newWatchService();
  }

  /** Tells {@code watch} what happens in {@code directory} from now on. */
  static void add(Watch watch, Path directory) throws IOException {
    lock.lock();
    try {
      if (watch.isClosed()) {
        return;
      }
      WatchHub hub = hubs.get(directory.getFileSystem());
      if (hub == null) {
        hub = start(directory.getFileSystem());
      }
      try {
        WatchKey key = directory.register(
            hub.service,
            StandardWatchEventKinds.ENTRY_CREATE,
            StandardWatchEventKinds.ENTRY_MODIFY,
            StandardWatchEventKinds.ENTRY_DELETE);
        hub.watches.computeIfAbsent(key, _ -> new HashMap<>()).put(watch, directory);
      } finally {
        hub.closeIfUnused();
      }
    } catch (IOException failure) {
      throw coached(failure);
    } finally {
      lock.unlock();
    }
  }

  private static WatchHub start(FileSystem system) throws IOException {
    var hub = new WatchHub(system);
    try {
      Thread.ofPlatform()
          .daemon()
          .inheritInheritableThreadLocals(false)
          .name("asyncio-watch")
          .start(hub::run);
    } catch (Throwable noThread) {
      hub.service.close();
      throw noThread;
    }
    hubs.put(system, hub);
    return hub;
  }

  private static IOException coached(IOException failure) {
    String text = String.valueOf(failure.getMessage());
    if (!text.contains("inotify")) {
      return failure;
    }
    return new IOException(
        "The system's limit of watches is reached: "
            + text
            + ". A tree needs one for each directory. Close watches that you no longer need, watch a"
            + " smaller tree, or raise the limits, sysctl fs.inotify.max_user_watches and"
            + " fs.inotify.max_user_instances.",
        failure);
  }

  /** Tells {@code watch} nothing any more. */
  static void remove(Watch watch) {
    remove(watch, _ -> true);
  }

  /** Tells {@code watch} nothing any more of the directories that it knows by such paths. */
  static void remove(Watch watch, Predicate<Path> paths) {
    lock.lock();
    try {
      for (WatchHub hub : List.copyOf(hubs.values())) {
        hub.watches.entrySet().removeIf(each -> {
          Path known = each.getValue().get(watch);
          if (known == null || !paths.test(known)) {
            return false;
          }
          each.getValue().remove(watch);
          boolean unused = each.getValue().isEmpty();
          if (unused) {
            each.getKey().cancel();
          }
          return unused;
        });
        hub.closeIfUnused();
      }
    } finally {
      lock.unlock();
    }
  }

  private void closeIfUnused() {
    if (watches.isEmpty() && hubs.remove(system, this)) {
      try {
        service.close();
      } catch (IOException nobodyAsks) {
        // It is not used any more.
      }
    }
  }

  private void run() {
    try {
      while (true) {
        handOut(service.take());
      }
    } catch (ClosedWatchServiceException | InterruptedException end) {
      // The last watch was closed, or the file system was.
    } finally {
      end();
    }
  }

  /** Ends the watches that are left, when the file system was closed. */
  private void end() {
    lock.lock();
    try {
      hubs.remove(system, this);
      watches.values().forEach(each -> each.keySet().forEach(Watch::end));
      watches.clear();
    } finally {
      lock.unlock();
    }
  }

  private void handOut(WatchKey key) {
    List<WatchEvent<?>> events;
    Map<Watch, Path> told;
    boolean goesOn;
    lock.lock();
    try {
      events = key.pollEvents();
      told = Map.copyOf(watches.getOrDefault(key, Map.of()));
      goesOn = key.reset();
      if (!goesOn) {
        watches.remove(key);
      }
    } finally {
      lock.unlock();
    }
    told.forEach((watch, directory) -> watch.happened(directory, events, goesOn));
    if (!goesOn) {
      lock.lock();
      try {
        closeIfUnused();
      } finally {
        lock.unlock();
      }
    }
  }
}
