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
import asyncio.internal.tls.Handshake;
import asyncio.internal.tls.TlsSetup;
import asyncio.internal.util.CreationSite;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.net.UnixDomainSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * A connection, over TCP or a Unix socket or in memory: a stream in and a stream out. Created by
 * {@link Asyncio#openConnection}, or
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
  private final Link link;
  private final SendBuffer sendBuffer;
  private final StreamReader reader;
  private final StreamWriter writer;

  /** Whether its server closed it: then what that does to its handler is nobody's failure. */
  boolean closedByServer;

  /** Whether its server has cancelled its handler. */
  boolean handlerCancelled;

  /** The host it was opened to; null if it was not opened to any. */
  private @Nullable String host;

  private @Nullable TlsSession tls;

  /** How many have said that it is busy. */
  private int busy;

  Connection(Scheduler scheduler, StreamHandle handle, StreamOptions options) {
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
    Resolver resolver = options.resolver;
    StreamHandle handle = Connector.connect(
        fiber,
        resolver != null ? resolver : EventLoop.of(fiber.scheduler()).resolver(),
        host,
        port,
        options.streams.socket(options.localAddress),
        options.happyEyeballsDelay);
    return opened(fiber, handle, host, options);
  }

  static Connection open(SocketAddress address, ConnectOptions options) throws IOException {
    switch (address) {
      case InetSocketAddress inet -> {
        return inet.isUnresolved()
            ? open(inet.getHostString(), inet.getPort(), options)
            : open(inet.getAddress().getHostAddress(), inet.getPort(), options);
      }
      case UnixDomainSocketAddress unix -> {
        Fiber fiber = Current.requireTask("openUnixConnection()");
        StreamHandle handle = Connector.connect(fiber, unix, options.streams.socket(null));
        return opened(fiber, handle, null, options);
      }
      default -> throw Addresses.unknownKind("openConnection()", address);
    }
  }

  private static Connection opened(
      Fiber fiber, StreamHandle handle, @Nullable String host, ConnectOptions options)
      throws IOException {
    Connection connection = null;
    try {
      connection = new Connection(fiber.scheduler(), handle, options.streams);
      connection.host = host;
      // Only once it has worked: a refused connection costs nothing.
      CreationSite openedAt = CreationSite.here(fiber.scheduler().debug);
      handle.belongsTo(new Opened(connection, openedAt));
      ClientTls clientTls = options.tls;
      if (clientTls != null) {
        connection.startTls(clientTls);
      }
      return connection;
    } catch (Throwable failed) {
      if (connection != null) {
        connection.abort();
      }
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

  /** Calls {@code callback} once, when the connection is idle: now or later. */
  void onIdle(Runnable callback) {
    Runnable check = () -> {
      if (isIdle()) {
        link.onIdle(null);
        callback.run();
      }
    };
    link.onIdle(check);
    check.run();
  }

  /**
   * Returns whether a task waits for the first byte of a read, or for a TLS handshake or the peer's
   * end, nothing is buffered either way, and nobody has said that the connection is {@link #busy}.
   */
  boolean isIdle() {
    return busy == 0
        && sendBuffer.size() == 0
        && (reader.waitsForSomethingNew() || link.isTaken() || sendBuffer.isLingering());
  }

  /** What {@link #busy} returns. */
  public final class Busy implements AutoCloseable {
    private boolean ended;

    private Busy() {
      busy++;
    }

    /** Says that the connection may be idle again. Does nothing the second time. */
    @Override
    public void close() {
      if (!ended) {
        ended = true;
        busy--;
        link.mayBeIdle();
      }
    }
  }

  /**
   * Says that the connection is busy, even while its handler waits for the first byte of a read: it
   * is in the middle of a request whose rest is still to come. A server that is being stopped lets
   * it finish; see {@link Server#stop}.
   *
   * <pre>{@code
   * String request = client.reader().readLine(); // idle until it comes
   * try (var _ = client.busy()) {
   *   byte[] body = client.reader().readExactly(lengthOf(request));
   *   …
   * }
   * }</pre>
   *
   * <p><i>Thread</i>: on the loop.
   */
  public Busy busy() {
    link.scheduler.checkOnLoop("Connection.busy()");
    return new Busy();
  }

  /** Returns the stream of what the peer sends. */
  public StreamReader reader() {
    return reader;
  }

  /** Returns the stream of what is sent to the peer. */
  public StreamWriter writer() {
    return writer;
  }

  /**
   * Returns the peer's address: an InetSocketAddress, or a UnixDomainSocketAddress, whose path is
   * empty if the peer is a client. <i>Thread</i>: any.
   */
  public SocketAddress remoteAddress() {
    return link.handle().remoteAddress();
  }

  /** Returns the local address. <i>Thread</i>: any. */
  public SocketAddress localAddress() {
    return link.handle().localAddress();
  }

  /**
   * Returns who is at the other end of a Unix socket; null on other connections, and where the
   * system or the JVM can't tell. <i>Thread</i>: on the loop.
   *
   * @throws IOException if the connection is closed on this side
   */
  public @Nullable PeerCredentials credentials() throws IOException {
    link.scheduler.checkOnLoop("Connection.credentials()");
    link.throwIfClosed("Connection.credentials()");
    return link.handle().credentials();
  }

  /**
   * Returns the value of an option of the socket. <i>Thread</i>: on the loop.
   *
   * @throws UnsupportedOperationException if it has no such option
   * @throws IOException if the connection is closed on this side
   */
  public <T> T option(SocketOption<T> option) throws IOException {
    link.scheduler.checkOnLoop("Connection.option()");
    link.throwIfClosed("Connection.option()");
    return link.handle().option(option);
  }

  /**
   * Sets an option of the socket, such as {@code StandardSocketOptions.SO_SNDBUF}. <i>Thread</i>: on
   * the loop.
   *
   * @throws UnsupportedOperationException if it has no such option
   * @throws IOException if the connection is closed on this side
   */
  public <T> void setOption(SocketOption<T> option, T value) throws IOException {
    link.scheduler.checkOnLoop("Connection.setOption()");
    link.throwIfClosed("Connection.setOption()");
    link.handle().setOption(option, value);
  }

  // ---- TLS ----

  /** Returns what the TLS handshake agreed on; null on a plain connection. <i>Thread</i>: on the loop. */
  public @Nullable TlsSession tls() {
    link.scheduler.checkOnLoop("Connection.tls()");
    return tls;
  }

  /**
   * Begins TLS as the client, in place: the reader and the writer are the same, and what goes
   * through
   * them is encrypted from now on. What was written before is sent first; what has arrived and was
   * not read is treated as the start of TLS, so nobody can slip in plain text. On a connection
   * that already uses TLS, the new one runs inside it.
   *
   * <pre>{@code
   * mail.writer().send("STARTTLS\r\n");
   * if (mail.reader().readLine().startsWith("220")) {
   *   mail.startTls(ClientTls.defaults()); // checks that it is the host that was connected to
   * }
   * }</pre>
   *
   * <p><i>Waits</i> until the handshake is done, at most for {@link
   * ClientTls#withHandshakeTimeout}.
   *
   * <p><i>If cancelled</i>: the connection is closed, and {@link asyncio.CancelledError} is thrown.
   *
   * <p><i>Thread</i>: a coroutine of the connection's loop.
   *
   * @throws javax.net.ssl.SSLException if the peer does not speak TLS, the two don't agree, or its
   *     certificate is not accepted; the connection is closed
   * @throws IOException if the connection is lost or was closed, or the time is up
   * @throws IllegalStateException if another task reads from it, or its output was ended
   * @throws IllegalArgumentException if the connection is not to a host, so it has no name
   *     to check
   */
  public void startTls(ClientTls tls) throws IOException {
    int port = remoteAddress() instanceof InetSocketAddress inet ? inet.getPort() : -1;
    startTls(tls.setup(host, port));
  }

  /**
   * Begins TLS as the server, in place; see {@link #startTls(ClientTls)}.
   *
   * <p><i>Waits</i> until the handshake is done, at most for {@link
   * ServerTls#withHandshakeTimeout}.
   *
   * <p><i>If cancelled</i>: the connection is closed, and {@link asyncio.CancelledError} is thrown.
   *
   * <p><i>Thread</i>: a coroutine of the connection's loop.
   *
   * @throws javax.net.ssl.SSLException if the peer does not speak TLS, the two don't agree, or its
   *     certificate is not accepted; the connection is closed
   * @throws IOException if the connection is lost or was closed, or the time is up
   * @throws IllegalStateException if another task reads from it, or its output was ended
   */
  public void startTls(ServerTls tls) throws IOException {
    startTls(tls.setup());
  }

  private void startTls(TlsSetup setup) throws IOException {
    String call = "Connection.startTls()";
    Fiber fiber = link.requireTask(call);
    reader.checkFree(call);
    sendBuffer.checkWritable();
    link.take(call);
    try {
      sendBuffer.flush(fiber);
      link.mayBeIdle();
      Handshake.Done done =
          Handshake.run(fiber, link.handle(), peerName(), reader.takeForTls(), setup);
      link.throwIfClosed(call);
      link.replace(done.stream());
      tls = done.session();
    } catch (Throwable failed) {
      link.release();
      sendBuffer.abort();
      throw failed;
    }
    link.release();
  }

  /** Returns who the peer is, for messages, by its name as well if it has one. */
  private String peerName() {
    return host != null && remoteAddress() instanceof InetSocketAddress inet
        ? Addresses.named(host, inet)
        : link.peer;
  }

  // ---- the end ----

  /**
   * Sends what was written and closes the connection. The peer may take as long as it likes, but if
   * it takes nothing for as long as the close flush limit (5 s by default), the rest is dropped and
   * the connection is reset, so that the peer can tell. Does nothing if the connection is closed.
   *
   * <p><i>Waits</i> until the connection is closed; does not suspend if the socket takes everything
   * immediately. With TLS, the peer is first given time to end as well: {@link
   * ClientTls#withShutdownTimeout}.
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
