package asyncio.internal.net;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;

/** Text forms of addresses. */
public final class Addresses {
  private Addresses() {}

  /** Returns for instance "127.0.0.1:80", "[::1]:80" or "unix:/run/service". */
  public static String text(SocketAddress address) {
    if (address instanceof UnixDomainSocketAddress unix) {
      return "unix:" + unix.getPath();
    }
    if (address instanceof InetSocketAddress inet && inet.getAddress() != null) {
      return text(inet.getAddress().getHostAddress(), inet.getPort());
    }
    return address.toString();
  }

  /** Returns the address of the peer; a client of a Unix socket has none, and gets its server's. */
  public static String peer(SocketAddress local, SocketAddress remote) {
    boolean nameless = remote instanceof UnixDomainSocketAddress unix
        && unix.getPath().toString().isEmpty();
    return text(nameless ? local : remote);
  }

  /** Returns for instance "localhost:80" or "[::1]:80". */
  public static String text(String host, int port) {
    return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + port;
  }

  /** Returns for instance "localhost:80 (127.0.0.1)". */
  public static String named(String host, InetSocketAddress address) {
    String literal = address.getAddress().getHostAddress();
    return text(host, address.getPort()) + (literal.equals(host) ? "" : " (" + literal + ")");
  }

  public static String text(InetAddress address) {
    return address.getHostAddress();
  }

  /** Returns what to throw for an address that is neither of the Internet nor of a Unix socket. */
  public static IllegalArgumentException unknownKind(String call, SocketAddress address) {
    return new IllegalArgumentException(call
        + " takes an InetSocketAddress or a UnixDomainSocketAddress; got a "
        + address.getClass().getName()
        + ".");
  }

  public static int checkPort(int port) {
    if (port < 0 || port > 65535) {
      throw new IllegalArgumentException("A port is a number from 0 to 65535; got " + port + ".");
    }
    return port;
  }
}
