package asyncio.net;

import java.time.Duration;
import java.util.Objects;

/**
 * How {@link Net#openConnection} makes a connection. Immutable: each {@code with…} gives changed
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

  /** Limit and high water mark 64 KiB, low water mark 16 KiB, close flush limit 5 s, no delay. */
  public static ConnectOptions defaults() {
    return DEFAULTS;
  }

  /** The longest line or the like that the reader looks for, in bytes. */
  public ConnectOptions withLimit(int bytes) {
    return new ConnectOptions(streams.withLimit(bytes));
  }

  /**
   * How long {@link Connection#close} tries to send what was written; zero drops what the socket
   * does not take at once.
   */
  public ConnectOptions withCloseFlushLimit(Duration limit) {
    return new ConnectOptions(streams.withCloseFlushLimit(Objects.requireNonNull(limit, "limit")));
  }

  /**
   * From how many buffered bytes on {@link StreamWriter#drain} waits, and down to how many.
   *
   * @param low at most {@code high}
   */
  public ConnectOptions withWriteWater(int high, int low) {
    return new ConnectOptions(streams.withWriteWater(high, low));
  }

  /** Whether small pieces are sent at once (TCP_NODELAY). */
  public ConnectOptions withNoDelay(boolean on) {
    return new ConnectOptions(streams.withNoDelay(on));
  }
}
