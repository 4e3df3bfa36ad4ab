package asyncio;

import asyncio.internal.engine.Accepted;
import asyncio.internal.engine.Engine;
import asyncio.internal.engine.ListenHandle;
import asyncio.internal.engine.StreamHandle;
import asyncio.internal.log.Logs;
import asyncio.internal.net.AcceptTrouble;
import asyncio.internal.net.Addresses;
import asyncio.internal.net.ClientCounts;
import asyncio.internal.net.ListenSockets;
import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.Owner;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.scheduler.Waiter;
import asyncio.internal.scheduler.WaiterList;
import asyncio.internal.util.Causes;
import asyncio.internal.util.CreationSite;
import asyncio.internal.util.Sneaky;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A server on TCP ports or a Unix socket: it accepts clients and passes each to a {@link
 * ConnectionHandler} in its own task. Created by {@link Asyncio#startServer}, and used on its loop.
 *
 * <pre>
 *   SERVING --close(), serveForever() cancelled--> CLOSING --all handlers have ended--> closed
 *   SERVING --an acceptor ended-----------------> DEAF     --close(), serveForever()--> CLOSING
 * </pre>
 *
 * <p>If a client can't be passed to a task, for instance because the loop's task factory failed,
 * its connection is closed and the failure is reported; the server goes on. A DEAF server accepts
 * no new clients, because an accepting task was cancelled or its socket was closed, but it goes on
 * serving those it has. {@link #serveForever} then fails; if no task waits there, the exception
 * handler is told.
 *
 * <p>If a handler fails, its failure is reported to the loop's exception handler, once, and its
 * connection is closed; the other handlers and the server go on. If a handler is cancelled, nothing
 * is reported, and any of its output that the network does not take immediately is dropped.
 */
public final class Server implements AutoCloseable {
  // In order: how it starts; accepting and serving; asking; the end, where a close waits for
  // handlers that may wait for it.

  /** The same as in asyncio: descriptors become free when some client leaves. */
  private static final Duration ACCEPT_RETRY = Duration.ofSeconds(1);

  /** How many clients a record of the log names. */
  private static final int NAMED = 20;

  private enum State {
    SERVING,
    DEAF,
    CLOSING
  }

  // Immutable.
  private final EventLoop loop;
  private final Scheduler scheduler;
  private final ConnectionHandler handler;
  private final ServerOptions options;
  private final List<ListenHandle> listeners;
  private final List<SocketAddress> addresses;

  // Loop-confined.
  private final List<Task<?>> acceptors = new ArrayList<>(1);

  /** Tasks of handlers that have not ended, oldest first, with their clients. */
  private final Map<Task<?>, Connection> handlers = new LinkedHashMap<>();

  /** Accepting tasks that wait until fewer clients are served. */
  private final WaiterList full = new WaiterList();

  private final ClientCounts counts;

  /** For clients from now on; null for plain connections. */
  private @Nullable ServerTls tls;

  /**
   * The handlers that wait, or waited, for handlers to end: they don't wait for each other, which
   * would be for ever.
   */
  private final Set<Task<?>> closing = new HashSet<>();

  /** Tasks that wait for handlers to end. */
  private final WaiterList closers = new WaiterList();

  /** Which of the handlers wait for the end of those that are not {@link #closing}. */
  private final WaiterList closersWithin = new WaiterList();

  private State state = State.SERVING;

  /** Why the server is DEAF. */
  private @Nullable Throwable ended;

  /** The task that called close(), which close() does not cancel. */
  private @Nullable Task<?> closedBy;

  private @Nullable Waiter forever;

  /** The owner of its listeners and clients. */
  private final Owner owner;

  private Server(
      EventLoop loop,
      Scheduler scheduler,
      ConnectionHandler handler,
      ServerOptions options,
      List<ListenHandle> listeners,
      CreationSite startedAt) {
    this.loop = loop;
    this.scheduler = scheduler;
    this.handler = handler;
    this.options = options;
    this.tls = options.tls();
    this.counts = new ClientCounts(options.maxConnectionsPerAddress());
    this.listeners = List.copyOf(listeners);
    this.addresses = listeners.stream().map(ListenHandle::localAddress).toList();
    this.owner = new OpenServer(startedAt);
    listeners.forEach(listener -> listener.belongsTo(owner));
  }

  /** This server, for the report of what was left open. */
  private final class OpenServer extends Owner {
    OpenServer(CreationSite startedAt) {
      super(startedAt);
    }

    @Override
    public boolean isLeft() {
      return state != State.CLOSING;
    }

    @Override
    public String describe() {
      return "server on "
          + String.join(", ", addresses.stream().map(Addresses::text).toList());
    }

    @Override
    public Collection<?> tasks() {
      List<Task<?>> all = new ArrayList<>(acceptors);
      all.addAll(handlers.keySet());
      return all;
    }
  }

  static Server start(
      ConnectionHandler handler, @Nullable String host, int port, ServerOptions options)
      throws IOException {
    Fiber fiber = Current.requireTask("startServer()");
    Addresses.checkPort(port);
    Resolver resolver = EventLoop.of(fiber.scheduler()).resolver();
    return start(
        fiber,
        handler,
        options,
        ListenSockets.open(fiber, resolver, host, port, options.listening()));
  }

  static Server start(ConnectionHandler handler, SocketAddress address, ServerOptions options)
      throws IOException {
    switch (address) {
      case InetSocketAddress inet -> {
        String host =
            inet.isUnresolved() ? inet.getHostString() : inet.getAddress().getHostAddress();
        return start(handler, host, inet.getPort(), options);
      }
      case UnixDomainSocketAddress unix -> {
        Fiber fiber = Current.requireTask("startUnixServer()");
        List<ListenHandle> listeners = ListenSockets.open(
            fiber, unix, options.listening(), options.unixPermissions(), options.unixCleanup());
        return start(fiber, handler, options, listeners);
      }
      default -> throw Addresses.unknownKind("startServer()", address);
    }
  }

  private static Server start(
      Fiber fiber, ConnectionHandler handler, ServerOptions options, List<ListenHandle> listeners) {
    try {
      Scheduler scheduler = fiber.scheduler();
      CreationSite startedAt = CreationSite.here(scheduler.debug);
      var server =
          new Server(EventLoop.of(scheduler), scheduler, handler, options, listeners, startedAt);
      server.start();
      return server;
    } catch (Throwable failed) {
      ListenSockets.close(listeners);
      throw failed;
    }
  }

  /** Begins to accept; if it can't, the caller closes the listeners. */
  private void start() {
    try {
      for (ListenHandle listener : listeners) {
        String name = "server " + Addresses.text(listener.localAddress());
        Task<?> acceptor = Asyncio.createTask(name, () -> accept(listener, name));
        acceptors.add(acceptor);
        acceptor.addDoneCallback(done -> acceptorEnded(acceptor));
      }
    } catch (Throwable failed) {
      state = State.CLOSING;
      acceptors.forEach(acceptor -> acceptor.cancel("the server could not be started"));
      throw failed;
    }
  }

  // ---- accepting ----

  private void accept(ListenHandle listener, String name) throws ClosedChannelException {
    var trouble = new AcceptTrouble(scheduler, Addresses.text(listener.localAddress()));
    try {
      while (state == State.SERVING) {
        awaitRoom();
        Accepted client;
        try {
          client = listener.accept();
        } catch (CancelledError cancelled) {
          throw cancelled;
        } catch (ClosedChannelException closed) {
          if (state != State.SERVING) {
            return;
          }
          throw closed; // not by us
        } catch (Throwable failure) {
          if (Causes.isFatal(failure)) {
            throw Sneaky.rethrow(failure);
          }
          trouble.failed(failure, ACCEPT_RETRY, name, startedAt());
          Asyncio.sleep(ACCEPT_RETRY);
          continue;
        }
        trouble.accepted();
        counts.accepted++;
        try {
          awaitRoom(); // another listener may have taken the last place
        } catch (Throwable failed) {
          client.close();
          throw failed;
        }
        welcome(client);
      }
    } finally {
      trouble.close();
      listener.close();
    }
  }

  /** Waits while as many clients are served as may be. */
  private void awaitRoom() {
    while (handlers.size() >= options.maxConnections() && state == State.SERVING) {
      full.await(new Waiter(WaitKind.SOCKET, "one of the clients of " + this + " to leave"));
    }
  }

  /** A callback of the loop. */
  private void acceptorEnded(Task<?> acceptor) {
    Throwable failure = acceptor.isCancelled() ? null : acceptor.exception();
    if (state != State.SERVING || scheduler.endsTasks()) {
      return;
    }
    state = State.DEAF;
    ended = acceptor.isCancelled()
        ? new CancelledError("Task '" + acceptor.name() + "' was cancelled")
        : failure;
    ListenSockets.close(listeners);
    acceptors.forEach(other -> other.cancel("another task of the server has ended"));
    Waiter waiter = forever;
    if (waiter != null) {
      waiter.wake();
    } else if (failure == null || !Causes.isFatal(failure)) { // a fatal failure ends the run anyway
      var stopped = stopped();
      loop.callExceptionHandler(new ExceptionContext(
          String.valueOf(stopped.getMessage()), stopped, acceptor.name(), startedAt()));
    }
  }

  /** Returns a failure that says that the server is DEAF; a new exception for each receiver. */
  private IllegalStateException stopped() {
    Throwable cause = ended;
    return new IllegalStateException(
        this
            + " accepts no more clients: its accepting task has ended"
            + (cause == null ? "" : " (" + cause + ")")
            + ". Close it and start a new one. To stop a server, call close(); do not cancel its"
            + " tasks in allTasks().",
        cause);
  }

  /**
   * Passes a client to its own task. If this fails, the client is disconnected, so that it notices.
   */
  private void welcome(Accepted accepted) {
    StreamHandle handle = null;
    Connection client = null;
    Task<?> task = null;
    try {
      if (state == State.CLOSING) {
        accepted.close();
        return;
      }
      if (!counts.mayJoin(accepted.remoteAddress())) {
        counts.refused++;
        accepted.close();
        return;
      }
      try {
        handle = Engine.of(scheduler).attach(accepted, options.streams().socket(null));
      } catch (IOException goneAlready) {
        return;
      }
      handle.belongsTo(owner);
      Connection connection = new Connection(scheduler, handle, options.streams());
      client = connection;
      String name = "client " + connection.link().peer;
      // Runs the user's task factory, which may fail, wait, run the handler's first step, or give
      // the task another body.
      var served = new ServedClient(loop, connection, name, this::startedAt);
      ServerTls current = tls;
      Task<?> made = Asyncio.createTask(name, () -> served.serve(handler, current, counts));
      task = made;
      handlers.put(made, connection);
      counts.joined(connection.remoteAddress());
      // Not in the task's body, which never runs if the task is cancelled before its first step.
      made.addDoneCallback(done -> ended(made, connection));
      if (state == State.CLOSING) { // the factory waited meanwhile, or the first step closed it
        closers.wakeAll(); // perhaps by this very handler, which is counted only now
        closersWithin.wakeAll();
        cancelOnce(made);
      }
    } catch (Throwable failure) {
      accepted.close();
      turnAway(handle, client, task);
      if (Causes.isFatal(failure) || isCancel(failure)) {
        throw failure;
      }
      loop.callExceptionHandler(new ExceptionContext(
          "A client of "
              + this
              + " could not be handed to its handler, so its connection was closed. The server"
              + " goes on.",
          failure,
          null,
          startedAt()));
    }
  }

  private void turnAway(
      @Nullable StreamHandle handle, @Nullable Connection client, @Nullable Task<?> task) {
    if (client != null) {
      client.abort();
    }
    if (handle != null) {
      handle.close();
    }
    if (task != null && handlers.containsKey(task)) {
      removeHandler(task);
      task.cancel("its client was closed");
    }
  }

  /**
   * Returns where the server was started, for reports about its tasks in debug mode: the line in
   * this class that creates them would say nothing.
   */
  private List<StackTraceElement> startedAt() {
    return loop.debug() ? owner.madeAt().frames() : List.of();
  }

  /**
   * Returns whether the running task was cancelled, perhaps in foreign code that then threw this.
   */
  private boolean isCancel(Throwable failure) {
    Fiber fiber = scheduler.currentFiber();
    return fiber != null && fiber.isCancel(failure);
  }

  private void ended(Task<?> task, Connection client) {
    if (client.link().isTimedOut()) {
      counts.timedOut++;
    }
    try {
      client.writer().close(); // sends what the socket takes immediately
    } finally {
      client.abort();
      removeHandler(task);
    }
  }

  /**
   * Changes the TLS settings for new clients, such as to a renewed certificate; connected clients
   * keep theirs. <i>Thread</i>: on the loop.
   *
   * <pre>{@code
   * server.setTls(ServerTls.of(TlsIdentity.load(chain, key))); // after certbot's renewal
   * }</pre>
   *
   * @throws IllegalStateException if the server was started without TLS: its clients expect plain
   * text
   */
  public void setTls(ServerTls settings) {
    scheduler.checkOnLoop("Server.setTls()");
    if (tls == null) {
      throw new IllegalStateException(
          this + " was started without TLS. Start it with ServerOptions.withTls().");
    }
    tls = Objects.requireNonNull(settings, "settings");
  }

  // ---- asking ----

  /**
   * Returns the addresses the server listens on; empty if it no longer listens. <i>Thread</i>: on
   * the loop.
   */
  public List<SocketAddress> addresses() {
    scheduler.checkOnLoop("Server.addresses()");
    return state == State.SERVING ? addresses : List.of();
  }

  /**
   * Returns the port the server listens on, or listened on. <i>Thread</i>: any.
   *
   * @throws IllegalStateException if it listens on a Unix socket
   */
  public int port() {
    if (addresses.getFirst() instanceof InetSocketAddress inet) {
      return inet.getPort();
    }
    throw new IllegalStateException(
        this + " listens on a Unix socket, which has no port: addresses() tells its path.");
  }

  /** Returns whether the server accepts clients. <i>Thread</i>: on the loop. */
  public boolean isServing() {
    scheduler.checkOnLoop("Server.isServing()");
    return state == State.SERVING;
  }

  /** Returns the number of clients being served. <i>Thread</i>: on the loop. */
  public int connections() {
    scheduler.checkOnLoop("Server.connections()");
    return handlers.size();
  }

  /** Returns what the server has done and does now. <i>Thread</i>: on the loop. */
  public ServerStatistics statistics() {
    scheduler.checkOnLoop("Server.statistics()");
    int idle = (int) handlers.values().stream().filter(Connection::isIdle).count();
    return counts.statistics(handlers.size(), idle);
  }

  // ---- the end ----

  /**
   * Waits for the server to be closed. The server also serves without this call; it is meant for a
   * main task that has nothing else to do.
   *
   * <p><i>Waits</i> until another task closes the server and all handlers have ended.
   *
   * <p><i>If cancelled</i>: closes the server as {@link #close} does, and throws {@link
   * CancelledError} once all handlers have ended.
   *
   * <p><i>Thread</i>: a coroutine of the server's loop; one at a time.
   *
   * @throws IllegalStateException if the server is closed, or another task waits here; also if the
   *     server accepts no more clients because one of its accepting tasks has ended: by a failure,
   *     which is the cause, or because somebody cancelled it. In that case the server is first
   *     closed, as by {@link #close}
   */
  public void serveForever() {
    Fiber fiber = Current.requireTask(scheduler, "Server.serveForever()");
    if (state == State.CLOSING) {
      throw new IllegalStateException(this + " is closed: start a new one with startServer().");
    }
    if (forever != null) {
      throw new IllegalStateException(
          this + " is already awaited by " + forever.fiber().describe() + " in serveForever().");
    }
    var waiter = new Waiter(fiber, WaitKind.SOCKET, this + " to close");
    forever = waiter;
    boolean deaf;
    try {
      if (state == State.SERVING) {
        waiter.awaitPermit();
      }
      deaf = state == State.DEAF;
      if (!deaf) {
        awaitHandlers(fiber);
      }
    } catch (CancelledError cancelled) {
      IllegalStateException stopped = state == State.DEAF ? stopped() : null;
      if (stopped != null) {
        cancelled.addSuppressed(stopped); // otherwise nobody would learn of it
      }
      closeAndTell(stopped);
      throw cancelled;
    } finally {
      forever = null;
    }
    if (deaf) {
      IllegalStateException stopped = stopped();
      closeAndTell(stopped);
      throw stopped;
    }
  }

  /**
   * Closes the server; a cancel that ends the wait for the handlers does not hide {@code failure}.
   */
  private void closeAndTell(@Nullable Throwable failure) {
    try {
      close();
    } catch (CancelledError cancelled) {
      if (failure != null) {
        cancelled.addSuppressed(failure);
      }
      throw cancelled;
    }
  }

  /**
   * Stops listening and cancels the handlers of all clients, except the handler that makes the
   * first call. If {@link ServerOptions#withStopGrace} gives busy clients time, as {@link #stop}
   * does.
   *
   * <p><i>Waits</i> until the handlers have ended. Handlers may call this too, even several at
   * once: such a call waits neither for its own handler nor for others that have called it. Nor
   * does any call wait for a handler that waits for the call, through whatever tasks, groups or
   * shields: if no others are left, it returns. (A handler that waits for the caller by other
   * means, for instance for an event that is set after the close, waits for itself.)
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; the server is closed, but its handlers may
   * still be ending.
   *
   * <p><i>Thread</i>: a coroutine of the server's loop.
   */
  @Override
  public void close() {
    Current.requireTask(scheduler, "Server.close()");
    stop(options.stopGrace());
  }

  /**
   * Closes the server as {@link #close} does, but gives busy clients time to finish. The handlers
   * of
   * clients that are idle are cancelled at once, and the others as soon as they are: a client is
   * idle
   * while a task waits for the first byte of a read and nothing is buffered either way, unless it
   * is
   * {@link Connection#busy}. When the grace is over, all that are left are cancelled; a record of
   * the log names them. A call while another one waits joins it, and does not change its grace.
   *
   * <p><i>Waits</i> as {@link #close} does.
   *
   * <p><i>If cancelled</i>: the grace is over, and {@link CancelledError} is thrown once the
   * handlers
   * have been cancelled; they may still be ending.
   *
   * <p><i>Thread</i>: a coroutine of the server's loop.
   *
   * @param grace zero or more
   * @return how many busy clients were cancelled because the grace was over
   */
  public int stop(Duration grace) {
    Fiber fiber = Current.requireTask(scheduler, "Server.stop()");
    if (grace.isNegative()) {
      throw new IllegalArgumentException("A grace can't be negative; got " + grace + ".");
    }
    int cut = 0;
    if (state != State.CLOSING) {
      beginToClose();
      if (grace.isPositive()) {
        cut = awaitGrace(fiber, grace);
      } else {
        List.copyOf(handlers.keySet()).forEach(this::cancelOnce);
      }
    }
    awaitHandlers(fiber);
    return cut;
  }

  private void beginToClose() {
    state = State.CLOSING;
    closedBy = Asyncio.currentTask();
    ListenSockets.close(listeners);
    acceptors.forEach(acceptor -> acceptor.cancel("the server is closed"));
    Waiter waiter = forever;
    if (waiter != null) {
      waiter.wake();
    }
  }

  /** Cancels a handler, unless it was already: a second cancel would cut its clean-up short. */
  private void cancelOnce(Task<?> handler) {
    Connection client = handlers.get(handler);
    if (handler != closedBy && client != null && !client.handlerCancelled) {
      client.handlerCancelled = true;
      handler.cancel("the server is closed");
    }
  }

  /** Waits for busy clients, and cancels those that are not done in time; returns their number. */
  private int awaitGrace(Fiber fiber, Duration grace) {
    for (Map.Entry<Task<?>, Connection> entry : List.copyOf(handlers.entrySet())) {
      Task<?> handler = entry.getKey();
      if (handler != closedBy) {
        entry.getValue().onIdle(() -> cancelOnce(handler));
      }
    }
    try {
      Asyncio.timeout(grace, () -> awaitHandlers(fiber));
      return 0;
    } catch (TimeoutException over) {
      List<Task<?>> left = new ArrayList<>();
      handlers.forEach((handler, client) -> {
        if (handler != closedBy && !client.handlerCancelled) {
          left.add(handler);
        }
      });
      if (left.isEmpty()) {
        return 0; // they only clean up
      }
      Logs.NET.log(
          System.Logger.Level.WARNING,
          () -> this
              + " was stopped; still busy after "
              + grace.toMillis()
              + " ms, and cancelled now: "
              + left.stream().limit(NAMED).map(Task::name).collect(Collectors.joining(", "))
              + (left.size() > NAMED ? ", and " + (left.size() - NAMED) + " more" : ""));
      return left.size();
    } finally {
      List.copyOf(handlers.keySet()).forEach(this::cancelOnce);
    }
  }

  /**
   * Closes the connections of all clients, as {@link StreamWriter#close} does: what was written is
   * still sent. Their handlers notice at their next read or write. The server goes on.
   * <i>Thread</i>: on the loop.
   */
  public void closeClients() {
    scheduler.checkOnLoop("Server.closeClients()");
    endClients(client -> client.writer().close());
  }

  /**
   * Closes the connections of all clients at once, as {@link Connection#abort} does. The server
   * goes
   * on. <i>Thread</i>: on the loop.
   */
  public void abortClients() {
    scheduler.checkOnLoop("Server.abortClients()");
    endClients(Connection::abort);
  }

  private void endClients(Consumer<Connection> end) {
    for (Connection client : List.copyOf(handlers.values())) {
      client.closedByServer = true;
      end.accept(client);
    }
  }

  private void awaitHandlers(Fiber fiber) {
    Task<?> caller = Objects.requireNonNull(Asyncio.currentTask());
    while (true) {
      boolean within = handlers.containsKey(caller);
      if (within && closing.add(caller)) {
        fewerHandlers();
      }
      if (handlers.size() == (within ? closing.size() : 0)) {
        return;
      }
      var closer = new Closer(fiber, within);
      try {
        closer.list().await(closer);
      } finally {
        suspectFirst(closer.list()); // it was the one that had been suspected
      }
      if (closer.gaveWay) {
        return;
      }
    }
  }

  /**
   * One wait for handlers. A handler may wait in turn for the task that closes, in any way; where
   * only such handlers are left, {@link asyncio.internal.scheduler.Wait#giveWay} ends it.
   */
  private final class Closer extends Waiter {
    private final boolean within;
    private boolean gaveWay;

    Closer(Fiber fiber, boolean within) {
      super(fiber, WaitKind.TASK, "the handlers of " + Server.this + " to end");
      this.within = within;
    }

    WaiterList list() {
      return within ? closersWithin : closers;
    }

    @Override
    public Iterator<?> targets() {
      return within
          ? handlers.keySet().stream()
              .filter(handler -> !closing.contains(handler))
              .iterator()
          : handlers.keySet().iterator();
    }

    @Override
    public boolean endsByTargetsOnly() {
      return true;
    }

    @Override
    public Object givesWayWith() {
      return list();
    }

    @Override
    public void giveWay() {
      gaveWay = true;
      wake();
    }
  }

  private void removeHandler(Task<?> task) {
    Connection client = handlers.remove(task);
    if (client != null) {
      counts.left(client.remoteAddress());
      closing.remove(task);
      full.wakeAll();
      fewerHandlers();
    }
  }

  /** Fewer are left for which closers wait: it may be that all of them wait for a closer. */
  private void fewerHandlers() {
    if (handlers.isEmpty()) {
      closers.wakeAll();
    }
    if (handlers.size() == closing.size()) {
      closersWithin.wakeAll();
    }
    suspectFirst(closers);
    suspectFirst(closersWithin);
  }

  /** All in a list wait for the same, so that one of them speaks for all. */
  private static void suspectFirst(WaiterList list) {
    Waiter first = list.peek();
    if (first != null) {
      first.fiber().suspect();
    }
  }

  @Override
  public String toString() {
    return "Server["
        + String.join(", ", addresses.stream().map(Addresses::text).toList())
        + (state == State.CLOSING ? ", closed, " : ", ")
        + handlers.size()
        + (handlers.size() == 1 ? " client]" : " clients]");
  }
}
