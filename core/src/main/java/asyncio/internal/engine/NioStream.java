package asyncio.internal.engine;

import asyncio.PeerCredentials;
import asyncio.internal.bridge.HelperJob;
import asyncio.internal.bridge.HelperPool;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.util.Sneaky;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketOption;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A connection over TCP or a Unix socket, on a selector.
 *
 * <p><b>Speculation.</b> A read or write is tried first, and the selector is asked only if it would
 * block. But if a read brought less than it asked for, the socket is empty, so the next read waits
 * immediately: a round trip of a server that answers small requests is one select, one read and one
 * write.
 */
final class NioStream extends NioHandle implements StreamHandle {
  /**
   * Reads in a row without suspending: as many as Netty's, so that one busy peer can't keep the
   * others waiting.
   */
  private static final int MAX_STREAK = 16;

  private final SocketChannel channel;
  private SocketAddress local;
  private final SocketAddress remote;

  // Whether it is worth trying without asking the selector first.
  private boolean readable = true;
  private boolean writable = true;

  private int streak;

  /** The write that waits for the socket to take more, and the object that is told. */
  private @Nullable ByteBuffer unsent;

  private @Nullable WriteCompletion completion;

  /** The part of a file that is being sent; null if there is none. */
  private @Nullable FileTransfer transfer;

  /** How many bytes are still dropped when they come; 0 unless that is under way. */
  private int toDiscard;

  private NioStream(
      NioEngine engine, SocketChannel channel, SocketAddress local, SocketAddress remote) {
    super(engine, channel);
    this.channel = channel;
    this.local = local;
    this.remote = remote;
  }

  /** Opens a connection to {@code remote}. Waits. */
  static NioStream connect(NioEngine engine, SocketAddress remote, SocketSettings settings)
      throws IOException {
    try {
      return connectWithoutBlocking(engine, remote, settings);
    } catch (ConnectException | BindException told) {
      throw told;
    } catch (SocketException failure) {
      if (remote instanceof UnixDomainSocketAddress unix && settings.local() == null) {
        // Perhaps the server's queue is full: a Unix socket waits for a place only in blocking
        // mode.
        return connectOnHelper(engine, unix);
      }
      throw failure;
    }
  }

  private static NioStream connectOnHelper(NioEngine engine, UnixDomainSocketAddress remote)
      throws IOException {
    SocketChannel channel = open(remote);
    try {
      Fiber fiber = Objects.requireNonNull(engine.scheduler.currentFiber());
      HelperJob.call(
          HelperPool.STREAMS,
          fiber,
          "a place in the queue of the server at " + remote,
          () -> channel.connect(remote));
      channel.configureBlocking(false);
      return new NioStream(engine, channel, channel.getLocalAddress(), remote);
    } catch (Throwable failed) {
      try {
        // On a helper, because it waits until the thread that connects has let go of the socket.
        HelperPool.STREAMS.submit(() -> close(channel));
      } catch (Throwable noThread) {
        failed.addSuppressed(noThread);
        close(channel);
      }
      throw Sneaky.rethrow(failed);
    }
  }

  private static NioStream connectWithoutBlocking(
      NioEngine engine, SocketAddress remote, SocketSettings settings) throws IOException {
    SocketChannel channel = open(remote);
    NioStream stream;
    try {
      stream = new NioStream(engine, channel, remote, remote);
    } catch (Throwable failed) {
      channel.close();
      throw failed;
    }
    try {
      prepare(channel, remote, settings);
      if (settings.local() != null) {
        channel.bind(ofFamily(remote, settings.local()));
      }
      if (!channel.connect(remote)) {
        do {
          stream.awaitInput(SelectionKey.OP_CONNECT);
        } while (!channel.finishConnect());
        stream.ignore(SelectionKey.OP_CONNECT);
      }
      stream.local = channel.getLocalAddress();
      return stream;
    } catch (Throwable failed) {
      stream.close();
      throw failed;
    }
  }

  /**
   * Opens a socket of the address's own family: otherwise IPv4 would be reached through an IPv6
   * socket.
   */
  private static SocketChannel open(SocketAddress remote) throws IOException {
    StandardProtocolFamily family = switch (remote) {
      case UnixDomainSocketAddress _ -> StandardProtocolFamily.UNIX;
      case InetSocketAddress inet
      when inet.getAddress() instanceof Inet4Address -> StandardProtocolFamily.INET;
      default -> StandardProtocolFamily.INET6;
    };
    try {
      return SocketChannel.open(family);
    } catch (UnsupportedOperationException noSuchFamily) {
      throw new IOException("IPv6 is switched off on this machine or in this JVM", noSuchFamily);
    }
  }

  /** Returns the wildcard of the peer's family for a wildcard: the other one can't be bound. */
  private static SocketAddress ofFamily(SocketAddress remote, SocketAddress local)
      throws IOException {
    if (remote instanceof InetSocketAddress peer
        && local instanceof InetSocketAddress own
        && own.getAddress().isAnyLocalAddress()) {
      int length = peer.getAddress().getAddress().length;
      return new InetSocketAddress(InetAddress.getByAddress(new byte[length]), own.getPort());
    }
    return local;
  }

