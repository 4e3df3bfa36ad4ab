package asyncio.internal.tls;

import asyncio.PeerCredentials;
import asyncio.WaitKind;
import asyncio.internal.engine.Sink;
import asyncio.internal.engine.StreamHandle;
import asyncio.internal.engine.WriteCompletion;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.Owner;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.util.ByteFifo;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLEngineResult.Status;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLProtocolException;
import org.jspecify.annotations.Nullable;

/**
 * TLS over another stream, once the handshake is done. Loop-confined.
 *
 * <p>Records are encrypted and decrypted on the loop, in memory that its streams share. A write is
 * complete only when its records are gone, so the plain text stays with the caller until then, who
 * knows how much the peer has not taken.
 *
 * <pre>
 *   write(data) --> encrypted, up to 64 KiB --> records: what the stream below has not taken
 *                                                 --> gone: the write is complete
 *   received: part of a record --> decrypted --> plain: more than was asked for --> read()
 * </pre>
 *
 * <p>Nobody may use the memory, or the engine, before a call of the engine has ended. It does not
 * wait
 * for anything; but if a coroutine is ever suspended in there, by a lock of the JDK whose owner
 * needs
 * the loop, then the connection fails, before anything of it was sent or returned.
 */
public final class TlsStream implements StreamHandle, RecordQueue.Listener {
  // In order: reading; writing; what the engine itself says; the end; what the stream below tells.

  /** The most that is received at once, and the most that is encrypted at once. */
  private static final int CHUNK = 64 * 1024;

  /** Records that are decrypted without looking at the time; small ones cost as much as large ones. */
  private static final int RECORDS_AT_ONCE = 64;

  /** Records without data, such as new keys and tickets, that a peer may send in a row. */
  private static final int MAX_WITHOUT_DATA = 32;

  /** How much may wait for a peer that makes this side answer, and takes no answers. */
  private static final int MAX_REPLIES = 256 * 1024;

  /** Reads in a row without suspending, as of a socket. */
  private static final int MAX_STREAK = 16;

  private static final String TLS_1_3 = "TLSv1.3";

  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  private final Scheduler scheduler;
  private final StreamHandle below;
  private final SSLEngine engine;
  private final TlsMemory memory;
  private final TlsParameters parameters;

  /** Whether a coroutine is inside the engine. */
  private boolean inside;

  private boolean closed;

  // Input.
  private final ByteFifo received = new ByteFifo();
  private final ByteFifo plain = new ByteFifo();

  /** Reads in a row that did not need the stream below, which counts its own. */
  private int streak;

  /** Whether a coroutine waits for the stream below. */
  private boolean reading;

  /** Whether the peer has ended its output. */
  private boolean inputEnded;

  /** Records in a row that had no data. */
  private int withoutData;

  /** What was wrong with the record behind the data that was returned last. */
  private @Nullable SSLException broken;

  /** Whether the engine has to answer the peer, for instance with new keys. */
  private boolean replyDue;

  // Output.
  private final RecordQueue records;

  /** How many of the first bytes of the write under way, or of the next one, are in records. */
  private int encrypted;

  /** What is under way: the write of these bytes, or for null an end or a wait. */
  private @Nullable ByteBuffer unsent;

  private @Nullable WriteCompletion completion;

  /** Why something that was taken could not be sent, if nobody was told. */
  private @Nullable IOException lost;

  /**
   * Creates a stream whose handshake is done.
   *
   * @param records what this side sends; it may still wait there
   * @param rest what came behind the peer's last message
   */
  TlsStream(
      Scheduler scheduler,
      StreamHandle below,
      SSLEngine engine,
      TlsParameters parameters,
      RecordQueue records,
      ByteFifo rest) {
    this.scheduler = scheduler;
    this.below = below;
    this.engine = engine;
    this.memory = TlsMemory.of(scheduler);
    this.parameters = parameters;
    this.records = records;
    received.append(rest.view());
    records.tell(this);
  }

  // ---- reading ----

