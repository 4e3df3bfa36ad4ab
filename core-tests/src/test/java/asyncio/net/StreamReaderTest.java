package asyncio.net;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Action;
import asyncio.CancelledError;
import asyncio.ConnectOptions;
import asyncio.IncompleteReadException;
import asyncio.LimitOverrunException;
import asyncio.Task;
import asyncio.conformance.Covers;
import asyncio.net.Loopback.Pair;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class StreamReaderTest {
  private static void send(Socket peer, String text) throws IOException {
    send(peer, text.getBytes(UTF_8));
  }

  private static void send(Socket peer, byte[] bytes) throws IOException {
    peer.getOutputStream().write(bytes);
    peer.getOutputStream().flush();
  }

  private static Thread onAThread(Action<IOException> sends) {
    return Thread.ofPlatform().start(() -> {
      try {
        sends.run();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    });
  }

  private static byte[] utf8(String text) {
    return text.getBytes(UTF_8);
  }

  private static byte[] noise(int seed, int length) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  // ---- read ----

  @NetTest
  void readGivesWhatIsThereUpToTheMaximum(Pair pair) throws Exception {
    var reader = pair.reader();
    send(pair.peer(), "hello");
    assertEquals("hel", new String(reader.read(3), UTF_8));
    assertEquals("lo", new String(reader.read(100), UTF_8));
    assertEquals(0, reader.read(0).length);
    assertFalse(reader.atEof());
    pair.peer().shutdownOutput();
    assertEquals(0, reader.read(100).length);
    assertTrue(reader.atEof());
    assertEquals(0, reader.read(100).length, "and again");
  }

  @NetTest
  @Covers({"test_streams.StreamTests.read_limit", "test_streams.StreamTests.readexactly_limit"})
  void readIgnoresTheLimit() throws Exception {
    try (var pair = Loopback.pair(ConnectOptions.defaults().withLimit(3))) {
      send(pair.peer(), "abcdefgh");
      byte[] all = pair.reader().readExactly(8);
      assertEquals("abcdefgh", new String(all, UTF_8));
      send(pair.peer(), "abcdefgh");
      assertEquals("abcde", new String(pair.reader().read(5), UTF_8));
      assertEquals("fgh", new String(pair.reader().readExactly(3), UTF_8));
      send(pair.peer(), "abcde");
      byte[] into = new byte[5];
      assertEquals(5, pair.reader().read(into));
      assertEquals("abcde", new String(into, UTF_8));
    }
  }

  @NetTest
  void readRefusesANegativeMaximumAndNamesReadAll(Pair pair) throws Exception {
    var e = assertThrows(IllegalArgumentException.class, () -> pair.reader().read(-1));
    assertContains(e.getMessage(), "readAll()");
  }

  @NetTest
  void afterCloseOnThisSideItIsAtItsEndAndReadsAreErrors(Pair pair) throws Exception {
    var reader = pair.reader();
    send(pair.peer(), "a\nb");
    assertEquals("a", reader.readLine());
    assertFalse(reader.atEof());
    pair.connection().close();
    assertTrue(reader.atEof());
    var e = assertThrows(SocketException.class, () -> reader.read(1));
    assertContains(e.getMessage(), "closed on this side");
  }

  // ---- read into an array ----

  @NetTest
  void readFillsAnArrayWithWhatIsThere(Pair pair) throws Exception {
    var reader = pair.reader();
    byte[] into = new byte[4];
    send(pair.peer(), "hello");
    assertEquals(4, reader.read(into));
    assertEquals("hell", new String(into, UTF_8));
    assertEquals(1, reader.read(into));
    assertEquals("oell", new String(into, UTF_8), "the rest stays as it was");
    assertFalse(reader.atEof());
    pair.peer().shutdownOutput();
    assertEquals(-1, reader.read(into));
    assertTrue(reader.atEof());
    assertEquals(-1, reader.read(into), "and again");
    assertEquals("oell", new String(into, UTF_8));
  }

  @NetTest
  @Covers("test_streams.StreamTests.readline_read_byte_count")
  void readIntoAnArrayTakesFirstWhatOtherReadsLeft(Pair pair) throws Exception {
    var reader = pair.reader();
    send(pair.peer(), "size 7\n1234567rest");
    assertEquals("size 7", reader.readLine());
    byte[] body = new byte[7];
    for (int at = 0; at < 7; ) {
      byte[] some = new byte[Math.min(3, 7 - at)];
      int count = reader.read(some);
      System.arraycopy(some, 0, body, at, count);
      at += count;
    }
    assertEquals("1234567", new String(body, UTF_8));
    assertEquals("rest", new String(reader.readExactly(4), UTF_8));
  }

  @NetTest
  void anArrayMayBeLargerThanTheLimit() throws Exception {
    try (var pair = Loopback.pair(ConnectOptions.defaults().withLimit(3))) {
      byte[] into = new byte[10_000];
      send(pair.peer(), "abcdefgh");
      int count = pair.reader().read(into);
      assertEquals("abcdefgh".substring(0, count), new String(into, 0, count, UTF_8));
    }
  }

  @NetTest
  void whatALargeArrayCannotHoldWaitsInTheSocket(Pair pair) throws Exception {
    byte[] sent = noise(7, 100_000);
    Thread sender = onAThread(() -> send(pair.peer(), sent));
    var reader = pair.reader();
    byte[] received = new byte[sent.length];
    byte[] into = new byte[5_000];
    for (int at = 0; at < sent.length; ) {
      int count = reader.read(into);
      System.arraycopy(into, 0, received, at, count);
      at += count;
      assertContains(reader.toString(), " 0 bytes");
    }
    assertArrayEquals(sent, received);
    sender.join();
  }

  @NetTest
  void anArrayWithoutElementsIsRefused(Pair pair) throws Exception {
    var e = assertThrows(IllegalArgumentException.class, () -> pair.reader().read(new byte[0]));
    assertContains(e.getMessage(), "got an empty one");
  }

  @NetTest
  void aReadIntoAnArrayWaitsAndIsTheOnlyOne(Pair pair) throws Exception {
    var reader = pair.reader();
    byte[] into = new byte[10];
    Task<Integer> first = createTask("first reader", () -> reader.read(into));
    yieldNow();
    var e = assertThrows(IllegalStateException.class, () -> reader.read(new byte[10]));
    assertContains(e.getMessage(), "'first reader'");
    send(pair.peer(), "abc");
    assertEquals(3, first.await());
    assertEquals("abc", new String(into, 0, 3, UTF_8));
  }

  @NetTest
  void aCancelledReadIntoAnArrayLeavesItAsItWas(Pair pair) throws Exception {
    var reader = pair.reader();
    byte[] into = new byte[4];
    Task<Integer> reading = createTask(() -> reader.read(into));
    yieldNow();
    reading.cancel();
    send(pair.peer(), "data");
    assertThrows(CancelledError.class, reading::await);
    assertArrayEquals(new byte[4], into);
    assertEquals("data", new String(reader.readExactly(4), UTF_8));
  }

  @NetTest
  void aResetSurfacesInAReadIntoAnArray(Pair pair) throws Exception {
    Loopback.reset(pair.peer());
    var e = assertThrows(IOException.class, () -> pair.reader().read(new byte[10]));
    assertContains(e.getMessage(), "was lost");
  }

  @NetTest
  void readAllGivesEverythingToTheEnd(Pair pair) throws Exception {
    byte[] sent = noise(1, 1_000_000);
    Thread sender = onAThread(() -> {
      send(pair.peer(), sent);
      pair.peer().shutdownOutput();
    });
    assertArrayEquals(sent, pair.reader().readAll());
    assertEquals(0, pair.reader().readAll().length);
    sender.join();
  }

  @NetTest
  void moreThanAnArrayHoldsCantBeReadAtOnceAndTheErrorNamesRead(Pair pair) throws Exception {
    try (var _ = new Buffers(300_000)) {
      byte[] sent = noise(2, 1_000_000);
      Thread sender = onAThread(() -> {
        send(pair.peer(), sent);
        pair.peer().shutdownOutput();
      });
      var reader = pair.reader();
      for (Read all : List.<Read>of(() -> reader.readAll(), () -> reader.readExactly(1_000_000))) {
        var e = assertThrows(LimitOverrunException.class, all::now);
        assertTrue(
            e.getMessage().contains("has sent 2 GiB, as much as") // and not one byte less
                && e.getMessage()
                    .endsWith("All of it is still in the stream; read(n) takes it piece by piece."),
            e.getMessage());
      }
      var got = new ByteArrayOutputStream();
      for (byte[] next = reader.read(65_536); next.length > 0; next = reader.read(65_536)) {
        got.writeBytes(next);
      }
      assertArrayEquals(sent, got.toByteArray());
      sender.join();
    }
  }

  private interface Read {
    byte[] now() throws IOException;
  }

  // ---- readExactly ----

  @NetTest
  @Covers({
    "test_streams.StreamTests.readexactly",
    "test_streams.StreamTests.readexactly_zero_or_less"
  })
  void readExactlyWaitsForAllOfItAndLeavesTheRest(Pair pair) throws Exception {
    var reader = pair.reader();
    Task<byte[]> reading = createTask(() -> reader.readExactly(6));
    send(pair.peer(), "abc");
    Loopback.until(() -> reader.toString().contains("3 bytes"));
    send(pair.peer(), "defgh");
    assertEquals("abcdef", new String(reading.await(), UTF_8));
    assertEquals(0, reader.readExactly(0).length);
    assertThrows(IllegalArgumentException.class, () -> reader.readExactly(-1));
    assertEquals("gh", new String(reader.readExactly(2), UTF_8));
  }

  @NetTest
  @Covers("test_streams.StreamTests.readexactly_eof")
  void readExactlyAtTheEndCarriesWhatCame(Pair pair) throws Exception {
    send(pair.peer(), "abc");
    pair.peer().shutdownOutput();
    var reader = pair.reader();
    var e = assertThrows(IncompleteReadException.class, () -> reader.readExactly(10));
    assertInstanceOf(EOFException.class, e);
    assertEquals("abc", new String(e.partial(), UTF_8));
    assertEquals(10, e.expected());
    assertTrue(reader.atEof());
  }

  // ---- readUntil ----

  @NetTest
  @Covers({
    "test_streams.StreamTests.readuntil_multi_chunks",
    "test_streams.StreamTests.readuntil_multi_chunks_1"
  })
  void readUntilFindsASeparatorThatComesInPieces(Pair pair) throws Exception {
    var reader = pair.reader();
    Task<byte[]> reading = createTask(() -> reader.readUntil(utf8("--end--")));
    int came = 0;
    for (String piece : List.of("one --e", "n", "d-", "x--end-", "-two--end--")) {
      assertFalse(reading.isDone());
      send(pair.peer(), piece);
      int now = came += piece.length();
      Loopback.until(() -> reading.isDone() || reader.toString().contains(now + " bytes"));
    }
    assertEquals("one --end-x--end--", new String(reading.await(), UTF_8));
    assertEquals("two--end--", new String(reader.readUntil(utf8("--end--")), UTF_8));
  }

  @NetTest
  @Covers("test_streams.StreamTests.readuntil_eof")
  void readUntilAtTheEndCarriesWhatCame(Pair pair) throws Exception {
    send(pair.peer(), "some dataAA");
    pair.peer().shutdownOutput();
    var e = assertThrows(IncompleteReadException.class, () -> pair.reader().readUntil(utf8("AAA")));
    assertEquals("some dataAA", new String(e.partial(), UTF_8));
    assertEquals(-1, e.expected());
  }

  @NetTest
  @Covers("test_streams.StreamTests.readuntil_limit_found_sep")
  void readUntilOverTheLimitDropsNothing() throws Exception {
    try (var pair = Loopback.pair(ConnectOptions.defaults().withLimit(5))) {
      var reader = pair.reader();
      send(pair.peer(), "abcdefgh;ij;");
      var e = assertThrows(LimitOverrunException.class, () -> reader.readUntil(utf8(";")));
      assertContains(e.getMessage(), "limit is 5", "before the separator");
      assertTrue(e.consumed() > 5, "consumed: " + e.consumed());
      // And once more, without harm.
      assertThrows(LimitOverrunException.class, () -> reader.readUntil(utf8(";")));
      assertEquals("abcdefgh;", new String(reader.readExactly(9), UTF_8));
      assertEquals("ij;", new String(reader.readUntil(utf8(";")), UTF_8));
    }
  }

  @NetTest
  @Covers("test_streams.StreamTests.readuntil_limit_found_sep")
  void readUntilOverTheLimitSaysHowMuchMayGoWithoutCuttingTheSeparator() throws Exception {
    try (var pair = Loopback.pair(ConnectOptions.defaults().withLimit(8))) {
      var reader = pair.reader();
      send(pair.peer(), "0123456789=");
      var e = assertThrows(LimitOverrunException.class, () -> reader.readUntil(utf8("=!")));
      assertContains(e.getMessage(), "without the separator");
      byte[] skipped = reader.readExactly(e.consumed());
      send(pair.peer(), "!");
      byte[] rest = reader.readUntil(utf8("=!"));
      assertEquals("0123456789=!", new String(skipped, UTF_8) + new String(rest, UTF_8));
    }
  }

  @NetTest
  void aLineAsLongAsTheLimitIsFine() throws Exception {
    try (var pair = Loopback.pair(ConnectOptions.defaults().withLimit(5))) {
      send(pair.peer(), "12345\n123456\n");
      var reader = pair.reader();
      assertEquals("12345", reader.readLine());
      assertThrows(LimitOverrunException.class, reader::readLine);
      assertEquals("123456\n", new String(reader.readExactly(7), UTF_8));
    }
  }

  @NetTest
  @Covers("test_streams.StreamTests.readuntil_separator")
  void anEmptySeparatorIsRefused(Pair pair) throws Exception {
    assertThrows(IllegalArgumentException.class, () -> pair.reader().readUntil(new byte[0]));
  }

  @NetTest
  @Covers({
    "test_streams.StreamTests.__repr__",
    "test_streams.StreamTests.__repr__eof",
    "test_streams.StreamTests.__repr__data",
    "test_streams.StreamTests.__repr__transport"
  })
  void aReaderTellsWhatItHasAndWhetherItHasEnded(Pair pair) throws Exception {
    var reader = pair.reader();
    String peer = pair.connection().remoteAddress().toString().substring(1);
    assertEquals("StreamReader[" + peer + ", 0 bytes]", reader.toString());
    send(pair.peer(), "one\ntwo");
    pair.peer().shutdownOutput();
    assertEquals("one", reader.readLine());
    assertContains(reader.toString(), ", 3 bytes");
    assertEquals("two", reader.readLine());
    assertNull(reader.readLine());
    assertEquals("StreamReader[" + peer + ", 0 bytes, ended]", reader.toString());
  }

  @NetTest
  void aPeerWithoutSeparatorsCostsNoMoreMemoryThanTwiceTheLimit() throws Exception {
    try (var pair = Loopback.pair(ConnectOptions.defaults().withLimit(1000))) {
      send(pair.peer(), noise(2, 4000));
      var reader = pair.reader();
      assertThrows(LimitOverrunException.class, () -> reader.readUntil(new byte[50]));
      String state = reader.toString();
      int held = Integer.parseInt(state.replaceAll(".*, (\\d+) bytes.*", "$1"));
      assertTrue(held <= 2000, state);
    }
  }

  // ---- lines ----

  @NetTest
  @Covers({
    "test_pep492.StreamReaderTests.readline",
    "test_streams.StreamTests.readline_empty_eof",
    "test_streams.StreamTests.readline_eof",
    "test_streams.StreamTests.readline_nolimit_nowait"
  })
  void linesComeWithoutTheirEnds(Pair pair) throws Exception {
    send(pair.peer(), "one\ntwo\r\n\n\r\nca\rr\nlast");
    pair.peer().shutdownOutput();
    List<String> lines = new ArrayList<>();
    for (String line : pair.reader().lines()) {
      lines.add(line);
    }
    assertEquals(List.of("one", "two", "", "", "ca\rr", "last"), lines);
    assertNull(pair.reader().readLine());
  }

  @NetTest
  @Covers("test_streams.StreamTests.readline")
  void aLineThatComesInPiecesLeavesTheRest(Pair pair) throws Exception {
    var reader = pair.reader();
    Task<String> reading = createTask(() -> reader.readLine());
    send(pair.peer(), "chunk1 ");
    Loopback.until(() -> reader.toString().contains("7 bytes"));
    send(pair.peer(), "chunk2 \n chunk3");
    assertEquals("chunk1 chunk2 ", reading.await());
    assertEquals(" chunk3", new String(reader.readExactly(7), UTF_8));
  }

  @NetTest
  void aCharacterThatComesInTwoPiecesIsWhole(Pair pair) throws Exception {
    var reader = pair.reader();
    byte[] bytes = utf8("größer €\n");
    Task<String> reading = createTask(() -> reader.readLine());
    for (int i = 0; i < bytes.length; i++) {
      send(pair.peer(), new byte[] {bytes[i]});
      int now = i + 1;
      Loopback.until(() -> reading.isDone() || reader.toString().contains(now + " bytes"));
    }
    assertEquals("größer €", reading.await());
  }

  @NetTest
  void readLineTakesAnotherCharsetIfItsLineFeedIsOneByte(Pair pair) throws Exception {
    send(pair.peer(), "größer\n".getBytes(ISO_8859_1));
    var reader = pair.reader();
    assertEquals("größer", reader.readLineIn(ISO_8859_1));
    var e = assertThrows(IllegalArgumentException.class, () -> reader.readLineIn(UTF_16));
    assertContains(e.getMessage(), "readUntil");
  }

  // ---- failures ----

  @NetTest
  @Covers({
    "test_streams.StreamTests.exception_waiter",
    "test_streams.StreamTests.readexactly_exception"
  })
  void aResetSurfacesInTheReadThatWaits(Pair pair) throws Exception {
    var connection = pair.connection();
    Task<byte[]> reading = createTask(() -> connection.reader().read(10));
    yieldNow();
    Loopback.reset(pair.peer());
    var e = assertThrows(SocketException.class, () -> reading.awaitThrowing(IOException.class));
    assertContains(e.getMessage(), "was lost: Connection reset");
    assertThrows(IOException.class, () -> connection.reader().read(10));
    assertThrows(SocketException.class, () -> connection.reader().readExactly(2));
    assertThrows(IOException.class, () -> connection.writer().write("x"));
    assertThrows(IOException.class, () -> connection.writer().drain());
    connection.close();
  }

  @NetTest
  @Covers("test_streams.StreamTests.readline_exception")
  void whatCameBeforeAResetCanBeRead(Pair pair) throws Exception {
    var reader = pair.reader();
    send(pair.peer(), "first\nsecond\n");
    assertEquals("first", reader.readLine());
    Loopback.reset(pair.peer());
    assertEquals("second", reader.readLine());
    assertThrows(IOException.class, reader::readLine);
  }

  @NetTest
  void linesWrapAFailureUnchecked(Pair pair) throws Exception {
    var lines = pair.reader().lines().iterator();
    Loopback.reset(pair.peer());
    assertThrows(UncheckedIOException.class, lines::hasNext);
  }

  @NetTest
  void aSecondReaderIsRefusedAndBothTasksNamed(Pair pair) throws Exception {
    var reader = pair.reader();
    Task<byte[]> first = createTask("first reader", () -> reader.readExactly(3));
    yieldNow();
    Task<String> second = createTask("second reader", () -> reader.readLine());
    var e = assertThrows(IllegalStateException.class, second::await);
    assertContains(e.getMessage(), "'first reader'", "'second reader'");
    send(pair.peer(), "abc");
    assertEquals("abc", new String(first.await(), UTF_8), "the first one is unharmed");
  }

  @NetTest
  void closingEndsAReadThatWaits(Pair pair) throws Exception {
    var connection = pair.connection();
    Task<byte[]> reading = createTask(() -> connection.reader().read(3));
    yieldNow();
    connection.close();
    var e = assertThrows(CompletionException.class, reading::await);
    assertTrue(e.getCause().getMessage().contains("closed on this side"), e.toString());
    var after = assertThrows(IOException.class, () -> connection.reader().read(3));
    assertContains(after.getMessage(), "closed on this side");
  }

  // ---- cancelling ----

  @NetTest
  void aCancelledReadLosesNothing(Pair pair) throws Exception {
    var reader = pair.reader();
    send(pair.peer(), "abc");
    List<asyncio.Coroutine<?, ?>> reads = List.of(
        () -> reader.readExactly(5),
        () -> reader.readAll(),
        () -> reader.readLine(),
        () -> reader.readUntil(utf8(";")));
    for (var read : reads) {
      Task<?> reading = createTask(read);
      Loopback.until(() -> reader.toString().contains("3 bytes"));
      reading.cancel();
      assertThrows(CancelledError.class, reading::await);
    }
    send(pair.peer(), "de");
    assertEquals("abcde", new String(reader.readExactly(5), UTF_8));
  }

  @NetTest
  @Covers("test_streams.StreamTests.exception_cancel")
  void aReadCancelledWhileItWaitsEndsAtOnceAndTheNextOneGetsTheData(Pair pair) throws Exception {
    var reader = pair.reader();
    Task<byte[]> reading = createTask(() -> reader.read(5));
    yieldNow();
    reading.cancel("enough");
    var e = assertThrows(CancelledError.class, reading::await);
    assertEquals("enough", e.getMessage());
    send(pair.peer(), "data");
    assertEquals("data", new String(reader.read(5), UTF_8));
    Task<byte[]> another = createTask(() -> reader.read(5));
    yieldNow();
    another.cancel();
    Loopback.reset(pair.peer());
    assertThrows(CancelledError.class, another::await);
    assertThrows(SocketException.class, () -> reader.read(5));
  }

  @NetTest
  void dataThatWasThereBeforeTheCancelIsReturned(Pair one, Pair two) throws Exception {
    List<Task<String>> tasks = new ArrayList<>();
    List<String> events = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      int me = i;
      var reader = (i == 0 ? one : two).reader();
      tasks.add(createTask(() -> {
        String got = new String(reader.read(10), UTF_8);
        // Both are woken by the same look at the selector: whoever runs first
        // cancels the other, which has its data already.
        tasks.get(1 - me).cancel();
        events.add(got);
        return got;
      }));
    }
    yieldNow();
    send(one.peer(), "one");
    send(two.peer(), "two");
    Loopback.until(() -> tasks.get(0).isDone() && tasks.get(1).isDone());
    assertEquals(List.of("one", "two"), events.stream().sorted().toList());
  }

  // ---- integrity ----

  @NetTest
  void everyByteComesOnceAndInOrderWhateverTheChunks() throws Exception {
    for (int seed = 1; seed <= 5; seed++) {
      var random = new Random(seed);
      byte[] sent = noise(seed, 300_000);
      try (var pair =
          Loopback.pair(ConnectOptions.defaults().withLimit(1 + random.nextInt(100_000)))) {
        var sizes = new Random(seed + 100);
        Thread sender = onAThread(() -> {
          for (int at = 0; at < sent.length; ) {
            int size = Math.min(sent.length - at, 1 + sizes.nextInt(1 << sizes.nextInt(17)));
            send(pair.peer(), Arrays.copyOfRange(sent, at, at + size));
            at += size;
          }
          pair.peer().shutdownOutput();
        });
        byte[] received = new byte[sent.length];
        int at = 0;
        var reader = pair.reader();
        while (at < sent.length) {
          int want = Math.min(sent.length - at, 1 + random.nextInt(1 << random.nextInt(17)));
          byte[] got;
          try {
            got = switch (random.nextInt(4)) {
              case 0 -> reader.read(want);
              case 3 -> {
                byte[] into = new byte[want];
                int count = reader.read(into);
                yield Arrays.copyOf(into, count);
              }
              case 1 -> reader.readExactly(want);
              default -> reader.readUntil(new byte[] {(byte) random.nextInt()});
            };
          } catch (LimitOverrunException tooLong) {
            continue;
          } catch (IncompleteReadException end) {
            got = end.partial();
          }
          System.arraycopy(got, 0, received, at, got.length);
          at += got.length;
        }
        assertArrayEquals(sent, received, "seed " + seed);
        assertEquals(0, reader.read(1).length);
        sender.join();
      }
    }
  }
}
