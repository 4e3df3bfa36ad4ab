package asyncio.net;

import java.time.Duration;
import java.util.Objects;

/**
 * How {@link Net#startServer} makes a server. Immutable: each {@code with…} gives changed options.
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
   * For each client as {@link ConnectOptions#defaults}; a backlog of 100; the address is reused,
   * but on Windows, where that means something else.
   */
  public static ServerOptions defaults() {
    return DEFAULTS;
  }

  /** The longest line or the like that a client's reader looks for, in bytes. */
  public ServerOptions withLimit(int bytes) {
    return new ServerOptions(streams.withLimit(bytes), backlog, reuseAddress);
  }

  /**
   * How long closing a client tries to send what was written; zero drops what the socket does not
   * take at once.
   */
  public ServerOptions withCloseFlushLimit(Duration limit) {
    return new ServerOptions(
        streams.withCloseFlushLimit(Objects.requireNonNull(limit, "limit")), backlog, reuseAddress);
  }

  /**
   * From how many buffered bytes on {@link StreamWriter#drain} waits, and down to how many.
   *
   * @param low at most {@code high}
   */
  public ServerOptions withWriteWater(int high, int low) {
    return new ServerOptions(streams.withWriteWater(high, low), backlog, reuseAddress);
  }

  /** Whether small pieces are sent at once (TCP_NODELAY). */
  public ServerOptions withNoDelay(boolean on) {
    return new ServerOptions(streams.withNoDelay(on), backlog, reuseAddress);
  }

  /** How many connections the operating system keeps until they are accepted. */
  public ServerOptions withBacklog(int connections) {
    if (connections <= 0) {
      throw new IllegalArgumentException(
          "A backlog is a positive number of connections; got " + connections + ".");
    }
    return new ServerOptions(streams, connections, reuseAddress);
  }

  /**
   * Whether the port may be taken while connections of an earlier server on it are not forgotten
   * yet (SO_REUSEADDR).
   */
  public ServerOptions withReuseAddress(boolean on) {
    return new ServerOptions(streams, backlog, on);
  }
}
