package asyncio.internal.engine;

import asyncio.WaitKind;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.Owner;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import org.jspecify.annotations.Nullable;

/** A channel of a {@link NioEngine}, and what the selector watches it for. Loop-confined. */
abstract class NioHandle implements EngineHandle, Readiness.Of {
  final NioEngine engine;
  private final SelectableChannel channel;

  /** Links of the engine's list of open handles. */
  @Nullable
  NioHandle previous;

  @Nullable
  NioHandle following;

  private @Nullable SelectionKey key;
  private @Nullable Owner owner;

  /**
   * What the selector watches: a copy of the key's value, which is a volatile field behind a check.
   */
  private int interest;

  private boolean closed;

  /** The wait of the coroutine that reads, accepts or connects. */
  final Readiness input = new Readiness(this);

  NioHandle(NioEngine engine, SelectableChannel channel) {
    this.engine = engine;
    this.channel = channel;
    engine.opened(this);
  }

  /** Called when the selector finds the channel ready. On the loop's own thread. */
  abstract void ready(int operations);

  /**
   * Suspends the running coroutine until the selector finds the channel ready for {@code
   * operation}.
   *
   * <p>The interest stays registered after the wait: a JDK selector is level-triggered, and
   * dropping and renewing the interest would cost two system calls for each round trip. It is
   * dropped when the channel is ready and nobody waits.
   */
  final void awaitInput(int operation) throws IOException {
    Fiber running = engine.scheduler.currentFiber();
    if (running == null) {
      throw new AssertionError("an engine was used outside a coroutine: a bug, please report it");
    }
    watch(operation);
    input.await(running);
    checkOpen();
  }

  final void checkOpen() throws ClosedChannelException {
    if (closed) {
      throw new ClosedChannelException();
    }
  }

  final void watch(int operation) throws IOException {
    checkOpen();
    if ((interest & operation) == 0) {
      setInterest(interest | operation);
    }
  }

  final void ignore(int operation) {
    if ((interest & operation) != 0) {
      try {
        setInterest(interest & ~operation);
      } catch (ClosedChannelException e) {
        throw new AssertionError(
            "a channel was closed behind its handle: a bug, please report it", e);
      }
    }
  }

  /** Ignores everything, of a handle that is closed while its channel is not yet. */
  final void watchNothing() {
    SelectionKey registered = key;
    if (registered != null && registered.isValid()) {
      registered.interestOps(0);
    }
  }

  private void setInterest(int operations) throws ClosedChannelException {
    SelectionKey registered = key;
    if (registered == null) {
      key = engine.register(channel, operations, this);
    } else {
      registered.interestOps(operations);
    }
    interest = operations;
  }

  @Override
  public final WaitKind waitKind() {
    return WaitKind.SOCKET;
  }

  @Override
  public final void belongsTo(Owner to) {
    owner = to;
  }

  final @Nullable Owner owner() {
    return owner;
  }

  final boolean isClosed() {
    return closed;
  }

  /**
   * Closes the channel. If it is registered, the JDK ends the connection now and releases the
   * descriptor at the selector's next select.
   */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    engine.closed(this);
    closeChannel();
    input.wake();
  }

  /** Closes the channel, or has it closed as soon as a thread that uses it is done. */
  void closeChannel() {
    close(channel);
  }

  static void close(SelectableChannel channel) {
    try {
      channel.close();
    } catch (IOException nothingToBeDone) {
      // The descriptor is gone in any case, and the operating system has what was sent before.
    }
  }

  static String text(SocketAddress address) {
    if (address instanceof InetSocketAddress inet && inet.getAddress() != null) {
      String host = inet.getAddress().getHostAddress();
      return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + inet.getPort();
    }
    return address.toString();
  }
}
