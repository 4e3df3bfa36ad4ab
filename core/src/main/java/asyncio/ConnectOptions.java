package asyncio;

import asyncio.internal.net.StreamOptions;
import java.time.Duration;
import java.util.Objects;

/**
 * Options for {@link Asyncio#openConnection}. Immutable: each {@code with…} method returns changed
 * options.
 *
 * <p>Example: {@code openConnection(host, port, ConnectOptions.defaults().withLimit(1 << 20))}.
 */
public final class ConnectOptions {
  private static final ConnectOptions DEFAULTS = new ConnectOptions(StreamOptions.DEFAULTS);

  final StreamOptions streams;

  private ConnectOptions(StreamOptions streams) {
    this.streams = streams;
  }

  /**
   * Returns the defaults: limit and high water mark 64 KiB, low water mark 16 KiB, close flush
   * limit 5 s, TCP_NODELAY on.
   */
  public static ConnectOptions defaults() {
    return DEFAULTS;
  }

  /**
   * Sets the maximum length, in bytes, of a line or other delimited piece that the reader looks
   * for.
   */
  public ConnectOptions withLimit(int bytes) {
    return new ConnectOptions(streams.withLimit(bytes));
  }

  /**
   * Sets how long {@link Connection#close} tries to send what was written; with zero, whatever the
   * socket does not take immediately is dropped.
   */
  public ConnectOptions withCloseFlushLimit(Duration limit) {
    return new ConnectOptions(streams.withCloseFlushLimit(Objects.requireNonNull(limit, "limit")));
  }

  /**
   * Sets the water marks: {@link StreamWriter#drain} waits if more than {@code high} bytes are
   * buffered, until at most {@code low} are left.
   *
   * @param low at most {@code high}
   */
  public ConnectOptions withWriteWater(int high, int low) {
    return new ConnectOptions(streams.withWriteWater(high, low));
  }

  /** Sets whether small pieces are sent immediately (TCP_NODELAY). */
  public ConnectOptions withNoDelay(boolean on) {
    return new ConnectOptions(streams.withNoDelay(on));
  }

  /**
   * Sets how long a connection may be silent while a task waits for it, in a read or a drain: no byte
   * goes either way. Then it is closed, and the wait ends with a {@link
   * java.net.SocketTimeoutException}. A task that does something else meanwhile is not disturbed.
   * Without this there is no limit.
   *
   * @param limit positive
   */
  public ConnectOptions withIdleTimeout(Duration limit) {
    return new ConnectOptions(streams.withIdleTimeout(Objects.requireNonNull(limit, "limit")));
  }

  /**
   * Sets how long a line, a count of {@link StreamReader#readExactly} or a piece of {@link
   * StreamReader#readUntil} may take, from its first byte to its last. Then the connection is closed,
   * and the read ends with a {@link java.net.SocketTimeoutException}. So a peer may rest between
   * its lines, but not trickle. Without this there is no limit.
   *
   * @param limit positive
   */
  public ConnectOptions withReadTimeout(Duration limit) {
    return new ConnectOptions(streams.withReadTimeout(Objects.requireNonNull(limit, "limit")));
  }
}
