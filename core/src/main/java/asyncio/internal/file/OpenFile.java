package asyncio.internal.file;

import asyncio.WaitKind;
import asyncio.internal.bridge.HelperPool;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.LoopAction;
import asyncio.internal.scheduler.Resource;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.scheduler.Waiter;
import asyncio.internal.scheduler.WaiterList;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * An open file. Helper threads do what blocks. Writes are made one after the other, in the order in
 * which they were asked for; one that nobody waits for any more is made all the same, before later
 * ones and before the file is closed. Loop-confined, but for the bodies of jobs.
 */
public final class OpenFile {
  /** What a write calls when it has ended, on the loop. */
  interface Written {
    /**
     * The first {@code count} bytes were written; if there are more, {@code failure} says why they
     * were not.
     */
    void ended(int count, @Nullable IOException failure);
  }

  /** @param position where to write; -1 at the end, or where the last one ended */
  private record Write(ByteBuffer bytes, long position, Written told) {}

  /** How long the end of a loop waits for what is being written. */
  private static final int LAST_SECONDS = 10;

  // Immutable.
  final Scheduler scheduler;
  final Path path;
  final FileChannel channel;
  private final Set<? extends OpenOption> options;
  private final long sizeWhenOpened;

  /** Whether bytes have places, as in a regular file: they have none in a pipe or a device. */
  private final boolean hasPlaces;

  private final boolean deletes;
  private final Resource resource;

  /** Reached when everything is written of a file whose loop closed meanwhile. */
  private final CountDownLatch lastWrites = new CountDownLatch(1);

  // Loop-confined.
  private final Deque<Write> writes = new ArrayDeque<>();
  private final WaiterList waiters = new WaiterList();

  /** How many writes were asked for, and how many of them have ended. */
  private long asked;

  private long ended;

  /** Whether a thread makes the first of {@link #writes}. */
  private boolean writing;

  /** How many streams may still write. */
  private int writers;

  private State state = State.OPEN;
  private @Nullable IOException closeFailure;

  private enum State {
    OPEN,
    /** Nothing new is begun; what was to be written still is. */
    CLOSING,
    /** A thread closes the file. */
    LAST_JOB,
    CLOSED
  }

  private OpenFile(
      Fiber fiber, Path path, Set<? extends OpenOption> options, Opened opened, boolean deletes) {
    this.scheduler = fiber.scheduler();
    this.path = path;
    this.options = options;
    this.channel = opened.channel;
    this.sizeWhenOpened = opened.size;
    this.hasPlaces = opened.hasPlaces;
    this.deletes = deletes;
    this.resource = new Resource(scheduler, "file " + path, this::loopClosed);
  }

