package asyncio.internal.engine;

import asyncio.WaitKind;
import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Owner;
import asyncio.internal.scheduler.Scheduler;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** A network in memory: its listeners and clients are all on one loop. */
public final class MemoryEngine implements Engine {
  /** About as much as a socket on loopback holds. */
  private static final int CAPACITY = 256 * 1024;

  private final Scheduler scheduler;

  // Loop-confined.
  private final Map<SocketAddress, Listener> listeners = new HashMap<>();
  private final Map<SocketAddress, Road> roads = new HashMap<>();
  private int lastPort = 40_000;

  // Any thread.
  private volatile boolean woken;
  private volatile @Nullable Thread waiting;

  public MemoryEngine(Scheduler scheduler) {
    this.scheduler = scheduler;
  }

  /** What happens to whoever connects to an address, before the listener there is looked for. */
  @FunctionalInterface
  public interface Road {
    void take() throws IOException;
  }

  /** Sets what happens to whoever connects to {@code remote}. */
  public void road(SocketAddress remote, Road road) {
    roads.put(remote, road);
  }

  @Override
  public StreamHandle connect(SocketAddress remote, SocketSettings settings) throws IOException {
    Current.requireTask("connect()").yieldNow();
    Road road = roads.get(remote);
    if (road != null) {
      road.take();
    }
    Listener listener = listeners.get(remote);
    if (listener == null) {
      throw new ConnectException("Connection refused");
    }
    MemoryStream.Pair ends = MemoryStream.pair(scheduler, CAPACITY, new Client(++lastPort), remote);
    listener.arrived(new Arrived(ends.other()));
    return ends.one();
  }

  @Override
  public ListenHandle listen(SocketAddress local, ListenSettings settings) throws IOException {
    SocketAddress address = local instanceof InetSocketAddress inet && inet.getPort() == 0
        ? new InetSocketAddress(inet.getAddress(), ++lastPort)
        : local;
    var listener = new Listener(address);
    if (listeners.putIfAbsent(address, listener) != null) {
      throw new BindException("Address already in use");
    }
    return listener;
  }

  @Override
  public StreamHandle attach(Accepted connection, SocketSettings settings) {
    return ((Arrived) connection).end;
  }

  // ---- waiting ----

  @Override
  public void poll(long nanos) {
    waiting = Thread.currentThread();
    if (nanos > 0 && !woken) {
      LockSupport.parkNanos(this, nanos);
    }
    waiting = null;
    woken = false;
  }

  @Override
  public void wakeup() {
    woken = true;
    LockSupport.unpark(waiting);
  }

  @Override
  public int openHandles() {
    return listeners.size();
  }

  @Override
  public List<Owner> owners() {
    return List.of();
  }

  @Override
  public void close() {
    new ArrayList<>(listeners.values()).forEach(Listener::close);
  }

  /** The address of a client. */
  private static final class Client extends SocketAddress {
    private static final long serialVersionUID = 1L;

    private final int number;

    Client(int number) {
      this.number = number;
    }

    @Override
    public String toString() {
      return "client " + number;
    }
  }

  private record Arrived(MemoryStream end) implements Accepted {
    @Override
    public SocketAddress remoteAddress() {
      return end.remoteAddress();
    }

    @Override
    public void close() {
      end.close();
    }
  }

  private final class Listener implements ListenHandle, Readiness.Of {
    private final SocketAddress local;
    private final Deque<Arrived> backlog = new ArrayDeque<>();
    private final Readiness acceptable = new Readiness(this);
    private boolean closed;

    Listener(SocketAddress local) {
      this.local = local;
    }

    void arrived(Arrived client) {
      backlog.add(client);
      acceptable.wake();
    }

    @Override
    public SocketAddress localAddress() {
      return local;
    }

    @Override
    public Accepted accept() throws IOException {
      while (true) {
        if (closed) {
          throw new ClosedChannelException();
        }
        Arrived first = backlog.poll();
        if (first != null) {
          return first;
        }
        acceptable.await(Current.requireTask("accept()"));
      }
    }

    @Override
    public WaitKind waitKind() {
      return WaitKind.QUEUE;
    }

    @Override
    public void belongsTo(Owner owner) {}

    @Override
    public void close() {
      closed = true;
      listeners.remove(local, this);
      backlog.forEach(Arrived::close);
      backlog.clear();
      acceptable.wake();
    }

    @Override
    public String describeWait() {
      return "a client on " + local;
    }
  }
}
