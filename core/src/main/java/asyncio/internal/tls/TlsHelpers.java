package asyncio.internal.tls;

import asyncio.internal.bridge.HelperJob;
import asyncio.internal.bridge.HelperPool;
import asyncio.internal.scheduler.Current;
import asyncio.internal.util.Sneaky;
import java.io.IOException;
import java.util.concurrent.Callable;

/** Threads for what takes a processor long, handshakes, and for the files of keys. */
public final class TlsHelpers {
  /** As many as there are processors: more would do nothing sooner. */
  private static final HelperPool HELPERS =
      new HelperPool("asyncio-tls", Runtime.getRuntime().availableProcessors());

  /** Others for files, which may take long for no work at all: handshakes must not wait for them. */
  private static final HelperPool LOADERS = new HelperPool("asyncio-tls-files", 4);

  private TlsHelpers() {}

  /**
   * Runs {@code body} on a helper thread while the running coroutine waits; outside a loop, here.
   *
   * @param call the public method, for errors
   * @param what what the coroutine waits for, for reports
   */
  public static <T> T call(String call, String what, Callable<T> body) throws IOException {
    try {
      return Current.scheduler() == null
          ? body.call()
          : HelperJob.call(LOADERS, Current.requireTask(call), what, body);
    } catch (IOException | RuntimeException failed) {
      throw failed;
    } catch (Exception impossible) {
      throw Sneaky.rethrow(impossible);
    }
  }

  /** Runs {@code job}, which belongs to a handshake. */
  static <T> T call(HelperJob<T> job) throws Exception {
    return job.call(HELPERS);
  }
}
