package asyncio.internal.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Action;
import asyncio.Asyncio;
import asyncio.CancelledError;
import asyncio.Task;
import asyncio.WithPollers;
import asyncio.internal.scheduler.Scheduler;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What every {@link StreamHandle} does. A subclass says which. */
abstract class HandleContract {
  abstract Engine open(Scheduler scheduler) throws IOException;

  /** Connects two ends. */
  abstract Ends connect() throws IOException;

  /** Whether a peer can tell a reset from the end of the stream. */
  boolean hasResets() {
    return true;
  }

  // ---- the tests' own ----

  void run(Action<IOException> body) throws IOException {
    WithPollers.run(this::open, body);
  }

  /** Both ends of a new connection. */
  record Ends(StreamHandle client, StreamHandle server) implements AutoCloseable {
    @Override
    public void close() {
      client.close();
      server.close();
    }
  }

  /** Remembers what it was told. */
  static final class Told implements WriteCompletion {
    final List<Integer> written = new ArrayList<>();
    final List<IOException> failures = new ArrayList<>();

    void await() {
      while (written.isEmpty() && failures.isEmpty()) {
        Asyncio.yieldNow();
      }
    }

    @Override
    public void written(int count) {
      written.add(count);
    }

    @Override
    public void failed(IOException failure) {
      failures.add(failure);
    }
  }

