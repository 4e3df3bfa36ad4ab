package asyncio.internal.net;

import asyncio.Resolver;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The addresses of a host, from whichever source knows them. */
public final class Names {
  private Names() {}

  /**
   * Returns the addresses of {@code host}, best first: at once for a literal address and for
   * localhost, and otherwise as {@code resolver} does.
   *
   * @throws UnknownHostException if there are none
   */
  public static Iterable<InetAddress> resolve(Resolver resolver, String host) throws IOException {
    InetAddress literal = literal(host);
    if (literal != null) {
      return List.of(literal);
    }
    if (host.equalsIgnoreCase("localhost")) {
      // RFC 6761: never asked of anybody.
      return List.of(InetAddress.ofLiteral("127.0.0.1"), InetAddress.ofLiteral("::1"));
    }
    Iterable<InetAddress> found = resolver.resolve(host);
    if (found instanceof Collection<InetAddress> all && all.isEmpty()) {
      throw new UnknownHostException("The host name '" + host + "' has no address.");
    }
    return found;
  }

  /** Returns the addresses as {@link #resolve} does, when all of them are there. */
  public static List<InetAddress> resolveAll(Resolver resolver, String host) throws IOException {
    Iterable<InetAddress> found = resolve(resolver, host);
    List<InetAddress> all = new ArrayList<>();
    found.forEach(all::add);
    if (all.isEmpty()) {
      throw new UnknownHostException("The host name '" + host + "' has no address.");
    }
    return List.copyOf(all);
  }

  static @Nullable InetAddress literal(String host) {
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

  /**
   * Returns the addresses with the two families taking turns, beginning with that of the first one:
   * RFC 8305, section 4.
   */
  static List<InetAddress> interleaved(Collection<InetAddress> addresses) {
    Deque<InetAddress> first = new ArrayDeque<>();
    Deque<InetAddress> second = new ArrayDeque<>();
    boolean four = addresses.iterator().next() instanceof Inet4Address;
    for (InetAddress address : addresses) {
      (address instanceof Inet4Address == four ? first : second).add(address);
    }
    List<InetAddress> mixed = new ArrayList<>(addresses.size());
    while (!first.isEmpty() || !second.isEmpty()) {
      if (!first.isEmpty()) {
        mixed.add(first.remove());
      }
      if (!second.isEmpty()) {
        mixed.add(second.remove());
      }
    }
    return mixed;
  }
}
