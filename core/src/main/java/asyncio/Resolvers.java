package asyncio;

import asyncio.internal.net.CachingResolver;
import asyncio.internal.net.SystemResolver;
import java.time.Duration;

/** The resolvers that come with the library. They can be used by any number of loops. */
public final class Resolvers {
  private Resolvers() {}

  /**
   * Returns the default: the operating system's look-up on helper threads, at most 32 at a time and
   * 10,000 waiting, with a cache. It keeps addresses for 30 seconds, and remembers for 5 seconds
   * that a host has none. Tasks of a loop that ask for the same host at the same time share one
   * look-up. A look-up that nobody waits for any more is given up.
   */
  public static Resolver system() {
    return SystemResolver.CACHED;
  }

  /**
   * Returns a resolver that asks {@code resolver} and keeps the answers of at most 10,000 names. It
   * waits for all addresses of a name before it returns the first. Tasks of a loop that ask for the
   * same host at the same time share one call of {@code resolver}; if the task that made it is
   * cancelled, another one calls again. If the call fails, the others get an IOException with the
   * failure as its cause.
   *
   * @param keep how long addresses are kept
   * @param keepFailures how long an unknown host is remembered; other failures are never kept
   * @throws IllegalArgumentException if one of them is negative
   */
  public static Resolver cached(Resolver resolver, Duration keep, Duration keepFailures) {
    return new CachingResolver(resolver, keep, keepFailures, System::nanoTime);
  }
}
