package asyncio.net;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.relay;
import static asyncio.Asyncio.run;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;
import static asyncio.support.Waiting.failureOf;
import static asyncio.support.Waiting.started;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static java.time.Duration.ofMillis;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import asyncio.Action;
import asyncio.AsyncFiles;
import asyncio.CancelledError;
import asyncio.ConnectOptions;
import asyncio.Connection;
import asyncio.ConnectionPair;
import asyncio.LimitOverrunException;
import asyncio.Relayed;
import asyncio.StreamReader;
import asyncio.StreamWriter;
import asyncio.Task;
import asyncio.conformance.Covers;
import asyncio.support.Waiting;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What every connection does, whatever its bytes go through. A subclass says which. */
abstract class StreamContract {
  /** More than any socket takes at once. */
  private static final int MUCH = 16 * 1024 * 1024;

  abstract ConnectionPair open(ConnectOptions options) throws IOException;

  /** Whether a peer can tell a reset from an end: that of a plain Unix socket can't. */
  boolean tellsResets() {
    return true;
  }

  /** Closes what else was opened. */
  void end() {}

  // ---- the tests' own ----

  private interface Body {
    void run(Connection one, Connection other) throws Exception;
  }

  private void with(Body body) throws Exception {
    in(() -> {
      try (ConnectionPair pair = open(ConnectOptions.defaults())) {
        body.run(pair.one(), pair.other());
      }
    });
  }

  private void in(Action<Exception> body) throws Exception {
    run(() -> {
      try {
        body.run();
      } finally {
        end();
      }
    });
  }

  private static byte[] noise(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }

  private static ByteBuffer direct(byte[] bytes) {
    return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
  }

  private static String text(byte[] bytes) {
    return new String(bytes, UTF_8);
  }

  // ---- send ----

  @Test
  void whatIsSentIsRead() throws Exception {
    with((one, other) -> {
      one.writer().send("text, ");
      one.writer().send("bytes, ".getBytes(UTF_8));
      one.writer().send(ByteBuffer.wrap(".buffer.".getBytes(UTF_8), 1, 6));
      one.writer().send(new byte[0]);
      one.writer().send(ByteBuffer.allocateDirect(0));
      assertEquals("text, bytes, buffer", text(other.reader().readExactly(19)));
      other.writer().send("back\n");
      assertEquals("back", one.reader().readLine());
    });
  }

  @Test
  void muchIsSentFromWhereItIs() throws Exception {
    with((one, other) -> {
      byte[] much = noise(MUCH);
      for (ByteBuffer buffer : List.of(direct(much), ByteBuffer.wrap(much))) {
        Task<?> sending = started(createTask(() -> one.writer().send(buffer)));
        assertTrue(one.writer().bufferSize() > 0);
        assertArrayEquals(much, other.reader().readExactly(MUCH));
        sending.await();
        assertEquals(buffer.limit(), buffer.position());
        assertEquals(0, one.writer().bufferSize());
      }
      Task<?> sending = started(createTask(() -> one.writer().send(much)));
      assertArrayEquals(much, other.reader().readExactly(MUCH));
      sending.await();
    });
  }

  @Test
  void aReadOnlyBufferCanBeSent() throws Exception {
    with((one, other) -> {
      byte[] bytes = noise(100_000);
      one.writer().send(ByteBuffer.wrap(bytes, 0, 10).asReadOnlyBuffer());
      assertArrayEquals(Arrays.copyOf(bytes, 10), other.reader().readExactly(10));
      Task<?> sending = createTask(() -> {
        one.writer().send(ByteBuffer.wrap(bytes).asReadOnlyBuffer());
        one.writer().send(direct(bytes).asReadOnlyBuffer());
      });
      assertArrayEquals(bytes, other.reader().readExactly(bytes.length));
      assertArrayEquals(bytes, other.reader().readExactly(bytes.length));
      sending.await();
    });
  }

  @Test
  void theBytesOfOneSendStayTogether() throws Exception {
    with((one, other) -> {
      var senders = new ArrayList<Task<?>>();
      for (int i = 0; i < 4; i++) {
        byte[] own = new byte[MUCH / 4];
        Arrays.fill(own, (byte) i);
        // Made here: where memory is short, the JDK waits for some, and others may run.
        ByteBuffer bytes = i % 2 == 0 ? direct(own) : ByteBuffer.wrap(own);
        senders.add(createTask(() -> one.writer().send(bytes)));
      }
      senders.forEach(Waiting::started);
      one.writer().write(new byte[] {4});
      for (int i = 0; i < 4; i++) {
        byte[] came = other.reader().readExactly(MUCH / 4);
        for (byte b : came) {
          if (b != i) {
            assertEquals(i, b);
          }
        }
      }
      assertEquals(4, other.reader().readExactly(1)[0]);
      senders.forEach(Task::await);
    });
  }

  @Test
  void aCancelledSendStillSendsWhatIsLeft() throws Exception {
    with((one, other) -> {
      byte[] much = noise(MUCH);
      for (ByteBuffer buffer : List.of(direct(much), ByteBuffer.wrap(much.clone()))) {
        Task<?> sending = started(createTask(() -> one.writer().send(buffer)));
        one.writer().write("later".getBytes(UTF_8));
        sending.cancel();
        assertThrows(CancelledError.class, sending::await);
        assertEquals(buffer.limit(), buffer.position());
        buffer.clear().put(new byte[MUCH]); // it is ours again
        one.writer().write("last".getBytes(UTF_8));
        assertArrayEquals(much, other.reader().readExactly(MUCH));
        assertEquals("laterlast", text(other.reader().readExactly(9)));
      }
    });
  }