  static NioStream attach(NioEngine engine, NioAccepted accepted, SocketSettings settings)
      throws IOException {
    SocketAddress remote = accepted.remoteAddress();
    SocketChannel channel = accepted.take();
    try {
      // Some systems refuse to configure the socket of a peer that has already gone.
      prepare(channel, remote, settings);
      return new NioStream(engine, channel, channel.getLocalAddress(), remote);
    } catch (Throwable failed) {
      close(channel);
      throw failed;
    }
  }

  private static void prepare(SocketChannel channel, SocketAddress remote, SocketSettings settings)
      throws IOException {
    channel.configureBlocking(false);
    if (!(remote instanceof InetSocketAddress)) {
      return;
    }
    if (settings.noDelay()) {
      channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    }
    if (settings.keepAlive()) {
      channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
    }
  }

  @Override
  public SocketAddress localAddress() {
    return local;
  }

  @Override
  public SocketAddress remoteAddress() {
    return remote;
  }

  @Override
  public <T> T option(SocketOption<T> option) throws IOException {
    checkOpen();
    return channel.getOption(option);
  }

  @Override
  public <T> void setOption(SocketOption<T> option, T value) throws IOException {
    checkOpen();
    channel.setOption(option, value);
  }

  @Override
  public @Nullable PeerCredentials credentials() throws IOException {
    checkOpen();
    return remote instanceof UnixDomainSocketAddress ? Credentials.of(channel) : null;
  }

  // ---- reading ----

  @Override
  public @Nullable ByteBuffer read(int max) throws IOException {
    checkOpen();
    ByteBuffer buffer = engine.buffer(max);
    int count = isWorthTrying() ? channel.read(buffer) : 0;
    while (count == 0) {
      awaitReadable();
      // Others have used the buffer meanwhile.
      buffer = engine.buffer(max);
      count = channel.read(buffer);
    }
    hasRead(count, buffer);
    return count < 0 ? null : buffer.flip();
  }

  @Override
  public int read(ByteBuffer into) throws IOException {
    if (!into.isDirect()) {
      // The JDK would copy as well, from a buffer of its own for each thread and size.
      ByteBuffer came = read(into.remaining());
      int count = came == null ? -1 : came.remaining();
      if (came != null) {
        into.put(came);
      }
      return count;
    }
    checkOpen();
    int count = isWorthTrying() ? channel.read(into) : 0;
    while (count == 0) {
      awaitReadable();
      count = channel.read(into);
    }
    hasRead(count, into);
    return count;
  }

  private boolean isWorthTrying() {
    return readable && streak < MAX_STREAK;
  }

  private void awaitReadable() throws IOException {
    streak = 0;
    awaitInput(SelectionKey.OP_READ);
  }

  private void hasRead(int count, ByteBuffer buffer) {
    streak++;
    readable = !buffer.hasRemaining();
    if (count < 0) {
      // Otherwise the selector would report it as readable for ever.
      ignore(SelectionKey.OP_READ);
    }
  }

  @Override
  public boolean discard(int max, WriteCompletion whenDone) throws IOException {
    checkOpen();
    checkNoWrite();
    toDiscard = max;
    if (discardIsDone()) {
      return true;
    }
    watch(SelectionKey.OP_READ);
    completion = whenDone;
    return false;
  }

  private boolean discardIsDone() throws IOException {
    while (toDiscard > 0) {
      int count = channel.read(engine.buffer(toDiscard));
      if (count == 0) {
        return false;
      }
      toDiscard = count < 0 ? 0 : toDiscard - count;
    }
    ignore(SelectionKey.OP_READ);
    return true;
  }

  private void discardMore() {
    WriteCompletion told = completion;
    try {
      if (told != null && discardIsDone()) {
        completion = null;
        told.written(0);
      }
    } catch (IOException failure) {
      toDiscard = 0;
      ignore(SelectionKey.OP_READ);
      failed(Objects.requireNonNull(told), failure);
    }
  }

  // ---- writing ----

  @Override
  public @Nullable ByteBuffer lend() {
    return engine.lend(this);
  }

  @Override
  public ByteBuffer sendLent() throws IOException {
    ByteBuffer data = engine.takeBack(this);
    checkOpen();
    checkNoWrite();
    if (writable) {
      channel.write(data);
      writable = !data.hasRemaining();
    }
    return data;
  }

  @Override
  public void giveBack() {
    if (engine.hasLentTo(this)) {
      engine.takeBack(this);
    }
  }

  @Override
  public int write(ByteBuffer data, WriteCompletion whenDone) throws IOException {
    checkOpen();
    checkNoWrite();
    if (writable) {
      int count = send(data);
      if (count > 0) {
        return count;
      }
    }
    watch(SelectionKey.OP_WRITE);
    unsent = data;
    completion = whenDone;
    return 0;
  }

  private void checkNoWrite() {
    if (unsent != null || transfer != null) {
      throw new AssertionError("two writes at once on one stream: a bug, please report it");
    }
  }

