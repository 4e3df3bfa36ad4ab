package asyncio.internal.net;

import asyncio.ExceptionContext;
import asyncio.WaitKind;
import asyncio.internal.engine.WriteCompletion;
import asyncio.internal.scheduler.AfterStep;
import asyncio.internal.scheduler.Callback;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.Timer;
import asyncio.internal.scheduler.Waiter;
import asyncio.internal.scheduler.WaiterList;
import asyncio.internal.task.TaskHost;
import asyncio.internal.util.ByteFifo;
import asyncio.internal.util.Durations;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The sending half of a connection. Bytes are buffered here until the step ends or {@value
 * #FLUSH_AT} bytes have gathered, and then for as long as the socket takes no more. Loop-confined.
 *
 * <p>Until the step ends they are kept in memory lent by the engine, so that a connection whose
 * peer keeps up needs no memory of its own for them. They move to {@link #pending} only if another
 * stream has that memory, or if the socket does not take everything.
 *
 * <pre>
 *   OPEN --close()--> CLOSING --all is sent, the connection is lost, or the peer takes
 *                               nothing for as long as the limit--> CLOSED
 *   OPEN, CLOSING --abort()--> CLOSED
 * </pre>
 *
 * <p>If something that was written is dropped, the connection is reset: after an orderly end the
 * peer would take what it has for the whole.
 */
public final class SendBuffer implements WriteCompletion {
  private static final int FLUSH_AT = 64 * 1024;

  /**
   * The number of bytes sent without suspending, to a peer that keeps up, before {@link #drain}
   * lets other tasks run.
   */
  private static final int FAIR_SHARE = 1024 * 1024;

  private final Link link;
  private final int highWater;
  private final int lowWater;
  private final Duration flushLimit;

  /**
   * What the running step has written so far, in memory lent by the engine; null if none is lent.
   * While it is lent, {@link #pending} is empty and no write is under way.
   */
  private @Nullable ByteBuffer lent;

  private final ByteFifo pending = new ByteFifo();

  /** Whether the engine is using the view of {@link #pending}, until the write completes. */
  private boolean writing;

  /** Whether the buffer has exceeded the high water mark and not yet fallen to the low one. */
  private boolean paused;

  private boolean eofRequested;
  private boolean eofSent;
  private boolean closing;

  /** Bytes sent in the running step. */
  private int sentInStep;

  /** Bytes that the user wrote and that were never sent. */
  private long dropped;

  private final WaiterList drains = new WaiterList();
  private final WaiterList closes = new WaiterList();

  private final AfterStep atStepEnd = new AfterStep() {
    @Override
    protected void stepEnded() {
      flush();
      sentInStep = 0;
    }
  };

  /** When the socket last took something, since close(). */
  private long movedAt;

  /** Whether the close limit has struck. */
  private boolean cut;

  private final Timer closeLimit = new Timer() {
    @Override
    protected void fire() {
      // A selector reports late that a socket can be written to: only when a third of its
      // buffer is free. A slow peer needs longer for that than the limit.
      link.handle.retryWrite();
      if (link.isClosed()) {
        return;
      }
      long still = Durations.nanos(flushLimit) - (link.scheduler.time() - movedAt);
      if (still > 0) {
        limitClose(Duration.ofNanos(still));
      } else {
        cut();
      }
    }
  };

  private void limitClose(Duration left) {
    link.scheduler.timers().addSleeper(closeLimit, link.scheduler.deadline(left));
  }

  /** Runs on the loop's own thread. */
  private void cut() {
    cut = true;
    boolean nobodyWaits = closes.isEmpty();
    lose(new SocketTimeoutException("it was closed, and the peer took none of the last "
        + size()
        + " bytes within "
        + Durations.millis(flushLimit)
        + " ms, so it was reset. withCloseFlushLimit() gives slow peers more time"));
    if (nobodyWaits) {
      report();
    }
  }

  private void report() {
    IOException lost = link.lostException();
    link.scheduler.add(new Callback() {
      @Override
      protected void call() {
        TaskHost.of(link.scheduler)
            .reports()
            .tell(new ExceptionContext(
                "The connection to "
                    + link.peer
                    + " was reset before everything that was written had been sent; no task"
                    + " was waiting for it to close.",
                lost,
                null));
      }
    });
  }

  /**
   * Returns whether this side gave up on a peer that took no more data: then the loss is not the
   * peer's doing.
   */
  public boolean wasCut() {
    return cut;
  }

  public SendBuffer(Link link, int highWater, int lowWater, Duration flushLimit) {
    this.link = link;
    this.highWater = highWater;
    this.lowWater = lowWater;
    this.flushLimit = flushLimit;
  }

  public int size() {
    ByteBuffer room = lent;
    return room != null ? room.position() : pending.size();
  }

  public boolean isClosing() {
    return closing;
  }

  // ---- writing ----

  public void write(byte[] bytes, int offset, int length) throws IOException {
    checkWritable();
    if (size() > 0 && length > ByteFifo.maxCapacity - FLUSH_AT - size()) {
      throw new IllegalStateException("write() of "
          + length
          + " bytes while "
          + size()
          + " are waiting to be sent to "
          + link.peer
          + ": no more than 2 GiB can be buffered. Call drain() between writes: it waits until"
          + " the peer has taken what was written.");
    }
    link.scheduler.afterStep().add(atStepEnd);
    int from = offset;
    int left = length;
    while (left > 0) {
      if (writing) {
        pending.appendBehindView(bytes, from, left);
        break;
      }
      // In pieces, so that a large array is not copied whole before the socket takes what it can.
      int piece = put(bytes, from, left);
      from += piece;
      left -= piece;
      if (left > 0 || size() >= FLUSH_AT) {
        flush();
        link.throwIfLost();
      }
    }
    if (size() > highWater) {
      paused = true;
    }
  }

  /**
   * Buffers as many of the bytes as there is room for until the next flush; returns their number.
   */
  private int put(byte[] bytes, int from, int length) {
    if (lent == null && pending.isEmpty()) {
      lent = link.handle.lend();
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
    link.throwIfLost();
    if (closing) {
      throw link.closedException("write()");
    }
    if (eofRequested) {
      throw new IllegalStateException("write() after writeEof(): the peer at "
          + link.peer
          + " has been told that nothing more will come.");
    }
  }

  /** Sends what the socket takes; the engine continues with the rest. */
  private void flush() {
    if (writing || link.isClosed() || link.isLost()) {
      return;
    }
    try {
      if (lent != null) {
        flushLent();
      }
      while (!pending.isEmpty()) {
        int count = link.handle.write(pending.view(), this);
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
      rest = link.handle.sendLent();
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
    if (link.isLost()) {
      return; // a read noticed it first, and what was under way has been dropped
    }
    pending.discard(count);
    sent(count);
    flush();
    sentInStep = 0; // sent by the loop, not in a step of the program
  }

  @Override
  public void failed(IOException failure) {
    writing = false;
    if (!link.isClosed()) { // otherwise this side ended the write, and its bytes are dropped
      lose(failure);
    }
  }

  /** Records that {@code count} bytes are no longer here. */
  private void sent(int count) {
    sentInStep += count;
    if (closing && count > 0) {
      movedAt = link.scheduler.time();
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
      link.handle.end();
    }
  }

  /** Marks the connection as lost: a write or a read failed. */
  public void lose(IOException failure) {
    link.lose(failure);
    drop();
    if (closing) {
      finishClose();
    }
  }

  /** Drops what is buffered: it will never be sent. */
  private void drop() {
    dropped += size();
    if (lent != null) {
      lent = null;
      link.handle.giveBack();
    }
    pending.clear();
    paused = false;
    drains.wakeAll();
  }

  // ---- waiting ----

  public void drain(Fiber fiber) throws IOException {
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
    link.throwIfLost();
    link.throwIfClosed("drain()");
  }

  // ---- the end ----

  public void writeEof() throws IOException {
    if (eofRequested) {
      return;
    }
    checkWritable();
    eofRequested = true;
    flush();
    link.throwIfLost();
  }

  /** Closes once everything is sent, or once the peer takes nothing for as long as the limit. */
  public void close() {
    if (closing) {
      return;
    }
    closing = true;
    if (link.isLost()) {
      finishClose();
      return;
    }
    movedAt = link.scheduler.time();
    flush();
    if (!link.isClosed()) {
      limitClose(flushLimit);
    }
  }

  /** Closes immediately. */
  public void abort() {
    closing = true;
    drop();
    finishClose();
  }

  private void finishClose() {
    if (!link.isClosed()) {
      link.scheduler.timers().removeSleeper(closeLimit);
      if (dropped > 0) {
        link.reset();
      } else {
        link.close();
      }
      drains.wakeAll();
      closes.wakeAll();
    }
  }

  /** Composes its text only if somebody asks for it. */
  private final class PeerWaiter extends Waiter {
    private final String after;

    PeerWaiter(Fiber fiber, String before, String after) {
      super(fiber, WaitKind.SOCKET, before);
      this.after = after;
    }

    @Override
    public String describe() {
      return super.describe() + link.peer + after;
    }
  }

  /** Waits until the connection is closed. */
  public void awaitClosed(Fiber fiber) throws IOException {
    while (!link.isClosed()) {
      closes.await(new PeerWaiter(fiber, "the connection with ", " to close"));
    }
    if (dropped > 0 && link.isLost()) {
      throw link.lostException();
    }
  }
}