  @Test
  void aSendBehindOtherOutputIsCopiedAndKeepsItsPlace() throws Exception {
    with((one, other) -> {
      byte[] much = noise(MUCH);
      one.writer().write(much);
      Task<?> second = started(createTask(() -> one.writer().send(direct(much))));
      second.cancel();
      assertThrows(CancelledError.class, second::await);
      one.writer().write("end".getBytes(UTF_8));
      assertArrayEquals(much, other.reader().readExactly(MUCH));
      assertArrayEquals(much, other.reader().readExactly(MUCH));
      assertEquals("end", text(other.reader().readExactly(3)));
    });
  }

  @Test
  void anAbortEndsASend() throws Exception {
    with((one, other) -> {
      Task<?> sending = started(createTask(() -> one.writer().send(direct(noise(MUCH)))));
      one.abort();
      assertContains(
          assertInstanceOf(SocketException.class, failureOf(sending)).getMessage(),
          "closed on this side");
    });
  }

  @Test
  @Covers("test_streams.StreamTests.open_unix_connection_error")
  void aPeerThatGoesEndsASend() throws Exception {
    with((one, other) -> {
      Task<?> sending = started(createTask(() -> one.writer().send(direct(noise(MUCH)))));
      other.abort();
      assertContains(
          assertInstanceOf(IOException.class, failureOf(sending)).getMessage(), "was lost");
      assertThrows(IOException.class, () -> one.writer().send("x"));
    });
  }

  @Test
  void aCloseWaitsForASendOfAnotherTask() throws Exception {
    with((one, other) -> {
      byte[] much = noise(MUCH);
      Task<?> sending = started(createTask(() -> one.writer().send(direct(much))));
      Task<?> closing = started(createTask(one::close));
      assertArrayEquals(much, other.reader().readAll());
      sending.await();
      other.close(); // TLS waits for it
      closing.await();
    });
  }

  @Test
  void theEndComesAfterASendOfAnotherTask() throws Exception {
    with((one, other) -> {
      byte[] much = noise(MUCH);
      Task<?> sending = started(createTask(() -> one.writer().send(much)));
      one.writer().writeEof();
      assertArrayEquals(much, other.reader().readAll());
      sending.await();
      assertThrows(IllegalStateException.class, () -> one.writer().send("x"));
      other.writer().send("still\n");
      assertEquals("still", one.reader().readLine());
    });
  }

  @Test
  void aSenderToAFastPeerLetsOthersRun() throws Exception {
    with((one, other) -> {
      Task<Long> counting = createTask(() -> {
        long count = 0;
        var into = ByteBuffer.allocateDirect(256 * 1024);
        for (int n = 0; n >= 0; n = other.reader().read(into.clear())) {
          count += n;
        }
        return count;
      });
      var block = ByteBuffer.allocateDirect(64 * 1024);
      int turns = 0;
      var ticks = new int[1];
      Task<?> ticking = createTask(() -> {
        while (true) {
          ticks[0]++;
          yieldNow();
        }
      });
      for (int i = 0; i < 1000; i++) {
        one.writer().send(block.clear());
        turns++;
      }
      one.writer().writeEof();
      assertEquals(1000L * 64 * 1024, counting.await());
      assertTrue(ticks[0] > turns / 100, () -> "only " + ticks[0] + " turns for others");
      ticking.cancel();
    });
  }

  @Test
  void flushWaitsUntilEverythingIsTaken() throws Exception {
    with((one, other) -> {
      one.writer().flush();
      one.writer().write(noise(MUCH));
      Task<?> flushing = started(createTask(one.writer()::flush));
      other.reader().readExactly(MUCH);
      flushing.await();
      assertEquals(0, one.writer().bufferSize());
      one.writer().write(noise(MUCH));
      Task<?> again = started(createTask(one.writer()::flush));
      one.abort();
      assertInstanceOf(IOException.class, failureOf(again));
    });
  }

  @Test
  void flushFailsWhereNothingCanBeSent() throws Exception {
    with((one, other) -> {
      other.abort();
      boolean[] flushing = {false};
      assertThrows(IOException.class, () -> {
        while (true) {
          one.writer().write("x");
          flushing[0] = true;
          one.writer().flush();
          flushing[0] = false;
          yieldNow();
        }
      });
      assertTrue(flushing[0]);
    });
  }

  @Test
  void memoryOfOneThreadAloneIsSentToo() throws Exception {
    with((one, other) -> {
      byte[] much = noise(MUCH);
      try (var arena = Arena.ofConfined()) {
        ByteBuffer buffer = arena.allocate(MUCH).asByteBuffer().put(much).flip();
        Task<byte[]> receiving = createTask(() -> other.reader().readExactly(MUCH));
        one.writer().send(buffer);
        assertArrayEquals(much, receiving.await());
      }
    });
  }

  @Test
  void memoryThatIsFreedTooEarlyFailsItsConnectionAlone() throws Exception {
    with((one, other) -> {
      Task<?> sending;
      try (var arena = Arena.ofShared()) {
        ByteBuffer buffer = arena.allocate(MUCH).asByteBuffer();
        sending = started(createTask(() -> one.writer().send(buffer)));
      }
      Task<?> receiving = createTask(() -> other.reader().readExactly(MUCH));
      assertContains(
          assertInstanceOf(IOException.class, failureOf(sending)).getMessage(),
          "can't be read any more");
      receiving.cancel();
    });
  }

