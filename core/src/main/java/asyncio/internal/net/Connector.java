package asyncio.internal.net;

import asyncio.Coroutine;
import asyncio.Race;
import asyncio.Resolver;
import asyncio.internal.engine.Engine;
import asyncio.internal.engine.SocketSettings;
import asyncio.internal.engine.StreamHandle;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.task.StaggeredRace;
import asyncio.internal.util.Sneaky;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.SocketException;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Connects to a host by name. Its addresses race ("happy eyeballs", RFC 8305): IPv6 and IPv4 take
 * turns, each has a head start over the next one, and the first to connect wins. Loop-confined.
 */
public final class Connector {
  private final Engine engine;
  private final String host;
  private final int port;
  private final SocketSettings settings;

  /** The head start of each address over the next one; null to try one after the other. */
  private final @Nullable Duration delay;

  private final List<InetAddress> tried = new ArrayList<>(1);
  private final List<IOException> failures = new ArrayList<>(1);

  private Connector(
      Engine engine, String host, int port, SocketSettings settings, @Nullable Duration delay) {
    this.engine = engine;
    this.host = host;
    this.port = port;
    this.settings = settings;
    this.delay = delay;
  }

  /**
   * Connects to a host.
   *
   * @param delay the head start of each address over the next one; null to try one after the other
   */
  public static StreamHandle connect(
      Fiber fiber,
      Resolver resolver,
      String host,
      int port,
      SocketSettings settings,
      @Nullable Duration delay)
      throws IOException {
    Engine engine = Engine.of(fiber.scheduler());
    var connector = new Connector(engine, host, port, settings, delay);
    StreamHandle handle;
    try {
      handle = connector.connect(Names.resolve(resolver, host));
    } catch (UnknownHostException unknown) {
      throw unknown(host, port, unknown);
    }
    if (handle == null) {
      throw connector.failed();
    }
    return handle;
  }

  /** Connects to a Unix socket. */
  public static StreamHandle connect(
      Fiber fiber, UnixDomainSocketAddress remote, SocketSettings settings) throws IOException {
    try {
      return Engine.of(fiber.scheduler()).connect(remote, settings);
    } catch (SocketException failure) {
      throw UnixSocketFile.cantConnect(remote, failure);
    }
  }

  private @Nullable StreamHandle connect(Iterable<InetAddress> addresses) throws IOException {
    if (addresses instanceof Collection<InetAddress> all) {
      List<InetAddress> usable =
          Names.interleaved(all).stream().filter(this::isOfLocalFamily).toList();
      if (usable.size() == 1) {
        return tryOne(usable.getFirst());
      }
      List<Coroutine<@Nullable StreamHandle, IOException>> attempts = new ArrayList<>();
      for (InetAddress address : usable) {
        attempts.add(() -> connectTo(address));
      }
      return race(attempts);
    }
    return connect(addresses.iterator());
  }

  /** Tries an address while it waits for the next ones. */
  private @Nullable StreamHandle connect(Iterator<InetAddress> addresses) throws IOException {
    if (!addresses.hasNext()) {
      if (tried.isEmpty()) {
        throw new UnknownHostException("The host name '" + host + "' has no address.");
      }
      return null;
    }
    InetAddress first = addresses.next();
    if (!isOfLocalFamily(first)) {
      return connect(addresses);
    }
    return race(List.of(() -> connectTo(first), () -> {
      StreamHandle one = connect(addresses);
      if (one == null) {
        throw new UnknownHostException("no more addresses"); // those that failed are counted
      }
      return one;
    }));
  }

  private @Nullable StreamHandle race(
      List<? extends Coroutine<? extends @Nullable StreamHandle, IOException>> attempts)
      throws IOException {
    Race<@Nullable StreamHandle> race = StaggeredRace.run(attempts, delay);
    if (race.won()) {
      return race.value();
    }
    for (Throwable error : race.errors()) {
      if (error != null && !(error instanceof IOException)) {
        throw Sneaky.rethrow(error);
      }
    }
    return null;
  }

  private boolean isOfLocalFamily(InetAddress address) {
    return !(settings.local() instanceof InetSocketAddress local)
        || local.getAddress().isAnyLocalAddress()
        || local.getAddress() instanceof Inet4Address == address instanceof Inet4Address;
  }

  private @Nullable StreamHandle tryOne(InetAddress address) {
    try {
      return connectTo(address);
    } catch (IOException counted) {
      return null;
    }
  }

  private StreamHandle connectTo(InetAddress address) throws IOException {
    tried.add(address);
    try {
      return engine.connect(new InetSocketAddress(address, port), settings);
    } catch (IOException failure) {
      failures.add(failure);
      throw failure;
    }
  }

  private static IOException unknown(String host, int port, UnknownHostException cause) {
    var failure = new UnknownHostException(
        "Can't connect to " + Addresses.text(host, port) + ": " + cause.getMessage());
    failure.initCause(cause.getCause());
    return failure;
  }

  private IOException failed() {
    if (failures.isEmpty()) {
      return new SocketException("Can't connect to "
          + Addresses.text(host, port)
          + ": it has no address of the family of the local address "
          + Addresses.text(Objects.requireNonNull(settings.local()))
          + ". Leave the local address out, or use one of the other family.");
    }
    IOException first = failures.getFirst();
    String reasons =
        failures.stream().map(Connector::reason).distinct().collect(Collectors.joining("; "));
    String message = "Can't connect to "
        + Addresses.text(host, port)
        + triedText()
        + ": "
        + reasons
        + hint(first);
    IOException failure = switch (first) {
      case ConnectException refused -> new ConnectException(message);
      case BindException taken -> new BindException(message);
      case NoRouteToHostException noRoute -> new NoRouteToHostException(message);
      default -> new IOException(message);
    };
    failure.initCause(first);
    failures.stream().skip(1).forEach(failure::addSuppressed);
    return failure;
  }

  private static String reason(IOException failure) {
    String message = failure.getMessage();
    return message != null ? message : failure.getClass().getSimpleName();
  }

  private String triedText() {
    if (tried.size() == 1
        && (host.indexOf(':') >= 0 || tried.getFirst().getHostAddress().equals(host))) {
      return "";
    }
    return tried.stream()
        .map(InetAddress::getHostAddress)
        .collect(Collectors.joining(", ", " (", ")"));
  }

  private static String hint(IOException failure) {
    return failure instanceof ConnectException && "Connection refused".equals(failure.getMessage())
        ? ". Nothing is listening there: check the port, and that the server is running."
        : "";
  }
}
