package asyncio.internal.engine;

import java.io.IOException;
import java.net.SocketAddress;
import java.nio.channels.SocketChannel;

/** A connection that a {@link NioListener} accepted. Any engine on a selector can attach it. */
final class NioAccepted implements Accepted {
  private final SocketChannel channel;
  private final SocketAddress remote;
  private boolean attached;

  NioAccepted(SocketChannel channel) throws IOException {
    this.channel = channel;
    this.remote = channel.getRemoteAddress();
  }

  @Override
  public SocketAddress remoteAddress() {
    return remote;
  }

  SocketChannel take() {
    attached = true;
    return channel;
  }

  @Override
  public void close() {
    if (!attached) {
      NioHandle.close(channel);
    }
  }
}
