package asyncio;

import asyncio.internal.bridge.HelperPool;
import asyncio.internal.file.FileJobs;
import asyncio.internal.file.Trees;
import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Resource;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.util.CreationSite;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A new folder that is deleted, with everything in it, when it is closed or its loop ends; made by
 * {@link AsyncFiles#temporaryDirectory}.
 */
public final class TemporaryDirectory implements AutoCloseable {
  private final Scheduler scheduler;
  private final Path path;
  private final Resource resource;
  private boolean closed;

  private TemporaryDirectory(Scheduler scheduler, Path path) {
    this.scheduler = scheduler;
    this.path = path;
    this.resource = new Left(CreationSite.here(scheduler.debug));
    scheduler.opened(resource);
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
      return "temporary directory " + path;
    }

    @Override
    public void loopClosed() {
      HelperPool.FILES.submit(() -> deleteQuietly(path));
    }
  }

  static TemporaryDirectory create() throws IOException {
    String call = "AsyncFiles.temporaryDirectory()";
    Scheduler scheduler = Current.requireTask(call).scheduler();
    Path path = FileJobs.call(
        call,
        "a temporary directory",
        () -> Files.createTempDirectory("asyncio-"),
        made -> HelperPool.FILES.submit(() -> deleteQuietly(made)));
    return new TemporaryDirectory(scheduler, path);
  }

  private static void deleteQuietly(Path path) {
    try {
      Trees.delete(path);
    } catch (IOException nobodyAsks) {
      // The system clears its folder for such things at some time.
    }
  }

  /** Returns where it is. <i>Thread</i>: any. */
  public Path path() {
    return path;
  }

  /**
   * Deletes it with everything in it. Does nothing the second time.
   *
   * <p><i>Waits</i> until it is deleted.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; deleting goes on.
   *
   * <p><i>Thread</i>: a coroutine of the loop.
   *
   * @throws IOException if something could not be deleted
   */
  @Override
  public void close() throws IOException {
    String call = "TemporaryDirectory.close()";
    Current.requireTask(scheduler, call);
    if (!closed) {
      closed = true;
      scheduler.closed(resource);
      try {
        FileJobs.call(call, path, () -> Trees.delete(path));
      } catch (CancelledError cancelled) {
        HelperPool.FILES.submit(() -> deleteQuietly(path)); // it may not have begun
        throw cancelled;
      }
    }
  }

  @Override
  public String toString() {
    return "TemporaryDirectory[" + path + (closed ? ", deleted]" : "]");
  }
}
