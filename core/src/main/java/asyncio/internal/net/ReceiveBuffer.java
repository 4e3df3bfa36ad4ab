package asyncio.internal.net;

import asyncio.LimitOverrunException;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.util.ByteFifo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import org.jspecify.annotations.Nullable;

/**
 * The receiving half of a connection: what came and was not read, who reads, and whether the end
 * has been seen. One task reads at a time. Loop-confined.
 */
public final class ReceiveBuffer {
  /** The most that is received at once. */
  public static final int MAX_CHUNK = 64 * 1024;

  private static final byte[] NOTHING = {};

  // Immutable.
  private final Link link;
  private final int limit;

  /** How much is received at once for callers that take less. */
  public final int chunk;

  // Loop-confined.
  /** What came and was not read. */
  public final ByteFifo bytes = new ByteFifo();

  private boolean eof;

  /** Who reads; during a transfer also while it writes. */
  private @Nullable Fiber waiting;

  /** Whether it waits for bytes to come. */
  private boolean receiving;

  /**
   * Creates an empty buffer.
   *
   * @param limit how many bytes a line, or another piece with a separator, may have
   */
  public ReceiveBuffer(Link link, int limit) {
    this.link = link;
    this.limit = limit;
    this.chunk = Math.min(limit, MAX_CHUNK);
  }

  /** Returns whether the end has been seen and everything before it was read. */
  public boolean isAtEnd() {
    return eof && bytes.isEmpty();
  }

  /** Returns whether the end has been seen. */
  public boolean hasSeenEnd() {
    return eof;
  }

  /** Returns whether a task waits for bytes to come, and none are here. */
  public boolean waitsForSomethingNew() {
    Fiber reader = waiting;
    return receiving && bytes.isEmpty() && reader != null && reader.isInOpenWait();
  }

  /** Says that the running task reads until {@link #endTransfer}, also while it writes. */
  public void beginTransfer() {
    waiting = link.scheduler.currentFiber();
  }

  /** Ends what {@link #beginTransfer} began. */
  public void endTransfer() {
    waiting = null;
  }

  /** Keeps what the caller has no room for. */
  public void keep(ByteBuffer came) {
    if (came.hasRemaining()) {
      bytes.append(came);
    }
  }

  /** Checks that the running task may read. */
  public void begin(String what) throws IOException {
    Fiber fiber = link.requireTask(what);
    fiber.breathe();
    checkNobodyReads(what);
    link.checkNotTaken(what);
    link.throwIfClosed(what);
    SendBuffer output = link.output;
    if (output != null && output.isLingering()) {
      throw link.closedException(what);
    }
  }

  /** Checks that no task reads. */
  public void checkNobodyReads(String what) {
    Fiber other = waiting;
    if (other != null) {
      Fiber caller = link.scheduler.currentFiber();
      throw new IllegalStateException((caller == null ? "A callback" : caller.describe())
          + " called "
          + what
          + " while "
          + other.describe()
          + " waits for data from the same "
          + (link.isConnection() ? "connection, with " + link.peer : link.what)
          + ". Only one task may read a stream; it can pass what it reads to others through a"
          + " Queue.");
    }
  }

  /**
   * Returns where the separator that ends first has its end, once it has come; -1 if the stream
   * ended first.
   */
  public int find(byte[][] separators) throws IOException {
    try {
      return search(separators);
    } finally {
      pieceEnds();
    }
  }

  private int search(byte[][] separators) throws IOException {
    int longest = 0;
    for (byte[] separator : separators) {
      longest = Math.max(longest, separator.length);
    }
    int from = 0;
    while (true) {
      int start = -1;
      int end = Integer.MAX_VALUE;
      for (byte[] separator : separators) {
        int at = bytes.indexOf(separator, from);
        if (at >= 0 && at + separator.length < end) {
          start = at;
          end = at + separator.length;
        }
      }
      if (start > limit) {
        throw overrun(start + " bytes before the separator", start);
      }
      if (start >= 0) {
        return end;
      }
      // A separator may have begun in the last bytes.
      from = Math.max(0, bytes.size() - longest + 1);
      if (from > limit) {
        throw overrun(bytes.size() + " bytes without the separator", from);
      }
      if (!fillPiece()) {
        return -1;
      }
    }
  }

