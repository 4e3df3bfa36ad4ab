package asyncio.internal.net;

import asyncio.internal.engine.Sink;
import asyncio.internal.engine.Source;
import asyncio.internal.engine.StreamHandle;
import asyncio.internal.scheduler.Callback;
import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.util.Causes;
import java.io.IOException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.util.Objects;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * The state that the two directions of a connection share, or what a stream of one direction has:
 * where its bytes come from and go to, and why it can no longer be used. Loop-confined.
 */
public final class Link {
  // Immutable.
  public final Scheduler scheduler;
  private @Nullable Source source; // replaced when TLS begins
  private @Nullable Sink sink;

  /** What it is, for messages: "connection with 127.0.0.1:80". */
  final String what;

  /** Who is at the other end, for messages: "127.0.0.1:80". */
  public final String peer;

  /** How long waits for the peer may last; null for ever. */
  private @Nullable TimeLimits limits;

  /** What a task is doing with the whole connection, so that nobody else may use it; or null. */
  private @Nullable String taken;

  /** What is told when the connection is lost. */
  @Nullable
  SendBuffer output;

  private @Nullable Runnable onIdle;
  private @Nullable IOException lost;
  private boolean closed;
  private boolean timedOut;

  /** Creates the link of a connection. */
  public Link(Scheduler scheduler, StreamHandle handle) {
    this(scheduler, Addresses.peer(handle.localAddress(), handle.remoteAddress()), handle);
  }

  private Link(Scheduler scheduler, String peer, StreamHandle handle) {
    this(scheduler, "connection with " + peer, peer, handle, handle);
  }

  /** Creates the link of a stream that, if null is given for the other, has one direction. */
  public Link(
      Scheduler scheduler, String what, String peer, @Nullable Source source, @Nullable Sink sink) {
    this.scheduler = scheduler;
    this.what = what;
    this.peer = peer;
    this.source = source;
    this.sink = sink;
  }

  /** Sets how long waits for the peer may last. */
  public void limit(StreamOptions options) {
    limits = TimeLimits.of(this, options);
  }

  /** Returns how long waits for the peer may last; null for ever. */
  public @Nullable TimeLimits limits() {
    return limits;
  }

  /** Cuts the connection because a limit was passed. On the loop's own thread. */
  void timeOut(SocketTimeoutException why) {
    timedOut = true;
    lose(why);
    SendBuffer told = output;
    if (told != null) {
      told.abort();
    } else {
      close();
    }
  }

  /** Sets what is called, in a callback of the loop, when the connection may have become idle. */
  public void onIdle(@Nullable Runnable told) {
    onIdle = told;
  }

  /** Notes that a task is about to wait for bytes, or that everything was sent. */
  public void mayBeIdle() {
    Runnable told = onIdle;
    if (told != null) {
      scheduler.add(new Callback() {
        @Override
        protected void call() {
          told.run();
        }
      });
    }
  }

  /** Sends what the other end takes of the output that is under way. On the loop's own thread. */
  void retryOutput() {
    if (sink != null) {
      sink.retryWrite();
    }
  }

  /** Returns whether it is not known yet whether the other end takes more. */
  boolean isOutputBusy() {
    return sink != null && sink.isBusy();
  }

  /** Returns whether this side cut the connection because a limit was passed. */
  public boolean isTimedOut() {
    return timedOut;
  }

  /** Returns the handle of a connection. */
  public StreamHandle handle() {
    if (sink instanceof StreamHandle handle) {
      return handle;
    }
    throw new AssertionError("a stream of one direction has no handle: a bug, please report it");
  }

  /** Says that the running task has the connection for itself, to do {@code what}. */
  public void take(String what) {
    checkNotTaken(what);
    taken = what;
  }

  /** Ends what {@link #take} began. */
  public void release() {
    taken = null;
  }

  /** Lets bytes go through {@code handle} from now on, which goes over the one before. */
  public void replace(StreamHandle handle) {
    source = handle;
    sink = handle;
  }

  /** Checks that nobody has the connection for himself. */
  public void checkNotTaken(String call) {
    if (taken != null) {
      throw new IllegalStateException(call + " was called on the " + what + " while a task was in "
          + taken + ", which needs it alone. Wait for that first.");
    }
  }

  /** Returns whether somebody has it for himself. */
  public boolean isTaken() {
    return taken != null;
  }

  /** Returns where the bytes come from. */
  public Source source() {
    return Objects.requireNonNull(source);
  }

  /** Returns where the bytes go to. */
  public Sink sink() {
    return Objects.requireNonNull(sink);
  }

  /** Returns the running coroutine, which is about to wait in {@code what}. */
  public Fiber requireTask(String what) {
    return Current.requireTask(scheduler, what);
  }

  /**
   * Records that the connection failed; only the first failure counts. What was to be sent is
   * dropped.
   */
  public void lose(IOException failure) {
    if (lost == null) {
      lost = failure;
    }
    SendBuffer told = output;
    if (told != null) {
      told.lost();
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
    String message = "The " + what + (isFile() ? " failed" : " was lost") + why;
    IOException failure = timedOut
        ? new SocketTimeoutException(message)
        : cause instanceof SSLException ? new SSLException(message) : failure(message);
    failure.initCause(cause);
    return failure;
  }

  public void throwIfClosed(String call) throws IOException {
    if (closed) {
      throw timedOut ? lostException() : closedException(call);
    }
  }

  public IOException closedException(String call) {
    return failure(call
        + " failed: the "
        + what
        + " was closed on this side"
        + (isConnection() ? ", by close() or abort(), or because its handler had ended." : "."));
  }

  /** What fails where there is no network is no SocketException. */
  private IOException failure(String message) {
    return isConnection() ? new SocketException(message) : new IOException(message);
  }

  /** Returns the beginning of a message about bytes that came. */
  String subject() {
    return isConnection() ? "The peer at " + peer + " has sent" : "The " + what + " has";
  }

  /** Returns whether this is a connection, and not a stream of one direction. */
  public boolean isConnection() {
    return source != null && source == sink;
  }

  private boolean isFile() {
    return sink != null ? sink.isFile() : source != null && source.isFile();
  }

  public boolean isClosed() {
    return closed;
  }

  public void close() {
    ends();
    if (sink != null) {
      sink.close();
    }
    if (source != null) {
      source.close();
    }
  }

  private void ends() {
    closed = true;
    if (limits != null) {
      limits.stop();
    }
  }

  /** Closes the connection so that the peer can tell that something is missing. */
  public void reset() {
    if (sink instanceof StreamHandle handle) {
      ends();
      handle.reset();
    } else {
      close();
    }
  }
}
