package asyncio.internal.net;

import asyncio.Resolver;
import asyncio.WaitKind;
import asyncio.internal.engine.Accepted;
import asyncio.internal.engine.Engine;
import asyncio.internal.engine.ListenHandle;
import asyncio.internal.engine.ListenSettings;
import asyncio.internal.engine.NoSuchFamilyException;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.Owner;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Listens on a host by name: on all its addresses, with the same port. */
public final class ListenSockets {
  /**
   * The number of attempts with port 0: the port of the first address may be taken on the second,
   * and then another one is tried.
   */
  private static final int ATTEMPTS = 10;

  private ListenSockets() {}

  public static List<ListenHandle> open(
      Fiber fiber, Resolver resolver, @Nullable String host, int port, ListenSettings settings)
      throws IOException {
    Engine engine = Engine.of(fiber.scheduler());
    if (host == null || host.isEmpty()) {
      try {
        return List.of(openOnAll(engine, port, settings));
      } catch (IOException failure) {
        throw explained("*", port, failure);
      }
    }
    List<InetAddress> addresses;
    try {
      addresses = Names.resolveAll(resolver, host);
    } catch (UnknownHostException unknown) {
      var failure = new UnknownHostException(
          "Can't listen on " + Addresses.text(host, port) + ": " + unknown.getMessage());
      failure.initCause(unknown.getCause());
      throw failure;
    }
    for (int attempt = 1; ; attempt++) {
      try {
        return openAll(engine, addresses, port, settings);
      } catch (IOException failure) {
        if (port != 0 || attempt == ATTEMPTS || addresses.size() == 1) {
          throw explained(host, port, failure);
        }
      }
    }
  }

  /**
   * Listens on all addresses of this machine. If there is IPv6, this is one IPv6 socket, which
   * serves IPv4 too. Two sockets, as in asyncio, would be in each other's way: the JDK can't keep
   * the first one from taking IPv4.
   */
  private static ListenHandle openOnAll(Engine engine, int port, ListenSettings settings)
      throws IOException {
    try {
      return engine.listen(new InetSocketAddress(anyAddress(16), port), settings);
    } catch (BindException failure) {
      if (!isNotAvailable(failure)) {
        throw failure;
      }
      return engine.listen(new InetSocketAddress(anyAddress(4), port), settings);
    }
  }

  /** Returns "::" or 0.0.0.0. */
  private static InetAddress anyAddress(int length) throws UnknownHostException {
    return InetAddress.getByAddress(new byte[length]);
  }

  private static List<ListenHandle> openAll(
      Engine engine, List<InetAddress> addresses, int port, ListenSettings settings)
      throws IOException {
    List<ListenHandle> open = new ArrayList<>(addresses.size());
    BindException notHere = null;
    int common = port;
    try {
      for (InetAddress address : addresses) {
        try {
          ListenHandle handle = engine.listen(new InetSocketAddress(address, common), settings);
          open.add(handle);
          common = ((InetSocketAddress) handle.localAddress()).getPort();
        } catch (BindException failure) {
          if (!isNotAvailable(failure)) {
            throw failure;
          }
          notHere = failure; // such as ::1 on a machine without IPv6: the others will do
        }
      }
    } catch (Throwable failed) {
      close(open);
      throw failed;
    }
    if (open.isEmpty() && notHere != null) {
      throw notHere;
    }
    return open;
  }

  /** Listens on a Unix socket, in place of one that a dead server left. */
  public static List<ListenHandle> open(
      Fiber fiber,
      UnixDomainSocketAddress address,
      ListenSettings settings,
      @Nullable Set<PosixFilePermission> permissions,
      boolean removesFile)
      throws IOException {
    Engine engine = Engine.of(fiber.scheduler());
    UnixSocketFile.prepare(address);
    ListenHandle handle;
    try {
      handle = engine.listen(address, settings);
    } catch (SocketException failure) {
      throw UnixSocketFile.cantListen(address, failure);
    }
    try {
      UnixSocketFile file = UnixSocketFile.made(address, permissions);
      return List.of(removesFile ? new WithFile(handle, file) : handle);
    } catch (Throwable failed) {
      UnixSocketFile.delete(address.getPath());
      handle.close();
      throw failed;
    }
  }

  /** A listening Unix socket that removes its file when it closes. */
  private static final class WithFile implements ListenHandle {
    private final ListenHandle handle;
    private final UnixSocketFile file;
    private boolean closed;

    WithFile(ListenHandle handle, UnixSocketFile file) {
      this.handle = handle;
      this.file = file;
    }

    @Override
    public SocketAddress localAddress() {
      return handle.localAddress();
    }

    @Override
    public Accepted accept() throws IOException {
      return handle.accept();
    }

    @Override
    public WaitKind waitKind() {
      return handle.waitKind();
    }

    @Override
    public void belongsTo(Owner owner) {
      handle.belongsTo(owner);
    }

    @Override
    public void close() {
      if (!closed) { // later, the file may be that of another server
        closed = true;
        file.remove();
        handle.close();
      }
    }
  }

  public static void close(List<ListenHandle> listeners) {
    listeners.forEach(ListenHandle::close);
  }

  private static boolean isNotAvailable(BindException failure) {
    return failure instanceof NoSuchFamilyException || isNotOfThisMachine(failure);
  }

  /** Decides by the operating system's message, which is all that the JDK passes on. */
  private static boolean isNotOfThisMachine(IOException failure) {
    return String.valueOf(failure.getMessage()).contains("assign requested address");
  }

  private static IOException explained(String host, int port, IOException failure) {
    @Nullable String reason = failure.getMessage();
    String where = Addresses.text(host, port);
    String message = "Can't listen on " + where + ": " + reason + hint(failure, port);
    IOException explained =
        failure instanceof BindException ? new BindException(message) : new IOException(message);
    explained.initCause(failure);
    return explained;
  }

  private static String hint(IOException failure, int port) {
    String message = String.valueOf(failure.getMessage());
    if (message.contains("in use")) {
      return ". Another program, or this one, is already listening on that port: stop it, or use"
          + " another port (0 picks a free one).";
    }
    if (message.contains("Permission denied") && port < 1024) {
      return ". Ports below 1024 need a privilege on this system: use a higher one.";
    }
    if (isNotOfThisMachine(failure)) {
      return ". This machine does not have that address: use \"\" for all its addresses.";
    }
    return "";
  }
}
