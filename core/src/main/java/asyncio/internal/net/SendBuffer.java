package asyncio.internal.net;

import asyncio.ExceptionContext;
import asyncio.internal.engine.Sink;
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
import java.lang.foreign.MemorySegment;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Objects;
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
  // In order: what is buffered, and who waits; the limit of a close; writing, which buffers; the
  // end
  // of the output; sending from where it is, for send() and for transfers; waiting; closing.

  private static final int FLUSH_AT = 64 * 1024;

  /**
   * The number of bytes sent without suspending, to a peer that keeps up, before {@link #drain}
   * lets other tasks run.
   */
  private static final int FAIR_SHARE = 1024 * 1024;

  private final Link link;
  private final int highWater;
  private final int lowWater;
  private final @Nullable Duration flushLimit;

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

  /** What is being sent from where it is, in memory of its owner; null if nothing is. */
  private @Nullable Direct direct;

  private boolean eofRequested;

  /** Whether the engine was told that the output ends. */
  private boolean ended;

  /** Whether the end failed, so that what was sent may not have arrived. */
  private boolean endFailed;

  /** Whether all is sent, and the connection waits for the peer to end, too. */
  private boolean lingering;

  private boolean closing;

  /** Bytes sent in the running step. */
  private int sentInStep;

  /** Bytes that the user wrote and that were never sent. */
  private long dropped;

  private final WaiterList drains = new WaiterList();
  private final WaiterList flushes = new WaiterList();
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
      link.sink().retryWrite();
      if (link.isClosed() || lingering) {
        return;
      }
      Duration limit = Objects.requireNonNull(flushLimit);
      long still = Durations.nanos(limit) - (link.scheduler.time() - movedAt);
      if (still > 0) {
        limitClose(Duration.ofNanos(still));
      } else {
        cut(limit);
      }
    }
  };

  private void limitClose(Duration left) {
    link.scheduler.timers().addSleeper(closeLimit, link.scheduler.deadline(left));
  }

  /** Runs on the loop's own thread. */
  private void cut(Duration limit) {
    cut = true;
    boolean nobodyWaits = closes.isEmpty();
    link.lose(new SocketTimeoutException("it was closed, and the peer took none of the last "
        + size()
        + " bytes within "
        + Durations.millis(limit)
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

  /**
   * Creates the sending half of {@code link}.
   *
   * @param flushLimit how long a peer may take nothing while this closes; null for ever
   */
  public SendBuffer(Link link, int highWater, int lowWater, @Nullable Duration flushLimit) {
    this.link = link;
    this.highWater = highWater;
    this.lowWater = lowWater;
    this.flushLimit = flushLimit;
    link.output = this;
  }

  /** Returns how many bytes were written and not yet taken. */
  public int size() {
    ByteBuffer room = lent;
    if (room != null) {
      return room.position();
    }
    Direct sending = direct;
    return pending.size() + (sending == null ? 0 : sending.data.remaining());
  }

  /** Returns whether the engine has memory that must be sent before anything else. */
  private boolean isUnderWay() {
    return writing || direct != null;
  }

  /** Returns whether all is sent, and the connection only waits for the peer to end, too. */
  public boolean isLingering() {
    return lingering;
  }

  public boolean isClosing() {
    return closing;
  }

  // ---- writing ----

  public void write(byte[] bytes, int offset, int length) throws IOException {
    checkWritable(length);
    flushIfFull(false); // a transfer may have buffered more than there is room for
    int from = offset;
    int left = length;
    while (left > 0 && !isUnderWay()) {
      // In pieces, so that a large array is not copied whole before the socket takes what it can.
      int piece = put(bytes, from, left);
      from += piece;
      left -= piece;
      flushIfFull(left > 0);
    }
    if (left > 0) {
      append(bytes, from, left);
    }
    pauseIfFull();
  }

  /** Sends the bytes between the buffer's position and its limit. */
  public void write(ByteBuffer bytes) throws IOException {
    if (bytes.hasArray()) {
      write(bytes.array(), bytes.arrayOffset() + bytes.position(), bytes.remaining());
      bytes.position(bytes.limit());
      return;
    }
    checkWritable(bytes.remaining());
    flushIfFull(false);
    while (bytes.hasRemaining() && !isUnderWay()) {
      put(bytes);
      flushIfFull(bytes.hasRemaining());
    }
    if (bytes.hasRemaining()) {
      byte[] copy = new byte[bytes.remaining()];
      bytes.get(copy);
      append(copy, 0, copy.length);
    }
    pauseIfFull();
  }

  private void flushIfFull(boolean more) throws IOException {
    if (more || size() >= FLUSH_AT) {
      flush();
      link.throwIfLost();
    }
  }

  private void pauseIfFull() {
    if (size() > highWater) {
      paused = true;
    }
  }

  private void append(byte[] bytes, int from, int length) {
    if (writing) {
      pending.appendBehindView(bytes, from, length);
    } else {
      pending.append(bytes, from, length);
    }
  }

  /**
   * Buffers as many of the bytes as there is room for until the next flush; returns their number.
   */
  private int put(byte[] bytes, int from, int length) {
    ByteBuffer room = room();
    if (room == null) {
      int piece = Math.min(length, FLUSH_AT - pending.size());
      pending.append(bytes, from, piece);
      return piece;
    }
    int piece = Math.min(length, room.remaining());
    room.put(bytes, from, piece);
    return piece;
  }

  private void put(ByteBuffer bytes) {
    ByteBuffer room = room();
    int piece =
        Math.min(bytes.remaining(), room == null ? FLUSH_AT - pending.size() : room.remaining());
    int limit = bytes.limit();
    bytes.limit(bytes.position() + piece);
    if (room == null) {
      pending.append(bytes);
    } else {
      room.put(bytes);
    }
    bytes.limit(limit);
  }

  /** Returns the engine's memory for what this step writes; null if there is none. */
  private @Nullable ByteBuffer room() {
    if (lent == null && pending.isEmpty()) {
      lent = link.sink().lend();
    }
    return lent;
  }

  /** Checks that {@code length} more bytes may be written, and has them sent when the step ends. */
  private void checkWritable(int length) throws IOException {
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
  }

  public void checkWritable() throws IOException {
    link.checkNotTaken("write()");
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
    if (isUnderWay() || link.isClosed() || link.isLost()) {
      return;
    }
    try {
      if (lent != null) {
        flushLent();
      }
      while (!pending.isEmpty()) {
        int count = link.sink().write(pending.view(), this);
        if (count == 0) {
          writing = true;
          return;
        }
        pending.discard(count);
        sent(count);
      }
      allSent();
    } catch (IOException failure) {
      link.lose(failure);
    }
  }

  private void flushLent() throws IOException {
    int size = size();
    lent = null;
    ByteBuffer rest;
    try {
      rest = link.sink().sendLent();
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
      endFailed = ended;
      link.lose(failure);
    }
  }

  @Override
  public void moved() {
    if (closing) {
      movedAt = link.scheduler.time();
    }
    TimeLimits limits = link.limits();
    if (limits != null) {
      limits.moved();
    }
  }

  /** Records that {@code count} bytes are no longer here. */
  private void sent(int count) {
    sentInStep += count;
    if (count > 0) {
      moved();
    }
    if (paused && size() <= lowWater) {
      paused = false;
      drains.wakeAll();
    }
  }

  private void allSent() throws IOException {
    flushes.wakeAll();
    if ((closing || eofRequested) && !ended) {
      ended = true;
      if (!link.sink().end(closing, this)) {
        writing = true;
        return;
      }
    }
    if (closing) {
      linger();
    } else {
      link.mayBeIdle();
    }
  }

  private void linger() {
    if (!lingering) {
      lingering = true;
      link.scheduler.timers().removeSleeper(closeLimit);
      if (!link.sink().linger(this)) {
        writing = true;
        link.mayBeIdle();
        return;
      }
    }
    finishClose();
  }

  /** Called when the connection is lost: a write or a read failed. */
  void lost() {
    drop();
    if (closing) {
      finishClose();
    }
  }

  /** Drops what is buffered: it will never be sent. */
  private void drop() {
    dropped += size();
    if (!lingering && !link.isClosed() && link.sink().holdsBytes()) {
      dropped++; // how many, the sink does not know any more
    }
    if (lent != null) {
      lent = null;
      link.sink().giveBack();
    }
    Direct sending = direct;
    if (sending != null) {
      link.sink().takeBack();
      sending.end();
    }
    pending.clear();
    paused = false;
    drains.wakeAll();
    flushes.wakeAll();
  }

  // ---- sending from where it is ----

  /**
   * Sends the bytes between the buffer's position and its limit, without copying them unless others
   * are on their way, and waits until the socket has taken them. If this is cancelled, what is left
   * is copied and still sent.
   */
  public void send(Fiber fiber, ByteBuffer data) throws IOException {
    checkWritable(data.remaining());
    flush();
    link.throwIfLost();
    if (isUnderWay() || !isForTheLoop(data)) {
      write(data); // a copy, which keeps its place behind what is there
      drain(fiber);
      return;
    }
    var sending = new Direct(fiber, data);
    direct = sending;
    try {
      sending.run();
    } catch (Throwable cancelled) {
      keep(sending);
      throw cancelled;
    }
    if (data.hasRemaining()) {
      checkOpen("send()"); // throws
    }
  }

  /** Whether the loop's own thread may read it: it sends what the socket does not take at once. */
  private boolean isForTheLoop(ByteBuffer data) {
    Thread own = link.scheduler.drivingThread();
    return !data.isDirect() || (own != null && MemorySegment.ofBuffer(data).isAccessibleBy(own));
  }

  /** Takes over what a cancelled coroutine was sending. */
  private void keep(Direct cancelled) {
    if (direct == cancelled) {
      cancelled.taken(link.sink().takeBack());
      direct = null;
      pending.prepend(cancelled.data); // before what others have written meanwhile
      flush();
      pauseIfFull();
    }
  }

  /** One {@link #send}. It stays first in line until all of it is sent. */
  private final class Direct implements WriteCompletion {
    private final Fiber fiber;
    private final ByteBuffer data;

    /** Whether the engine has the data. */
    private boolean underWay;

    private @Nullable Waiter waiter;

    Direct(Fiber fiber, ByteBuffer data) {
      this.fiber = fiber;
      this.data = data;
    }

    /** Sends everything, unless the connection is lost or closed meanwhile. */
    void run() {
      goOn();
      while (direct == this) {
        if (underWay) {
          await();
        } else {
          letOthersRun(fiber);
          if (direct == this) {
            goOn();
          }
        }
      }
    }

    private void await() {
      var wait = new PeerWaiter(fiber, "its output to ", " to be taken");
      waiter = wait;
      TimeLimits limits = link.limits();
      if (limits != null) {
        limits.waitBegins();
      }
      try {
        wait.awaitValue();
      } finally {
        waiter = null;
        if (limits != null) {
          limits.waitEnded();
        }
      }
    }

    /** Sends what the socket takes, or a fair share of it. */
    private void goOn() {
      try {
        while (data.hasRemaining()) {
          int count = link.sink().write(data, this);
          if (count == 0) {
            underWay = true;
            return;
          }
          taken(count);
          if (sentInStep > FAIR_SHARE) {
            return;
          }
        }
      } catch (IOException failure) {
        link.lose(failure);
        return;
      } catch (RuntimeException gone) { // the arena of its memory was closed
        link.lose(Sink.unreadable(gone));
        return;
      }
      end();
      flush(); // what others have written meanwhile, and the end of the output
    }

    private void taken(int count) {
      data.position(data.position() + count);
      sent(count);
    }

    /** Leaves the line. */
    void end() {
      direct = null;
      wake();
    }

    private void wake() {
      Waiter waiting = waiter;
      if (waiting != null) {
        waiting.wake();
      }
    }

    @Override
    public void written(int count) {
      underWay = false;
      taken(count);
      goOn();
      if (direct == this && !underWay) {
        wake();
      }
      sentInStep = 0; // sent by the loop, not in a step of the program
    }

    @Override
    public void moved() {
      SendBuffer.this.moved();
    }

    @Override
    public void failed(IOException failure) {
      SendBuffer.this.failed(failure);
    }
  }

  /**
   * Sends bytes in memory of the engine, which are good for this step only: what the socket does not
   * take at once is copied.
   */
  public void pass(ByteBuffer bytes) throws IOException {
    checkWritable(bytes.remaining());
    if (size() == 0 && !isUnderWay()) {
      try {
        passOn(bytes);
      } catch (IOException failure) {
        link.lose(failure);
        link.throwIfLost();
      }
    }
    if (bytes.hasRemaining()) {
      hold(bytes);
    }
  }

  /**
   * Buffers bytes without sending anything before this step has ended: to send what is buffered, the
   * engine may use the very memory that they are in.
   */
  private void hold(ByteBuffer bytes) {
    ByteBuffer room = lent;
    if (room != null) {
      lent = null;
      pending.append(room.duplicate().flip());
      link.sink().giveBack();
    }
    if (writing) {
      pending.appendBehindView(bytes);
    } else {
      pending.append(bytes);
    }
    pauseIfFull();
  }

  private void passOn(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      int count = link.sink().write(bytes, this);
      if (count == 0) {
        int late = link.sink().takeBack();
        bytes.position(bytes.position() + late);
        sent(late);
        return;
      }
      bytes.position(bytes.position() + count);
      sent(count);
    }
  }

  // ---- waiting ----

  public void drain(Fiber fiber) throws IOException {
    checkOpen("drain()");
    letOthersRun(fiber);
    if (paused && !isUnderWay()) {
      flush();
    }
    while (paused) {
      awaitPeer(drains, fiber);
    }
    checkOpen("drain()");
  }

  /** Waits until everything that was written is taken. */
  public void flush(Fiber fiber) throws IOException {
    checkOpen("flush()");
    flush();
    link.throwIfLost();
    while (size() > 0 || isUnderWay() || !isSettled()) {
      awaitPeer(flushes, fiber);
      if (link.isClosed() && !link.isLost() && dropped == 0) {
        return; // somebody closed it, and everything was sent before
      }
      checkOpen("flush()");
    }
    letOthersRun(fiber);
  }

  /** Returns whether what was taken has arrived; if not, that is under way from now on. */
  private boolean isSettled() throws IOException {
    try {
      writing = !link.sink().settle(this);
    } catch (IOException failure) {
      link.lose(failure);
      link.throwIfLost();
    }
    return !writing;
  }

  private void awaitPeer(WaiterList list, Fiber fiber) {
    TimeLimits limits = link.limits();
    if (limits != null) {
      limits.waitBegins();
    }
    try {
      list.await(new PeerWaiter(fiber, "its output to ", " to be taken"));
    } finally {
      if (limits != null) {
        limits.waitEnded();
      }
    }
  }

  private void letOthersRun(Fiber fiber) {
    if (sentInStep > FAIR_SHARE) {
      sentInStep = 0;
      fiber.yieldNow();
    }
  }

  private void checkOpen(String call) throws IOException {
    link.throwIfLost();
    link.throwIfClosed(call);
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
    if (link.isTaken() && size() == 0) { // a handshake uses the stream: there is no end to say
      abort();
      return;
    }
    movedAt = link.scheduler.time();
    flush();
    if (!link.isClosed() && !lingering && flushLimit != null) {
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
      flushes.wakeAll();
      closes.wakeAll();
    }
  }

  /** Composes its text only if somebody asks for it. */
  private final class PeerWaiter extends Waiter {
    private final String after;

    PeerWaiter(Fiber fiber, String before, String after) {
      super(fiber, link.sink().waitKind(), before);
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
    if ((dropped > 0 || endFailed) && link.isLost()) {
      throw link.lostException();
    }
  }
}