  // ---- reading into buffers ----

  @Test
  void aBufferIsFilledFromItsPositionOn() throws Exception {
    with((one, other) -> {
      for (ByteBuffer into : List.of(
          ByteBuffer.allocate(6),
          ByteBuffer.allocateDirect(6),
          ByteBuffer.allocate(10_000).limit(6),
          ByteBuffer.allocateDirect(10_000).limit(6),
          ByteBuffer.allocate(10).slice(4, 6))) {
        one.writer().send("abcdefgh");
        into.put((byte) '>');
        int count = 0;
        while (into.hasRemaining()) {
          count += other.reader().read(into);
        }
        assertEquals(5, count);
        assertEquals(">abcde", UTF_8.decode(into.flip()).toString());
        assertEquals("fgh", text(other.reader().readExactly(3)));
      }
    });
  }

  @Test
  void aLargeDirectBufferIsFilledAndEnds() throws Exception {
    with((one, other) -> {
      byte[] much = noise(1_000_000);
      Task<?> sending = createTask(() -> {
        one.writer().send(much);
        one.writer().writeEof();
      });
      var into = ByteBuffer.allocateDirect(much.length + 10);
      int last = 0;
      while (last >= 0) {
        last = other.reader().read(into);
      }
      assertEquals(much.length, into.position());
      byte[] came = new byte[much.length];
      into.flip().get(came);
      assertArrayEquals(much, came);
      assertTrue(other.reader().atEof());
      sending.await();
    });
  }

  @Test
  void aBufferWithoutRoomIsRefused() throws Exception {
    with((one, other) -> {
      var full = assertThrows(
          IllegalArgumentException.class, () -> one.reader().read(ByteBuffer.allocate(0)));
      assertContains(full.getMessage(), "clear()");
      var readOnly = assertThrows(
          IllegalArgumentException.class,
          () -> one.reader().read(ByteBuffer.allocate(1).asReadOnlyBuffer()));
      assertContains(readOnly.getMessage(), "read-only");
    });
  }

  @Test
  void aCancelledReadIntoABufferLeavesIt() throws Exception {
    with((one, other) -> {
      var into = ByteBuffer.allocateDirect(8192);
      Task<?> reading = started(createTask(() -> other.reader().read(into)));
      var second = assertThrows(
          IllegalStateException.class, () -> other.reader().read(ByteBuffer.allocate(1)));
      assertContains(second.getMessage(), "Only one task may read");
      reading.cancel();
      assertThrows(CancelledError.class, reading::await);
      assertEquals(0, into.position());
      one.writer().send("kept");
      assertEquals("kept", text(other.reader().readExactly(4)));
    });
  }

  // ---- peek ----

  @Test
  void peekShowsWhatTheNextReadTakes() throws Exception {
    with((one, other) -> {
      one.writer().send("hello\n");
      assertEquals("h", text(other.reader().peek(1)));
      assertEquals("hello\n", text(other.reader().peek(100)));
      assertEquals("hello", other.reader().readLine());
      Task<byte[]> peeking = started(createTask(() -> other.reader().peek(2)));
      one.writer().send("later");
      assertEquals("la", text(peeking.await()));
      assertEquals("later", text(other.reader().read(100)));
      one.writer().writeEof();
      assertEquals(0, other.reader().peek(1).length);
      assertThrows(IllegalArgumentException.class, () -> other.reader().peek(0));
    });
  }

  // ---- lines and separators ----

  @Test
  @Covers({
    "test_streams.StreamTests.readuntil_multi_separator",
    "test_streams.StreamTests.readuntil_multi_separator_negative_offset"
  })
  void theSeparatorThatEndsFirstCounts() throws Exception {
    with((one, other) -> {
      byte[] crlf = "\r\n\r\n".getBytes(UTF_8);
      byte[] lf = "\n\n".getBytes(UTF_8);
      one.writer().send("a\r\n\r\nb\n\nc\r");
      assertEquals("a\r\n\r\n", text(other.reader().readUntil(crlf, lf)));
      assertEquals("b\n\n", text(other.reader().readUntil(crlf, lf)));
      Task<byte[]> third = started(createTask(() -> other.reader().readUntil(crlf, lf)));
      one.writer().send("\n\r");
      yieldNow();
      one.writer().send("\n");
      assertEquals("c\r\n\r\n", text(third.await()));
      one.writer().send("xxabc");
      assertEquals(
          "xxab", text(other.reader().readUntil("abc".getBytes(UTF_8), "b".getBytes(UTF_8))));
      assertThrows(IllegalArgumentException.class, () -> other.reader().readUntil());
      assertThrows(IllegalArgumentException.class, () -> other.reader().readUntil(lf, new byte[0]));
    });
  }

  @Test
  @Covers("test_streams.StreamTests.readuntil_multi_separator_limit")
  void theLimitHoldsForSeveralSeparators() throws Exception {
    in(() -> {
      try (ConnectionPair pair = open(ConnectOptions.defaults().withLimit(4))) {
        byte[] first = ";".getBytes(UTF_8);
        byte[] second = "--".getBytes(UTF_8);
        pair.other().writer().send("abcd;abcde--");
        assertEquals("abcd;", text(pair.one().reader().readUntil(second, first)));
        var overrun = assertThrows(
            LimitOverrunException.class, () -> pair.one().reader().readUntil(second, first));
        assertEquals("abcde--", text(pair.one().reader().readExactly(7)));
        assertTrue(overrun.consumed() >= 4, () -> "consumed " + overrun.consumed());
      }
    });
  }

