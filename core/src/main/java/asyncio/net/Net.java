package asyncio.net;

import asyncio.Asyncio;
import asyncio.EventLoop;
import asyncio.internal.engine.Engine;
import asyncio.internal.engine.ListenHandle;
import asyncio.internal.engine.StreamHandle;
import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.util.CreationSite;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Clients and servers, made for {@code import static asyncio.net.Net.*}. */
public final class Net {
  private Net() {}

  /**
   * Connects to a TCP server, with {@link ConnectOptions#defaults}.
   *
   * <p><i>Waits</i> for the look-up of the name and for the connection; the addresses of a name are
   * tried in turn. How long is up to the operating system, minutes at times: {@code
   * timeout(ofSeconds(3), () -> openConnection(…))}.
   *
   * <p><i>If cancelled</i>: {@link asyncio.CancelledError}, and nothing is left open. A connection
   * that was there before the cancel is returned, and the cancel strikes at the next wait.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @param host a name or an address
   * @throws java.net.UnknownHostException if the name has no address
   * @throws java.net.ConnectException if nobody listens there
   * @throws IOException if no connection can be made for another reason; when several addresses
   *     failed, the first one's failure is its cause, and the others' are suppressed
   */
  public static Connection openConnection(String host, int port) throws IOException {
    return openConnection(host, port, ConnectOptions.defaults());
  }

  /**
   * As {@link #openConnection(String, int)}, with options.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #openConnection(String, int)}.
   */
  public static Connection openConnection(String host, int port, ConnectOptions options)
      throws IOException {
    Fiber fiber = Current.requireTask("openConnection()");
    Objects.requireNonNull(options, "options");
    Addresses.checkPort(port);
    if (host.isEmpty()) {
      throw new IllegalArgumentException(
          "openConnection() needs a host; \"localhost\" is this machine.");
    }
    StreamHandle handle = Connector.connect(fiber, host, port, options.streams.noDelay());
    try {
      Connection connection = connection(fiber.scheduler(), handle, options.streams);
      // Now, when it has worked: a refused one costs nothing.
      CreationSite openedAt = CreationSite.here(Asyncio.runningLoop().debug());
      handle.belongsTo(new OpenedConnection(connection, openedAt));
      return connection;
    } catch (Throwable failed) {
      handle.close();
      throw failed;
    }
  }

  /**
   * Starts a TCP server, with {@link ServerOptions#defaults}: from now on each client is handed to
   * {@code handler}, in a task of its own named "client" and the client's address.
   *
   * <pre>{@code
   * try (var server = startServer(client -> client.writer().write("hello\n"), "127.0.0.1", 8888)) {
   *   server.serveForever();
   * }
   * }</pre>
   *
   * <p><i>Waits</i> for the look-up of the name, if it is one.
   *
   * <p><i>If cancelled</i>: {@link asyncio.CancelledError}, and nothing is left open.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @param host the address to listen on, or a name for all its addresses; "" and null listen on
   *     all of this machine's, IPv4 and IPv6. "0.0.0.0" listens on IPv4 alone; "::" on IPv6, and on
   *     IPv4 as well, since the JDK can't tell an IPv6 socket not to
   * @param port 0 takes a free one, see {@link Server#port}
   * @throws java.net.BindException if the port is in use
   * @throws IOException if it can't listen for another reason
   */
  public static Server startServer(Handler handler, @Nullable String host, int port)
      throws IOException {
    return startServer(handler, host, port, ServerOptions.defaults());
  }

  /**
   * As {@link #startServer(Handler, String, int)}, with options.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #startServer(Handler, String,
   * int)}.
   */
  public static Server startServer(
      Handler handler, @Nullable String host, int port, ServerOptions options) throws IOException {
    Fiber fiber = Current.requireTask("startServer()");
    Objects.requireNonNull(handler, "handler");
    Addresses.checkPort(port);
    var listening =
        new Engine.ListenOptions(options.backlog, options.reuseAddress, options.streams.noDelay());
    List<ListenHandle> listeners = ListenSockets.open(fiber, host, port, listening);
    try {
      EventLoop loop = Asyncio.runningLoop();
      CreationSite startedAt = CreationSite.here(loop.debug());
      var server =
          new Server(loop, fiber.scheduler(), handler, options.streams, listeners, startedAt);
      server.start();
      return server;
    } catch (Throwable failed) {
      ListenSockets.close(listeners);
      throw failed;
    }
  }

  static Connection connection(Scheduler scheduler, StreamHandle handle, StreamOptions options) {
    return new Connection(
        scheduler,
        handle,
        options.limit(),
        options.highWater(),
        options.lowWater(),
        options.closeFlushLimit());
  }
}
