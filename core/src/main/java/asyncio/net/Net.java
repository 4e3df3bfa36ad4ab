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

/** Clients and servers, meant for {@code import static asyncio.net.Net.*}. */
public final class Net {
  private Net() {}

  /**
   * Connects to a TCP server, with {@link ConnectOptions#defaults}.
   *
   * <p><i>Waits</i> for the name look-up and for the connection; if a name has several addresses,
   * they are tried in turn. The operating system decides how long this takes, sometimes minutes. To
   * limit it: {@code timeout(ofSeconds(3), () -> openConnection(…))}.
   *
   * <p><i>If cancelled</i>: {@link asyncio.CancelledError}, and nothing is left open. If the
   * connection was made before the cancellation, it is returned, and the cancellation is delivered
   * at the next wait.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @param host a name or an address
   * @throws java.net.UnknownHostException if the name has no address
   * @throws java.net.ConnectException if nobody listens there
   * @throws IOException if no connection can be made for another reason; if several addresses
   *     failed, the first one's failure is its cause, and the others' are suppressed
   */
  public static Connection openConnection(String host, int port) throws IOException {
    return openConnection(host, port, ConnectOptions.defaults());
  }

  /**
   * Connects as {@link #openConnection(String, int)} does, with options.
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
      // Only once it has worked: a refused connection costs nothing.
      CreationSite openedAt = CreationSite.here(Asyncio.runningLoop().debug());
      handle.belongsTo(new OpenedConnection(connection, openedAt));
      return connection;
    } catch (Throwable failed) {
      handle.close();
      throw failed;
    }
  }

  /**
   * Starts a TCP server, with {@link ServerOptions#defaults}: from now on each client is passed to
   * {@code handler}, in its own task, named "client" followed by the client's address.
   *
   * <pre>{@code
   * try (var server = startServer(client -> client.writer().write("hello\n"), "127.0.0.1", 8888)) {
   *   server.serveForever();
   * }
   * }</pre>
   *
   * <p><i>Waits</i> for the name look-up, if {@code host} is a name.
   *
   * <p><i>If cancelled</i>: {@link asyncio.CancelledError}, and nothing is left open.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @param host the address to listen on, or a name for all its addresses; "" and null listen on
   *     all addresses of this machine, IPv4 and IPv6. "0.0.0.0" listens on IPv4 only; "::" listens
   *     on IPv6 and also on IPv4, because the JDK can't restrict an IPv6 socket to IPv6
   * @param port 0 takes a free port, see {@link Server#port}
   * @throws java.net.BindException if the port is in use
   * @throws IOException if it can't listen for another reason
   */
  public static Server startServer(Handler handler, @Nullable String host, int port)
      throws IOException {
    return startServer(handler, host, port, ServerOptions.defaults());
  }

  /**
   * Starts a server as {@link #startServer(Handler, String, int)} does, with options.
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
