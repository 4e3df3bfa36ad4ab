package asyncio.internal.engine;

import asyncio.internal.bridge.HelperPool;
import asyncio.internal.scheduler.LoopAction;
import asyncio.internal.scheduler.Scheduler;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Bytes of a file on their way to a socket, by sendfile where the system has it. A helper thread
 * makes the calls, because the file may have to be read from a disk; the socket does not block, and
 * the loop waits until it takes more.
 *
 * <p>While a call runs, the socket must not be closed by the loop: the JDK would wait for the call.
 * So whoever comes last closes it.
 */
final class FileTransfer implements Runnable {
  /** The most that one call sends, so that one file does not keep a thread from the others. */
  private static final long PIECE = 1024 * 1024;

  /** How much is copied of a file that can't be sent otherwise. */
  private static final int SMALL = 64 * 1024;

  private enum State {
    /** The loop may use the socket. */
    IDLE,
    /** The thread uses it. */
    RUNS,
    /** The thread uses it, and closes it after that. */
    CLOSES
  }

  // Immutable.
  private final Scheduler scheduler;
  private final SocketChannel socket;
  private final NioStream stream;
  private final FileChannel file;
  private final long position;
  private final long count;
  private final WriteCompletion completion;

  // Loop-confined.
  private HelperPool.@Nullable Submitted submitted;

  private boolean waitsForRoom;

  private boolean stopped;

  // Any thread.
  private final AtomicReference<State> state = new AtomicReference<>(State.IDLE);

  FileTransfer(
      Scheduler scheduler,
      SocketChannel socket,
      NioStream stream,
      FileChannel file,
      long position,
      long count,
      WriteCompletion completion) {
    this.scheduler = scheduler;
    this.socket = socket;
    this.stream = stream;
    this.file = file;
    this.position = position;
    this.count = Math.min(count, PIECE);
    this.completion = completion;
  }

  /** Returns whether the system can send this file: it is not one that a program has made up. */
  static boolean isPossible(FileChannel file) {
    return file.getClass().getModule() == Object.class.getModule();
  }

  WriteCompletion completion() {
    return completion;
  }

  /** Sends no more. Returns whether nothing is under way; otherwise it is told as usual. */
  boolean stop() {
    stopped = true;
    return waitsForRoom;
  }

  /** The socket takes no more for now. Returns whether to wait until it does. */
  boolean waitForRoom() {
    waitsForRoom = !stopped;
    return waitsForRoom;
  }

  boolean waitsForRoom() {
    return waitsForRoom;
  }

  /** Sends what the socket takes. */
  void start() {
    waitsForRoom = false;
    state.set(State.RUNS);
    try {
      submitted = HelperPool.FILES.submit(this);
    } catch (Throwable noThread) {
      state.set(State.IDLE);
      throw noThread;
    }
    scheduler.helperStarted();
  }

  /** Returns whether the loop may close the socket; if not, the thread does. */
  boolean letsClose() {
    HelperPool.Submitted waiting = submitted;
    if (state.get() == State.RUNS && waiting != null && waiting.withdraw()) {
      state.set(State.IDLE);
      scheduler.helperEnded();
    }
    return !state.compareAndSet(State.RUNS, State.CLOSES);
  }

  /** On the helper thread. */
  @Override
  public void run() {
    long sent = 0;
    boolean ended = false;
    IOException failed = null;
    try {
      sent = file.transferTo(position, count, socket);
      if (sent == 0) {
        // The socket is full, or the file ends; its size says nothing, for instance in /proc.
        ByteBuffer next = ByteBuffer.allocate(position < file.size() ? 1 : SMALL);
        ended = file.read(next, position) < 0;
        if (position >= file.size() && !ended) {
          sent = socket.write(next.flip().limit((int) Math.min(count, next.limit())));
        }
      }
    } catch (Throwable e) {
      failed = causeOf(e);
    }
    if (!state.compareAndSet(State.RUNS, State.IDLE)) {
      NioHandle.close(socket);
    }
    int took = (int) sent;
    boolean atEnd = ended;
    IOException why = failed;
    scheduler.trySend(LoopAction.of(() -> {
      scheduler.helperEnded();
      stream.transferred(this, took, atEnd, why);
    }));
  }

  /** Finds out which of the two ends has failed. */
  private IOException causeOf(Throwable failure) {
    try {
      file.read(ByteBuffer.allocate(1), position);
    } catch (Throwable e) {
      String why = file.isOpen() ? e.toString() : "it was closed before all of it was sent";
      return new FileReadException("A file could not be sent: " + why, failure);
    }
    return failure instanceof IOException e ? e : new IOException(failure.toString(), failure);
  }
}
