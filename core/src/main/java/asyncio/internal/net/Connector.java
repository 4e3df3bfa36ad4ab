package asyncio.internal.net;

import asyncio.internal.engine.Engine;
import asyncio.internal.engine.SocketSettings;
import asyncio.internal.engine.StreamHandle;
import asyncio.internal.scheduler.Fiber;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** Connects to a host by name: tries all its addresses in turn until one answers. */
public final class Connector {
  private Connector() {}

  public static StreamHandle connect(Fiber fiber, String host, int port, SocketSettings settings)
      throws IOException {
    InetAddress[] addresses;
    try {
      addresses = Resolver.resolve(fiber, host);
    } catch (UnknownHostException unknown) {
      throw unknown(host, port, unknown);
    }
    Engine engine = Engine.of(fiber.scheduler());
    List<IOException> failures = new ArrayList<>(1);
    for (InetAddress address : addresses) {
      try {
        return engine.connect(new InetSocketAddress(address, port), settings);
      } catch (IOException failure) {
        failures.add(failure);
      }
    }
    throw failed(host, port, addresses, failures);
  }

  private static IOException unknown(String host, int port, UnknownHostException cause) {
    var failure = new UnknownHostException(
        "Can't connect to " + Addresses.text(host, port) + ": " + cause.getMessage());
    failure.initCause(cause.getCause());
    return failure;
  }

  private static IOException failed(
      String host, int port, InetAddress[] addresses, List<IOException> failures) {
    IOException first = failures.getFirst();
    String reasons =
        failures.stream().map(Connector::reason).distinct().collect(Collectors.joining("; "));
    String message = "Can't connect to "
        + Addresses.text(host, port)
        + tried(host, addresses)
        + ": "
        + reasons
        + hint(first);
    IOException failure = switch (first) {
      case ConnectException refused -> new ConnectException(message);
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

  private static String tried(String host, InetAddress[] addresses) {
    if (addresses.length == 1
        && (host.indexOf(':') >= 0 || addresses[0].getHostAddress().equals(host))) {
      return "";
    }
    return Arrays.stream(addresses)
        .map(InetAddress::getHostAddress)
        .collect(Collectors.joining(", ", " (", ")"));
  }

  private static String hint(IOException failure) {
    return failure instanceof ConnectException && "Connection refused".equals(failure.getMessage())
        ? ". Nothing is listening there: check the port, and that the server is running."
        : "";
  }
}
