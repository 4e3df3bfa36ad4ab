package asyncio.internal.net;

import asyncio.Resolver;
import asyncio.internal.util.Durations;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Keeps what another resolver found, and that it found nothing. Any thread. */
public final class CachingResolver implements Resolver {
  /** When there are more, those that are out of date go; if that is not enough, all. */
  private static final int ROOM = 10_000;

  private final Resolver resolver;
  private final long keep;
  private final long keepFailures;
  private final LongSupplier clock;
  private final ConcurrentHashMap<String, Answer> answers = new ConcurrentHashMap<>();

  /** Addresses, or why there are none. */
  private record Answer(
      List<InetAddress> addresses, @Nullable UnknownHostException unknown, long until) {}

  /**
   * Creates an empty cache.
   *
   * @param clock the time in nanoseconds
   */
  public CachingResolver(
      Resolver resolver, Duration keep, Duration keepFailures, LongSupplier clock) {
    if (keep.isNegative() || keepFailures.isNegative()) {
      throw new IllegalArgumentException("A cache keeps its entries for zero or more time; got "
          + keep
          + " and, for failures, "
          + keepFailures
          + ".");
    }
    this.resolver = resolver;
    this.keep = Math.min(Durations.nanos(keep), Long.MAX_VALUE / 4);
    this.keepFailures = Math.min(Durations.nanos(keepFailures), Long.MAX_VALUE / 4);
    this.clock = clock;
  }

  @Override
  public List<InetAddress> resolve(String host) throws IOException {
    String name = host.toLowerCase(Locale.ROOT);
    Answer known = answers.get(name);
    if (known == null || known.until() - clock.getAsLong() <= 0) {
      known = ask(name);
    }
    if (known.unknown() != null) {
      var unknown = new UnknownHostException(known.unknown().getMessage());
      unknown.initCause(known.unknown().getCause());
      throw unknown;
    }
    return known.addresses();
  }

  private Answer ask(String host) throws IOException {
    try {
      List<InetAddress> found = new ArrayList<>();
      resolver.resolve(host).forEach(found::add);
      if (found.isEmpty()) {
        throw new UnknownHostException("The host name '" + host + "' has no address.");
      }
      return keep(host, new Answer(List.copyOf(found), null, clock.getAsLong() + keep));
    } catch (UnknownHostException unknown) {
      keep(host, new Answer(List.of(), unknown, clock.getAsLong() + keepFailures));
      throw unknown;
    }
  }

  private Answer keep(String host, Answer answer) {
    if (answers.size() >= ROOM) {
      long now = clock.getAsLong();
      answers.values().removeIf(each -> each.until() - now <= 0);
      if (answers.size() >= ROOM) {
        answers.clear();
      }
    }
    answers.put(host, answer);
    return answer;
  }
}