  @Override
  public @Nullable ByteBuffer read(int max) throws IOException {
    checkOpen();
    letOthersRun();
    if (!plain.isEmpty()) {
      return takePlain(max);
    }
    throwIfBroken();
    plain.clear(); // an idle connection holds no memory
    while (true) {
      if (Records.hasWhole(received)) {
        ByteBuffer some = decrypt(null, max);
        if (some.hasRemaining()) {
          return some;
        }
      }
      if (inputEnded) {
        return null;
      }
      ByteBuffer came = receive();
      if (came == null) {
        endUncleanly();
        return null;
      }
      ByteBuffer some = decrypt(came, max);
      if (some.hasRemaining()) {
        return some;
      }
    }
  }

  private void throwIfBroken() throws SSLException {
    if (broken != null) {
      throw broken;
    }
  }

  private void letOthersRun() throws IOException {
    if (++streak > MAX_STREAK) {
      streak = 0;
      Fiber running = scheduler.currentFiber();
      if (running == null) {
        throw new AssertionError("TLS was read outside a coroutine: a bug, please report it");
      }
      running.yieldBeforeValue();
      checkOpen();
    }
  }

  private ByteBuffer takePlain(int max) {
    TlsMemory.Scratch scratch = memory.take();
    memory.giveBack(scratch);
    ByteBuffer out = scratch.decrypted.clear();
    plain.take(out.limit(Math.min(max, CHUNK)));
    return out.flip();
  }

  private @Nullable ByteBuffer receive() throws IOException {
    streak = 0;
    reading = true;
    try {
      return below.read(CHUNK);
    } finally {
      reading = false;
    }
  }

  /**
   * Decrypts what is here, and what {@code came}, until there are {@code max} bytes; returns at most
   * as many.
   */
  private ByteBuffer decrypt(@Nullable ByteBuffer came, int max) throws IOException {
    TlsMemory.Scratch scratch = memory.take();
    ByteBuffer out = scratch.decrypted;
    try {
      if (came == null) {
        ByteBuffer in = received.view();
        int before = in.remaining();
        unwrap(in, out.clear(), Math.min(max, CHUNK));
        received.discard(before - in.remaining());
      } else {
        ByteBuffer in = scratch.received.clear();
        received.take(in);
        // Before the other is cleared: TLS below has decrypted what came in the same memory.
        in.put(came).flip();
        unwrap(in, out.clear(), Math.min(max, CHUNK));
        received.append(in);
      }
    } catch (SSLException failure) {
      broken = Alerts.explained(failure);
      tellPeerWhy();
    } finally {
      memory.giveBack(scratch);
    }
    if (received.isEmpty()) {
      received.clear(); // an idle connection holds no memory
    }
    if (replyDue) {
      reply();
    }
    out.flip();
    if (!out.hasRemaining()) {
      throwIfBroken();
    }
    if (out.remaining() > max) {
      plain.append(out.slice(max, out.remaining() - max));
      out.limit(max);
    }
    return out;
  }

  private void unwrap(ByteBuffer in, ByteBuffer out, int max) throws IOException {
    for (int i = 0; i < RECORDS_AT_ONCE; i++) {
      if (!in.hasRemaining() || out.position() >= max || inputEnded) {
        return;
      }
      long step = enter();
      SSLEngineResult result;
      try {
        result = engine.unwrap(in, out);
      } finally {
        leave(step);
      }
      countWithoutData(result);
      switch (result.getHandshakeStatus()) {
        case NEED_WRAP -> replyDue = true;
        case NEED_TASK ->
          throw new SSLProtocolException("the peer asked for another handshake"
              + " (renegotiation), which is refused, because a peer could use it to waste this"
              + " side's processor. TLS 1.3 has none");
        default -> {}
      }
      switch (result.getStatus()) {
        case CLOSED -> inputEnded = true;
        case BUFFER_UNDERFLOW -> {
          return;
        }
        case BUFFER_OVERFLOW -> {
          if (out.position() == 0) {
            throw new SSLProtocolException("the peer sent a TLS record larger than any may be");
          }
          return;
        }
        case OK -> {}
      }
    }
  }

  /** New keys cost a processor much more than the peer, which can ask for them again and again. */
  private void countWithoutData(SSLEngineResult result) throws SSLException {
    if (result.bytesProduced() > 0) {
      withoutData = 0;
    } else if (result.bytesConsumed() > 0 && ++withoutData > MAX_WITHOUT_DATA) {
      throw new SSLProtocolException(
          "the peer sent " + withoutData + " TLS records in a row without any data");
    }
  }

