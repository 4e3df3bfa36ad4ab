package asyncio.internal.engine;

import asyncio.PeerCredentials;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import jdk.net.ExtendedSocketOptions;
import jdk.net.UnixDomainPrincipal;
import org.jspecify.annotations.Nullable;

/** Asks the operating system who is at the other end of a Unix socket. */
final class Credentials {
  private Credentials() {}

  /** Returns who that is; null where the system or the JVM can't tell. */
  static @Nullable PeerCredentials of(SocketChannel channel) throws IOException {
    try {
      UnixDomainPrincipal peer = channel.getOption(ExtendedSocketOptions.SO_PEERCRED);
      return new PeerCredentials(peer.user(), peer.group());
    } catch (UnsupportedOperationException | NoClassDefFoundError unknown) {
      return null; // another system, or a JVM without the module jdk.net
    }
  }
}
