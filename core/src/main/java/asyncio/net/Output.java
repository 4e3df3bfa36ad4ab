package asyncio.net;

import asyncio.Asyncio;
import asyncio.ExceptionContext;
import asyncio.WaitKind;
import asyncio.internal.engine.WriteCompletion;
import asyncio.internal.loop.Callback;
import asyncio.internal.loop.Durations;
import asyncio.internal.loop.Fiber;
import asyncio.internal.loop.StepEnd;
import asyncio.internal.loop.Timer;
import asyncio.internal.loop.Waiter;
import asyncio.internal.loop.WaiterList;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The sending half of a connection: bytes wait here until the step ends or {@value #FLUSH_AT} are
 * together, and then as long as the socket takes no more. Loop-confined.
 *
 * <p>Until the step ends they wait in memory of the engine, so that a connection whose peer keeps
 * up has no memory of its own for them. Only when another stream has that memory, or the socket
 * does not take all, they wait in {@link #pending}.
 *
 * <pre>
 *   OPEN --close()--> CLOSING --all is sent, the connection is lost, or the peer takes
 *                               nothing for as long as the limit--> CLOSED
 *   OPEN, CLOSING --abort()--> CLOSED
 * </pre>
 *
 * <p>Where something that was written is dropped the connection is reset: after an orderly end the
 * peer would take what it has for the whole.
 */
final class Output implements WriteCompletion {
  private static final int FLUSH_AT = 64 * 1024;

  /**
   * So much is sent without suspending before {@link #drain} lets others run, if the peer keeps up
   * that long.
   */
  private static final int FAIR_SHARE = 1024 * 1024;

  private final Wire wire;
  private final int highWater;
  private final int lowWater;
  private final Duration flushLimit;

  /**
   * What the running step wrote so far, in memory that the engine lent; null when it lent none.
   * Then nothing is in {@link #pending}, and no write is under way.
   */
  private @Nullable ByteBuffer lent;

  private final ByteFifo pending = new ByteFifo();

  /** The engine looks at the view of {@link #pending} until it completes. */
  private boolean writing;

  /** More than the high water mark waits, and it has not fallen to the low one since. */
  private boolean paused;

  private boolean eofRequested;
  private boolean eofSent;
  private boolean closing;

  /** Bytes sent in the step that runs. */
  private int sentInStep;

  /** Bytes that were written by the user and never sent. */
  private long dropped;

  private final WaiterList drains = new WaiterList();
  private final WaiterList closes = new WaiterList();

  private final StepEnd atStepEnd =
      new StepEnd() {
        @Override
        protected void stepEnded() {
          flush();
          sentInStep = 0;
        }
      };

  /** When the socket last took something, since close(). */
  private long movedAt;

  /** The close limit struck. */
  private boolean cut;

  private final Timer closeLimit =
      new Timer() {
        @Override
        protected void fire() {
          // A selector tells late: of a socket that waits to be written to, only when a third of
          // its buffer is free. A slow peer needs longer for that than the limit.
          wire.handle.retryWrite();
          if (wire.isClosed()) {
            return;
          }
          long still = Durations.nanos(flushLimit) - (wire.loop.time() - movedAt);
          if (still > 0) {
            limitClose(Duration.ofNanos(still));
          } else {
            cut();
          }
        }
      };

  private void limitClose(Duration left) {
    wire.loop.addSleeper(closeLimit, Durations.deadline(wire.loop, left));
  }

  /** On the loop's own thread. */
  private void cut() {
    cut = true;
    boolean nobodyWaits = closes.isEmpty();
    lose(
        new SocketTimeoutException(
            "it was closed, and the peer took none of the last "
                + size()
                + " bytes within "
                + Durations.millis(flushLimit)
                + " ms, so it was reset. withCloseFlushLimit() gives slow peers more time"));
    if (nobodyWaits) {
      report();
    }
  }

  private void report() {
    IOException lost = wire.lostException();
    wire.loop.add(
        new Callback() {
          @Override
          protected void call() {
            Asyncio.runningLoop()
                .callExceptionHandler(
                    new ExceptionContext(
                        "The connection to "
                            + wire.peer
                            + " was reset before everything that was written had been sent; nobody"
                            + " was waiting for its close.",
                        lost,
                        null));
          }
        });
  }

  /** Whether this side gave up on a peer that took no more: its loss is not the peer's doing. */
  boolean wasCut() {
    return cut;
  }

  Output(Wire wire, int highWater, int lowWater, Duration flushLimit) {
    this.wire = wire;
    this.highWater = highWater;
    this.lowWater = lowWater;
    this.flushLimit = flushLimit;
  }

  int size() {
    ByteBuffer room = lent;
    return room != null ? room.position() : pending.size();
  }

  boolean isClosing() {
    return closing;
  }

  // ---- writing ----

  void write(byte[] bytes, int offset, int length) throws IOException {
    checkWritable();
    if (size() > 0 && length > ByteFifo.maxCapacity - FLUSH_AT - size()) {
      throw new IllegalStateException(
          "write() of "
              + length
              + " bytes while "
              + size()
              + " wait to be sent to "
              + wire.peer
              + ": more than 2 GiB can't wait. Call drain() between writes: it waits until the peer"
              + " has taken what was written.");
    }
    wire.loop.atStepEnd(atStepEnd);
    int from = offset;
    int left = length;
    while (left > 0) {
      if (writing) {
        pending.appendBehindView(bytes, from, left);
        break;
      }
      // In pieces, so that a large array is not copied whole before the socket has taken what it
      // can.
      int piece = put(bytes, from, left);
      from += piece;
      left -= piece;
      if (left > 0 || size() >= FLUSH_AT) {
        flush();
        wire.throwIfLost();
      }
    }
    if (size() > highWater) {
      paused = true;
    }
  }

  /** Takes as many of the bytes as there is room for until the next flush. */
  private int put(byte[] bytes, int from, int length) {
    if (lent == null && pending.isEmpty()) {
      lent = wire.handle.lend();
    }
    ByteBuffer room = lent;
    if (room == null) {
      int piece = Math.min(length, FLUSH_AT - pending.size());
      pending.append(bytes, from, piece);
      return piece;
    }
    int piece = Math.min(length, room.remaining());
    room.put(bytes, from, piece);
    return piece;
  }

  private void checkWritable() throws IOException {
    wire.throwIfLost();
    if (closing) {
      throw wire.closedException("write()");
    }
    if (eofRequested) {
      throw new IllegalStateException(
          "write() after writeEof(): the peer at "
              + wire.peer
              + " was told that nothing more will come.");
    }
  }

  /** Sends what the socket takes; the engine goes on with the rest. */
  private void flush() {
    if (writing || wire.isClosed() || wire.isLost()) {
      return;
    }
    try {
      if (lent != null) {
        flushLent();
      }
      while (!pending.isEmpty()) {
        int count = wire.handle.write(pending.view(), this);
        if (count == 0) {
          writing = true;
          return;
        }
        pending.discard(count);
        sent(count);
      }
      allSent();
    } catch (IOException failure) {
      lose(failure);
    }
  }

  private void flushLent() throws IOException {
    int size = size();
    lent = null;
    ByteBuffer rest;
    try {
      rest = wire.handle.sendLent();
    } catch (IOException failure) {
      dropped += size;
      throw failure;
    }
    int left = rest.remaining();
    if (left > 0) {
      pending.append(rest);
    }
    sent(size - left);
  }

  @Override
  public void written(int count) {
    writing = false;
    if (wire.isLost()) {
      return; // a read found out first, and what was under way is dropped already
    }
    pending.discard(count);
    sent(count);
    flush();
    sentInStep = 0; // sent by the loop, in no step of the program's
  }

  @Override
  public void failed(IOException failure) {
    writing = false;
    lose(failure);
  }

  /** So many bytes are no longer here. */
  private void sent(int count) {
    sentInStep += count;
    if (closing && count > 0) {
      movedAt = wire.loop.time();
    }
    if (paused && pending.size() <= lowWater) {
      paused = false;
      drains.wakeAll();
    }
  }

  private void allSent() throws IOException {
    if (closing) {
      finishClose();
    } else if (eofRequested && !eofSent) {
      eofSent = true;
      wire.handle.shutdownOutput();
    }
  }

  /** The connection is lost: a write failed, or a read. */
  void lose(IOException failure) {
    wire.lose(failure);
    drop();
    if (closing) {
      finishClose();
    }
  }

  /** What waits will never be sent. */
  private void drop() {
    dropped += size();
    if (lent != null) {
      lent = null;
      wire.handle.giveBack();
    }
    pending.clear();
    paused = false;
    drains.wakeAll();
  }

  // ---- waiting ----

  void drain(Fiber fiber) throws IOException {
    checkDrainable();
    if (sentInStep > FAIR_SHARE) {
      sentInStep = 0;
      fiber.yieldNow();
    }
    if (paused && !writing) {
      flush();
    }
    while (paused) {
      drains.await(new PeerWaiter(fiber, "its output to ", " to be taken"));
    }
    checkDrainable();
  }

  private void checkDrainable() throws IOException {
    wire.throwIfLost();
    wire.throwIfClosed("drain()");
  }

  // ---- the end ----

  void writeEof() throws IOException {
    if (eofRequested) {
      return;
    }
    checkWritable();
    eofRequested = true;
    flush();
    wire.throwIfLost();
  }

  /** Closes when all is sent, or when the peer takes nothing for as long as the limit. */
  void close() {
    if (closing) {
      return;
    }
    closing = true;
    if (wire.isLost()) {
      finishClose();
      return;
    }
    movedAt = wire.loop.time();
    flush();
    if (!wire.isClosed()) {
      limitClose(flushLimit);
    }
  }

  /** Closes at once. */
  void abort() {
    closing = true;
    drop();
    finishClose();
  }

  private void finishClose() {
    if (!wire.isClosed()) {
      wire.loop.removeSleeper(closeLimit);
      if (dropped > 0) {
        wire.reset();
      } else {
        wire.close();
      }
      drains.wakeAll();
      closes.wakeAll();
    }
  }

  /** The text is made only when somebody asks for it. */
  private final class PeerWaiter extends Waiter {
    private final String after;

    PeerWaiter(Fiber fiber, String before, String after) {
      super(fiber, WaitKind.SOCKET, before);
      this.after = after;
    }

    @Override
    public String describe() {
      return super.describe() + wire.peer + after;
    }
  }

  /** Waits until the connection is closed. */
  void awaitClosed(Fiber fiber) throws IOException {
    while (!wire.isClosed()) {
      closes.await(new PeerWaiter(fiber, "the connection with ", " to close"));
    }
    if (dropped > 0 && wire.isLost()) {
      throw wire.lostException();
    }
  }
}
