package asyncio.net;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.timeout;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;
import static asyncio.support.Texts.assertEndsWith;
import static asyncio.support.Texts.assertStartsWith;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static java.time.temporal.ChronoUnit.FOREVER;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Asyncio;
import asyncio.CancelledError;
import asyncio.ConnectOptions;
import asyncio.Connection;
import asyncio.RunOptions;
import asyncio.Runner;
import asyncio.StreamWriter;
import asyncio.Task;
import asyncio.TimeoutException;
import asyncio.conformance.Covers;
import asyncio.net.Loopback.Pair;
import asyncio.support.Reports;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class StreamWriterTest {
  private static final int HIGH = 64 * 1024;

  /** Reads all that the peer's socket gets, on a thread of its own. */
  private static byte[] noise(int seed, int length) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  private static CompletableFuture<byte[]> receiveAll(java.net.Socket peer) {
    var all = new CompletableFuture<byte[]>();
    Thread.ofPlatform().daemon().start(() -> {
      try {
        all.complete(peer.getInputStream().readAllBytes());
      } catch (Throwable e) {
        all.completeExceptionally(e);
      }
    });
    return all;
  }

  /** Fills the socket of a peer that does not read, until {@code drain} has to wait. */
  private static void fill(StreamWriter writer) throws IOException {
    byte[] block = new byte[32 * 1024];
    while (writer.bufferSize() <= HIGH) {
      writer.write(block);
    }
  }

  @NetTest
  void whatOneStepWritesGoesOutWhenTheStepEnds(Pair pair) throws Exception {
    var writer = pair.writer();
    writer.write("a");
    writer.write(new byte[] {'b', 'c'});
    writer.write(new byte[] {'x', 'd', 'x'}, 1, 1);
    writer.write(ByteBuffer.wrap(utf8("xef"), 1, 2));
    writer.write(ByteBuffer.allocateDirect(1).put((byte) 'g').flip());
    writer.writeLines(List.of("h\n", "i\n"));
    assertEquals(11, writer.bufferSize());
    yieldNow();
    assertEquals(0, writer.bufferSize());
    assertEquals("abcdefgh\ni\n", new String(pair.peer().getInputStream().readNBytes(11), UTF_8));
  }

  @NetTest
  void theArrayCanBeUsedAgainAtOnce(Pair pair) throws Exception {
    byte[] bytes = utf8("abc");
    pair.writer().write(bytes);
    Arrays.fill(bytes, (byte) 'x');
    pair.connection().close();
    assertEquals("abc", new String(pair.peer().getInputStream().readAllBytes(), UTF_8));
  }

  private static byte[] utf8(String text) {
    return text.getBytes(UTF_8);
  }

  private static String received(java.net.Socket peer, int length) throws IOException {
    return new String(peer.getInputStream().readNBytes(length), UTF_8);
  }

  // ---- several streams, and steps that end early ----

  @NetTest
  void oneStepMayWriteToSeveralConnectionsInTurn(Pair one, Pair two, Pair three) throws Exception {
    var pairs = List.of(one, two, three);
    for (int round = 0; round < 3; round++) {
      for (int i = 0; i < 9; i++) {
        int to = (i + round) % 3;
        pairs.get(to).writer().write("" + to + i);
      }
      for (var pair : pairs) {
        assertEquals(6, pair.writer().bufferSize());
      }
      yieldNow();
      for (int to = 0; to < 3; to++) {
        int first = Math.floorMod(to - round, 3);
        assertEquals(
            "" + to + first + to + (first + 3) + to + (first + 6),
            received(pairs.get(to).peer(), 6));
        assertEquals(0, pairs.get(to).writer().bufferSize());
      }
    }
  }

  @NetTest
  void aConnectionThatEndsInItsStepLeavesTheOthersUnharmed() throws Exception {
    List<org.junit.jupiter.api.function.ThrowingConsumer<Connection>> ends = List.of(
        connection -> connection.writer().close(),
        connection -> connection.writer().writeEof(),
        Connection::abort);
    for (var end : ends) {
      try (var ending = Loopback.pair();
          var other = Loopback.pair()) {
        ending.writer().write("first");
        other.writer().write("a");
        try {
          end.accept(ending.connection());
        } catch (Throwable e) {
          throw new AssertionError(e);
        }
        other.writer().write("b");
        try (var late = Loopback.pair()) {
          late.writer().write("c");
          other.writer().write("d");
          yieldNow();
          assertEquals("c", received(late.peer(), 1));
        }
        assertEquals("abd", received(other.peer(), 3));
        if (end == ends.getLast()) {
          assertEquals("Connection reset", endOf(ending.peer()));
        } else {
          assertEquals("first", received(ending.peer(), 5));
        }
      }
    }
  }

  @NetTest
  void aStepThatParksInForeignCodeSendsFirstWhatItWrote(Pair pair, Pair other) throws Exception {
    var writer = pair.writer();
    var meanwhile = createTask(() -> {
      other.writer().write("x");
      yieldNow();
      other.writer().write("y");
    });
    writer.write("abc");
    // The peer gets it only if it was sent before this waits.
    String first = asyncio.Asyncio.blocking(() -> received(pair.peer(), 3));
    assertEquals("abc", first);
    writer.write("d");
    other.writer().write("z");
    assertEquals(1, writer.bufferSize());
    assertEquals("d", asyncio.Asyncio.blocking(() -> received(pair.peer(), 1)));
    meanwhile.await();
    yieldNow();
    String both = received(other.peer(), 3);
    assertTrue(both.indexOf('x') < both.indexOf('y') && both.contains("z"), both);
  }

  @NetTest
  void whatIsWrittenWhileTheSocketIsFullComesBehindTheRest(Pair pair, Pair other) throws Exception {
    var writer = pair.writer();
    var sent = new ByteArrayOutputStream();
    var random = new Random(5);
    while (writer.bufferSize() <= HIGH) {
      byte[] block = new byte[30_000];
      random.nextBytes(block);
      sent.writeBytes(block);
      writer.write(block);
      other.writer().write("."); // in the same step
      yieldNow();
      assertEquals(".", received(other.peer(), 1));
    }
    for (int i = 0; i < 10; i++) {
      byte[] more = utf8("more " + i);
      sent.writeBytes(more);
      writer.write(more);
      if (i % 3 == 0) {
        yieldNow();
      }
    }
    CompletableFuture<byte[]> all = receiveAll(pair.peer());
    writer.drain();
    byte[] last = utf8("the end");
    sent.writeBytes(last);
    writer.write(last);
    pair.connection().close();
    assertArrayEquals(sent.toByteArray(), asyncio.Asyncio.await(all));
  }

  @NetTest
  void moreThanAnArrayHoldsCantWaitAndTheErrorNamesDrain(Pair pair) throws Exception {
    try (var _ = new Buffers(1024 * 1024)) {
      var writer = pair.writer();
      byte[] piece = noise(3, 100_000);
      var accepted = new ByteArrayOutputStream();
      var e = assertThrows(IllegalStateException.class, () -> {
        for (int i = 0; i < 500; i++) {
          writer.write(piece);
          accepted.writeBytes(piece);
        }
      });
      assertStartsWith(e.getMessage(), "write() of 100000 bytes while ");
      assertEndsWith(
          e.getMessage(),
          "no more than 2 GiB can be buffered. Call drain() between writes: it waits"
              + " until the peer has taken what was written.");
      // What was refused is not sent in part, and the connection goes on.
      CompletableFuture<byte[]> all = receiveAll(pair.peer());
      writer.drain();
      writer.write(piece);
      accepted.writeBytes(piece);
      pair.connection().close();
      assertArrayEquals(accepted.toByteArray(), asyncio.Asyncio.await(all));
    }
  }

  @NetTest
  void aCloseThatMayWaitForNoTimeGivesUpAtOnce() throws Exception {
    var options = ConnectOptions.defaults();
    for (Duration negative : List.of(Duration.ofNanos(-1), Duration.ofSeconds(Long.MIN_VALUE))) {
      assertThrows(IllegalArgumentException.class, () -> options.withCloseFlushLimit(negative));
    }
    try (var pair = Loopback.pair(options.withCloseFlushLimit(Duration.ZERO))) {
      fill(pair.writer());
      var e = assertThrows(IOException.class, () -> pair.connection().close());
      assertContains(e.getMessage(), "bytes within 0 ms");
    }
  }

  @Test
  void whatTheLastStepOfARunWroteIsSent() throws Exception {
    try (var listening =
        new java.net.ServerSocket(0, 5, java.net.InetAddress.getLoopbackAddress())) {
      asyncio.Asyncio.run(() -> {
        var left = Asyncio.openConnection(Loopback.HOST, listening.getLocalPort());
        left.writer().write("last words");
      });
      try (var peer = listening.accept()) {
        assertEquals("last words", new String(peer.getInputStream().readAllBytes(), UTF_8));
      }
    }
  }

  @NetTest
  void whatCouldNotBeSentAtTheEndOfAStepIsNamedByClose(Pair pair, Pair other) throws Exception {
    var connection = pair.connection();
    Loopback.reset(pair.peer());
    assertThrows(IOException.class, () -> {
      while (true) {
        connection.writer().write("x");
        yieldNow();
      }
    });
    assertEquals(0, connection.writer().bufferSize());
    var unsent = assertThrows(IOException.class, connection::close);
    assertContains(unsent.getMessage(), "was lost");
    other.writer().write("fine");
    yieldNow();
    assertEquals("fine", received(other.peer(), 4));
  }

  @NetTest
  void aReadThatFindsTheConnectionLostInTheStepOfAWriteHarmsNoOther(Pair pair, Pair other)
      throws Exception {
    var connection = pair.connection();
    Loopback.reset(pair.peer());
    connection.writer().write("x");
    assertThrows(IOException.class, () -> connection.reader().read(1));
    other.writer().write("fine");
    yieldNow();
    assertEquals("fine", received(other.peer(), 4));
  }

  @NetTest
  void drainWaitsForAPeerThatDoesNotReadAndMemoryStaysBounded(Pair pair) throws Exception {
    var writer = pair.writer();
    byte[] block = new byte[10_000];
    int[] most = {0};
    Task<?> sending = createTask(() -> {
      for (int i = 0; i < 2_000; i++) {
        writer.write(block);
        most[0] = Math.max(most[0], writer.bufferSize());
        writer.drain();
      }
      writer.writeEof();
    });
    Loopback.until(() -> writer.bufferSize() > HIGH);
    for (int i = 0; i < 100; i++) {
      yieldNow();
    }
    assertFalse(sending.isDone(), "it waits");
    assertTrue(writer.bufferSize() <= HIGH + block.length, writer::toString);
    assertContains(sending.toString(), "output");

    CompletableFuture<byte[]> all = receiveAll(pair.peer());
    sending.await();
    assertEquals(20_000_000, asyncio.Asyncio.await(all).length);
    assertTrue(most[0] <= HIGH + block.length, "at most " + most[0]);
  }

  @NetTest
  void aTimeoutRoundDrainFiresAndOthersAreUnaffected(Pair stuck, Pair other) throws Exception {
    fill(stuck.writer());
    assertThrows(
        TimeoutException.class, () -> timeout(ofMillis(20), () -> stuck.writer().drain()));
    other.writer().write("ping");
    other.writer().drain();
    yieldNow();
    assertEquals("ping", new String(other.peer().getInputStream().readNBytes(4), UTF_8));
  }

  @NetTest
  void aTaskThatSendsToAFastPeerLetsOthersRun(Pair pair) throws Exception {
    var writer = pair.writer();
    CompletableFuture<byte[]> all = receiveAll(pair.peer());
    boolean[] done = {false};
    int[] turns = {0};
    var other = createTask(() -> {
      while (!done[0]) {
        turns[0]++;
        yieldNow();
      }
    });
    byte[] block = new byte[50_000];
    for (int i = 0; i < 400; i++) {
      writer.write(block);
      writer.drain();
    }
    done[0] = true;
    other.await();
    assertTrue(turns[0] >= 15, "turns of the other task while 20 MB were sent: " + turns[0]);
    pair.connection().close();
    assertEquals(20_000_000, asyncio.Asyncio.await(all).length);
  }

  @NetTest
  void aLowHighWaterMarkMakesItNoLessFair() throws Exception {
    try (var pair = Loopback.pair(ConnectOptions.defaults().withWriteWater(1_000, 0))) {
      var writer = pair.writer();
      CompletableFuture<byte[]> all = receiveAll(pair.peer());
      boolean[] done = {false};
      int[] turns = {0};
      var other = createTask(() -> {
        while (!done[0]) {
          turns[0]++;
          yieldNow();
        }
      });
      byte[] block = new byte[10_000];
      for (int i = 0; i < 2_000; i++) {
        writer.write(block);
        writer.drain();
      }
      done[0] = true;
      other.await();
      assertTrue(turns[0] >= 15, "turns of the other task while 20 MB were sent: " + turns[0]);
      pair.connection().close();
      assertEquals(20_000_000, asyncio.Asyncio.await(all).length);
    }
  }

  @NetTest
  @Covers("test_streams.StreamTests.multiple_drain")
  void severalTasksMayDrain(Pair pair) throws Exception {
    var writer = pair.writer();
    fill(writer);
    var one = createTask(() -> writer.drain());
    var two = createTask(() -> writer.drain());
    var three = createTask(() -> writer.drain());
    yieldNow();
    two.cancel();
    yieldNow();
    assertTrue(two.isCancelled());
    assertFalse(one.isDone());
    var all = receiveAll(pair.peer());
    one.await();
    three.await();
    assertTrue(writer.bufferSize() <= 16 * 1024, writer::toString);
    pair.connection().close();
    asyncio.Asyncio.await(all);
  }

  @NetTest
  void aResetEndsADrainThatWaits(Pair pair) throws Exception {
    var connection = pair.connection();
    fill(connection.writer());
    var draining = createTask(() -> connection.writer().drain());
    yieldNow();
    Loopback.reset(pair.peer());
    var e = assertThrows(SocketException.class, () -> draining.awaitThrowing(IOException.class));
    assertContains(e.getMessage(), "was lost");
    assertEquals(0, connection.writer().bufferSize(), "what can't be sent holds no memory");
    assertThrows(IOException.class, () -> connection.writer().write("x"));
    assertThrows(IOException.class, () -> connection.reader().read(1));
    var unsent = assertThrows(IOException.class, connection::close);
    assertContains(unsent.getMessage(), "was lost");
    assertTrue(connection.isClosed());
  }

  @NetTest
  @Covers("test_streams.StreamTests.drain_raises")
  void aPeerThatHasGoneIsNoticedByTheWriteAfterTheNext(Pair pair) throws Exception {
    var writer = pair.writer();
    pair.peer().close();
    // The first write is answered by a reset, which a later one meets.
    assertThrows(IOException.class, () -> {
      while (true) {
        writer.write("x");
        writer.drain();
        yieldNow();
      }
    });
  }

  // ---- ending ----

  @NetTest
  void halfClosedConnectionsGoOnInTheOtherDirection(Pair pair) throws Exception {
    var connection = pair.connection();
    connection.writer().write("question");
    connection.writer().writeEof();
    connection.writer().writeEof();
    yieldNow();
    assertEquals("question", new String(pair.peer().getInputStream().readAllBytes(), UTF_8));
    var e = assertThrows(IllegalStateException.class, () -> connection.writer().write("more"));
    assertContains(e.getMessage(), "writeEof");
    pair.peer().getOutputStream().write(utf8("answer"));
    pair.peer().shutdownOutput();
    assertEquals("answer", new String(connection.reader().readAll(), UTF_8));
  }

  @NetTest
  void writeEofComesAfterAllThatIsBuffered(Pair pair) throws Exception {
    var writer = pair.writer();
    byte[] much = new byte[5_000_000];
    new Random(3).nextBytes(much);
    writer.write(much);
    writer.writeEof();
    assertTrue(writer.bufferSize() > 0, "more than the socket takes");
    assertArrayEquals(much, asyncio.Asyncio.await(receiveAll(pair.peer())));
  }

  @NetTest
  void closeSendsWhatWasWritten(Pair pair) throws Exception {
    byte[] much = new byte[5_000_000];
    new Random(4).nextBytes(much);
    pair.writer().write(much);
    CompletableFuture<byte[]> received = receiveAll(pair.peer());
    pair.connection().close();
    assertTrue(pair.connection().isClosed());
    assertArrayEquals(much, asyncio.Asyncio.await(received));
    pair.connection().close();
  }

  @NetTest
  void closeGivesUpAfterItsLimitAndSaysWhatWasNotSent() throws Exception {
    try (var pair = Loopback.pair(ConnectOptions.defaults().withCloseFlushLimit(ofMillis(30)))) {
      var connection = pair.connection();
      fill(connection.writer());
      int left = connection.writer().bufferSize();
      var e = assertThrows(IOException.class, connection::close);
      assertContains(e.getMessage(), "bytes within 30 ms");
      assertTrue(left > 0);
      assertTrue(connection.isClosed());
    }
  }

  @NetTest
  void closeMayWaitForEver() throws Exception {
    try (var pair =
        Loopback.pair(ConnectOptions.defaults().withCloseFlushLimit(FOREVER.getDuration()))) {
      fill(pair.writer());
      var closing = createTask(() -> pair.connection().close());
      yieldNow();
      assertFalse(pair.connection().isClosed());
      CompletableFuture<byte[]> all = receiveAll(pair.peer());
      closing.await();
      assertTrue(asyncio.Asyncio.await(all).length > 0);
    }
  }

  @NetTest
  void aCancelledCloseClosesAtOnce(Loopback here, Pair pair) throws Exception {
    var connection = pair.connection();
    fill(connection.writer());
    var closing = createTask(() -> connection.close());
    yieldNow();
    assertTrue(connection.writer().isClosing());
    assertFalse(connection.isClosed());
    closing.cancel();
    assertThrows(CancelledError.class, closing::await);
    assertTrue(connection.isClosed());
    assertEquals(0, here.openHandles());
  }

  @NetTest
  void writerCloseDoesNotWaitAndWaitClosedDoes(Pair pair) throws Exception {
    var writer = pair.writer();
    fill(writer);
    assertFalse(writer.isClosing());
    writer.close();
    writer.close();
    assertTrue(writer.isClosing());
    var waiting = createTask(() -> writer.waitClosed());
    yieldNow();
    assertFalse(waiting.isDone());
    receiveAll(pair.peer());
    waiting.await();
    assertTrue(pair.connection().isClosed());
  }

  @NetTest
  void abortDropsWhatWaits(Pair pair) throws Exception {
    var connection = pair.connection();
    fill(connection.writer());
    var draining = createTask(() -> connection.writer().drain());
    yieldNow();
    connection.abort();
    connection.abort();
    assertTrue(connection.isClosed());
    assertThrows(IOException.class, () -> draining.awaitThrowing(IOException.class));
    connection.writer().waitClosed();
  }

  @NetTest
  void writingAfterCloseIsNamed(Pair pair) throws Exception {
    var connection = pair.connection();
    connection.close();
    var e = assertThrows(IOException.class, () -> connection.writer().write("x"));
    assertContains(e.getMessage(), "closed on this side");
    assertThrows(IOException.class, () -> connection.writer().drain());
    assertThrows(IOException.class, () -> connection.writer().writeEof());
  }

  // ---- threads ----

  @NetTest
  void aCallFromAnotherThreadIsRefusedAndSaysWhatToCall(Pair pair) throws Exception {
    var connection = pair.connection();
    for (var call : List.<org.junit.jupiter.api.function.Executable>of(
        () -> connection.writer().write("x"),
        () -> connection.writer().drain(),
        () -> connection.writer().bufferSize(),
        () -> connection.writer().close(),
        () -> connection.reader().read(1),
        () -> connection.reader().read(new byte[1]),
        () -> connection.reader().atEof(),
        connection::abort,
        connection::close)) {
      var refused = new CompletableFuture<IllegalStateException>();
      Thread.ofPlatform()
          .name("stranger")
          .start(() -> refused.complete(assertThrows(IllegalStateException.class, call)));
      String message = asyncio.Asyncio.await(refused).getMessage();
      assertContains(message, "'stranger'", "callSoonThreadsafe");
    }
  }

  @NetTest
  void aCallFromAnotherLoopIsRefused(Pair pair) throws Exception {
    var connection = pair.connection();
    var refused = new CompletableFuture<IllegalStateException>();
    Thread.ofPlatform()
        .start(() -> asyncio.Asyncio.run(() -> {
          assertThrows(IllegalStateException.class, () -> connection.writer().write("x"));
          refused.complete(assertThrows(
              IllegalStateException.class, () -> connection.reader().readLine()));
        }));
    String message = asyncio.Asyncio.await(refused).getMessage();
    assertContains(message, "belongs to loop");
  }

  // ---- integrity ----

  @NetTest
  void everyByteGoesOnceAndInOrderWhateverTheChunks() throws Exception {
    for (int seed = 1; seed <= 5; seed++) {
      var random = new Random(seed);
      try (var pair = Loopback.pair(ConnectOptions.defaults()
          .withWriteWater(1 + random.nextInt(100_000), random.nextInt(1)))) {
        CompletableFuture<byte[]> received = receiveAll(pair.peer());
        var sent = new ByteArrayOutputStream();
        var writer = pair.writer();
        while (sent.size() < 2_000_000) {
          byte[] piece = new byte[random.nextInt(1 << random.nextInt(19))];
          random.nextBytes(piece);
          sent.write(piece);
          writer.write(piece);
          switch (random.nextInt(4)) {
            case 0 -> writer.drain();
            case 1 -> yieldNow();
            default -> {}
          }
        }
        pair.connection().close();
        assertArrayEquals(sent.toByteArray(), asyncio.Asyncio.await(received), "seed " + seed);
      }
    }
  }

  @NetTest
  void everyByteGoesToItsOwnConnectionWhateverOneStepWrites() throws Exception {
    for (int seed = 1; seed <= 5; seed++) {
      var random = new Random(seed);
      List<Loopback.Pair> pairs = new ArrayList<>();
      List<CompletableFuture<byte[]>> received = new ArrayList<>();
      List<ByteArrayOutputStream> sent = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        var pair = Loopback.pair();
        pairs.add(pair);
        received.add(receiveAll(pair.peer()));
        sent.add(new ByteArrayOutputStream());
      }
      for (int i = 0; i < 2_000; i++) {
        int to = random.nextInt(3);
        var writer = pairs.get(to).writer();
        byte[] piece = new byte[random.nextInt(1 << random.nextInt(18))];
        random.nextBytes(piece);
        sent.get(to).writeBytes(piece);
        writer.write(piece);
        switch (random.nextInt(5)) {
          case 0 -> writer.drain();
          case 1 -> yieldNow();
          default -> {}
        }
      }
      for (int i = 0; i < 3; i++) {
        pairs.get(i).connection().close();
        assertArrayEquals(
            sent.get(i).toByteArray(),
            asyncio.Asyncio.await(received.get(i)),
            "seed " + seed + ", connection " + i);
        pairs.get(i).close();
      }
    }
  }

  // ---- slow peers at the end ----

  /** Time passes when the test says so; sockets are looked at all the time. */
  private static final class SetClock implements asyncio.Clock {
    private volatile long now;

    void advance(Duration duration) {
      now = now + duration.toNanos();
    }

    @Override
    public long nanoTime() {
      return now;
    }

    @Override
    public long idle(long next, Activity activity) {
      return 1_000_000;
    }
  }

  private interface SlowPeer {
    void test(Loopback.Pair pair, SetClock clock) throws Exception;
  }

  private final Reports reports = new Reports();

  /** A connection that is about to close and has much to send still. */
  private void withSlowPeer(SlowPeer body) throws Exception {
    var clock = new SetClock();
    try (var runner = new Runner(RunOptions.defaults().withClock(clock))) {
      runner.run(() -> {
        runningLoop().setExceptionHandler(reports);
        try (var pair =
            Loopback.pair(ConnectOptions.defaults().withCloseFlushLimit(ofSeconds(5)))) {
          fill(pair.writer());
          pair.writer().write(new byte[8_000_000]);
          body.test(pair, clock);
        }
      });
    }
  }

  private static void until(BooleanSupplier condition) {
    while (!condition.getAsBoolean()) {
      yieldNow();
    }
  }

  /** More than once the limit of a close: the kernel may still have taken something meanwhile. */
  private static void passTimeUntil(BooleanSupplier cut, SetClock clock) {
    while (!cut.getAsBoolean()) {
      turns();
      clock.advance(ofSeconds(5));
    }
  }

  private static void turns() {
    for (int i = 0; i < 10; i++) {
      yieldNow();
    }
  }

  /** So much is acknowledged that the socket takes more. */
  private static void take(Loopback.Pair pair, int bytes) throws IOException {
    asyncio.Asyncio.toThread(() -> pair.peer().getInputStream().readNBytes(bytes));
  }

  /** How the peer's stream ends. */
  private static String endOf(Socket peer) {
    return asyncio.Asyncio.toThread(() -> {
      try {
        peer.getInputStream().readAllBytes();
        return "end";
      } catch (IOException lost) {
        return lost.getMessage();
      }
    });
  }

  @Test
  void aPeerThatTakesALittleNowAndThenIsNotCut() throws Exception {
    withSlowPeer((pair, clock) -> {
      var writer = pair.writer();
      var closing = createTask(() -> pair.connection().close());
      yieldNow();
      for (int i = 0; i < 10; i++) {
        int before = writer.bufferSize();
        clock.advance(ofSeconds(4));
        turns();
        take(pair, 400_000);
        clock.advance(ofMillis(1_000)); // the selector may not have told yet
        until(() -> writer.bufferSize() < before);
        assertFalse(pair.connection().isClosed());
      }
      assertTrue(writer.bufferSize() > 0);
      passTimeUntil(closing::isDone, clock);
      var lost = assertThrows(IOException.class, () -> closing.awaitThrowing(IOException.class));
      assertContains(lost.getMessage(), "bytes within 5000 ms");
      assertEquals("Connection reset", endOf(pair.peer()));
      reports.assertNone();
    });
  }

  @Test
  void aConnectionThatIsCutWhileNobodyWaitsIsReported() throws Exception {
    withSlowPeer((pair, clock) -> {
      pair.writer().close();
      passTimeUntil(reports::areThere, clock);
      String why = reports.only().exception().getMessage();
      assertContains(why, "bytes within 5000 ms");
      assertTrue(pair.connection().isClosed());
      assertEquals("Connection reset", endOf(pair.peer()));
    });
  }

  @Test
  void anAbortThatDropsSomethingResetsAndOneThatDropsNothingDoesNot() throws Exception {
    withSlowPeer((pair, clock) -> {
      pair.connection().abort();
      assertEquals("Connection reset", endOf(pair.peer()));
    });
    Loopback.run(here -> {
      try (var pair = Loopback.pair()) {
        pair.writer().write("all");
        yieldNow();
        pair.connection().abort();
        assertEquals("end", endOf(pair.peer()));
      }
    });
  }
}