  private long enter() throws SSLException {
    if (inside) {
      throw suspendedInside();
    }
    inside = true;
    return scheduler.steps();
  }

  private void leave(long step) throws SSLException {
    inside = false;
    if (scheduler.steps() != step) {
      throw suspendedInside();
    }
  }

  private static SSLException suspendedInside() {
    return new SSLException("a coroutine was suspended inside the TLS engine, by a lock whose owner"
        + " needs the loop, so others could have seen its memory");
  }

  private void endUncleanly() throws IOException {
    if (!parameters.uncleanEnd() || !received.isEmpty()) {
      throw new SSLException("the peer ended the stream without a close-notify, "
          + (parameters.uncleanEnd()
              ? "in the middle of a record"
              : "so its data may be truncated. If the protocol marks the end itself, such as by a"
                  + " length, allow this with withUncleanEnd(true)"));
    }
    inputEnded = true;
  }

  // ---- writing ----

  @Override
  public @Nullable ByteBuffer lend() {
    return isSending() ? null : memory.lend(this);
  }

  @Override
  public ByteBuffer sendLent() throws IOException {
    ByteBuffer data = memory.takeBack(this);
    checkOpen();
    throwIfLost();
    while (data.hasRemaining() && !isSending()) {
      int from = data.position();
      int count = encrypt(data);
      if (isSending()) {
        encrypted = count;
        data.position(from); // still the caller's, until its records are gone
      }
    }
    return data;
  }

  @Override
  public void giveBack() {
    if (memory.hasLentTo(this)) {
      memory.takeBack(this);
    }
  }

  @Override
  public int write(ByteBuffer data, WriteCompletion whenDone) throws IOException {
    checkOpen();
    throwIfLost();
    if (completion != null) {
      throw new AssertionError("two writes at once on one stream: a bug, please report it");
    }
    if (!isSending()) {
      int count = encrypted > 0 ? encrypted : encryptFrom(data);
      encrypted = 0;
      if (!isSending()) {
        return count;
      }
      encrypted = count;
    }
    unsent = data;
    completion = whenDone;
    return 0;
  }

  private boolean isSending() {
    return !records.isEmpty();
  }

  /** Encrypts and sends the first bytes of {@code data}, whose position stays; returns how many. */
  private int encryptFrom(ByteBuffer data) throws IOException {
    int from = data.position();
    try {
      return encrypt(data);
    } finally {
      data.position(from);
    }
  }

  private int encrypt(ByteBuffer data) throws IOException {
    int from = data.position();
    int limit = data.limit();
    TlsMemory.Scratch scratch = memory.take();
    try {
      ByteBuffer out = scratch.encrypted.clear();
      data.limit(Math.min(limit, from + CHUNK));
      data.get(from); // throws if the arena of its memory was closed
      do {
        wrap(data, out);
      } while (data.hasRemaining());
      records.send(out.flip());
      return data.position() - from;
    } finally {
      data.limit(limit);
      memory.giveBack(scratch);
    }
  }

  private void wrap(ByteBuffer data, ByteBuffer out) throws IOException {
    // RFC 5246, section 7.2.1. The JDK would encrypt it, and the peer drop it.
    if (data.hasRemaining() && inputEnded && !engine.getSession().getProtocol().equals(TLS_1_3)) {
      throw new SSLException("the peer has ended the stream, which in "
          + engine.getSession().getProtocol()
          + " ends both directions");
    }
    long step = enter();
    SSLEngineResult result;
    try {
      result = engine.wrap(data, out);
    } finally {
      leave(step);
    }
    if (data.hasRemaining() && result.getStatus() != Status.OK) {
      throw new SSLException("nothing more can be sent: " + result.getStatus());
    }
  }

  @Override
  public int takeBack() {
    int late = encrypted;
    encrypted = 0;
    unsent = null;
    completion = null;
    return late;
  }

  @Override
  public boolean settle(WriteCompletion whenDone) throws IOException {
    throwIfLost();
    if (completion != null) {
      throw new AssertionError("two writes at once on one stream: a bug, please report it");
    }
    if (isSending()) {
      completion = whenDone;
      return false;
    }
    return below.settle(whenDone);
  }