  @Test
  void linesAreReadInTheirCharset() throws Exception {
    with((one, other) -> {
      one.writer().send("größer\nweiß\nend".getBytes(ISO_8859_1));
      one.writer().writeEof();
      assertEquals("größer", other.reader().readLineIn(ISO_8859_1));
      var lines = new ArrayList<String>();
      other.reader().lines(ISO_8859_1).forEach(lines::add);
      assertEquals(List.of("weiß", "end"), lines);
    });
  }

  // ---- transferTo ----

  /** Runs {@code body} with a connection whose bytes come from {@code from}, and another one. */
  private void with(byte[] from, Body body) throws Exception {
    in(() -> {
      try (ConnectionPair source = open(ConnectOptions.defaults());
          ConnectionPair target = open(ConnectOptions.defaults())) {
        Task<?> sending = createTask(() -> {
          source.one().writer().send(from);
          source.one().writer().writeEof();
        });
        body.run(source.other(), target.one());
        sending.cancel();
      }
    });
  }

  @Test
  void aStreamIsTransferredToItsEnd() throws Exception {
    byte[] much = noise(MUCH);
    in(() -> {
      try (ConnectionPair source = open(ConnectOptions.defaults());
          ConnectionPair target = open(ConnectOptions.defaults())) {
        Task<?> sending = createTask(() -> {
          source.one().writer().send(much);
          source.one().writer().writeEof();
        });
        Task<byte[]> receiving = createTask(() -> target.other().reader().readExactly(MUCH));
        byte[] first = source.other().reader().peek(10); // some of it is in the reader
        assertEquals(MUCH, source.other().reader().transferTo(target.one().writer()));
        assertArrayEquals(much, receiving.await());
        assertTrue(first.length > 0);
        assertTrue(source.other().reader().atEof());
        target.one().writer().send("not ended\n");
        assertEquals("not ended", target.other().reader().readLine());
        sending.await();
      }
    });
  }

  @Test
  void aTransferReadsNoMoreThanTheReceiverTakes() throws Exception {
    byte[] much = noise(MUCH);
    in(() -> {
      try (ConnectionPair source = open(ConnectOptions.defaults());
          ConnectionPair target = open(ConnectOptions.defaults())) {
        Task<?> sending = createTask(() -> {
          source.one().writer().send(much);
          source.one().writer().writeEof();
        });
        Task<Long> moving =
            createTask(() -> source.other().reader().transferTo(target.one().writer()));
        started(sending);
        started(moving);
        assertTrue(target.one().writer().bufferSize() <= 192 * 1024);
        assertContains(
            assertThrows(
                    IllegalStateException.class, () -> source.other().reader().read(1))
                .getMessage(),
            "Only one task may read");
        assertArrayEquals(much, target.other().reader().readExactly(MUCH));
        assertEquals(MUCH, moving.await());
        sending.await();
      }
    });
  }

  @Test
  void aCancelledTransferLosesNothing() throws Exception {
    byte[] much = noise(MUCH);
    in(() -> {
      try (ConnectionPair source = open(ConnectOptions.defaults());
          ConnectionPair target = open(ConnectOptions.defaults())) {
        Task<?> sending = createTask(() -> {
          source.one().writer().send(much);
          source.one().writer().writeEof();
        });
        Task<?> moving = started(
            createTask(() -> source.other().reader().transferTo(target.one().writer())));
        moving.cancel();
        assertThrows(CancelledError.class, moving::await);
        Task<?> rest = createTask(() -> {
          source.other().reader().transferTo(target.one().writer());
          target.one().writer().writeEof();
        });
        assertArrayEquals(much, target.other().reader().readAll());
        rest.await();
        sending.await();
      }
    });
  }

  /** What is to be sent first may need the very memory that the next bytes are in. */
  @Test
  void aTransferKeepsItsPlaceBehindWhatWasWrittenInTheSameStep() throws Exception {
    byte[] much = noise(1_000_000);
    in(() -> {
      try (ConnectionPair source = open(ConnectOptions.defaults());
          ConnectionPair target = open(ConnectOptions.defaults());
          ConnectionPair third = open(ConnectOptions.defaults())) {
        source.one().writer().write(much);
        source.one().writer().writeEof();
        Task<byte[]> receiving =
            createTask(() -> target.other().reader().readExactly(4 * 30_000 + 1_000_000));
        for (int i = 0; i < 10; i++) {
          yieldNow();
        }
        third.one().writer().write("has the memory that is lent");
        for (int i = 0; i < 4; i++) {
          target.one().writer().write(new byte[30_000]);
        }
        source.other().reader().transferTo(target.one().writer());
        byte[] came = receiving.await();
        assertArrayEquals(much, Arrays.copyOfRange(came, 4 * 30_000, came.length));
      }
    });
  }

