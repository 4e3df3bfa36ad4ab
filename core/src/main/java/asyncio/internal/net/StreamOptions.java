package asyncio.internal.net;

import asyncio.internal.engine.SocketSettings;
import java.time.Duration;

/** The options that clients and servers have in common: the properties of a connection. */
public record StreamOptions(
    int limit, Duration closeFlushLimit, int highWater, int lowWater, boolean noDelay) {
  public static final StreamOptions DEFAULTS =
      new StreamOptions(64 * 1024, Duration.ofSeconds(5), 64 * 1024, 16 * 1024, true);

  public StreamOptions {
    if (limit <= 0) {
      throw new IllegalArgumentException(
          "A stream's limit is a positive number of bytes; got " + limit + ".");
    }
    if (lowWater < 0 || highWater < lowWater) {
      throw new IllegalArgumentException(
          "Water marks are numbers of bytes, 0 <= low <= high; got high "
              + highWater
              + ", low "
              + lowWater
              + ".");
    }
    if (closeFlushLimit.isNegative()) {
      throw new IllegalArgumentException(
          "The close flush limit can't be negative; got " + closeFlushLimit + ".");
    }
  }

  public SocketSettings socket() {
    return new SocketSettings(noDelay);
  }

  public StreamOptions withLimit(int bytes) {
    return new StreamOptions(bytes, closeFlushLimit, highWater, lowWater, noDelay);
  }

  public StreamOptions withCloseFlushLimit(Duration duration) {
    return new StreamOptions(limit, duration, highWater, lowWater, noDelay);
  }

  public StreamOptions withWriteWater(int high, int low) {
    return new StreamOptions(limit, closeFlushLimit, high, low, noDelay);
  }

  public StreamOptions withNoDelay(boolean on) {
    return new StreamOptions(limit, closeFlushLimit, highWater, lowWater, on);
  }
}