  private void throwIfLost() throws IOException {
    if (lost != null) {
      throw lost;
    }
  }

  @Override
  public boolean holdsBytes() {
    return isSending() || below.holdsBytes();
  }

  @Override
  public void retryWrite() {
    below.retryWrite();
  }

  // ---- what the engine itself says ----

  /** Answers the peer. If it has gone, the next operation says so: there may be bytes to return. */
  private void reply() throws SSLException {
    replyDue = false;
    try {
      while (engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP && wrapOwn() > 0) {
        if (records.size() > MAX_REPLIES) {
          throw new SSLProtocolException(
              "the peer keeps asking for replies and does not read them");
        }
      }
    } catch (SSLException broken) {
      throw broken;
    } catch (IOException gone) {
      // It need not be answered.
    }
  }

  /** Sends a message of the engine, if it has any; returns its size. */
  private int wrapOwn() throws IOException {
    TlsMemory.Scratch scratch = memory.take();
    try {
      ByteBuffer out = scratch.encrypted.clear();
      wrap(NOTHING, out);
      int size = out.flip().remaining();
      records.send(out);
      return size;
    } finally {
      memory.giveBack(scratch);
    }
  }

  private void tellPeerWhy() {
    try {
      reply();
    } catch (SSLException further) {
      // The first one counts.
    }
  }

  // ---- the end ----

  @Override
  public boolean end(boolean closes, WriteCompletion whenDone) throws IOException {
    checkOpen();
    engine.closeOutbound();
    while (!engine.isOutboundDone() && wrapOwn() > 0) {
      // the close-notify, behind what waited to be said
    }
    return settle(whenDone);
  }

  @Override
  public boolean linger(WriteCompletion whenDone) {
    if (closed || reading || inputEnded) {
      return true; // a reader has read what came
    }
    Duration timeout = parameters.shutdownTimeout();
    return timeout.isZero() || Linger.start(scheduler, below, timeout, whenDone);
  }

  /** Drops what the stream below brings, undecrypted: it ends when that ends. */
  @Override
  public boolean discard(int max, WriteCompletion whenDone) throws IOException {
    return below.discard(max, whenDone);
  }

  @Override
  public void reset() {
    close(below::reset);
  }

  @Override
  public void close() {
    close(below::close);
  }

  private void close(Runnable closing) {
    if (!closed) {
      closed = true;
      giveBack();
      closing.run();
      lost(new ClosedChannelException());
    }
  }

  // ---- what the stream below tells ----

  @Override
  public void gone() {
    try {
      ByteBuffer data = unsent;
      if (data != null && encrypted == 0) {
        encrypted = encryptFrom(data);
      }
    } catch (IOException broken) {
      lost(broken);
      return;
    } catch (RuntimeException unreadable) {
      lost(Sink.unreadable(unreadable));
      return;
    }
    WriteCompletion told = completion;
    if (told != null && !isSending()) {
      told.written(takeBack());
    }
  }

  @Override
  public void moved() {
    if (completion != null) {
      completion.moved();
    }
  }

  @Override
  public void lost(IOException failure) {
    WriteCompletion told = completion;
    takeBack();
    if (told != null) {
      told.failed(failure);
    } else {
      lost = failure;
    }
  }

  /** Returns the stream that the records go over. */
  StreamHandle below() {
    return below;
  }

  // ---- as the stream below ----

  @Override
  public SocketAddress localAddress() {
    return below.localAddress();
  }

  @Override
  public SocketAddress remoteAddress() {
    return below.remoteAddress();
  }

  @Override
  public <T> T option(SocketOption<T> option) throws IOException {
    return below.option(option);
  }

  @Override
  public <T> void setOption(SocketOption<T> option, T value) throws IOException {
    below.setOption(option, value);
  }

  @Override
  public @Nullable PeerCredentials credentials() throws IOException {
    return below.credentials();
  }

  @Override
  public WaitKind waitKind() {
    return below.waitKind();
  }

  @Override
  public void belongsTo(Owner owner) {
    below.belongsTo(owner);
  }

  private void checkOpen() throws ClosedChannelException {
    if (closed) {
      throw new ClosedChannelException();
    }
  }
}