  @Test
  void aWriteAfterATransferThatBufferedMuch() throws Exception {
    byte[] some = noise(30_000);
    byte[] more = noise(64 * 1024); // as much as is read at once, so that the end follows at once
    in(() -> {
      try (ConnectionPair source = open(ConnectOptions.defaults());
          ConnectionPair target = open(ConnectOptions.defaults().withWriteWater(1 << 20, 1 << 19));
          ConnectionPair third = open(ConnectOptions.defaults())) {
        source.one().writer().write(more);
        source.one().writer().writeEof();
        for (int i = 0; i < 10; i++) {
          yieldNow();
        }
        third.one().writer().write("has the memory that is lent");
        target.one().writer().write(some);
        source.other().reader().transferTo(target.one().writer());
        target.one().writer().write(some);
        target.one().writer().write(direct(some));
        assertArrayEquals(some, target.other().reader().readExactly(some.length));
        assertArrayEquals(more, target.other().reader().readExactly(more.length));
        assertArrayEquals(some, target.other().reader().readExactly(some.length));
        assertArrayEquals(some, target.other().reader().readExactly(some.length));
      }
    });
  }

  @Test
  void aTransferToAnEndedStreamTakesNothing() throws Exception {
    in(() -> {
      try (ConnectionPair source = open(ConnectOptions.defaults());
          ConnectionPair target = open(ConnectOptions.defaults())) {
        source.one().writer().send("kept\n");
        target.one().writer().writeEof();
        assertThrows(
            IllegalStateException.class,
            () -> source.other().reader().transferTo(target.one().writer()));
        assertEquals("kept", source.other().reader().readLine());
      }
    });
  }

  @Test
  void aTransferFailsWhenTheReceiverGoes() throws Exception {
    with(noise(MUCH), (from, to) -> {
      to.abort();
      assertThrows(IOException.class, () -> from.reader().transferTo(to.writer()));
    });
  }

  // ---- relay ----

  @Test
  void aRelayMovesBothWaysAndPassesEndsOn() throws Exception {
    in(() -> {
      try (ConnectionPair client = open(ConnectOptions.defaults());
          ConnectionPair server = open(ConnectOptions.defaults())) {
        Task<Relayed> relaying = createTask(() -> relay(client.other(), server.one()));
        client.one().writer().send("question\n");
        assertEquals("question", server.other().reader().readLine());
        client.one().writer().writeEof();
        assertNull(server.other().reader().readLine());
        server.other().writer().send("a long answer\n");
        assertEquals("a long answer", client.one().reader().readLine());
        server.other().writer().writeEof();
        assertNull(client.one().reader().readLine());
        assertEquals(new Relayed(9, 14), relaying.await());
        assertFalse(client.other().isClosed());
        assertFalse(server.one().isClosed());
      }
    });
  }

  @Test
  void aRelayEndsInSilenceAfterOneEnd() throws Exception {
    in(() -> {
      try (ConnectionPair client = open(ConnectOptions.defaults());
          ConnectionPair server = open(ConnectOptions.defaults())) {
        Task<Relayed> relaying =
            createTask(() -> relay(client.other(), server.one(), ofMillis(30)));
        sleep(ofMillis(60)); // silence counts only after an end
        client.one().writer().send("last\n");
        client.one().writer().writeEof();
        assertEquals("last", server.other().reader().readLine());
        assertEquals(new Relayed(5, 0), relaying.await());
      }
    });
  }

  @Test
  void aRelayFailsWithEitherConnection() throws Exception {
    in(() -> {
      try (ConnectionPair client = open(ConnectOptions.defaults());
          ConnectionPair server = open(ConnectOptions.defaults())) {
        Task<Relayed> relaying = started(createTask(() -> relay(client.other(), server.one())));
        client.other().abort();
        assertContains(failureOf(relaying).getMessage(), "closed on this side");
        // Nobody reads from the other one any more.
        server.other().writer().send("x");
        assertEquals("x", text(server.one().reader().read(1)));
      }
    });
  }

  @Test
  void aCancelledRelayLeavesBothConnections() throws Exception {
    in(() -> {
      try (ConnectionPair client = open(ConnectOptions.defaults());
          ConnectionPair server = open(ConnectOptions.defaults())) {
        Task<Relayed> relaying = started(createTask(() -> relay(client.other(), server.one())));
        relaying.cancel();
        assertThrows(CancelledError.class, relaying::await);
        client.one().writer().send("x");
        assertEquals("x", text(client.other().reader().read(1)));
        assertThrows(IllegalArgumentException.class, () -> relay(client.one(), client.one()));
        assertThrows(
            IllegalArgumentException.class, () -> relay(client.one(), server.one(), ofMillis(0)));
      }
    });
  }

  // ---- views ----

  @Test
  void codeThatKnowsJavaIoReadsAndWrites() throws Exception {
    with((one, other) -> {
      var out = new DataOutputStream(one.writer().asOutputStream());
      var in = new DataInputStream(other.reader().asInputStream());
      out.writeInt(42);
      out.writeUTF("größer");
      out.flush();
      assertEquals(42, in.readInt());
      assertEquals("größer", in.readUTF());
      one.writer().send("first\nsecond\n");
      var lines = new BufferedReader(new InputStreamReader(other.reader().asInputStream(), UTF_8));
      assertEquals("first", lines.readLine());
      assertEquals("second", lines.readLine());
      Task<Integer> reading =
          started(createTask(() -> other.reader().asInputStream().read()));
      one.writer().asOutputStream().write(200);
      assertEquals(200, reading.await());
      one.writer().writeEof();
      assertEquals(-1, other.reader().asInputStream().read());
    });
  }

