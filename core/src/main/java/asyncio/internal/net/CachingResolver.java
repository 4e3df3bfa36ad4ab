package asyncio.internal.net;

import asyncio.Resolver;
import asyncio.WaitKind;
import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.scheduler.Waiter;
import asyncio.internal.scheduler.WaiterList;
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

  /** One question for each name and loop: a thousand connections to one host ask once. */
  private final ConcurrentHashMap<Key, Asked> asked = new ConcurrentHashMap<>();

  /** Addresses, or why there are none. */
  private record Answer(
      List<InetAddress> addresses, @Nullable UnknownHostException unknown, long until) {
    List<InetAddress> get() throws UnknownHostException {
      if (unknown != null) {
        var again = new UnknownHostException(unknown.getMessage());
        again.initCause(unknown.getCause());
        throw again;
      }
      return addresses;
    }
  }

  private record Key(Scheduler scheduler, String host) {}

  /** What a coroutine is asking. Loop-confined. */
  private static final class Asked {
    final Fiber fiber;
    final WaiterList waiters = new WaiterList();

    Asked(Fiber fiber) {
      this.fiber = fiber;
    }

    /** What came of it; both are null if the coroutine was cancelled, or failed with an Error. */
    @Nullable
    Answer answer;

    @Nullable
    Exception failure;
  }

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
    if (known != null && known.until() - clock.getAsLong() > 0) {
      return known.get();
    }
    Scheduler scheduler = Current.scheduler();
    Fiber fiber = scheduler == null ? null : scheduler.currentFiber();
    return fiber == null ? ask(name).get() : askOnce(fiber, name);
  }

  /** Asks, or waits for the answer to another coroutine of the same loop. */
  private List<InetAddress> askOnce(Fiber fiber, String host) throws IOException {
    Current.requireTask("resolve()").breathe();
    var key = new Key(fiber.scheduler(), host);
    while (true) {
      Asked before = asked.get(key);
      if (before == null) {
        break;
      }
      if (before.fiber == fiber) {
        throw new IllegalStateException(
            "To find the addresses of '" + host + "', the resolver asked itself for the same name."
                + " It must reach its source by an address, or by another resolver.");
      }
      before.waiters.await(new Waiter(fiber, WaitKind.OTHER, "the address of '" + host + "'"));
      Exception failure = before.failure;
      if (failure instanceof IOException) {
        throw new IOException(failure.getMessage(), failure);
      }
      if (failure != null) {
        throw new IllegalStateException(failure.toString(), failure);
      }
      if (before.answer != null) {
        return before.answer.get();
      }
      // The coroutine that asked was cancelled.
    }
    var asking = new Asked(fiber);
    asked.put(key, asking);
    try {
      asking.answer = ask(host);
    } catch (IOException | RuntimeException failed) {
      asking.failure = failed;
      throw failed;
    } finally {
      asked.remove(key);
      asking.waiters.wakeAll();
    }
    return asking.answer.get();
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
      return keep(host, new Answer(List.of(), unknown, clock.getAsLong() + keepFailures));
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