  /** The process may end soon: what is being written is waited for. */
  private void loopClosed() {
    if (state == State.LAST_JOB) {
      return;
    }
    if (!writing) {
      closeQuietly();
      return;
    }
    boolean interrupted = false;
    try {
      lastWrites.await(LAST_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      interrupted = true;
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  // ---- opening ----

  private record Opened(FileChannel channel, long size, boolean hasPlaces) {
    void discard() {
      HelperPool.FILES.submit(() -> {
        try {
          channel.close();
        } catch (IOException nobodyAsks) {
          // Nothing was written.
        }
      });
    }
  }

  /**
   * Opens a file. Suspends; if cancelled, nothing is left open.
   *
   * @param deletes whether it is deleted when it is closed
   */
  public static OpenFile open(
      Fiber fiber, Path path, Set<? extends OpenOption> options, boolean deletes)
      throws IOException {
    // A pipe opens when its other end does: that may take for ever, and must not keep a thread that
    // others need.
    String what = "the file " + path + " to open";
    Optional<Opened> opened = FileJobs.call(
        fiber,
        HelperPool.FILES,
        what,
        () -> mayBlock(path) ? Optional.empty() : Optional.of(openNow(path, options)),
        late -> late.ifPresent(Opened::discard));
    if (opened.isEmpty()) {
      opened = Optional.of(FileJobs.call(
          fiber, HelperPool.STREAMS, what, () -> openNow(path, options), Opened::discard));
    }
    return new OpenFile(fiber, path, options, opened.get(), deletes);
  }

  private static boolean mayBlock(Path path) throws IOException {
    try {
      return Files.readAttributes(path, BasicFileAttributes.class).isOther();
    } catch (NoSuchFileException toBeCreated) {
      return false;
    }
  }

  private static Opened openNow(Path path, Set<? extends OpenOption> options) throws IOException {
    FileChannel channel = FileChannel.open(path, options);
    try {
      BasicFileAttributes attributes;
      try {
        attributes = Files.readAttributes(path, BasicFileAttributes.class);
      } catch (NoSuchFileException deleted) { // at once, as DELETE_ON_CLOSE does on Unix
        return new Opened(channel, channel.size(), true);
      }
      if (attributes.isDirectory()) {
        throw new FileSystemException(
            path.toString(), null, "This is a directory. AsyncFiles.list() and walk() read it");
      }
      return new Opened(channel, attributes.size(), !attributes.isOther());
    } catch (Throwable failed) {
      channel.close();
      throw failed;
    }
  }

  // ---- what it is ----

  public Path path() {
    return path;
  }

  public FileChannel channel() {
    return channel;
  }

  public boolean hasPlaces() {
    return hasPlaces;
  }

  public boolean isReadable() {
    return !isWritable() || options.contains(StandardOpenOption.READ);
  }

  public boolean isWritable() {
    return options.contains(StandardOpenOption.WRITE) || appends();
  }

  public boolean appends() {
    return options.contains(StandardOpenOption.APPEND);
  }

  long sizeWhenOpened() {
    return sizeWhenOpened;
  }

  public boolean isClosing() {
    return state != State.OPEN;
  }

  /** Checks that the file may be used. */
  public void checkOpen(String call) throws IOException {
    if (state != State.OPEN) {
      throw new IOException(call + " failed: the file " + path
          + " is closed. Keep it open until its last user is done.");
    }
  }

  // ---- reading, and what else takes a moment ----

  /** Returns what {@code body} does with the channel. Suspends. */
  public <T> T call(Fiber fiber, Callable<T> body) throws IOException {
    return call(fiber, body, null);
  }

  /**
   * Returns what {@code body} does with the channel, or gives it to {@code unwanted} if nobody waits
   * any more. Suspends.
   *
   * @param unwanted does not block
   */
  private <T> T call(Fiber fiber, Callable<T> body, @Nullable Consumer<? super T> unwanted)
      throws IOException {
    try {
      return FileJobs.call(fiber, HelperPool.FILES, "the file " + path, body, unwanted);
    } catch (ClosedChannelException meanwhile) {
      throw new IOException(
          "The file "
              + path
              + " was closed while it was being read. Wait for the tasks that use a file before you"
              + " close it.",
          meanwhile);
    }
  }

  /** Reads some bytes at a position; returns how many, or -1 at the end. Suspends. */
  public int read(Fiber fiber, ByteBuffer into, long position) throws IOException {
    int room = Math.min(into.remaining(), FileMemory.LARGEST);
    // Not into the caller's memory: if this is cancelled, the thread may still write to it.
    ByteBuffer came = readNew(fiber, position, room, FileMemory.NONE);
    int count = came.remaining();
    into.put(came);
    FileMemory.giveBack(came);
    return count == 0 ? -1 : count;
  }

  /**
   * Returns bytes from a position on, none at the end. Suspends.
   *
   * @param room how many at most
   * @param spare memory to use if it is large enough
   */
  ByteBuffer readNew(Fiber fiber, long position, int room, ByteBuffer spare) throws IOException {
    return call(
        fiber,
        () -> {
          ByteBuffer into = FileMemory.take(room, spare);
          try {
            channel.read(into, position);
          } catch (Throwable failed) {
            FileMemory.giveBack(into);
            throw failed;
          }
          return into.flip();
        },
        FileMemory::giveBack);
  }

  /** Waits until everything that was to be written by now has been. */
  public void awaitWrites(Fiber fiber) {
    long last = asked;
    while (ended < last) {
      waiters.await(new Waiter(fiber, WaitKind.HELPER, "the file " + path));
    }
  }

  // ---- writing ----

  /** Writes bytes, and waits until they are written. If cancelled, they are written all the same. */
  public void writeAll(Fiber fiber, byte[] bytes, long position) throws IOException {
    var outcome = new Outcome(new Waiter(fiber, WaitKind.HELPER, "the file " + path));
    write(ByteBuffer.wrap(bytes), position, outcome);
    outcome.waiter.awaitValue();
    IOException failure = outcome.failure;
    if (failure != null) {
      throw new IOException(
          "Only "
              + outcome.count
              + " of "
              + bytes.length
              + " bytes could be written to "
              + path
              + ": "
              + failure.getMessage(),
          failure);
    }
  }

  private static final class Outcome implements Written {
    private final Waiter waiter;
    private int count;
    private @Nullable IOException failure;

    Outcome(Waiter waiter) {
      this.waiter = waiter;
    }

    @Override
    public void ended(int written, @Nullable IOException why) {
      count = written;
      failure = why;
      waiter.wake();
    }
  }

  /**
   * Writes all of {@code bytes}, which must not change until {@code told} is told. Does not wait.
   *
   * @param position where; -1 at the end, or where the last one ended
   */
  void write(ByteBuffer bytes, long position, Written told) {
    writes.add(new Write(bytes, position, told));
    asked++;
    if (!writing) {
      startWrite();
    }
  }

  private void startWrite() {
    Write first = writes.getFirst();
    writing = true;
    try {
      HelperPool.FILES.submit(() -> makeWrite(first));
    } catch (Throwable noThread) {
      writing = false;
      writes.remove();
      ended++;
      throw noThread;
    }
    scheduler.helperStarted();
  }

  /** On the helper thread. */
  private void makeWrite(Write write) {
    IOException failed = writeNow(write);
    boolean delivered = scheduler.trySend(LoopAction.of(() -> {
      scheduler.helperEnded();
      writing = false;
      writes.remove();
      ended++;
      write.told.ended(write.bytes.position(), failed);
      waiters.wakeAll();
      if (writes.isEmpty()) {
        finish();
      } else if (!writing) {
        startWrite();
      }
    }));
    if (!delivered) {
      finishWithoutLoop();
    }
    if (!write.bytes.isDirect() && write.bytes.capacity() > FileMemory.SMALL) {
      FileMemory.stock(); // for the next large write; last, because memory may be short
    }
  }

  private @Nullable IOException writeNow(Write write) {
    try {
      FileJobs.writeNow(channel, write.bytes, write.position);
      return null;
    } catch (IOException failed) {
      return failed;
    } catch (Throwable failed) {
      return new IOException(failed.toString(), failed);
    }
  }

  /** The loop has closed: nobody but this thread has the writes any more. */
  private void finishWithoutLoop() {
    writes.remove();
    for (Write write : writes) {
      writeNow(write);
    }
    closeQuietly();
    lastWrites.countDown();
  }

  // ---- closing ----

  /**
   * Returns the output of a file without positions, for one stream. The file stays open until that is
   * closed, on a helper thread.
   */
  public OutputStream output() {
    writerOpened();
    OutputStream out = Channels.newOutputStream(channel);
    return new FilterOutputStream(out) {
      @Override
      public void write(byte[] bytes, int offset, int length) throws IOException {
        out.write(bytes, offset, length);
      }

      @Override
      public void close() throws IOException {
        if (!isReadable()) {
          out.close(); // so that the other end of a pipe learns of it
        }
        scheduler.trySend(LoopAction.of(OpenFile.this::writerClosed));
      }
    };
  }

  /** Says that a stream writes to this file, which stays open until {@link #writerClosed}. */
  void writerOpened() {
    writers++;
  }

  void writerClosed() {
    writers--;
    finish();
  }

  /** Closes the file once everything is written. Does not wait. */
  public void close() {
    if (state == State.OPEN) {
      state = State.CLOSING;
      resource.closing();
      finish();
    }
  }

  private void finish() {
    if (state != State.CLOSING || writers > 0 || !writes.isEmpty()) {
      return;
    }
    state = State.LAST_JOB;
    HelperPool.FILES.submit(() -> {
      IOException failure = closeNow();
      scheduler.trySend(LoopAction.of(() -> {
        scheduler.helperEnded();
        closeFailure = failure;
        resource.closed();
        state = State.CLOSED;
        waiters.wakeAll();
      }));
    });
    scheduler.helperStarted();
  }

  /** Waits until the file is closed. If cancelled, closing goes on. */
  public void awaitClosed(Fiber fiber) throws IOException {
    while (state != State.CLOSED) {
      waiters.await(new Waiter(fiber, WaitKind.HELPER, "the file " + path + " to be closed"));
    }
    IOException failure = closeFailure;
    if (failure != null) {
      closeFailure = null;
      throw new IOException(
          "The file " + path + " could not be closed: " + failure.getMessage(), failure);
    }
  }

  private @Nullable IOException closeNow() {
    IOException failed = null;
    try {
      channel.close();
    } catch (IOException e) {
      failed = e;
    } catch (Throwable e) {
      failed = new IOException(e.toString(), e);
    }
    if (deletes) {
      try {
        Files.deleteIfExists(path);
      } catch (IOException e) {
        failed = e;
      } catch (Throwable e) {
        failed = new IOException(e.toString(), e);
      }
    }
    return failed;
  }

  private void closeQuietly() {
    closeNow(); // nobody is left to be told
  }
}
