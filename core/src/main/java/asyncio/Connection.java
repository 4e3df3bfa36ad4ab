package asyncio;

import asyncio.internal.engine.StreamHandle;
import asyncio.internal.net.Addresses;
import asyncio.internal.net.Connector;
import asyncio.internal.net.Link;
import asyncio.internal.net.SendBuffer;
import asyncio.internal.net.StreamOptions;
import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.Owner;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.util.CreationSite;
import java.io.IOException;
import java.net.SocketAddress;

/**
 * A TCP connection: a stream in and a stream out. Created by {@link Asyncio#openConnection}, or
 * passed to the {@link ConnectionHandler} of a server. It belongs to one loop.
 *
 * <pre>{@code
 * try (var connection = openConnection("example.org", 80)) {
 *   connection.writer().write("HEAD / HTTP/1.0\r\n\r\n");
 *   String status = connection.reader().readLine();
 * }
 * }</pre>
 */
public final class Connection implements AutoCloseable {
  private final StreamHandle handle;
  private final Link link;
  private final SendBuffer sendBuffer;
  private final StreamReader reader;
  private final StreamWriter writer;

  Connection(Scheduler scheduler, StreamHandle handle, StreamOptions options) {
    this.handle = handle;
    this.link = new Link(scheduler, handle);
    this.sendBuffer =
        new SendBuffer(link, options.highWater(), options.lowWater(), options.closeFlushLimit());
    link.limit(options);
    this.reader = new StreamReader(link, options.limit());
    this.writer = new StreamWriter(link, sendBuffer);
  }

  static Connection open(String host, int port, ConnectOptions options) throws IOException {
    Fiber fiber = Current.requireTask("openConnection()");
    Addresses.checkPort(port);
    if (host.isEmpty()) {
      throw new IllegalArgumentException(
          "openConnection() needs a host; \"localhost\" is this machine.");
    }
    StreamHandle handle = Connector.connect(fiber, host, port, options.streams.socket());
    try {
      var connection = new Connection(fiber.scheduler(), handle, options.streams);
      // Only once it has worked: a refused connection costs nothing.
      CreationSite openedAt = CreationSite.here(fiber.scheduler().debug);
      handle.belongsTo(new Opened(connection, openedAt));
      return connection;
    } catch (Throwable failed) {
      handle.close();
      throw failed;
    }
  }

  Link link() {
    return link;
  }

  /**
   * Returns whether this side gave up on a peer that took no more data, and reset the connection.
   */
  boolean wasCut() {
    return sendBuffer.wasCut();
  }

  /** Returns whether this side has closed the connection or is closing it. */
  boolean isClosing() {
    return sendBuffer.isClosing() || link.isClosed();
  }

  /** Returns the stream of what the peer sends. */
  public StreamReader reader() {
    return reader;
  }

  /** Returns the stream of what is sent to the peer. */
  public StreamWriter writer() {
    return writer;
  }

  /** Returns the peer's address. <i>Thread</i>: any. */
  public SocketAddress remoteAddress() {
    return handle.remoteAddress();
  }

  /** Returns the local address. <i>Thread</i>: any. */
  public SocketAddress localAddress() {
    return handle.localAddress();
  }

  /**
   * Sends what was written and closes the connection. The peer may take as long as it likes, but if
   * it takes nothing for as long as the close flush limit (5 s by default), the rest is dropped and
   * the connection is reset, so that the peer can tell. Does nothing if the connection is closed.
   *
   * <p><i>Waits</i> until the connection is closed; does not suspend if the socket takes everything
   * immediately.
   *
   * <p><i>If cancelled</i>: the connection is closed immediately, and {@link
   * asyncio.CancelledError} is thrown.
   *
   * <p><i>Thread</i>: a coroutine of the connection's loop; elsewhere on the loop, use {@link
   * #abort} or {@link StreamWriter#close}.
   *
   * @throws IOException if something that was written could not be sent; the connection is closed
   *     all the same
   */
  @Override
  public void close() throws IOException {
    Fiber fiber = link.requireTask("Connection.close()");
    if (link.isClosed()) {
      return;
    }
    sendBuffer.close();
    try {
      sendBuffer.awaitClosed(fiber);
    } finally {
      if (!link.isClosed()) {
        sendBuffer.abort();
      }
    }
  }

  /**
   * Closes the connection immediately. Data that was written but not sent is dropped; if there is
   * any, the connection is reset, so that the peer can tell. Does nothing if the connection is
   * closed.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public void abort() {
    link.scheduler.checkOnLoop("Connection.abort()");
    sendBuffer.abort();
  }

  /** Returns whether the connection is closed on this side. <i>Thread</i>: on the loop. */
  public boolean isClosed() {
    link.scheduler.checkOnLoop("Connection.isClosed()");
    return link.isClosed();
  }

  @Override
  public String toString() {
    return "Connection[" + link.peer + (link.isClosed() ? ", closed]" : "]");
  }

  /**
   * A connection opened by the program itself, for the report of what was left open. A connection
   * that a server accepted belongs to that server.
   */
  static final class Opened extends Owner {
    private final Connection connection;

    Opened(Connection connection, CreationSite openedAt) {
      super(openedAt);
      this.connection = connection;
    }

    @Override
    public boolean isLeft() {
      return !connection.isClosing();
    }

    @Override
    public String describe() {
      return "connection with " + connection.link().peer;
    }
  }
}
