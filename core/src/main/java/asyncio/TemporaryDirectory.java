package asyncio;

import asyncio.internal.file.FileJobs;
import asyncio.internal.file.Trees;
import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Resource;
import asyncio.internal.scheduler.Scheduler;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A new directory that is deleted, with everything in it, when it is closed or its loop ends; made
 * by {@link AsyncFiles#temporaryDirectory}.
 */
public final class TemporaryDirectory implements AutoCloseable {
  private final Scheduler scheduler;
  private final Path path;
  private final Resource resource;
  private boolean closed;

  private TemporaryDirectory(Scheduler scheduler, Path path) {
    this.scheduler = scheduler;
    this.path = path;
    this.resource =
        new Resource(scheduler, "temporary directory " + path, () -> Trees.deleteQuietly(path));
  }

  static TemporaryDirectory create() throws IOException {
    String call = "AsyncFiles.temporaryDirectory()";
    Scheduler scheduler = Current.requireTask(call).scheduler();
    Path path = FileJobs.call(
        call,
        "a temporary directory",
        () -> Files.createTempDirectory("asyncio-"),
        Trees::deleteLater);
    return new TemporaryDirectory(scheduler, path);
  }

  /** Returns its path. <i>Thread</i>: any. */
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
      resource.closed();
      try {
        FileJobs.call(call, path, () -> Trees.delete(path));
      } catch (CancelledError cancelled) {
        Trees.deleteLater(path); // deleting may not have begun
        throw cancelled;
      }
    }
  }

  @Override
  public String toString() {
    return "TemporaryDirectory[" + path + (closed ? ", deleted]" : "]");
  }
}
