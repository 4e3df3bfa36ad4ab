package asyncio.net;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.support.Texts.assertContains;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.time.Duration.ZERO;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Asyncio;
import asyncio.ConnectOptions;
import asyncio.ConnectionPair;
import asyncio.Relayed;
import asyncio.RunOptions;
import asyncio.Runner;
import asyncio.ServerOptions;
import asyncio.Task;
import asyncio.testing.AsyncTest;
import asyncio.testing.VirtualClock;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

/** Idle, read and total limits, under a virtual clock. */
class TimeLimitsTest {
  private static final ConnectOptions IDLE =
      ConnectOptions.defaults().withIdleTimeout(ofSeconds(10));
  private static final ConnectOptions READ =
      ConnectOptions.defaults().withReadTimeout(ofSeconds(10));

  private static Duration now() {
    return runningLoop().time();
  }

  private static SocketTimeoutException timesOut(Waits body) {
    return assertThrows(SocketTimeoutException.class, body::run);
  }

  private interface Waits {
    void run() throws IOException;
  }

  // ---- idle ----

  @AsyncTest
  void aSilentPeerIsCut() throws IOException {
    try (var pair = ConnectionPair.open(IDLE)) {
      var e = timesOut(() -> pair.one().reader().readLine());
      assertEquals(ofSeconds(10), now());
      assertContains(e.getMessage(), "silent for 10000 ms");
      assertContains(e.getMessage(), "withIdleTimeout()");
      assertTrue(pair.one().isClosed());
      timesOut(() -> pair.one().reader().read(1));
      timesOut(() -> pair.one().writer().send("x"));
      assertNull(pair.other().reader().readLine());
    }
  }

  @AsyncTest
  void bytesInEitherDirectionEndTheSilence() throws IOException {
    try (var pair = ConnectionPair.open(IDLE)) {
      Task<String> reading = createTask(pair.one().reader()::readLine);
      for (int i = 0; i < 5; i++) {
        sleep(ofSeconds(9));
        pair.other().writer().send("x");
        sleep(ofSeconds(9));
        pair.one().writer().send("y");
        pair.other().reader().readExactly(1);
      }
      sleep(ofSeconds(9));
      pair.other().writer().send("\n");
      assertEquals("xxxxx", reading.await());
    }
  }

  @AsyncTest
  void aTaskThatDoesNotWaitForThePeerIsNotDisturbed() throws IOException {
    try (var pair = ConnectionPair.open(IDLE)) {
      sleep(ofDays(1));
      pair.other().writer().send("a\n");
      assertEquals("a", pair.one().reader().readLine());
      sleep(ofDays(1));
      Duration before = now();
      timesOut(() -> pair.one().reader().read(1));
      assertEquals(ofSeconds(10), now().minus(before), "the peer has its whole time");
    }
  }

  @AsyncTest
  void waitingInShortPiecesCountsAsWaiting() throws IOException {
    try (var pair = ConnectionPair.open(IDLE)) {
      var e = timesOut(() -> {
        while (true) {
          try {
            Asyncio.timeout(ofSeconds(3), () -> pair.one().reader().read(1));
          } catch (asyncio.TimeoutException again) {
            continue;
          }
        }
      });
      assertContains(e.getMessage(), "silent");
      assertEquals(ofSeconds(10), now());
    }
  }

  @AsyncTest
  void aPeerThatTakesNothingIsCut() throws IOException {
    try (var pair = ConnectionPair.open(IDLE)) {
      pair.one().writer().write(new byte[1_000_000]);
      timesOut(pair.one().writer()::drain);
      assertEquals(ofSeconds(10), now());
    }
    try (var pair = ConnectionPair.open(IDLE)) {
      Duration before = now();
      timesOut(() -> pair.one().writer().send(new byte[1_000_000]));
      assertEquals(ofSeconds(10), now().minus(before));
      assertThrows(IOException.class, () -> pair.other().reader().readExactly(1_000_000));
    }
  }

  @AsyncTest
  void aPeerThatTakesALittleNowAndThenIsNot() throws IOException {
    try (var pair = ConnectionPair.open(IDLE)) {
      byte[] much = new byte[500_000];
      Task<?> sending = createTask(() -> pair.one().writer().send(much));
      int came = 0;
      while (came < much.length) {
        sleep(ofSeconds(9));
        came += pair.other().reader().read(64 * 1024).length;
      }
      sending.await();
    }
  }

  // ---- read ----

  @AsyncTest
  void aLineThatTricklesIsCut() throws IOException {
    try (var pair = ConnectionPair.open(READ)) {
      Task<?> loris = createTask(() -> {
        while (!pair.other().isClosed()) {
          sleep(ofSeconds(4));
          pair.other().writer().send("x");
        }
      });
      var e = timesOut(() -> pair.one().reader().readLine());
      assertEquals(ofSeconds(14), now(), "ten seconds after the first byte");
      assertContains(e.getMessage(), "withReadTimeout()");
      loris.cancel();
    }
  }

  @AsyncTest
  void aPeerMayRestBetweenItsLines() throws IOException {
    try (var pair = ConnectionPair.open(READ)) {
      for (int i = 0; i < 3; i++) {
        Task<String> reading = createTask(pair.one().reader()::readLine);
        sleep(ofMinutes(5));
        pair.other().writer().send("half ");
        sleep(ofSeconds(9));
        pair.other().writer().send("a line\n");
        assertEquals("half a line", reading.await());
      }
    }
  }