  private int send(ByteBuffer data) throws IOException {
    int size = data.remaining();
    int count;
    if (data.isDirect()) {
      int from = data.position();
      count = channel.write(data);
      data.position(from);
    } else {
      // Copied here: the JDK would do the same, with a buffer of its own for each thread and size.
      ByteBuffer buffer = engine.buffer(size);
      size = buffer.remaining();
      buffer.put(0, data, data.position(), size);
      count = channel.write(buffer);
    }
    writable = count == size;
    return count;
  }

  @Override
  public int takeBack() {
    unsent = null;
    completion = null;
    return 0;
  }

  @Override
  public boolean sendsFiles(FileChannel file) {
    return FileTransfer.isPossible(file);
  }

  @Override
  public void sendFile(FileChannel file, long position, long count, WriteCompletion whenDone)
      throws IOException {
    checkOpen();
    checkNoWrite();
    var begun = new FileTransfer(engine.scheduler, channel, this, file, position, count, whenDone);
    begun.start();
    transfer = begun;
  }

  @Override
  public boolean stopFile() {
    FileTransfer sending = transfer;
    if (sending == null || !sending.stop()) {
      return false;
    }
    transfer = null;
    ignore(SelectionKey.OP_WRITE);
    return true;
  }

  /** The thread of {@code done} is done with the socket. On the loop. */
  void transferred(FileTransfer done, int count, boolean ended, @Nullable IOException failure) {
    if (transfer != done) {
      return; // closed meanwhile
    }
    try {
      if (failure == null && count == 0 && !ended && done.waitForRoom()) {
        watch(SelectionKey.OP_WRITE);
        return;
      }
    } catch (IOException gone) {
      failure = gone;
    }
    transfer = null;
    if (failure != null) {
      done.completion().failed(failure);
    } else {
      done.completion().written(count);
    }
  }

  private void goOn(FileTransfer waiting) {
    try {
      waiting.start();
    } catch (Throwable noThread) {
      transfer = null;
      waiting
          .completion()
          .failed(new IOException("No helper thread could be started to send a file", noThread));
    }
  }

  @Override
  void closeChannel() {
    FileTransfer running = transfer;
    if (running == null || running.letsClose()) {
      super.closeChannel();
    } else {
      watchNothing(); // or the selector would report again and again what nobody handles
    }
  }

  @Override
  public boolean end(boolean closes, WriteCompletion whenDone) throws IOException {
    checkOpen();
    if (!closes) {
      channel.shutdownOutput();
    }
    return true;
  }

  // ---- readiness ----

  @Override
  void ready(int operations) {
    if ((operations & SelectionKey.OP_WRITE) != 0) {
      readyToWrite();
    }
    if (isClosed()) {
      return;
    }
    int inputs = operations & (SelectionKey.OP_READ | SelectionKey.OP_CONNECT);
    if (inputs == 0) {
      return;
    }
    if (toDiscard > 0) {
      discardMore();
      return;
    }
    if (input.isIdle()) {
      readable = true;
      ignore(inputs);
    } else {
      input.wake();
    }
  }

  private void readyToWrite() {
    FileTransfer waiting = transfer;
    if (waiting != null) {
      ignore(SelectionKey.OP_WRITE);
      if (waiting.waitsForRoom()) {
        goOn(waiting);
      }
      return;
    }
    ByteBuffer data = unsent;
    WriteCompletion told = completion;
    if (data == null || told == null) {
      ignore(SelectionKey.OP_WRITE);
      writable = true;
      return;
    }
    int count;
    try {
      count = send(data);
    } catch (IOException failure) {
      failed(told, failure);
      return;
    } catch (RuntimeException gone) { // the arena of its memory was closed
      failed(told, Sink.unreadable(gone));
      return;
    }
    if (count > 0) {
      unsent = null;
      completion = null;
      told.written(count);
      if (unsent == null && !isClosed()) {
        ignore(SelectionKey.OP_WRITE);
        writable = true;
      }
    }
  }

  private void failed(WriteCompletion told, IOException failure) {
    takeBack();
    ignore(SelectionKey.OP_WRITE);
    told.failed(failure);
  }

  @Override
  public boolean isBusy() {
    return transfer != null && !transfer.waitsForRoom();
  }

  @Override
  public void retryWrite() {
    if (unsent != null || transfer != null) {
      readyToWrite();
    }
  }

  /** Uses SO_LINGER, which the JDK does not document for non-blocking sockets, but supports. */
  @Override
  public void reset() {
    if (!isClosed() && remote instanceof InetSocketAddress) {
      try {
        channel.setOption(StandardSocketOptions.SO_LINGER, 0);
      } catch (IOException lostAlready) {
        // Then the peer knows.
      }
    }
    close();
  }

  @Override
  public void close() {
    giveBack();
    super.close();
    FileTransfer sending = transfer;
    WriteCompletion told = sending == null ? completion : sending.completion();
    transfer = null;
    takeBack();
    if (told != null) {
      told.failed(new ClosedChannelException());
    }
  }

  @Override
  public String describeWait() {
    return (channel.isConnected() ? "data from " : "a connection to ") + text(remote);
  }
}
