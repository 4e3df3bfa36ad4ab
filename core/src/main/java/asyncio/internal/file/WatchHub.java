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
import java.util.Set;
import java.util.concurrent.CopyOnWriteArraySet;
import java.util.concurrent.locks.ReentrantLock;

/**
 * All watches of one file system: they share a WatchService, because the system allows few of them,
 * and the JDK has a thread for each. Another thread waits for events and hands them out. Helper
 * threads only: the methods block.
 */
final class WatchHub {
  private static final Map<FileSystem, WatchHub> hubs = new HashMap<>();

  /** Guards {@link #hubs}, and who gets the events of which folder. */
  private static final ReentrantLock lock = new ReentrantLock();

  private final FileSystem system;
  private final WatchService service;
  private final Map<WatchKey, Set<Watch>> watches = new HashMap<>();

  private WatchHub(FileSystem system) throws IOException {
    this.system = system;
    this.service = system.newWatchService();
  }

  /** Tells {@code watch} what happens in {@code folder} from now on. */
  static void add(Watch watch, Path folder) throws IOException {
    lock.lock();
    try {
      WatchHub hub = hubs.get(folder.getFileSystem());
      if (hub == null) {
        hub = new WatchHub(folder.getFileSystem());
        hubs.put(hub.system, hub);
        Thread.ofPlatform()
            .daemon()
            .inheritInheritableThreadLocals(false)
            .name("asyncio-watch")
            .start(hub::run);
      }
      try {
        WatchKey key = folder.register(
            hub.service,
            StandardWatchEventKinds.ENTRY_CREATE,
            StandardWatchEventKinds.ENTRY_MODIFY,
            StandardWatchEventKinds.ENTRY_DELETE);
        hub.watches.computeIfAbsent(key, _ -> new CopyOnWriteArraySet<>()).add(watch);
      } finally {
        hub.closeIfUnused();
      }
    } catch (IOException failure) {
      throw coached(failure);
    } finally {
      lock.unlock();
    }
  }

  private static IOException coached(IOException failure) {
    String text = String.valueOf(failure.getMessage());
    if (!text.contains("inotify")) {
      return failure;
    }
    return new IOException(
        "The system allows no more watches: "
            + text
            + ". Each folder of a tree needs one. Close those that are done with, watch a smaller"
            + " tree, or raise the limits: sysctl fs.inotify.max_user_watches and"
            + " fs.inotify.max_user_instances.",
        failure);
  }

  /** Tells {@code watch} nothing any more. */
  static void remove(Watch watch) {
    lock.lock();
    try {
      for (WatchHub hub : List.copyOf(hubs.values())) {
        hub.watches.entrySet().removeIf(each -> {
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
      // The last watch was closed.
    }
  }

  private void handOut(WatchKey key) {
    Path folder = (Path) key.watchable();
    List<WatchEvent<?>> events;
    List<Watch> told;
    boolean goesOn;
    lock.lock();
    try {
      events = key.pollEvents();
      told = List.copyOf(watches.getOrDefault(key, Set.of()));
      goesOn = key.reset();
      if (!goesOn) {
        watches.remove(key);
      }
    } finally {
      lock.unlock();
    }
    for (Watch watch : told) {
      watch.happened(folder, events, goesOn);
    }
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
