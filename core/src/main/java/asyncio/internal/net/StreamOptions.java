package asyncio.internal.net;

import asyncio.internal.engine.SocketSettings;
import java.net.SocketAddress;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The options that clients and servers have in common: the properties of a connection. Immutable:
 * each {@code with…} method returns changed options.
 */
public final class StreamOptions {
  public static final StreamOptions DEFAULTS = new StreamOptions();

  // Changed in a copy only, before anybody else sees it.
  private int limit = 64 * 1024;
  private Duration closeFlushLimit = Duration.ofSeconds(5);
  private int highWater = 64 * 1024;
  private int lowWater = 16 * 1024;
  private boolean noDelay = true;
  private boolean keepAlive;
  private @Nullable Duration idleTimeout;
  private @Nullable Duration readTimeout;
  private @Nullable Duration totalTimeout;

  private StreamOptions() {}

  private StreamOptions copy() {
    var copy = new StreamOptions();
    copy.limit = limit;
    copy.closeFlushLimit = closeFlushLimit;
    copy.highWater = highWater;
    copy.lowWater = lowWater;
    copy.noDelay = noDelay;
    copy.keepAlive = keepAlive;
    copy.idleTimeout = idleTimeout;
    copy.readTimeout = readTimeout;
    copy.totalTimeout = totalTimeout;
    return copy;
  }

  public int limit() {
    return limit;
  }

  public Duration closeFlushLimit() {
    return closeFlushLimit;
  }

  public int highWater() {
    return highWater;
  }

  public int lowWater() {
    return lowWater;
  }

  /** Returns how long a peer may be silent while somebody waits for it; null for ever. */
  public @Nullable Duration idleTimeout() {
    return idleTimeout;
  }

  /** Returns how long a line or count may take from its first byte on; null for ever. */
  public @Nullable Duration readTimeout() {
    return readTimeout;
  }

  /** Returns how long a connection may last; null for ever. */
  public @Nullable Duration totalTimeout() {
    return totalTimeout;
  }

  /** Returns the settings of a socket that is bound to {@code local}, or to any address for null. */
  public SocketSettings socket(@Nullable SocketAddress local) {
    return new SocketSettings(noDelay, keepAlive, local);
  }

  public StreamOptions withLimit(int bytes) {
    if (bytes <= 0) {
      throw new IllegalArgumentException(
          "A stream's limit is a positive number of bytes; got " + bytes + ".");
    }
    StreamOptions changed = copy();
    changed.limit = bytes;
    return changed;
  }

  public StreamOptions withCloseFlushLimit(Duration duration) {
    if (duration.isNegative()) {
      throw new IllegalArgumentException(
          "The close flush limit can't be negative; got " + duration + ".");
    }
    StreamOptions changed = copy();
    changed.closeFlushLimit = duration;
    return changed;
  }

  public StreamOptions withWriteWater(int high, int low) {
    if (low < 0 || high < low) {
      throw new IllegalArgumentException(
          "Water marks are numbers of bytes, 0 <= low <= high; got high "
              + high
              + ", low "
              + low
              + ".");
    }
    StreamOptions changed = copy();
    changed.highWater = high;
    changed.lowWater = low;
    return changed;
  }

  public StreamOptions withNoDelay(boolean on) {
    StreamOptions changed = copy();
    changed.noDelay = on;
    return changed;
  }

  public StreamOptions withKeepAlive(boolean on) {
    StreamOptions changed = copy();
    changed.keepAlive = on;
    return changed;
  }

  public StreamOptions withIdleTimeout(Duration duration) {
    StreamOptions changed = copy();
    changed.idleTimeout = positive("idle", duration);
    return changed;
  }

  public StreamOptions withReadTimeout(Duration duration) {
    StreamOptions changed = copy();
    changed.readTimeout = positive("read", duration);
    return changed;
  }

  public StreamOptions withTotalTimeout(Duration duration) {
    StreamOptions changed = copy();
    changed.totalTimeout = positive("total", duration);
    return changed;
  }

  private static Duration positive(String which, Duration duration) {
    if (duration.isNegative() || duration.isZero()) {
      throw new IllegalArgumentException("A connection's "
          + which
          + " timeout is a positive duration; got "
          + duration
          + ". Without one there is no limit.");
    }
    return duration;
  }
}
