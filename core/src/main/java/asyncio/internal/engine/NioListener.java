package asyncio.internal.engine;

import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.UnsupportedAddressTypeException;
import org.jspecify.annotations.Nullable;

/** A listening socket on a selector. */
final class NioListener extends NioHandle implements ListenHandle {
  private final ServerSocketChannel channel;
  private final SocketAddress local;
  private final ListenSettings settings;

  /**
   * Connections accepted since the last wait: at most backlog + 1, as in asyncio; then others get
   * their turn.
   */
  private int streak;

  /**
   * A spare descriptor. When none is left to accept with, this one is released, so that the failure
   * can be reported: loading a class or opening a log takes one.
   */
  private @Nullable SocketChannel spare;

  private NioListener(
      NioEngine engine, ServerSocketChannel channel, SocketAddress local, ListenSettings settings) {
    super(engine, channel);
    this.channel = channel;
    this.local = local;
    this.settings = settings;
  }

  static NioListener open(NioEngine engine, SocketAddress local, ListenSettings settings)
      throws IOException {
    // IPv4 is requested explicitly: without a family the JDK opens an IPv6 socket if there is IPv6,
    // and 0.0.0.0 would then accept clients of both. On "::" that socket does accept both, because
    // the JDK offers no way to set IPV6_V6ONLY.
    ServerSocketChannel channel = switch (local) {
      case UnixDomainSocketAddress _ -> ServerSocketChannel.open(StandardProtocolFamily.UNIX);
      case InetSocketAddress inet
      when inet.getAddress() instanceof Inet4Address ->
        ServerSocketChannel.open(StandardProtocolFamily.INET);
      default -> ServerSocketChannel.open();
    };
    try {
      channel.configureBlocking(false);
      if (local instanceof InetSocketAddress) {
        channel.setOption(StandardSocketOptions.SO_REUSEADDR, settings.reuseAddress());
      }
      channel.bind(local, settings.backlog());
      return new NioListener(engine, channel, channel.getLocalAddress(), settings);
    } catch (UnsupportedAddressTypeException noSuchFamily) {
      channel.close();
      throw new NoSuchFamilyException(
          "IPv6 is not available: it is switched off on this machine or in this JVM", noSuchFamily);
    } catch (Throwable failed) {
      channel.close();
      throw failed;
    }
  }

  @Override
  public SocketAddress localAddress() {
    return local;
  }

  @Override
  public Accepted accept() throws IOException {
    checkOpen();
    while (true) {
      SocketChannel accepted = null;
      if (streak <= settings.backlog()) {
        accepted = tryAccept();
      }
      if (accepted == null) {
        streak = 0;
        awaitInput(SelectionKey.OP_ACCEPT);
        continue;
      }
      streak++;
      try {
        return new NioAccepted(accepted);
      } catch (IOException goneAlready) {
        close(accepted);
      } catch (Throwable failed) {
        close(accepted);
        throw failed;
      }
    }
  }

  private @Nullable SocketChannel tryAccept() throws IOException {
    if (spare == null) {
      spare = openSpare();
    }
    try {
      return channel.accept();
    } catch (IOException failure) {
      closeSpare();
      throw failure;
    }
  }

  private static @Nullable SocketChannel openSpare() {
    try {
      return SocketChannel.open();
    } catch (IOException noneLeft) {
      return null;
    }
  }

  private void closeSpare() {
    SocketChannel open = spare;
    spare = null;
    if (open != null) {
      try {
        open.close();
      } catch (IOException nothingToBeDone) {
        // It was never connected.
      }
    }
  }

  /** Stops listening now: a new listener may take the same port immediately. */
  @Override
  public void close() {
    if (!isClosed()) {
      closeSpare();
      super.close();
      engine.releaseClosed();
    }
  }

  @Override
  void ready(int operations) {
    if (input.isIdle()) {
      ignore(SelectionKey.OP_ACCEPT);
    } else {
      input.wake();
    }
  }

  @Override
  public String describeWait() {
    return "a client on " + text(local);
  }
}
