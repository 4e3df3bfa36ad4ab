package asyncio.internal.engine;

import asyncio.PeerCredentials;
import asyncio.WaitKind;
import asyncio.internal.scheduler.Owner;
import asyncio.internal.scheduler.Scheduler;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** One end of a connection in memory, between two coroutines of one loop. Loop-confined. */
public final class MemoryStream implements StreamHandle {
  private final MemoryPipe in;
  private final MemoryPipe out;
  private final SocketAddress local;
  private final SocketAddress remote;

  private MemoryStream(MemoryPipe in, MemoryPipe out, SocketAddress local, SocketAddress remote) {
    this.in = in;
    this.out = out;
    this.local = local;
    this.remote = remote;
  }

  /** Two ends of one connection. */
  public record Pair(MemoryStream one, MemoryStream other) {}

  /**
   * Creates a connection.
   *
   * @param capacity how many bytes it holds in each direction
   */
  public static Pair pair(
      Scheduler scheduler, int capacity, SocketAddress one, SocketAddress other) {
    var there = new MemoryPipe(scheduler, capacity);
    var back = new MemoryPipe(scheduler, capacity);
    return new Pair(
        new MemoryStream(back, there, one, other), new MemoryStream(there, back, other, one));
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
  public <T> T option(SocketOption<T> option) {
    throw noOption(option);
  }

  @Override
  public <T> void setOption(SocketOption<T> option, T value) {
    throw noOption(option);
  }

  private static UnsupportedOperationException noOption(SocketOption<?> option) {
    return new UnsupportedOperationException(
        "A connection in memory is no socket, so it has no option " + option.name() + ".");
  }

  @Override
  public @Nullable PeerCredentials credentials() {
    return null;
  }

  @Override
  public @Nullable ByteBuffer read(int max) throws IOException {
    return in.source().read(max);
  }

  @Override
  public int read(ByteBuffer into) throws IOException {
    return in.source().read(into);
  }

  @Override
  public boolean discard(int max, WriteCompletion completion) throws IOException {
    return in.discard(max, completion);
  }

  @Override
  public @Nullable ByteBuffer lend() {
    return out.sink().lend();
  }

  @Override
  public ByteBuffer sendLent() throws IOException {
    return out.sink().sendLent();
  }

  @Override
  public void giveBack() {
    out.sink().giveBack();
  }

  @Override
  public int write(ByteBuffer data, WriteCompletion completion) throws IOException {
    return out.sink().write(data, completion);
  }

  @Override
  public int takeBack() {
    return out.sink().takeBack();
  }

  @Override
  public void retryWrite() {
    out.sink().retryWrite();
  }

  @Override
  public boolean end(boolean closes, WriteCompletion completion) throws IOException {
    return out.sink().end(closes, completion);
  }

  @Override
  public WaitKind waitKind() {
    return in.source().waitKind();
  }

  @Override
  public void belongsTo(Owner owner) {
    // It holds nothing of the operating system, so nobody is told when it is left open.
  }

  @Override
  public void close() {
    out.sink().close();
    in.source().close();
  }

  @Override
  public void reset() {
    out.fail(new IOException("Connection reset"));
    close();
  }
}
