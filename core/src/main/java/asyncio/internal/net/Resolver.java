package asyncio.internal.net;

import asyncio.WaitKind;
import asyncio.internal.bridge.HelperPool;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.LoopAction;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.scheduler.Waiter;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Finds the addresses of a name. The operating system's look-up blocks its thread, sometimes for
 * many seconds. It therefore has its own helper threads, so that a look-up never waits behind a
 * file, nor a file behind a look-up. A look-up that nobody waits for any more is not started, and
 * at most {@value #ROOM} may wait.
 */
public final class Resolver {
  /**
   * Threads for the whole process: look-ups are limited by the name server, and the JDK's cache is
   * shared as well.
   */
  private static final int THREADS = 32;

  /** If the name server is down, more waiting look-ups cost memory and time, and help nobody. */
  private static final int ROOM = 10_000;

  private static final HelperPool HELPERS = new HelperPool("asyncio-dns", THREADS, ROOM);

  private Resolver() {}

  /**
   * Returns the addresses of {@code host}, in the resolver's order. Suspends unless it is a literal
   * address.
   *
   * @throws UnknownHostException if it has none
   */
  public static InetAddress[] resolve(Fiber fiber, String host) throws IOException {
    InetAddress literal = literal(host);
    if (literal != null) {
      return new InetAddress[] {literal};
    }
    var lookup = new Lookup(fiber, host);
    HelperPool.Submitted submitted = submit(lookup);
    fiber.scheduler().helperStarted();
    return lookup.await(submitted);
  }

  private static HelperPool.Submitted submit(Lookup lookup) throws IOException {
    try {
      return HELPERS.submit(lookup);
    } catch (RejectedExecutionException full) {
      throw new IOException(
          "The host name '"
              + lookup.host
              + "' can't be looked up: "
              + ROOM
              + " look-ups are already waiting for the name server. Check whether this machine can"
              + " reach it, and look up fewer names at a time.",
          full);
    }
  }

  private static @Nullable InetAddress literal(String host) {
    boolean looksLikeOne = host.indexOf(':') >= 0
        || (!host.isEmpty()
            && host.charAt(host.length() - 1) >= '0'
            && host.charAt(host.length() - 1) <= '9');
    if (!looksLikeOne) {
      return null;
    }
    try {
      return InetAddress.ofLiteral(host);
    } catch (IllegalArgumentException aName) {
      return null;
    }
  }

  /** One look-up on a helper thread, and its delivery to the coroutine that waits for it. */
  private static final class Lookup implements Runnable {
    private final Scheduler scheduler;
    private final String host;
    private final Waiter waiter;

    // Loop-confined.
    private InetAddress @Nullable [] addresses;
    private @Nullable Throwable failure;

    Lookup(Fiber fiber, String host) {
      this.scheduler = fiber.scheduler();
      this.host = host;
      this.waiter = new Waiter(fiber, WaitKind.HELPER, "the address of '" + host + "'");
    }

    /** On the helper thread. */
    @Override
    public void run() {
      InetAddress[] found = null;
      Throwable failed = null;
      try {
        found = InetAddress.getAllByName(host);
      } catch (Throwable e) {
        failed = e;
      }
      deliver(found, failed);
    }

    private void deliver(InetAddress @Nullable [] found, @Nullable Throwable failed) {
      // If the loop has closed meanwhile, it has cancelled the waiting coroutine.
      scheduler.trySend(LoopAction.of(() -> {
        scheduler.helperEnded();
        addresses = found;
        failure = failed;
        waiter.wake();
      }));
    }

    InetAddress[] await(HelperPool.Submitted submitted) throws IOException {
      try {
        waiter.awaitValue();
      } catch (Throwable givenUp) {
        if (submitted.withdraw()) {
          scheduler.helperEnded();
        }
        throw givenUp;
      }
      InetAddress[] found = addresses;
      if (found != null && found.length > 0) {
        return found;
      }
      Throwable failed = failure;
      if (failed instanceof Error error) {
        throw error;
      }
      var unknown = new UnknownHostException("The host name '"
          + host
          + "' has no address. Check its spelling, and whether this machine can reach its"
          + " name server.");
      if (failed != null) {
        unknown.initCause(failed);
      }
      throw unknown;
    }
  }
}
