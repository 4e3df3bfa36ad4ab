package asyncio.net;

import asyncio.internal.engine.StreamHandle;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.Loop;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;

/**
 * A TCP connection: a stream in and a stream out. Made by {@link Net#openConnection}, or given to
 * the {@link Handler} of a server. It belongs to one loop.
 *
 * <pre>{@code
 * try (var connection = openConnection("example.org", 80)) {
 *   connection.writer().write("HEAD / HTTP/1.0\r\n\r\n");
 *   String status = connection.reader().readLine();
 * }
 * }</pre>
 */
public final class Connection implements AutoCloseable {
  private final Wire wire;
  private final Output output;
  private final StreamReader reader;
  private final StreamWriter writer;

  Connection(
      Loop loop, StreamHandle handle, int limit, int highWater, int lowWater, Duration closeLimit) {
    this.wire = new Wire(loop, handle);
    this.output = new Output(wire, highWater, lowWater, closeLimit);
    this.reader = new StreamReader(wire, output, limit);
    this.writer = new StreamWriter(wire, output);
  }

  Wire wire() {
    return wire;
  }

  /** Whether this side gave up on a peer that took no more; then it was reset. */
  boolean wasCut() {
    return output.wasCut();
  }

  /** Whether it is closed on this side, or about to be. */
  boolean isClosing() {
    return output.isClosing() || wire.isClosed();
  }

  /** What the peer sends. */
  public StreamReader reader() {
    return reader;
  }

  /** What is sent to the peer. */
  public StreamWriter writer() {
    return writer;
  }

  /** The peer's address. <i>Thread</i>: any. */
  public InetSocketAddress remoteAddress() {
    return (InetSocketAddress) wire.handle.remoteAddress();
  }

  /** The address on this side. <i>Thread</i>: any. */
  public InetSocketAddress localAddress() {
    return (InetSocketAddress) wire.handle.localAddress();
  }

  /**
   * Sends what was written and closes the connection. A peer may take as long as it likes, but when
   * it takes nothing for as long as the close flush limit (5 s unless set otherwise), the rest is
   * dropped and the connection reset, so that it can tell. Does nothing when it is closed.
   *
   * <p><i>Waits</i> until it is closed; does not suspend when the socket takes all at once.
   *
   * <p><i>If cancelled</i>: the connection is closed at once, and {@link asyncio.CancelledError} is
   * thrown.
   *
   * <p><i>Thread</i>: a coroutine of the connection's loop; elsewhere on the loop there are {@link
   * #abort} and {@link StreamWriter#close}.
   *
   * @throws IOException if something that was written could not be sent; the connection is closed
   *     all the same
   */
  @Override
  public void close() throws IOException {
    Fiber fiber = wire.requireTask("Connection.close()");
    if (wire.isClosed()) {
      return;
    }
    output.close();
    try {
      output.awaitClosed(fiber);
    } finally {
      if (!wire.isClosed()) {
        output.abort();
      }
    }
  }

  /**
   * Closes the connection at once; what was written and not sent is dropped, and if there is any,
   * the connection is reset, so that the peer can tell. Does nothing when it is closed.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public void abort() {
    wire.loop.checkOnLoop("Connection.abort()");
    output.abort();
  }

  /** Whether the connection is closed on this side. <i>Thread</i>: on the loop. */
  public boolean isClosed() {
    wire.loop.checkOnLoop("Connection.isClosed()");
    return wire.isClosed();
  }

  @Override
  public String toString() {
    return "Connection[" + wire.peer + (wire.isClosed() ? ", closed]" : "]");
  }
}
