package asyncio.internal.tls;

import asyncio.internal.bridge.HelperJob;
import asyncio.internal.bridge.HelperPool;
import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.util.Sneaky;
import java.io.IOException;
import java.util.concurrent.Callable;

/**
 * Threads for what takes a processor long: handshakes and keys. As many as there are processors, as
 * more would do nothing sooner.
 */
public final class TlsHelpers {
  private static final HelperPool HELPERS =
      new HelperPool("asyncio-tls", Runtime.getRuntime().availableProcessors());

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
          : HelperJob.call(HELPERS, Current.requireTask(call), what, body);
    } catch (IOException | RuntimeException failed) {
      throw failed;
    } catch (Exception impossible) {
      throw Sneaky.rethrow(impossible);
    }
  }

  static <T> T call(Fiber fiber, String what, Callable<T> body) throws Exception {
    return HelperJob.call(HELPERS, fiber, what, body);
  }
}
