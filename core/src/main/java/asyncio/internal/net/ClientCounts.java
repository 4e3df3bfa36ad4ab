package asyncio.internal.net;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.HashMap;
import java.util.Map;

/** How many clients a server has had, and has from each address. Loop-confined. */
public final class ClientCounts {
  private final int maxPerAddress;

  /** Empty unless there is a limit. */
  private final Map<InetAddress, Integer> perAddress = new HashMap<>();

  /** How many were accepted since the server started. */
  public long accepted;

  /** How many of those were disconnected at once. */
  public long refused;

  /** How many were cut because a time limit was passed. */
  public long timedOut;

  public ClientCounts(int maxPerAddress) {
    this.maxPerAddress = maxPerAddress;
  }

  /** Returns whether one more client from there may be served. */
  public boolean mayJoin(SocketAddress remote) {
    return !(remote instanceof InetSocketAddress inet)
        || perAddress.getOrDefault(inet.getAddress(), 0) < maxPerAddress;
  }

  /** Notes that a client from there is being served. */
  public void joined(SocketAddress remote) {
    if (maxPerAddress < Integer.MAX_VALUE && remote instanceof InetSocketAddress inet) {
      perAddress.merge(inet.getAddress(), 1, Integer::sum);
    }
  }

  /** Notes that such a client has left. */
  public void left(SocketAddress remote) {
    if (remote instanceof InetSocketAddress inet) {
      perAddress.computeIfPresent(
          inet.getAddress(), (address, count) -> count == 1 ? null : Integer.valueOf(count - 1));
    }
  }
}