  /** Receives more of a line or count, whose first bytes may be here. */
  public boolean fillPiece() throws IOException {
    TimeLimits limits = link.limits();
    if (limits == null) {
      return fill();
    }
    if (!bytes.isEmpty()) {
      limits.pieceBegins();
    }
    return fill();
  }

  /** Notes that a line or count is complete, or that nobody waits for the rest. */
  public void pieceEnds() {
    TimeLimits limits = link.limits();
    if (limits != null) {
      limits.pieceEnds();
    }
  }

  private LimitOverrunException overrun(String what, int consumed) {
    return new LimitOverrunException(
        link.subject()
            + " "
            + what
            + "; the stream's limit is "
            + limit
            + ". All of it is still in the stream; read(n) takes it. For longer lines, raise the"
            + (link.isConnection()
                ? " limit: withLimit() of ConnectOptions or ServerOptions."
                : " limit, which can be given where the reader is made."),
        consumed);
  }

  public byte[] takeAll() {
    return bytes.isEmpty() ? NOTHING : bytes.take(bytes.size());
  }

  /** Receives everything up to the end of the stream into the buffer. */
  public void fillToEnd() throws IOException {
    link.source().forgetEnd(); // what was read ahead may have grown since
    while (fill()) {
      if (link.source().showedEnd()) {
        eof = true;
        return;
      }
    }
  }

  /** Receives more bytes into the buffer; returns false at the end of the stream. */
  public boolean fill() throws IOException {
    if (!bytes.fits(chunk)) {
      throw new LimitOverrunException(
          link.subject()
              + " 2 GiB, as much as one array can hold, and has not ended the stream. All"
              + " of it is still in the stream; read(n) takes it piece by piece.",
          bytes.size());
    }
    ByteBuffer came = receive(chunk);
    if (came == null) {
      return false;
    }
    bytes.append(came);
    return true;
  }

  /** Returns the next bytes, in memory of the engine; null at the end of the stream. */
  public @Nullable ByteBuffer receive(int max) throws IOException {
    if (hasEnded()) {
      return null;
    }
    Fiber before = waitBegins();
    try {
      ByteBuffer came = link.source().read(max);
      received(came != null);
      return came;
    } catch (IOException failure) {
      throw failed(failure);
    } finally {
      waitEnded(before);
    }
  }

  /** Receives into memory of the caller; returns -1 at the end of the stream. */
  public int receiveInto(ByteBuffer into) throws IOException {
    if (hasEnded()) {
      return -1;
    }
    Fiber before = waitBegins();
    try {
      int count = link.source().read(into);
      received(count >= 0);
      return count;
    } catch (IOException failure) {
      throw failed(failure);
    } finally {
      waitEnded(before);
    }
  }

  /** Returns who was reading already: a transfer does so as a whole, and again for each piece. */
  private @Nullable Fiber waitBegins() {
    Fiber before = waiting;
    waiting = link.scheduler.currentFiber();
    receiving = true;
    link.mayBeIdle();
    TimeLimits limits = link.limits();
    if (limits != null) {
      limits.waitBegins();
    }
    return before;
  }

  private void waitEnded(@Nullable Fiber before) {
    waiting = before;
    receiving = false;
    TimeLimits limits = link.limits();
    if (limits != null) {
      limits.waitEnded();
    }
  }

  private boolean hasEnded() throws IOException {
    if (eof && link.source().isFile()) {
      eof = false; // more may have been appended
    }
    if (eof) {
      // A peer that closed and then reset what we sent did not end properly.
      link.throwIfLost();
    }
    return eof;
  }

  private void received(boolean some) throws IOException {
    if (!some) {
      eof = true;
      link.throwIfLost();
    }
    TimeLimits limits = link.limits();
    if (limits != null) {
      limits.moved();
    }
  }

  private IOException failed(IOException failure) {
    if (failure instanceof ClosedChannelException && !link.isTimedOut()) {
      return link.closedException("A read");
    }
    if (link.source().isFile()) {
      return failure;
    }
    link.lose(failure);
    return link.lostException();
  }
}