  @Test
  void closingAViewLeavesTheConnection() throws Exception {
    with((one, other) -> {
      InputStream in = other.reader().asInputStream();
      OutputStream out = one.writer().asOutputStream();
      out.write('a');
      out.close();
      assertContains(
          assertThrows(IOException.class, () -> out.write('b')).getMessage(), "is closed");
      assertThrows(IOException.class, out::flush);
      one.writer().send("bc");
      assertEquals('a', in.read());
      in.close();
      assertContains(assertThrows(IOException.class, in::read).getMessage(), "is closed");
      assertEquals("bc", text(other.reader().readExactly(2)));
      assertFalse(one.isClosed());
    });
  }

  @Test
  void anInputStreamTellsWhatIsThere() throws Exception {
    with((one, other) -> {
      InputStream in = other.reader().asInputStream();
      assertEquals(0, in.available());
      one.writer().send("abcdef");
      assertEquals("abcdef", text(other.reader().peek(6)));
      assertEquals(6, in.available());
      byte[] into = new byte[10];
      assertEquals(0, in.read(into, 0, 0));
      assertEquals(3, in.read(into, 2, 3));
      assertEquals("abc", new String(into, 2, 3, UTF_8));
      one.writer().writeEof();
      var rest = new ByteArrayOutputStream();
      assertEquals(3, in.transferTo(rest));
      assertEquals("def", rest.toString(UTF_8));
    });
  }

  @Test
  void codeThatKnowsChannelsReadsAndWrites() throws Exception {
    with((one, other) -> {
      var out = one.writer().asChannel();
      var in = other.reader().asChannel();
      assertEquals(5, out.write(ByteBuffer.wrap("hello".getBytes(UTF_8))));
      var into = ByteBuffer.allocate(10);
      assertEquals(5, in.read(into));
      assertEquals("hello", UTF_8.decode(into.flip()).toString());
      assertEquals(0, in.read(ByteBuffer.allocate(0)));
      out.close();
      in.close();
      assertFalse(in.isOpen() || out.isOpen());
      assertThrows(ClosedChannelException.class, () -> out.write(into.clear()));
      assertThrows(ClosedChannelException.class, () -> in.read(into.clear()));
      one.writer().writeEof();
      assertEquals(-1, other.reader().asChannel().read(ByteBuffer.allocate(1)));
    });
  }

  @Test
  void viewsSayWhoUsesThemWrongly() throws Exception {
    with((one, other) -> {
      StreamReader reader = other.reader();
      StreamWriter writer = one.writer();
      InputStream in = reader.asInputStream();
      OutputStream out = writer.asOutputStream();
      Task<?> reading = started(createTask(() -> in.read()));
      assertContains(
          assertThrows(IllegalStateException.class, () -> reader.asInputStream().read())
              .getMessage(),
          "Only one task may read");
      out.write(1);
      reading.await();
      assertThrows(IndexOutOfBoundsException.class, () -> in.read(new byte[1], 0, 2));
      assertThrows(IndexOutOfBoundsException.class, () -> out.write(new byte[1], 0, 2));
    });
  }

  // ---- files ----

  @TempDir
  Path files;

  /** Puts {@code bytes} into a file. */
  private Path file(byte[] bytes) throws IOException {
    return Files.write(files.resolve("file" + bytes.length), bytes);
  }

  @Test
  @Covers({
    "test_sendfile.SendfileMixin.sendfile",
    "test_sendfile.SendfileMixin.sendfile_ssl",
    "test_sendfile.SendfileMixin.sendfile_pre_and_post_data",
    "test_sendfile.SendfileMixin.sendfile_ssl_pre_and_post_data",
    "test_sendfile.SendfileMixin.sendfile_force_fallback"
  })
  void aFileIsSentBetweenWhatIsWritten() throws Exception {
    byte[] much = noise(MUCH);
    Path path = file(much);
    with((one, other) -> {
      Task<?> sending = createTask(() -> {
        one.writer().write("before");
        assertEquals(MUCH, one.writer().sendFile(path));
        one.writer().write("after");
        one.writer().writeEof();
      });
      assertEquals("before", text(other.reader().readExactly(6)));
      assertArrayEquals(much, other.reader().readExactly(MUCH));
      assertEquals("after", text(other.reader().readAll()));
      sending.await();
    });
  }

  @Test
  @Covers({
    "test_sendfile.SendfileMixin.sendfile_partial",
    "test_sendfile.SendfileMixin.sendfile_ssl_partial"
  })
  void aPartOfAFileIsSent() throws Exception {
    byte[] bytes = noise(100_000);
    Path path = file(bytes);
    with((one, other) -> {
      try (var channel = FileChannel.open(path)) {
        channel.position(7);
        assertEquals(50_000, one.writer().sendFile(channel, 1000, 50_000));
        assertEquals(7, channel.position());
        assertArrayEquals(
            Arrays.copyOfRange(bytes, 1000, 51_000), other.reader().readExactly(50_000));
        assertEquals(10, one.writer().sendFile(channel, 99_990, 1000)); // up to the end
        assertEquals(0, one.writer().sendFile(channel, 100_000, 1000));
        assertEquals(0, one.writer().sendFile(channel, 200_000, Long.MAX_VALUE));
        assertEquals(0, one.writer().sendFile(channel, 0, 0));
        assertArrayEquals(
            Arrays.copyOfRange(bytes, 99_990, 100_000), other.reader().readExactly(10));
        assertThrows(IllegalArgumentException.class, () -> one.writer().sendFile(channel, -1, 1));
        assertThrows(IllegalArgumentException.class, () -> one.writer().sendFile(channel, 1, -1));
      }
      assertEquals(0, one.writer().sendFile(file(new byte[0])));
      one.writer().writeEof();
      assertEquals(0, other.reader().readAll().length);
    });
  }

