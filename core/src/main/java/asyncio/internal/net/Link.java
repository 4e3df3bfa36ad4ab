package asyncio.internal.net;

import asyncio.internal.engine.StreamHandle;
import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.util.Causes;
import java.io.IOException;
import java.net.SocketException;
import org.jspecify.annotations.Nullable;

/**
 * The state that the two streams of a connection share: the socket, and why it can no longer be
 * used. Loop-confined.
 */
public final class Link {
  // Immutable.
  public final Scheduler scheduler;
  public final StreamHandle handle;

  /** The peer's address, for messages. */
  public final String peer;

  private @Nullable IOException lost;
  private boolean closed;

  public Link(Scheduler scheduler, StreamHandle handle) {
    this.scheduler = scheduler;
    this.handle = handle;
    this.peer = Addresses.text(handle.remoteAddress());
  }

  /** Returns the running coroutine, which is about to wait in {@code what}. */
  public Fiber requireTask(String what) {
    return Current.requireTask(scheduler, what);
  }

  /** Records that the connection failed; only the first failure counts. */
  public void lose(IOException failure) {
    if (lost == null) {
      lost = failure;
    }
  }

  /**
   * Returns whether {@code failure} is only the loss of this connection, as its reader or writer
   * threw it.
   */
  public boolean explains(Throwable failure) {
    IOException loss = lost;
    return loss != null
        && Causes.allMembers(failure, one -> Causes.any(one, cause -> cause == loss));
  }

  public boolean isLost() {
    return lost != null;
  }

  public void throwIfLost() throws IOException {
    if (lost != null) {
      throw lostException();
    }
  }

  /**
   * Creates a new exception for each receiver: one object thrown in two places would end up
   * suppressing itself.
   */
  public IOException lostException() {
    IOException cause = lost;
    String why = cause == null ? "" : ": " + cause.getMessage();
    var failure = new SocketException("The connection with " + peer + " was lost" + why);
    failure.initCause(cause);
    return failure;
  }

  public void throwIfClosed(String what) throws IOException {
    if (closed) {
      throw closedException(what);
    }
  }

  public IOException closedException(String what) {
    return new SocketException(what
        + " failed: the connection with "
        + peer
        + " was closed on this side, by close() or abort(), or because its handler had ended.");
  }

  public boolean isClosed() {
    return closed;
  }

  public void close() {
    closed = true;
    handle.close();
  }

  /** Closes the connection so that the peer can tell that something is missing. */
  public void reset() {
    closed = true;
    handle.reset();
  }
}
