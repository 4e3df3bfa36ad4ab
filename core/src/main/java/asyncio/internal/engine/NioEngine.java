package asyncio.internal.engine;

import asyncio.CarrierKind;
import asyncio.internal.scheduler.Owner;
import asyncio.internal.scheduler.Scheduler;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * An engine on a JDK selector. Its channels never block, and only the loop touches the selector's
 * keys.
 *
 * <p>All system calls other than select are made by the coroutine that wants them, except writes:
 * those are made at the end of a step and when the selector says so.
 */
public final class NioEngine implements Engine {
  private static final int BUFFER_SIZE = BufferPool.NETWORK_SIZE;

  /** Replaces the buffers once they have been given back, so that any use fails. */
  private static final ByteBuffer NONE = ByteBuffer.allocate(0);

  private static final long NANOS_PER_MILLI = 1_000_000;

  // Immutable.
  final Scheduler scheduler;
  private final Selector selector;

  // Any thread; making them twice does no harm.
  private static volatile boolean pollersMade;

  // Loop-confined.
  /**
   * Shared by all sockets, because its content is copied in the same step. Off-heap, as system
   * calls need it.
   */
  private ByteBuffer buffer;

  /** What one stream sends in the running step. */
  private ByteBuffer outgoing;

  /** The stream that has {@link #outgoing}. */
  private @Nullable NioStream borrower;

  private final Consumer<SelectionKey> ready = NioEngine::ready;
  private @Nullable NioHandle last;
  private int handles;
  private boolean closed;

  private NioEngine(
      Scheduler scheduler, Selector selector, ByteBuffer buffer, ByteBuffer outgoing) {
    this.scheduler = scheduler;
    this.selector = selector;
    this.buffer = buffer;
    this.outgoing = outgoing;
  }

  /** Opens an engine. If memory is short, the JDK sleeps in here, and others may run. */
  public static NioEngine open(Scheduler scheduler) throws IOException {
    ByteBuffer buffer = BufferPool.NETWORK.take(scheduler);
    ByteBuffer outgoing = null;
    try {
      outgoing = BufferPool.NETWORK.take(scheduler);
      return new NioEngine(scheduler, openSelector(scheduler), buffer, outgoing);
    } catch (Throwable failed) {
      BufferPool.NETWORK.giveBack(buffer);
      if (outgoing != null) {
        BufferPool.NETWORK.giveBack(outgoing);
      }
      throw failed;
    }
  }

  private static Selector openSelector(Scheduler scheduler) throws IOException {
    Selector selector = Selector.open();
    try {
      if (scheduler.carrierKind() == CarrierKind.PORTABLE
          && Thread.currentThread().isVirtual()
          && !pollersMade) {
        // The first wait of a selector on a virtual thread creates the JDK's pollers, which take
        // two descriptors. This is done now, because if none are left later, the wait would fail,
        // and the loop with it. It is never done on the mounted carrier, whose loop waits on a
        // platform thread: there it would suspend the coroutine that opens the engine, for nothing.
        selector.select(1);
        pollersMade = true;
      }
    } catch (Throwable failed) {
      selector.close();
      throw failed;
    }
    return selector;
  }

  @Override
  public StreamHandle connect(SocketAddress remote, SocketSettings settings) throws IOException {
    return NioStream.connect(this, remote, settings);
  }

  @Override
  public ListenHandle listen(SocketAddress local, ListenSettings settings) throws IOException {
    return NioListener.open(this, local, settings);
  }

  @Override
  public StreamHandle attach(Accepted connection, SocketSettings settings) throws IOException {
    if (connection instanceof NioAccepted accepted) {
      return NioStream.attach(this, accepted, settings);
    }
    throw new AssertionError("a connection of another kind of engine: a bug, please report it");
  }

  // ---- waiting ----

  @Override
  public void poll(long nanos) throws IOException {
    if (nanos <= 0) {
      selector.selectNow(ready);
    } else if (nanos == Long.MAX_VALUE) {
      selector.select(ready);
    } else {
      // The selector counts in milliseconds. Rounded up, because otherwise the loop would spin
      // through the last one.
      selector.select(ready, Math.ceilDiv(nanos, NANOS_PER_MILLI));
    }
  }

  private static void ready(SelectionKey key) {
    NioHandle handle = (NioHandle) key.attachment();
    // An earlier handle of the same batch may have closed this one.
    if (!handle.isClosed()) {
      handle.ready(key.readyOps());
    }
  }

  @Override
  public void wakeup() {
    selector.wakeup();
  }

  // ---- for the handles ----

  /**
   * Returns the shared buffer, empty, with room for {@code max} bytes or as many as it can hold.
   * Its content must be used up within the step.
   */
  ByteBuffer buffer(int max) {
    return buffer.clear().limit(Math.min(max, BUFFER_SIZE));
  }

  /** Returns the buffer for what a step sends, empty; null while another stream has it. */
  @Nullable
  ByteBuffer lend(NioStream stream) {
    if (borrower != null) {
      return null;
    }
    borrower = stream;
    return outgoing.clear();
  }

  /**
   * Takes the buffer back and returns its content, which is valid until the buffer is lent again.
   */
  ByteBuffer takeBack(NioStream stream) {
    if (borrower != stream) {
      throw new AssertionError(
          "a stream sends from memory that it has not borrowed: a bug, please report it");
    }
    borrower = null;
    return outgoing.flip();
  }

  boolean hasLentTo(NioStream stream) {
    return borrower == stream;
  }

  SelectionKey register(SelectableChannel channel, int operations, NioHandle handle)
      throws ClosedChannelException {
    return channel.register(selector, operations, handle);
  }

  void opened(NioHandle handle) {
    NioHandle before = last;
    handle.previous = before;
    if (before != null) {
      before.following = handle;
    }
    last = handle;
    handles++;
  }

  void closed(NioHandle handle) {
    NioHandle before = handle.previous;
    NioHandle after = handle.following;
    if (before != null) {
      before.following = after;
    }
    if (after != null) {
      after.previous = before;
    } else {
      last = before;
    }
    handle.previous = null;
    handle.following = null;
    handles--;
  }

  /**
   * Releases the descriptors of closed channels, which a selector otherwise does at its next
   * select.
   */
  void releaseClosed() {
    try {
      selector.selectNow(ready);
    } catch (IOException broken) {
      // The next poll fails as well, and reports it.
    }
  }

  // ---- the end ----

  @Override
  public int openHandles() {
    return handles;
  }

  @Override
  public List<Owner> owners() {
    var owners = new LinkedHashSet<Owner>();
    for (NioHandle handle = last; handle != null; handle = handle.previous) {
      Owner owner = handle.owner();
      if (owner != null) {
        owners.addLast(owner); // its place is that of its oldest handle
      }
    }
    return List.copyOf(owners).reversed();
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    for (NioHandle handle = last; handle != null; handle = last) {
      handle.close();
    }
    try {
      selector.close();
    } catch (IOException nothingToBeDone) {
      // It holds nothing any more.
    }
    releaseBuffers();
  }

  /**
   * Gives the buffers to the next engine, unless somebody may still use them: a coroutine that
   * outlives the loop may be between a read and the copy.
   */
  private void releaseBuffers() {
    ByteBuffer in = buffer;
    ByteBuffer out = outgoing;
    buffer = NONE;
    outgoing = NONE;
    if (!scheduler.hasSurvivors()) {
      BufferPool.NETWORK.giveBack(in);
      BufferPool.NETWORK.giveBack(out);
    }
  }
}