  @Test
  @Covers("test_sendfile.SendfileMixin.sendfile_prevents_bare_write")
  void nobodyElseWritesWhileAFileIsSent() throws Exception {
    byte[] much = noise(MUCH);
    Path path = file(much);
    with((one, other) -> {
      Task<?> sending = createTask("sender", () -> one.writer().sendFile(path));
      until(() -> one.writer().bufferSize() > 0 || refuses(one.writer()));
      assertTrue(refuses(one.writer()));
      for (Action<IOException> write : List.<Action<IOException>>of(
          () -> one.writer().write("x"),
          () -> one.writer().send("x"),
          () -> one.writer().writeEof(),
          () -> one.writer().sendFile(path))) {
        assertContains(
            assertThrows(IllegalStateException.class, write::run).getMessage(),
            "'sender'",
            "sends a file");
      }
      assertArrayEquals(much, other.reader().readExactly(MUCH));
      sending.await();
      one.writer().send("x");
      assertEquals("x", text(other.reader().readExactly(1)));
    });
  }

  private static boolean refuses(StreamWriter writer) throws IOException {
    try {
      writer.write(new byte[0]);
      return false;
    } catch (IllegalStateException during) {
      return true;
    }
  }

  private interface Condition {
    boolean holds() throws IOException;
  }

  private static void until(Condition condition) throws IOException {
    long deadline = System.nanoTime() + 20_000_000_000L;
    while (!condition.holds()) {
      assertTrue(System.nanoTime() < deadline, "it did not happen within 20 s");
      sleep(ofMillis(1));
    }
  }

  @Test
  @Covers({
    "test_sendfile.SendfileMixin.sendfile_close_peer_in_the_middle_of_receiving",
    "test_sendfile.SendfileMixin.sendfile_fallback_close_peer_in_the_middle_of_receiving"
  })
  void aPeerThatGoesEndsTheSendingOfAFile() throws Exception {
    Path path = file(noise(MUCH));
    with((one, other) -> {
      Task<?> sending = createTask(() -> one.writer().sendFile(path));
      other.reader().readExactly(1000);
      assertFalse(sending.isDone());
      other.abort();
      assertContains(
          assertInstanceOf(IOException.class, failureOf(sending)).getMessage(), "was lost");
      assertThrows(IOException.class, () -> one.writer().sendFile(path));
    });
  }

  @Test
  @Covers({
    "test_sendfile.SendfileMixin.sendfile_close_peer_after_receiving",
    "test_sendfile.SendfileMixin.sendfile_ssl_close_peer_after_receiving"
  })
  void aPeerThatGoesWhenItHasTheFileDoesNoHarm() throws Exception {
    Path path = file(noise(MUCH));
    with((one, other) -> {
      Task<Long> sending = createTask(() -> one.writer().sendFile(path));
      other.reader().readExactly(MUCH);
      assertEquals(MUCH, sending.await());
      other.abort();
    });
  }

  @Test
  @Covers("test_sendfile.SendfileMixin.sendfile_for_closing_transp")
  void noFileIsSentOnceTheConnectionIsClosed() throws Exception {
    Path path = file(noise(10));
    with((one, other) -> {
      assertThrows(NoSuchFileException.class, () -> other.writer().sendFile(files.resolve("none")));
      one.writer().close();
      assertThrows(IOException.class, () -> one.writer().sendFile(path));
    });
  }

  @Test
  void aCloseWaitsForAFileThatAnotherTaskSends() throws Exception {
    byte[] much = noise(MUCH);
    Path path = file(much);
    with((one, other) -> {
      Task<?> sending = createTask(() -> one.writer().sendFile(path));
      until(() -> refuses(one.writer()));
      Task<?> closing = createTask(one::close);
      assertArrayEquals(much, other.reader().readAll());
      sending.await();
      other.close();
      closing.await();
    });
  }

  @Test
  void anAbortEndsTheSendingOfAFile() throws Exception {
    Path path = file(noise(MUCH));
    with((one, other) -> {
      Task<?> sending = createTask(() -> one.writer().sendFile(path));
      other.reader().readExactly(1000);
      one.abort();
      assertInstanceOf(IOException.class, failureOf(sending));
    });
  }

  @Test
  void aCancelledSendingOfAFileStopsSoon() throws Exception {
    byte[] much = noise(MUCH);
    Path path = file(much);
    with((one, other) -> {
      Task<?> sending = createTask(() -> one.writer().sendFile(path));
      byte[] first = other.reader().readExactly(1000);
      sending.cancel();
      assertThrows(CancelledError.class, sending::await);
      one.writer().write("end");
      one.writer().writeEof();
      byte[] rest = other.reader().readAll();
      int sent = first.length + rest.length - 3;
      assertTrue(sent < MUCH, () -> "all " + sent);
      assertArrayEquals(Arrays.copyOf(much, 1000), first);
      assertArrayEquals(Arrays.copyOfRange(much, 1000, sent), Arrays.copyOf(rest, rest.length - 3));
      assertEquals("end", text(Arrays.copyOfRange(rest, rest.length - 3, rest.length)));
    });
  }

