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
}