  static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(UTF_8));
  }

  static void send(StreamHandle to, String text) throws IOException {
    var told = new Told();
    int count = to.write(bytes(text), told);
    if (count == 0) { // it may have been full a moment ago
      told.await();
      count = told.written.getFirst();
    }
    assertEquals(text.length(), count);
  }

  static @Nullable String read(Source from, int max) throws IOException {
    ByteBuffer came = from.read(max);
    return came == null ? null : UTF_8.decode(came).toString();
  }

  static String read(Source from, String expected) throws IOException {
    var text = new StringBuilder();
    while (text.length() < expected.length()) {
      String piece = read(from, expected.length() - text.length());
      assertNotNull(piece, () -> "the stream ended after '" + text + "'");
      text.append(piece);
    }
    return text.toString();
  }

  /** Writes until the other end takes no more; returns all that was taken. */
  static byte[] fill(StreamHandle to, Told told) throws IOException {
    var taken = new ByteArrayOutputStream();
    byte next = 0;
    while (true) {
      byte[] piece = new byte[10_000];
      for (int i = 0; i < piece.length; i++) {
        piece[i] = next++;
      }
      int count = to.write(ByteBuffer.wrap(piece), told);
      next = (byte) (next - (piece.length - count));
      taken.write(piece, 0, count);
      if (count == 0) {
        return taken.toByteArray();
      }
    }
  }

  static byte[] readBytes(Source from, int count) throws IOException {
    var came = new ByteArrayOutputStream();
    while (came.size() < count) {
      ByteBuffer piece = from.read(count - came.size());
      assertNotNull(piece, () -> "the stream ended after " + came.size() + " bytes");
      byte[] copy = new byte[piece.remaining()];
      piece.get(copy);
      came.writeBytes(copy);
    }
    return came.toByteArray();
  }

  /** Lets what {@code task} waits for come about, or not. */
  static <T> Task<T> started(Task<T> task) {
    Asyncio.yieldNow();
    Asyncio.yieldNow();
    return task;
  }

  static Throwable failureOf(Task<?> task) {
    var thrown = assertThrows(CompletionException.class, task::await);
    assertNotNull(thrown.getCause());
    return thrown.getCause();
  }

  // ---- reading ----

  @Test
  void bytesGoBothWays() throws IOException {
    run(() -> {
      try (Ends ends = connect()) {
        send(ends.client(), "there");
        send(ends.server(), "and back");
        assertEquals("there", read(ends.server(), "there"));
        assertEquals("and back", read(ends.client(), "and back"));
      }
    });
  }

  @Test
  void aReadTakesNoMoreThanItsMaximum() throws IOException {
    run(() -> {
      try (Ends ends = connect()) {
        send(ends.client(), "abcdef");
        assertEquals("ab", read(ends.server(), 2));
        assertEquals("cdef", read(ends.server(), "cdef"));
      }
    });
  }

  @Test
  void aReadIntoMemoryOfTheCallerMovesItsPosition() throws IOException {
    run(() -> {
      for (ByteBuffer into : List.of(ByteBuffer.allocate(8), ByteBuffer.allocateDirect(8))) {
        try (Ends ends = connect()) {
          send(ends.client(), "abcdefghij");
          into.put((byte) '>');
          int count = 0;
          while (into.hasRemaining()) {
            count += ends.server().read(into);
          }
          assertEquals(7, count);
          assertEquals(">abcdefg", UTF_8.decode(into.flip()).toString());
          assertEquals("hij", read(ends.server(), "hij"));
          assertTrue(ends.client().end(false, new Told()));
          assertEquals(-1, ends.server().read(into.clear()));
          assertEquals(0, into.position());
        }
      }
    });
  }

  @Test
  void aReadWaitsForBytes() throws IOException {
    run(() -> {
      try (Ends ends = connect()) {
        Task<String> reading = started(Asyncio.createTask(() -> read(ends.server(), "late")));
        var into = ByteBuffer.allocateDirect(4);
        Task<Integer> other = started(Asyncio.createTask(() -> ends.client().read(into)));
        send(ends.client(), "late");
        send(ends.server(), "too");
        assertEquals("late", reading.await());
        assertEquals(3, other.await());
      }
    });
  }

  @Test
  void theEndIsReadAgainAndAgainAndTheOtherWayGoesOn() throws IOException {
    run(() -> {
      try (Ends ends = connect()) {
        send(ends.client(), "last");
        assertTrue(ends.client().end(false, new Told()));
        assertEquals("last", read(ends.server(), "last"));
        assertNull(read(ends.server(), 10));
        assertNull(read(ends.server(), 10));
        send(ends.server(), "answer");
        assertEquals("answer", read(ends.client(), "answer"));
      }
    });
  }

  @Test
  void aCancelledReadLosesNothing() throws IOException {
    run(() -> {
      try (Ends ends = connect()) {
        var into = ByteBuffer.allocateDirect(8);
        Task<?> reading = started(Asyncio.createTask(() -> ends.server().read(into)));
        reading.cancel();
        assertThrows(CancelledError.class, reading::await);
        send(ends.client(), "kept");
        assertEquals("kept", read(ends.server(), "kept"));
        assertEquals(0, into.position());
      }
    });
  }

  @Test
  void closingAStreamEndsItsRead() throws IOException {
    run(() -> {
      try (Ends ends = connect()) {
        Task<?> reading = started(Asyncio.createTask(() -> read(ends.server(), 1)));
        ends.server().close();
        assertInstanceOf(ClosedChannelException.class, failureOf(reading));
        assertThrows(ClosedChannelException.class, () -> read(ends.server(), 1));
        assertThrows(
            ClosedChannelException.class, () -> ends.server().read(ByteBuffer.allocate(1)));
      }
    });
  }

  @Test
  void aReaderOfAFastPeerLetsOthersRun() throws IOException {
    run(() -> {
      try (Ends ends = connect()) {
        var told = new Told();
        byte[] sent = fill(ends.client(), told);
        boolean[] ran = {false};
        Asyncio.createTask(() -> {
          ran[0] = true;
        });
        int reads = 0;
        while (!ran[0]) {
          assertTrue(++reads < sent.length, "nobody else ran");
          readBytes(ends.server(), 1);
        }
      }
    });
  }

  // ---- writing ----

  @Test
  void whatTheOtherEndDoesNotTakeIsSentLater() throws IOException {
    run(() -> {
      try (Ends ends = connect()) {
        var told = new Told();
        byte[] sent = fill(ends.client(), told);
        assertEquals(List.of(), told.written);
        assertArrayEquals(sent, readBytes(ends.server(), sent.length));
        told.await();
        assertEquals(1, told.written.size());
        int later = told.written.getFirst();
        byte[] rest = readBytes(ends.server(), later);
        for (int i = 0; i < later; i++) {
          assertEquals((byte) (sent.length + i), rest[i]);
        }
        assertEquals(List.of(), told.failures);
        send(ends.client(), "and more");
        assertEquals("and more", read(ends.server(), "and more"));
      }
    });
  }

  @Test
  void memoryOutsideTheHeapIsSentAndItsPositionStays() throws IOException {
    run(() -> {
      try (Ends ends = connect()) {
        var data =
            ByteBuffer.allocateDirect(10).put(bytes("0123456789")).position(2).limit(6);
        assertEquals(4, ends.client().write(data, new Told()));
        assertEquals(2, data.position());
        assertEquals("2345", read(ends.server(), "2345"));
      }
    });
  }

  @Test
  void aWriteUnderWayCanBeTakenBack() throws IOException {
    run(() -> {
      try (Ends ends = connect()) {
        var told = new Told();
        byte[] sent = fill(ends.client(), told);
        int late = ends.client().takeBack(); // sent all the same, so read before anything else
        assertArrayEquals(sent, readBytes(ends.server(), sent.length));
        readBytes(ends.server(), late);
        send(ends.client(), "instead");
        assertEquals("instead", read(ends.server(), "instead"));
        assertEquals(List.of(), told.written);
        assertEquals(List.of(), told.failures);
      }
    });
  }

  @Test
  void closingAStreamEndsItsWriteOnce() throws IOException {
    run(() -> {
      try (Ends ends = connect()) {
        var told = new Told();
        fill(ends.client(), told);
        ends.client().close();
        ends.client().close();
        assertEquals(1, told.failures.size());
        assertInstanceOf(ClosedChannelException.class, told.failures.getFirst());
        assertEquals(List.of(), told.written);
        assertThrows(
            ClosedChannelException.class, () -> ends.client().write(bytes("x"), new Told()));
      }
    });
  }

  @Test
  void lentMemoryIsSentOrGivenBack() throws IOException {
    run(() -> {
      try (Ends ends = connect()) {
        ByteBuffer memory = ends.client().lend();
        if (memory == null) {
          return; // an engine may have none
        }
        memory.put(bytes("dropped"));
        ends.client().giveBack();
        memory = assertNotNullAndGet(ends.client().lend());
        assertNull(ends.server().lend(), "one at a time");
        memory.put(bytes("sent"));
        assertEquals(0, ends.client().sendLent().remaining());
        assertEquals("sent", read(ends.server(), "sent"));
      }
    });
  }

  private static ByteBuffer assertNotNullAndGet(@Nullable ByteBuffer buffer) {
    assertNotNull(buffer);
    return buffer;
  }

  // ---- the end ----

  @Test
  void aPeerThatClosesEndsTheStreamAndThenWritingFails() throws IOException {
    run(() -> {
      try (Ends ends = connect()) {
        send(ends.server(), "bye");
        assertTrue(ends.server().end(true, new Told()));
        ends.server().close();
        assertEquals("bye", read(ends.client(), "bye"));
        assertNull(read(ends.client(), 1));
        assertThrows(IOException.class, () -> {
          while (true) {
            ends.client().write(bytes("x"), new Told());
            Asyncio.yieldNow();
          }
        });
      }
    });
  }

  @Test
  void aPeerThatResetsIsAnError() throws IOException {
    run(() -> {
      try (Ends ends = connect()) {
        Task<?> reading = started(Asyncio.createTask(() -> read(ends.client(), 1)));
        ends.server().reset();
        if (hasResets()) {
          assertEquals("Connection reset", failureOf(reading).getMessage());
        } else {
          assertNull(reading.await());
        }
        assertThrows(IOException.class, () -> {
          while (true) {
            ends.client().write(bytes("x"), new Told());
            Asyncio.yieldNow();
          }
        });
      }
    });
  }

  @Test
  void aWriteUnderWayFailsWhenThePeerResets() throws IOException {
    run(() -> {
      try (Ends ends = connect()) {
        var told = new Told();
        fill(ends.client(), told);
        ends.server().reset();
        told.await();
        assertEquals(1, told.failures.size());
        assertEquals(List.of(), told.written);
      }
    });
  }

  @Test
  void whatIsDroppedEndsWithTheStream() throws IOException {
    run(() -> {
      try (Ends ends = connect()) {
        send(ends.client(), "not wanted");
        var told = new Told();
        assertFalse(ends.server().discard(1000, told));
        Asyncio.sleep(Duration.ofMillis(1));
        send(ends.client(), "any more");
        assertEquals(List.of(), told.written);
        assertTrue(ends.client().end(true, new Told()));
        ends.client().close();
        told.await();
        assertEquals(List.of(0), told.written);
        assertTrue(ends.server().discard(1000, new Told()), "it has ended");
      }
    });
  }

  @Test
  void noMoreIsDroppedThanTheMaximum() throws IOException {
    run(() -> {
      try (Ends ends = connect()) {
        var told = new Told();
        assertFalse(ends.server().discard(10, told));
        byte[] much = new byte[1000];
        ends.client().write(ByteBuffer.wrap(much), new Told());
        told.await();
        assertEquals(List.of(0), told.written);
      }
    });
  }

  @Test
  void aDiscardEndsWithItsHandle() throws IOException {
    run(() -> {
      try (Ends ends = connect()) {
        var told = new Told();
        assertFalse(ends.server().discard(10, told));
        ends.server().close();
        assertEquals(1, told.failures.size());
        assertInstanceOf(ClosedChannelException.class, told.failures.getFirst());
        assertThrows(ClosedChannelException.class, () -> ends.server().discard(10, told));
      }
    });
  }

  @Test
  void aDiscardFailsWhenThePeerResets() throws IOException {
    run(() -> {
      try (Ends ends = connect()) {
        var told = new Told();
        assertFalse(ends.server().discard(10, told));
        ends.client().reset();
        told.await();
        assertEquals(hasResets() ? 1 : 0, told.failures.size());
        assertEquals(hasResets() ? List.of() : List.of(0), told.written);
      }
    });
  }
}
