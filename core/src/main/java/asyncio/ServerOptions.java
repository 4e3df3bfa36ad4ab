package asyncio;

import asyncio.internal.net.StreamOptions;
import java.time.Duration;
import java.util.Objects;

/**
 * Options for {@link Asyncio#startServer}. Immutable: each {@code with…} method returns changed
 * options.
 *
 * <p>Example: {@code startServer(handler, "", 8888, ServerOptions.defaults().withBacklog(1000))}.
 */
public final class ServerOptions {
  /** On Windows the option would let another program take a port that is in use. */
  private static final boolean REUSE_BY_DEFAULT =
      !System.getProperty("os.name", "").startsWith("Windows");

  private static final ServerOptions DEFAULTS =
      new ServerOptions(StreamOptions.DEFAULTS, 100, REUSE_BY_DEFAULT);

  final StreamOptions streams;
  final int backlog;
  final boolean reuseAddress;

  private ServerOptions(StreamOptions streams, int backlog, boolean reuseAddress) {
    this.streams = streams;
    this.backlog = backlog;
    this.reuseAddress = reuseAddress;
  }

  /**
   * Returns the defaults: for each client, those of {@link ConnectOptions#defaults}; a backlog of
   * 100; and address reuse, except on Windows, where the option means something else.
   */
  public static ServerOptions defaults() {
    return DEFAULTS;
  }

  /**
   * Sets the maximum length, in bytes, of a line or other delimited piece that a client's reader
   * looks for.
   */
  public ServerOptions withLimit(int bytes) {
    return new ServerOptions(streams.withLimit(bytes), backlog, reuseAddress);
  }

  /**
   * Sets how long closing a client tries to send what was written; with zero, whatever the socket
   * does not take immediately is dropped.
   */
  public ServerOptions withCloseFlushLimit(Duration limit) {
    return new ServerOptions(
        streams.withCloseFlushLimit(Objects.requireNonNull(limit, "limit")), backlog, reuseAddress);
  }

  /**
   * Sets the water marks: {@link StreamWriter#drain} waits if more than {@code high} bytes are
   * buffered, until at most {@code low} are left.
   *
   * @param low at most {@code high}
   */
  public ServerOptions withWriteWater(int high, int low) {
    return new ServerOptions(streams.withWriteWater(high, low), backlog, reuseAddress);
  }

  /** Sets whether small pieces are sent immediately (TCP_NODELAY). */
  public ServerOptions withNoDelay(boolean on) {
    return new ServerOptions(streams.withNoDelay(on), backlog, reuseAddress);
  }

  /** Sets how many connections the operating system queues until they are accepted. */
  public ServerOptions withBacklog(int connections) {
    if (connections <= 0) {
      throw new IllegalArgumentException(
          "A backlog is a positive number of connections; got " + connections + ".");
    }
    return new ServerOptions(streams, connections, reuseAddress);
  }

  /**
   * Sets whether the port may be taken while the operating system still remembers connections of an
   * earlier server on it (SO_REUSEADDR).
   */
  public ServerOptions withReuseAddress(boolean on) {
    return new ServerOptions(streams, backlog, on);
  }

  /**
   * Sets how long a client may be silent while a task waits for it, in a read or a drain: no byte
   * goes either way. Then it is closed, and the wait ends with a {@link
   * java.net.SocketTimeoutException}. A task that does something else meanwhile is not disturbed.
   * Without this there is no limit.
   *
   * @param limit positive
   */
  public ServerOptions withIdleTimeout(Duration limit) {
    return new ServerOptions(
        streams.withIdleTimeout(Objects.requireNonNull(limit, "limit")), backlog, reuseAddress);
  }

  /**
   * Sets how long a line, a count of {@link StreamReader#readExactly} or a piece of {@link
   * StreamReader#readUntil} may take, from its first byte to its last. Then the client is closed,
   * and the read ends with a {@link java.net.SocketTimeoutException}. So a peer may rest between
   * its lines, but not trickle. Without this there is no limit.
   *
   * @param limit positive
   */
  public ServerOptions withReadTimeout(Duration limit) {
    return new ServerOptions(
        streams.withReadTimeout(Objects.requireNonNull(limit, "limit")), backlog, reuseAddress);
  }

  /**
   * Sets how long a client may stay, whatever it does. Then it is closed, and its handler's next read
   * or write fails with a {@link java.net.SocketTimeoutException}. Without this there is no limit.
   *
   * @param limit positive
   */
  public ServerOptions withTotalTimeout(Duration limit) {
    return new ServerOptions(
        streams.withTotalTimeout(Objects.requireNonNull(limit, "limit")), backlog, reuseAddress);
  }
}
