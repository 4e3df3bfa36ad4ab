package asyncio.internal.net;

import asyncio.Resolver;
import asyncio.internal.bridge.HelperJob;
import asyncio.internal.bridge.HelperPool;
import asyncio.internal.scheduler.Current;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.RejectedExecutionException;

/**
 * Finds the addresses of a name. The operating system's look-up blocks its thread, sometimes for
 * many seconds. It therefore has its own helper threads, so that a look-up never waits behind a
 * file, nor a file behind a look-up. A look-up that nobody waits for any more is not started, and
 * at most {@value #ROOM} may wait.
 */
public final class SystemResolver implements Resolver {
  /**
   * Threads for the whole process: look-ups are limited by the name server, and the JDK's cache is
   * shared as well.
   */
  private static final int THREADS = 32;

  /** If the name server is down, more waiting look-ups cost memory and time, and help nobody. */
  private static final int ROOM = 10_000;

  private static final HelperPool HELPERS = new HelperPool("asyncio-dns", THREADS, ROOM);

  /** One for the process, with a cache. */
  public static final Resolver CACHED = new CachingResolver(
      new SystemResolver(), Duration.ofSeconds(30), Duration.ofSeconds(5), System::nanoTime);

  private SystemResolver() {}

  @Override
  public List<InetAddress> resolve(String host) throws IOException {
    try {
      return List.of(lookUp(
          "resolve()",
          "the address of '" + host + "'",
          "The host name '" + host + "'",
          () -> InetAddress.getAllByName(host)));
    } catch (UnknownHostException failed) {
      var unknown = new UnknownHostException("The host name '"
          + host
          + "' has no address. Check its spelling, and whether this machine can reach its"
          + " name server.");
      unknown.initCause(failed);
      throw unknown;
    }
  }

  /** Returns the name of an address, or its literal if it has none. Suspends. */
  public static String nameOf(InetAddress address) throws IOException {
    return lookUp(
        "resolveName()",
        "the name of " + address.getHostAddress(),
        "The address " + address.getHostAddress(),
        address::getCanonicalHostName);
  }

  private static <T> T lookUp(String call, String what, String subject, Callable<T> body)
      throws IOException {
    try {
      return HelperJob.call(HELPERS, Current.requireTask(call), what, body);
    } catch (RejectedExecutionException full) {
      throw new IOException(
          subject
              + " can't be looked up: "
              + ROOM
              + " look-ups are already waiting for the name server. Check whether this machine can"
              + " reach it, and look up fewer names at a time.",
          full);
    } catch (IOException | RuntimeException failed) {
      throw failed;
    } catch (Exception impossible) {
      throw new AssertionError(impossible);
    }
  }
}
