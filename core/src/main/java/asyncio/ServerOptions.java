package asyncio;

import asyncio.internal.engine.ListenSettings;
import asyncio.internal.net.StreamOptions;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Options for {@link Asyncio#startServer}. Immutable: each {@code with…} method returns changed
 * options.
 *
 * <p>Example: {@code startServer(handler, "", 8888, ServerOptions.defaults().withBacklog(1000))}.
 */
public final class ServerOptions {
  /** On Windows the option would let another program take a port that is in use. */
  private static final boolean REUSE_BY_DEFAULT =
      !System.getProperty("os.name", "").startsWith("Windows");

  private static final ServerOptions DEFAULTS = new ServerOptions();

  // Changed in a copy only, before anybody else sees it.
  private StreamOptions streams = StreamOptions.DEFAULTS;
  private int backlog = 100;
  private boolean reuseAddress = REUSE_BY_DEFAULT;
  private @Nullable Set<PosixFilePermission> unixPermissions;
  private boolean unixCleanup = true;
  private int maxConnections = Integer.MAX_VALUE;
  private int maxConnectionsPerAddress = Integer.MAX_VALUE;
  private Duration stopGrace = Duration.ZERO;
  private @Nullable ServerTls tls;

  private ServerOptions() {}

  private ServerOptions copy() {
    var copy = new ServerOptions();
    copy.streams = streams;
    copy.backlog = backlog;
    copy.reuseAddress = reuseAddress;
    copy.unixPermissions = unixPermissions;
    copy.unixCleanup = unixCleanup;
    copy.maxConnections = maxConnections;
    copy.maxConnectionsPerAddress = maxConnectionsPerAddress;
    copy.stopGrace = stopGrace;
    copy.tls = tls;
    return copy;
  }

  private ServerOptions with(StreamOptions changed) {
    ServerOptions copy = copy();
    copy.streams = changed;
    return copy;
  }

  @Nullable
  ServerTls tls() {
    return tls;
  }

  StreamOptions streams() {
    return streams;
  }

  ListenSettings listening() {
    return new ListenSettings(backlog, reuseAddress);
  }

  @Nullable
  Set<PosixFilePermission> unixPermissions() {
    return unixPermissions;
  }

  boolean unixCleanup() {
    return unixCleanup;
  }

  int maxConnections() {
    return maxConnections;
  }

  int maxConnectionsPerAddress() {
    return maxConnectionsPerAddress;
  }

  Duration stopGrace() {
    return stopGrace;
  }

  /**
   * Returns the defaults: for each client, those of {@link ConnectOptions#defaults}; a backlog of
   * 100; and address reuse, except on Windows, where the option means something else.
   */
  public static ServerOptions defaults() {
    return DEFAULTS;
  }

  /**
   * Sets the maximum length, in bytes, of a line or other delimited piece that a client's reader
   * looks for.
   */
  public ServerOptions withLimit(int bytes) {
    return with(streams.withLimit(bytes));
  }

  /**
   * Sets how long closing a client tries to send what was written; with zero, whatever the socket
   * does not take immediately is dropped.
   */
  public ServerOptions withCloseFlushLimit(Duration limit) {
    return with(streams.withCloseFlushLimit(Objects.requireNonNull(limit, "limit")));
  }

  /**
   * Sets the water marks: {@link StreamWriter#drain} waits if more than {@code high} bytes are
   * buffered, until at most {@code low} are left.
   *
   * @param low at most {@code high}
   */
  public ServerOptions withWriteWater(int high, int low) {
    return with(streams.withWriteWater(high, low));
  }

  /** Sets whether small pieces are sent immediately (TCP_NODELAY). */
  public ServerOptions withNoDelay(boolean on) {
    return with(streams.withNoDelay(on));
  }

  /**
   * Requires clients to speak TLS: the handler is called once the handshake is done. A handshake
   * that
   * fails is counted in {@link Server#statistics} and logged at DEBUG, not reported, as any
   * stranger
   * can make one fail. A client counts among the connections from its handshake on. {@link
   * Server#setTls} changes the settings later.
   */
  public ServerOptions withTls(ServerTls settings) {
    ServerOptions copy = copy();
    copy.tls = Objects.requireNonNull(settings, "settings");
    return copy;
  }

  /** Sets how many connections the operating system queues until they are accepted. */
  public ServerOptions withBacklog(int connections) {
    if (connections <= 0) {
      throw new IllegalArgumentException(
          "A backlog is a positive number of connections; got " + connections + ".");
    }
    ServerOptions copy = copy();
    copy.backlog = connections;
    return copy;
  }

  /**
   * Sets whether the port may be taken while the operating system still remembers connections of an
   * earlier server on it (SO_REUSEADDR).
   */
  public ServerOptions withReuseAddress(boolean on) {
    ServerOptions copy = copy();
    copy.reuseAddress = on;
    return copy;
  }

  /**
   * Sets how long a client may be silent while a task waits for it, in a read or a drain: no byte
   * goes either way. Then it is closed, and the wait ends with a {@link
   * java.net.SocketTimeoutException}. A task that does something else meanwhile is not disturbed.
   * Without this there is no limit.
   *
   * @param limit positive
   */
  public ServerOptions withIdleTimeout(Duration limit) {
    return with(streams.withIdleTimeout(Objects.requireNonNull(limit, "limit")));
  }

  /**
   * Sets how long a line, a count of {@link StreamReader#readExactly} or a piece of {@link
   * StreamReader#readUntil} may take, from its first byte to its last. Then the client is closed,
   * and the read ends with a {@link java.net.SocketTimeoutException}. So a peer may rest between
   * its lines, but not trickle. Without this there is no limit.
   *
   * @param limit positive
   */
  public ServerOptions withReadTimeout(Duration limit) {
    return with(streams.withReadTimeout(Objects.requireNonNull(limit, "limit")));
  }

  /**
   * Sets how long a client may stay, whatever it does. Then it is closed, and its handler's next
   * read
   * or write fails with a {@link java.net.SocketTimeoutException}. Without this there is no limit.
   *
   * @param limit positive
   */
  public ServerOptions withTotalTimeout(Duration limit) {
    return with(streams.withTotalTimeout(Objects.requireNonNull(limit, "limit")));
  }

  /**
   * Sets whether the operating system asks a silent client now and then whether it is still there
   * (SO_KEEPALIVE). Off by default; the system's own times apply, two hours on Linux.
   */
  public ServerOptions withKeepAlive(boolean on) {
    return with(streams.withKeepAlive(on));
  }

  /**
   * Sets who may connect to a Unix socket: the permissions of its file, such as {@code
   * PosixFilePermissions.fromString("rw-rw----")}. By default the process's umask decides. They are
   * set right after the socket is made, so where that matters, put it into a folder of your own.
   */
  public ServerOptions withUnixPermissions(Set<PosixFilePermission> permissions) {
    ServerOptions copy = copy();
    copy.unixPermissions = Set.copyOf(permissions);
    return copy;
  }

  /**
   * Sets whether the server removes the file of its Unix socket when it closes; true by default. A
   * file that is no longer its own is never removed.
   */
  public ServerOptions withUnixCleanup(boolean on) {
    ServerOptions copy = copy();
    copy.unixCleanup = on;
    return copy;
  }

  /**
   * Sets how many clients are served at a time. While there are so many, the server accepts nobody,
   * and newcomers wait in the operating system's queue. Without this there is no limit.
   *
   * @param connections at least 1
   */
  public ServerOptions withMaxConnections(int connections) {
    ServerOptions copy = copy();
    copy.maxConnections = atLeastOne(connections);
    return copy;
  }

  /**
   * Sets how many clients from one address (IP, not port; of IPv6 the network of 64 bits) are
   * served
   * at a time. Others are
   * disconnected as soon as they are accepted, and counted in {@link Server#statistics}. Without
   * this there is no limit. Clients of a Unix socket have no address, so it does not apply to them.
   *
   * @param connections at least 1
   */
  public ServerOptions withMaxConnectionsPerAddress(int connections) {
    ServerOptions copy = copy();
    copy.maxConnectionsPerAddress = atLeastOne(connections);
    return copy;
  }

  private static int atLeastOne(int connections) {
    if (connections < 1) {
      throw new IllegalArgumentException(
          "A server serves at least one client at a time; got a limit of " + connections + ".");
    }
    return connections;
  }

  /**
   * Sets how long {@link Server#close} and a cancelled {@link Server#serveForever} wait for busy
   * clients before they cancel their handlers; idle ones are cancelled at once. None by default.
   * See
   * {@link Server#stop}.
   *
   * @throws IllegalArgumentException if it is negative
   */
  public ServerOptions withStopGrace(Duration grace) {
    if (grace.isNegative()) {
      throw new IllegalArgumentException("A grace can't be negative; got " + grace + ".");
    }
    ServerOptions copy = copy();
    copy.stopGrace = grace;
    return copy;
  }
}