  @Test
  void aFileThatWasNotSentWholeEndsInAReset() throws Exception {
    Path path = file(noise(MUCH));
    with((one, other) -> {
      Task<?> sending = createTask(() -> one.writer().sendFile(path));
      other.reader().readExactly(1000);
      sending.cancel();
      assertThrows(CancelledError.class, sending::await);
      one.writer().close();
      if (tellsResets()) {
        assertThrows(IOException.class, () -> other.reader().readAll());
      } else {
        assertTrue(other.reader().readAll().length < MUCH);
      }
    });
  }

  @Test
  void aSendingOfAFileThatIsCancelledWhileThePeerTakesNothingHarmsNothingElse() throws Exception {
    byte[] much = noise(MUCH);
    Path path = file(much);
    with((one, other) -> {
      Task<?> sending = createTask(() -> one.writer().sendFile(path));
      sleep(ofMillis(100)); // the socket is full
      assertFalse(sending.isDone());
      sending.cancel();
      assertThrows(CancelledError.class, sending::await);
      assertContains(
          assertThrows(IllegalStateException.class, () -> one.writer().writeEof())
              .getMessage(),
          "only a part was sent");
      Task<?> writing = createTask(() -> {
        one.writer().send("end");
        one.writer().writeEof();
      });
      byte[] all = other.reader().readAll();
      writing.await();
      int sent = all.length - 3;
      assertArrayEquals(Arrays.copyOf(much, sent), Arrays.copyOf(all, sent));
      assertEquals("end", text(Arrays.copyOfRange(all, sent, all.length)));
    });
  }

  @Test
  void aConnectionThatIsAbortedInTheMiddleOfAFileIsReset() throws Exception {
    Path path = file(noise(MUCH));
    with((one, other) -> {
      Task<?> sending = createTask(() -> one.writer().sendFile(path));
      sleep(ofMillis(50));
      sending.cancel();
      assertThrows(CancelledError.class, sending::await);
      one.abort();
      if (tellsResets()) {
        assertThrows(IOException.class, () -> other.reader().readAll());
      }
    });
  }

  @Test
  void aFileThatCanNotBeReadHarmsNoConnection() throws Exception {
    Path path = file(noise(100_000));
    with((one, other) -> {
      try (var writeOnly = FileChannel.open(path, WRITE)) {
        var failure = assertThrows(Exception.class, () -> one.writer().sendFile(writeOnly, 0, 10));
        assertFalse(failure.getMessage() != null && failure.getMessage().contains("was lost"));
      }
      var closed = FileChannel.open(path);
      closed.close();
      assertThrows(ClosedChannelException.class, () -> one.writer().sendFile(closed, 0, 10));
      one.writer().send("alive");
      assertEquals("alive", text(other.reader().readExactly(5)));
    });
  }

  @Test
  void aCancelledTransferOfAFileLosesNoneOfItAndSendsNoneTwice() throws Exception {
    byte[] much = noise(MUCH);
    Path path = file(much);
    with((one, other) -> {
      try (var file = AsyncFiles.open(path)) {
        Task<?> sending = createTask(() -> file.reader().transferTo(one.writer()));
        byte[] first = other.reader().readExactly(10_000);
        sending.cancel();
        assertThrows(CancelledError.class, sending::await);
        Task<byte[]> receiving = createTask(() -> other.reader().readAll());
        byte[] rest = file.reader().readAll();
        one.writer().send(rest);
        one.writer().writeEof();
        var all = new ByteArrayOutputStream();
        all.write(first);
        all.write(receiving.await());
        assertArrayEquals(much, all.toByteArray());
      }
    });
  }

  @Test
  void aFileWithoutASizeIsSent() throws Exception {
    Path status = Path.of("/proc/self/status");
    assumeTrue(Files.exists(status), "there is a file system without sizes");
    with((one, other) -> {
      Task<Long> sending = createTask(() -> {
        long sent = one.writer().sendFile(status);
        one.writer().writeEof();
        return sent;
      });
      byte[] all = other.reader().readAll();
      assertTrue(all.length > 100);
      assertEquals(all.length, sending.await());
    });
  }

  @Test
  void aFilesReaderIsTransferredFromWhereItIs() throws Exception {
    byte[] much = noise(MUCH);
    Path path = file(much);
    with((one, other) -> {
      try (var file = AsyncFiles.open(path, READ, WRITE)) {
        assertArrayEquals(Arrays.copyOf(much, 10), file.reader().readExactly(10));
        Task<Long> sending = createTask(() -> file.reader().transferTo(one.writer()));
        assertArrayEquals(
            Arrays.copyOfRange(much, 10, MUCH), other.reader().readExactly(MUCH - 10));
        assertEquals(MUCH - 10, sending.await());
        file.write(ByteBuffer.wrap("more".getBytes(UTF_8)), MUCH);
        assertEquals(4, file.reader().transferTo(one.writer()));
        assertEquals(0, file.reader().transferTo(one.writer()));
        one.writer().flush();
        assertEquals("more", text(other.reader().readExactly(4)));
        assertEquals(0, file.reader().read(1).length);
      }
    });
  }

  @Test
  void aFileIsReceived() throws Exception {
    byte[] much = noise(MUCH);
    with((one, other) -> {
      Task<?> sending = createTask(() -> {
        one.writer().send(much);
        one.writer().writeEof();
      });
      Path path = files.resolve("received");
      try (var file = AsyncFiles.create(path)) {
        assertEquals(MUCH, other.reader().transferTo(file.writer()));
      }
      sending.await();
      assertArrayEquals(much, AsyncFiles.readAllBytes(path));
    });
  }
}