  @AsyncTest
  void theRestOfALineThatCameWithTheOneBeforeHasItsTimeToo() throws IOException {
    try (var pair = ConnectionPair.open(READ)) {
      pair.other().writer().send("whole\nbegun");
      assertEquals("whole", pair.one().reader().readLine());
      sleep(ofMinutes(5)); // busy with the first line
      Duration before = now();
      timesOut(() -> pair.one().reader().readLine());
      assertEquals(ofSeconds(10), now().minus(before));
    }
  }

  @AsyncTest
  void countsAndSeparatorsHaveALimitToo() throws IOException {
    try (var pair = ConnectionPair.open(READ)) {
      pair.other().writer().send("abc");
      timesOut(() -> pair.one().reader().readExactly(4));
    }
    try (var pair = ConnectionPair.open(READ)) {
      pair.other().writer().send("abc");
      timesOut(() -> pair.one().reader().readUntil(";".getBytes(UTF_8)));
    }
    try (var pair = ConnectionPair.open(READ)) {
      Task<byte[]> reading = createTask(() -> pair.one().reader().readAll());
      pair.other().writer().send("abc");
      sleep(ofMinutes(5));
      pair.other().writer().writeEof();
      assertArrayEquals("abc".getBytes(UTF_8), reading.await(), "a body has no limit of its own");
    }
  }

  @AsyncTest
  void theLimitOfALineIsOverWhenTheStreamEnds() throws IOException {
    try (var pair = ConnectionPair.open(READ)) {
      pair.other().writer().send("no newline");
      pair.other().writer().writeEof();
      assertEquals("no newline", pair.one().reader().readLine());
      byte[] answer = new byte[500_000];
      Task<?> sending = createTask(() -> pair.one().writer().send(answer));
      int came = 0;
      while (came < answer.length) {
        sleep(ofSeconds(9));
        came += pair.other().reader().read(64 * 1024).length;
      }
      sending.await();
    }
  }

  @Test
  void whatCameDuringALongStepIsReadBeforeAnythingIsCut() throws Exception {
    var clock = new VirtualClock();
    try (var runner = new Runner(RunOptions.defaults().withClock(clock))) {
      runner.run(() -> {
        try (var pair = ConnectionPair.open(IDLE.withReadTimeout(ofSeconds(5)))) {
          Task<String> reading = createTask(pair.one().reader()::readLine);
          pair.other().writer().send("begun ");
          sleep(ofSeconds(4));
          pair.other().writer().write("and done\n");
          clock.advance(ofSeconds(100)); // in the same step, as if it had lasted that long
          assertEquals("begun and done", reading.await());
        }
      });
    }
  }

  @AsyncTest
  void aRelayIsSilentOnlyWhileNothingComes() throws IOException {
    try (var client = ConnectionPair.open();
        var server = ConnectionPair.open()) {
      Task<Relayed> relaying = createTask(() -> Asyncio.relay(client.other(), server.one()));
      client.one().writer().writeEof();
      byte[] answer = new byte[1_000_000];
      Task<?> sending = createTask(() -> server.other().writer().send(answer));
      int came = 0;
      while (came < answer.length) {
        sleep(ofMinutes(5)); // slow, but not silent
        came += client.one().reader().read(64 * 1024).length;
      }
      sending.await();
      assertEquals(new Relayed(0, 1_000_000), relaying.await());
    }
  }

  // ---- total, and servers: on real sockets ----

  @Test
  void aServerCutsClientsThatStayTooLongAndReportsNothing() throws Exception {
    Loopback.run(here -> {
      var limits = ServerOptions.defaults().withTotalTimeout(ofMillis(50));
      var ended = Asyncio.runningLoop().createFuture();
      try (var server = Asyncio.startServer(
              client -> {
                try {
                  client.reader().readLine();
                } finally {
                  ended.setResult(null);
                }
              },
              Loopback.HOST,
              0,
              limits);
          var client = Asyncio.openConnection(Loopback.HOST, server.port())) {
        assertNull(client.reader().readLine());
        ended.await();
      }
    });
  }

  @Test
  void aServerCutsIdleClients() throws Exception {
    Loopback.run(here -> {
      var limits = ServerOptions.defaults().withIdleTimeout(ofMillis(50));
      try (var server = Asyncio.startServer(
              client -> client.reader().lines().forEach(line -> {}), Loopback.HOST, 0, limits);
          var client = Asyncio.openConnection(Loopback.HOST, server.port())) {
        client.writer().send("hello\n");
        assertNull(client.reader().readLine());
      }
    });
  }

  @Test
  void aServerCutsASlowLoris() throws Exception {
    Loopback.run(here -> {
      var limits = ServerOptions.defaults().withReadTimeout(ofMillis(50));
      try (var server =
          Asyncio.startServer(client -> client.reader().readLine(), Loopback.HOST, 0, limits)) {
        var client = Asyncio.openConnection(Loopback.HOST, server.port());
        Task<?> loris = createTask(() -> {
          while (true) {
            client.writer().send("x");
            sleep(ofMillis(5));
          }
        });
        assertThrows(CompletionException.class, loris::await); // its peer has gone
        client.abort();
      }
    });
  }

  @Test
  void limitsArePositive() {
    assertContains(
        assertThrows(
                IllegalArgumentException.class,
                () -> ConnectOptions.defaults().withIdleTimeout(ZERO))
            .getMessage(),
        "positive");
    assertThrows(
        IllegalArgumentException.class, () -> ServerOptions.defaults().withReadTimeout(ZERO));
    assertThrows(
        IllegalArgumentException.class,
        () -> ServerOptions.defaults().withTotalTimeout(ofMillis(-1)));
    assertFalse(ConnectOptions.defaults().withReadTimeout(ofSeconds(Long.MAX_VALUE)) == null);
  }
}
