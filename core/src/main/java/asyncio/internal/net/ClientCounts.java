package asyncio.internal.net;

import asyncio.ServerStatistics;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;

/** How many clients a server has had, and has from each address. Loop-confined. */
public final class ClientCounts {
  private final int maxPerAddress;

  /** Empty unless there is a limit. */
  private final Map<Object, Integer> perAddress = new HashMap<>();

  /** How many were accepted since the server started. */
  public long accepted;

  /** How many of those were disconnected at once. */
  public long refused;

  /** How many were cut because a time limit was passed. */
  public long timedOut;

  /** How many were disconnected because a TLS handshake failed. */
  public long failedHandshakes;

  public ClientCounts(int maxPerAddress) {
    this.maxPerAddress = maxPerAddress;
  }

  /** Returns whether one more client from there may be served. */
  public boolean mayJoin(SocketAddress remote) {
    return !(remote instanceof InetSocketAddress inet)
        || perAddress.getOrDefault(key(inet), 0) < maxPerAddress;
  }

  /** Notes that a client from there is being served. */
  public void joined(SocketAddress remote) {
    if (maxPerAddress < Integer.MAX_VALUE && remote instanceof InetSocketAddress inet) {
      perAddress.merge(key(inet), 1, Integer::sum);
    }
  }

  /** Notes that such a client has left. */
  public void left(SocketAddress remote) {
    if (remote instanceof InetSocketAddress inet) {
      perAddress.computeIfPresent(
          key(inet), (address, count) -> count == 1 ? null : Integer.valueOf(count - 1));
    }
  }

  /** Returns these counts, with how many clients there are and how many of those are idle. */
  public ServerStatistics statistics(int connections, int idle) {
    return new ServerStatistics(connections, idle, accepted, refused, timedOut, failedHandshakes);
  }

  /** Whoever has one IPv6 address has its whole network of 64 bits. */
  private static Object key(InetSocketAddress remote) {
    InetAddress address = remote.getAddress();
    return address instanceof Inet6Address
        ? Long.valueOf(ByteBuffer.wrap(address.getAddress()).getLong())
        : address;
  }
}
