package asyncio;

import asyncio.internal.net.StreamOptions;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Options for {@link Asyncio#openConnection}. Immutable: each {@code with…} method returns changed
 * options.
 *
 * <p>Example: {@code openConnection(host, port, ConnectOptions.defaults().withLimit(1 << 20))}.
 */
public final class ConnectOptions {
  private static final ConnectOptions DEFAULTS =
      new ConnectOptions(StreamOptions.DEFAULTS, null, Duration.ofMillis(250), null, null);

  final StreamOptions streams;

  /** Null for that of the loop. */
  final @Nullable Resolver resolver;

  /** Null to try one address after the other. */
  final @Nullable Duration happyEyeballsDelay;

  /** Null for any. */
  final @Nullable InetSocketAddress localAddress;

  /** Null for plain connections. */
  final @Nullable ClientTls tls;

  private ConnectOptions(
      StreamOptions streams,
      @Nullable Resolver resolver,
      @Nullable Duration happyEyeballsDelay,
      @Nullable InetSocketAddress localAddress,
      @Nullable ClientTls tls) {
    this.streams = streams;
    this.resolver = resolver;
    this.happyEyeballsDelay = happyEyeballsDelay;
    this.localAddress = localAddress;
    this.tls = tls;
  }

  private ConnectOptions with(StreamOptions changed) {
    return new ConnectOptions(changed, resolver, happyEyeballsDelay, localAddress, tls);
  }

  /**
   * Returns the defaults: limit and high water mark 64 KiB, low water mark 16 KiB, close flush
   * limit 5 s, TCP_NODELAY on, a head start of 250 ms for each address of a host over the next one.
   */
  public static ConnectOptions defaults() {
    return DEFAULTS;
  }

  /**
   * Sets the maximum length, in bytes, of a line or other delimited piece that the reader looks
   * for.
   */
  public ConnectOptions withLimit(int bytes) {
    return with(streams.withLimit(bytes));
  }

  /**
   * Sets how long {@link Connection#close} tries to send what was written; with zero, whatever the
   * socket does not take immediately is dropped.
   */
  public ConnectOptions withCloseFlushLimit(Duration limit) {
    return with(streams.withCloseFlushLimit(Objects.requireNonNull(limit, "limit")));
  }

  /**
   * Sets the water marks: {@link StreamWriter#drain} waits if more than {@code high} bytes are
   * buffered, until at most {@code low} are left.
   *
   * @param low at most {@code high}
   */
  public ConnectOptions withWriteWater(int high, int low) {
    return with(streams.withWriteWater(high, low));
  }

  /** Sets whether small pieces are sent immediately (TCP_NODELAY). */
  public ConnectOptions withNoDelay(boolean on) {
    return with(streams.withNoDelay(on));
  }

  /**
   * Sets how long a connection may be silent while a task waits for it, in a read or a drain: no
   * byte
   * goes either way. Then it is closed, and the wait ends with a {@link
   * java.net.SocketTimeoutException}. A task that does something else meanwhile is not disturbed.
   * Without this there is no limit.
   *
   * @param limit positive
   */
  public ConnectOptions withIdleTimeout(Duration limit) {
    return with(streams.withIdleTimeout(Objects.requireNonNull(limit, "limit")));
  }

  /**
   * Sets how long a line, a count of {@link StreamReader#readExactly} or a piece of {@link
   * StreamReader#readUntil} may take, from its first byte to its last. Then the connection is
   * closed,
   * and the read ends with a {@link java.net.SocketTimeoutException}. So a peer may rest between
   * its lines, but not trickle. Without this there is no limit.
   *
   * @param limit positive
   */
  public ConnectOptions withReadTimeout(Duration limit) {
    return with(streams.withReadTimeout(Objects.requireNonNull(limit, "limit")));
  }

  /**
   * Sets whether the operating system asks a silent peer now and then whether it is still there
   * (SO_KEEPALIVE). Off by default; the system's own times apply, two hours on Linux.
   */
  public ConnectOptions withKeepAlive(boolean on) {
    return with(streams.withKeepAlive(on));
  }

  /** Sets the resolver that looks up the host; by default it is that of the loop. */
  public ConnectOptions withResolver(Resolver own) {
    return new ConnectOptions(
        streams, Objects.requireNonNull(own, "own"), happyEyeballsDelay, localAddress, tls);
  }

  /**
   * Sets the head start of each address of a host over the next one, as RFC 8305 advises: the
   * addresses race, IPv6 and IPv4 taking turns, and the first to connect wins. The next one starts
   * at once when the one before has failed. 250 ms by default. With zero, one address is tried
   * after
   * the other, each for as long as it takes.
   *
   * @throws IllegalArgumentException if {@code headStart} is negative
   */
  public ConnectOptions withHappyEyeballsDelay(Duration headStart) {
    if (headStart.isNegative()) {
      throw new IllegalArgumentException(
          "A head start can't be negative; got " + headStart + ". Zero turns the race off.");
    }
    return new ConnectOptions(
        streams, resolver, headStart.isZero() ? null : headStart, localAddress, tls);
  }

  /**
   * Sets the local address to connect from; port 0 leaves the port to the system. Addresses of the
   * host of another family are not tried.
   *
   * @throws IllegalArgumentException if the address is unresolved
   */
  public ConnectOptions withLocalAddress(InetSocketAddress address) {
    if (address.isUnresolved()) {
      throw new IllegalArgumentException(
          "A local address must be resolved; got " + address + ". Use InetAddress.ofLiteral(…).");
    }
    return new ConnectOptions(streams, resolver, happyEyeballsDelay, address, tls);
  }

  /**
   * Uses TLS: the connection is there once the handshake is done. If that fails, the opening fails
   * with an {@link javax.net.ssl.SSLException}, or a {@link java.net.SocketTimeoutException} if it
   * takes too long. The name that is checked is the host's; for a socket address that is resolved,
   * its literal address, since a looked-up name proves nothing.
   */
  public ConnectOptions withTls(ClientTls settings) {
    return new ConnectOptions(
        streams,
        resolver,
        happyEyeballsDelay,
        localAddress,
        Objects.requireNonNull(settings, "settings"));
  }
}
