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
import java.nio.channels.FileChannel;
import java.time.Duration;
import java.util.Objects;
import java.util.function.IntConsumer;
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
  // In order: what is buffered, and who waits; the limit of a close; writing, which buffers;
  // sending from where it is, for send() and for transfers; waiting; closing.

  private static final int FLUSH_AT = 64 * 1024;

  /**
   * The number of bytes sent without suspending, to a peer that keeps up, before {@link #drain}
   * lets other tasks run.
   */
  private static final int FAIR_SHARE = 1024 * 1024;

  /** How long a helper thread may take before it is looked at again. */
  private static final long HELPER_MILLIS = 100;

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
  private @Nullable Sending direct;

  /** Who sends a file, while nobody else may write; null if nobody does. */
  private @Nullable Fiber fileSender;

  /** Whether a file was not sent whole, and nothing was written since. */
  private boolean fileIsCut;

  /** Why bytes for a file, which are still here, could not be written; null once it was told. */
  private @Nullable IOException stuck;

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

  /** Whether a helper has been asked whether the peer takes more. */
  private boolean retried;

  /** Whether the close limit has struck. */
  private boolean cut;

  private final Timer closeLimit = new Timer() {
    @Override
    protected void fire() {
      // A selector reports late that a socket can be written to: only when a third of its
      // buffer is free. A slow peer needs longer for that than the limit.
      if (!retried) {
        link.sink().retryWrite();
      }
      if (link.isClosed() || lingering) {
        return;
      }
      if (link.sink().isBusy() || (fileSender != null && !isUnderWay())) {
        retried = true; // a helper tries, or reads from a disk: that is not the peer's fault
        limitClose(Duration.ofMillis(HELPER_MILLIS));
        return;
      }
      retried = false;
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
    Sending sending = direct;
    long left = pending.size() + (sending == null ? 0 : sending.left());
    return (int) Math.min(left, Integer.MAX_VALUE);
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
    if (length > 0) {
      fileIsCut = false; // whoever writes on knows
    }
    link.scheduler.afterStep().add(atStepEnd);
  }

  public void checkWritable() throws IOException {
    link.checkNotTaken("write()");
    link.throwIfLost();
    Fiber sender = fileSender;
    if (sender != null && sender != link.scheduler.currentFiber()) {
      throw new IllegalStateException("write() while "
          + sender.describe()
          + " sends a file to "
          + link.peer
          + ": the bytes would end up in the middle of the file. Wait until it has been sent, or"
          + " write from the same task.");
    }
    if (closing && (sender == null || link.isClosed())) {
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
    if (isUnderWay() || stuck != null || link.isClosed() || link.isLost()) {
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

  /** Keeps the bytes for a file that could not be written, and tells who asks next. */
  private void getStuck(IOException failure) {
    stuck = new IOException(
        "The last "
            + size()
            + " bytes for "
            + link.peer
            + " could not be written: "
            + failure.getMessage()
            + ". They are still buffered: fix the cause (make room on the disk, for example) and call"
            + " flush() to try again. Don't write them a second time.",
        failure);
    drains.wakeAll();
    flushes.wakeAll();
  }

  /** Tells once why the bytes that are still here were not written; after that they are tried again. */
  private void throwIfStuck() throws IOException {
    IOException told = stuck;
    if (told != null && !closing) {
      stuck = null;
      throw told;
    }
  }

  @Override
  public void failed(IOException failure) {
    writing = false;
    if (link.sink().isFile() && !closing && !link.isClosed()) {
      getStuck(failure);
      return;
    }
    if (!link.isClosed()) { // otherwise this side ended the write, and its bytes are dropped
      endFailed = ended;
      link.lose(
          link.sink().isFile()
              ? new IOException(
                  "its last " + size() + " bytes could not be written: " + failure.getMessage(),
                  failure)
              : failure);
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
  void sent(int count) {
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
    if (fileSender != null) {
      return; // there is more to come
    }
    if (fileIsCut && closing) {
      dropped++; // the peer must not take what it has for the whole
      finishClose();
      return;
    }
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
    if (fileIsCut || fileSender != null) {
      dropped++; // the rest of a file
    }
    if (!lingering && !link.isClosed() && link.sink().holdsBytes()) {
      dropped++; // how many, the sink does not know any more
    }
    if (lent != null) {
      lent = null;
      link.sink().giveBack();
    }
    Sending sending = direct;
    if (sending != null) {
      link.sink().takeBack();
      direct = null;
      sending.wake();
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
    if (isUnderWay() || link.sink().isFile() || !isForTheLoop(data)) {
      write(data); // a copy, which keeps its place behind what is there
      drain(fiber);
      return;
    }
    var sending = new BufferSending(this, fiber, data);
    direct = sending;
    try {
      sending.run();
    } catch (Throwable cancelled) {
      keep(sending, data);
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
  private void keep(BufferSending cancelled, ByteBuffer data) {
    if (direct == cancelled) {
      cancelled.taken(link.sink().takeBack());
      direct = null;
      pending.prepend(data); // before what others have written meanwhile
      flush();
      pauseIfFull();
    }
  }

  /**
   * Says that {@code fiber} sends a file until {@link #endFile}, and that nobody else may write
   * meanwhile. Waits until what was written before is taken.
   */
  public void beginFile(Fiber fiber) throws IOException {
    checkWritable();
    fileSender = fiber;
    try {
      flush(fiber);
    } catch (Throwable failed) {
      fileSender = null;
      if (closing) {
        flush(); // somebody closed it meanwhile
      }
      throw failed;
    }
  }

  /** Returns whether some of a file is still being sent. */
  public boolean isSendingFile() {
    return direct instanceof FileSending;
  }

  /**
   * Ends what {@link #beginFile} began.
   *
   * @param whole whether all of it was sent
   */
  public void endFile(boolean whole) {
    fileSender = null;
    fileIsCut = !whole;
    if (closing) {
      flush(); // somebody closed it meanwhile
    }
  }

  /**
   * Sends bytes of a file without bringing them into the program, until {@code count} are sent, the
   * file ends, or the connection is closed. If this is cancelled, a piece that is under way is still
   * sent. After {@link #beginFile}.
   *
   * @param told is told of each piece that was sent
   * @return whether this can be done here; if not, nothing has been
   */
  public boolean sendFile(
      Fiber fiber, FileChannel file, long position, long count, IntConsumer told)
      throws IOException {
    if (!link.sink().sendsFiles(file)) {
      return false;
    }
    checkWritable();
    var sending = new FileSending(this, fiber, file, position, count, told);
    direct = sending;
    try {
      sending.run();
    } catch (Throwable cancelled) {
      if (direct == sending && !sending.stop(link.sink())) {
        leaves(sending);
      }
      throw cancelled;
    }
    IOException unread = sending.failure();
    if (unread != null) {
      unread.fillInStackTrace(); // with that of the caller: the helper's says nothing
      throw unread;
    }
    if (sending.left() > 0) {
      checkOpen("sendFile()"); // throws
    }
    return true;
  }

  // ---- what a Sending needs ----

  Sink sink() {
    return link.sink();
  }

  /** Returns whether it is first in line. */
  boolean isFirst(Sending sending) {
    return direct == sending;
  }

  /** All of it is sent. */
  void leaves(Sending sending) {
    direct = null;
    sending.wake();
    flush(); // what others have written meanwhile, and the end of the output
  }

  void lose(IOException failure) {
    link.lose(failure);
  }

  /** Waits until the sink has taken some of it, or it has left. */
  void await(Fiber fiber, Sending sending) {
    var wait = new PeerWaiter(fiber, "its output to ", " to be taken");
    sending.waits(wait);
    TimeLimits limits = link.limits();
    if (limits != null) {
      limits.waitBegins();
    }
    try {
      wait.awaitValue();
    } finally {
      sending.waits(null);
      if (limits != null) {
        limits.waitEnded();
      }
    }
  }

  boolean hasSentItsShare() {
    return sentInStep > FAIR_SHARE;
  }

  /** What was sent just now was sent by the loop, not in a step of the program. */
  void loopHasSent() {
    sentInStep = 0;
  }

  /**
   * Sends bytes in memory of the engine, which are good for this step only: what the socket does not
   * take at once is copied.
   */
  public void pass(ByteBuffer bytes) throws IOException {
    checkWritable(bytes.remaining());
    if (size() == 0 && !isUnderWay() && !link.sink().isFile()) {
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
    while (paused) {
      flush();
      if (paused) {
        awaitPeer(drains, fiber);
        throwIfStuck();
      }
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
      flush(); // if it was stuck, and somebody else was told
      link.throwIfLost();
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

  void letOthersRun(Fiber fiber) {
    if (sentInStep > FAIR_SHARE) {
      sentInStep = 0;
      fiber.yieldNow();
    }
  }

  private void checkOpen(String call) throws IOException {
    link.throwIfLost();
    throwIfStuck();
    link.throwIfClosed(call);
  }

  // ---- the end ----

  public void writeEof() throws IOException {
    if (eofRequested) {
      return;
    }
    checkWritable();
    if (fileIsCut) {
      throw new IllegalStateException(
          "writeEof() after a file of which only a part was sent: the peer"
              + " at "
              + link.peer
              + " would take that for the whole. close() resets the connection; or write something that"
              + " tells.");
    }
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
    stuck = null; // it is tried once more
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
      closes.await(
          new PeerWaiter(fiber, link.isConnection() ? "the connection with " : "", " to close"));
    }
    if ((dropped > 0 || endFailed) && link.isLost()) {
      throw link.lostException();
    }
  }
}
