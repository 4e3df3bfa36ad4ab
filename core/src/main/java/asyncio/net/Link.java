package asyncio.net;

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
final class Link {
  // Immutable.
  final Scheduler scheduler;
  final StreamHandle handle;

  /** The peer's address, for messages. */
  final String peer;

  private @Nullable IOException lost;
  private boolean closed;

  Link(Scheduler scheduler, StreamHandle handle) {
    this.scheduler = scheduler;
    this.handle = handle;
    this.peer = Addresses.text(handle.remoteAddress());
  }

  /** Returns the running coroutine, which is about to wait in {@code what}. */
  Fiber requireTask(String what) {
    Fiber fiber = Current.requireTask(what);
    if (fiber.scheduler() != scheduler) {
      scheduler.checkOnLoop(what);
    }
    return fiber;
  }

  /** Records that the connection failed; only the first failure counts. */
  void lose(IOException failure) {
    if (lost == null) {
      lost = failure;
    }
  }

  /**
   * Returns whether {@code failure} is only the loss of this connection, as its reader or writer
   * threw it.
   */
  boolean explains(Throwable failure) {
    IOException loss = lost;
    return loss != null
        && Causes.allMembers(failure, one -> Causes.any(one, cause -> cause == loss));
  }

  boolean isLost() {
    return lost != null;
  }

  void throwIfLost() throws IOException {
    if (lost != null) {
      throw lostException();
    }
  }

  /**
   * Creates a new exception for each receiver: one object thrown in two places would end up
   * suppressing itself.
   */
  IOException lostException() {
    IOException cause = lost;
    String why = cause == null ? "" : ": " + cause.getMessage();
    var failure = new SocketException("The connection with " + peer + " was lost" + why);
    failure.initCause(cause);
    return failure;
  }

  void throwIfClosed(String what) throws IOException {
    if (closed) {
      throw closedException(what);
    }
  }

  IOException closedException(String what) {
    return new SocketException(
        what
            + " failed: the connection with "
            + peer
            + " was closed on this side, by close() or abort(), or because its handler had ended.");
  }

  boolean isClosed() {
    return closed;
  }

  void close() {
    closed = true;
    handle.close();
  }

  /** Closes the connection so that the peer can tell that something is missing. */
  void reset() {
    closed = true;
    handle.reset();
  }
}
