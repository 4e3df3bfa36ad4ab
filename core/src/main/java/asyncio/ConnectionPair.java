package asyncio;

import asyncio.internal.engine.MemoryAddress;
import asyncio.internal.engine.MemoryStream;
import asyncio.internal.net.StreamOptions;
import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Scheduler;

/**
 * Two connections in memory, each the other's peer: what is written to one can be read from the
 * other, by tasks of the same loop. No socket is involved, so a handler or a client can be tested
 * under a virtual clock.
 *
 * <pre>{@code
 * try (var pair = ConnectionPair.open()) {
 *   var handler = createTask("handler", () -> echo(pair.other()));
 *   pair.one().writer().send("hello\n");
 *   assertEquals("hello", pair.one().reader().readLine());
 *   pair.one().writer().writeEof();
 *   handler.await();
 * }
 * }</pre>
 *
 * @param one one end
 * @param other the other end
 */
public record ConnectionPair(Connection one, Connection other) implements AutoCloseable {
  /** About as much as a socket holds. */
  private static final int CAPACITY = 64 * 1024;

  /**
   * Opens a pair on the running loop, with the defaults of {@link ConnectOptions}. Does not wait.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public static ConnectionPair open() {
    return open(ConnectOptions.defaults());
  }

  /**
   * Opens a pair as {@link #open()} does, with options for both ends.
   *
   * @throws IllegalArgumentException if TLS is among the options: a pair is plain until {@link
   *     Connection#startTls(ClientTls)} is called at one end, and its twin at the other
   */
  public static ConnectionPair open(ConnectOptions options) {
    if (options.tls != null) {
      throw new IllegalArgumentException(
          "ConnectionPair.open() makes plain connections, so withTls()"
              + " can't be among its options. Call startTls() on both ends, each in a task of its own.");
    }
    Scheduler scheduler = Current.require("ConnectionPair.open()");
    MemoryStream.Pair ends = MemoryStream.pair(
        scheduler, CAPACITY, new MemoryAddress("memory:one"), new MemoryAddress("memory:other"));
    StreamOptions streams = options.streams;
    return new ConnectionPair(
        new Connection(scheduler, ends.one(), streams),
        new Connection(scheduler, ends.other(), streams));
  }

  /**
   * Closes both ends at once; what was not read is dropped. Does nothing the second time.
   *
   * <p><i>Thread</i>: on the loop.
   */
  @Override
  public void close() {
    one.abort();
    other.abort();
  }
}
