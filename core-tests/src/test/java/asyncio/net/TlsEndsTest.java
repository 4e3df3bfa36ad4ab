package asyncio.net;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.run;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.yieldNow;
import static asyncio.net.TlsPair.CLIENT;
import static asyncio.net.TlsPair.ECHO;
import static asyncio.net.TlsPair.SERVER;
import static asyncio.net.TlsPair.connect;
import static asyncio.net.TlsPair.echoes;
import static asyncio.net.TlsPair.inMemory;
import static asyncio.net.TlsPair.says;
import static asyncio.net.TlsPair.serve;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.time.Duration.ZERO;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Asyncio;
import asyncio.ClientTls;
import asyncio.ConnectOptions;
import asyncio.Connection;
import asyncio.ConnectionPair;
import asyncio.Event;
import asyncio.RunOptions;
import asyncio.Runner;
import asyncio.Server;
import asyncio.Task;
import asyncio.conformance.Covers;
import asyncio.testing.VirtualClock;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.Test;

/** How connections with TLS end: on purpose, cut off, or in one direction. */
class TlsEndsTest {
  private static final ClientTls NAMED = CLIENT.withServerName("localhost");

  private static void waits(Task<?> task) {
    for (int i = 0; i < 20; i++) {
      yieldNow();
    }
    assertFalse(task.isDone());
  }

  // ---- cut off ----

  @Test
  void anEndWithoutACloseNotifyIsAnErrorAfterTheDataThatCame() throws Exception {
    run(() -> {
      try (ConnectionPair pair = inMemory(SERVER, NAMED)) {
        pair.other().writer().send("all there is?");
        pair.other().writer().flush();
        pair.other().abort();
        assertEquals("all there is?", new String(pair.one().reader().readExactly(13), UTF_8));
        for (int i = 0; i < 2; i++) {
          var cut = assertThrows(SSLException.class, () -> pair.one().reader().read(1));
          says("without a close-notify", cut.getMessage());
          says("withUncleanEnd(true)", cut.getMessage());
        }
      }
    });
  }

  @Test
  void anUncleanEndCanBeAllowed() throws Exception {
    run(() -> {
      try (ConnectionPair pair = inMemory(SERVER, NAMED.withUncleanEnd(true))) {
        pair.other().writer().send("all there is");
        pair.other().writer().flush();
        pair.other().abort();
        assertEquals("all there is", new String(pair.one().reader().readAll(), UTF_8));
      }
    });
  }

  /** What lies between the two ends of a connection: it may change or cut off what goes there. */
  private static final class Between {
    private final ConnectionPair near = ConnectionPair.open();
    private final ConnectionPair far = ConnectionPair.open();

    /** How many of the last bytes that come next are changed, or cut off with the connection. */
    private int changed;

    private int cutOff;

    private void passOn(Connection from, Connection to) {
      createTask(() -> {
        try {
          while (cutOff == 0) {
            byte[] some = from.reader().read(10_000);
            if (some.length == 0) {
              break;
            }
            for (int i = 1; i <= changed; i++) {
              some[some.length - i] ^= 1;
            }
            to.writer().send(Arrays.copyOf(some, some.length - cutOff));
          }
          to.close();
        } catch (IOException closed) {
          // the end of the test
        }
      });
    }

    ConnectionPair begin(ClientTls client) throws IOException {
      passOn(near.other(), far.one());
      passOn(far.one(), near.other());
      Task<?> serving = createTask(() -> far.other().startTls(SERVER));
      near.one().startTls(client);
      serving.await();
      return new ConnectionPair(near.one(), far.other());
    }
  }

  @Test
  void aRecordThatIsCutOffIsAnErrorInAnyCase() throws Exception {
    for (int missing : List.of(1, 10, 100)) {
      run(() -> {
        var between = new Between();
        try (ConnectionPair pair = between.begin(NAMED.withUncleanEnd(true))) {
          between.cutOff = missing;
          pair.one().writer().send(new byte[1]); // for the one direction
          pair.other().writer().send(new byte[200]);
          var cut = assertThrows(SSLException.class, () -> pair.one().reader().readAll());
          says("without a close-notify", cut.getMessage());
        }
      });
    }
  }

  @Test
  @Covers({
    "test_ssl.TestSSL.start_tls_client_corrupted_ssl",
    "test_sslproto.BaseStartTLS.start_tls_client_corrupted_ssl"
  })
  void whatWasChangedOnItsWayIsAnError() throws Exception {
    run(() -> {
      var between = new Between();
      try (ConnectionPair pair = between.begin(NAMED)) {
        pair.other().writer().send("ready\n");
        assertEquals("ready", pair.one().reader().readLine()); // no ticket is on its way any more
        between.changed = 1;
        pair.one().writer().send("pay 10 to Ann");
        var changed =
            assertThrows(SSLException.class, () -> pair.other().reader().read(100));
        between.changed = 0;
        says("bad_record_mac", changed.getMessage());
        // The other end hears why.
        var told = assertThrows(SSLException.class, () -> pair.one().reader().read(100));
        says("bad_record_mac", told.getMessage());
      }
    });
  }

  @Test
  void whatCameBeforeABadRecordIsReadFirst() throws Exception {
    run(() -> {
      var between = new Between();
      try (ConnectionPair pair = between.begin(NAMED)) {
        pair.other().writer().send("ready\n");
        assertEquals("ready", pair.one().reader().readLine());
        between.changed = 1;
        pair.other().writer().write("good");
        pair.other().writer().flush();
        pair.other().writer().write("bad");
        pair.other().writer().flush();
        assertEquals("good", new String(pair.one().reader().read(100), UTF_8));
        for (int i = 0; i < 2; i++) {
          assertThrows(SSLException.class, () -> pair.one().reader().read(100));
        }
      }
    });
  }

  @Test
  void aRecordThatIsLongerThanAnyMayBeIsAnError() throws Exception {
    run(() -> {
      var between = new Between();
      try (ConnectionPair pair = between.begin(NAMED)) {
        byte[] endless = new byte[90_000];
        endless[0] = 23;
        endless[1] = 3;
        endless[2] = 3;
        endless[3] = (byte) 0xff;
        endless[4] = (byte) 0xff;
        Task<?> sending = createTask(() -> between.far.one().writer().send(endless));
        assertThrows(SSLException.class, () -> pair.other().reader().read(100));
        pair.other().abort();
        assertThrows(IOException.class, () -> sending.awaitThrowing(IOException.class));
      }
    });
  }

  // ---- slow peers ----

  /** Takes little, but goes on taking. */
  private static Task<byte[]> slowReader(Connection raw, Connection to) {
    return createTask(() -> {
      while (true) {
        byte[] some = raw.reader().read(10_000);
        if (some.length == 0) {
          to.close();
          return some;
        }
        to.writer().send(some);
        sleep(ofMillis(500));
      }
    });
  }

  @Test
  void aPeerThatTakesLittleButGoesOnIsNotCut() throws Exception {
    try (var runner = new Runner(RunOptions.defaults().withClock(new VirtualClock()))) {
      runner.run(() -> {
        var options = ConnectOptions.defaults()
            .withLimit(10_000) // as much as is received at once
            .withCloseFlushLimit(ofSeconds(1))
            .withIdleTimeout(ofSeconds(1));
        try (ConnectionPair near = ConnectionPair.open(options);
            ConnectionPair far = ConnectionPair.open()) {
          slowReader(near.other(), far.one());
          createTask(() -> {
            while (true) {
              near.other().writer().send(far.one().reader().read(10_000));
            }
          });
          Task<?> serving = createTask(() -> far.other().startTls(SERVER));
          near.one().startTls(NAMED.withShutdownTimeout(ZERO));
          serving.await();
          byte[] much = new byte[300_000];
          Task<byte[]> receiving = createTask(() -> far.other().reader().readAll());
          near.one().writer().write(much);
          near.one().writer().flush(); // longer than the idle limit
          near.one().writer().write(much);
          near.one().close(); // longer than the limit of a close
          assertEquals(2 * much.length, receiving.await().length);
        }
      });
    }
  }

  @Test
  void whatACancelledSendLeftBehindIsNotLostInSilence() throws Exception {
    run(() -> {
      ConnectionPair pair = inMemory(SERVER, NAMED);
      Task<?> sending = createTask(() -> pair.one().writer().send(new byte[1 << 20]));
      waits(sending);
      sending.cancel();
      assertThrows(asyncio.CancelledError.class, sending::await);
      pair.other().abort();
      assertThrows(IOException.class, () -> pair.one().writer().flush());
      pair.close();
    });
  }

  @Test
  void aPeerThatLingersAndTakesTheRestBreaksNothing() throws Exception {
    run(() -> {
      ConnectionPair pair = inMemory(SERVER, NAMED);
      pair.other().writer().write(new byte[200_000]);
      waits(createTask(() -> pair.other().writer().flush()));
      pair.one().reader().read(10);
      pair.one().close();
      assertThrows(IOException.class, () -> pair.other().writer().flush());
      pair.other().abort();
    });
  }

  // ---- one direction ----

  @Test
  @Covers("test_ssl.TestSSL.remote_shutdown_receives_trailing_data_on_slow_socket")
  void aLongAnswerComesAfterOneDirectionHasEnded() throws Exception {
    run(() -> {
      try (ConnectionPair pair = inMemory(SERVER, NAMED)) {
        pair.one().writer().writeEof();
        byte[] much = new byte[1 << 20];
        Task<?> answering = createTask(() -> {
          assertEquals(0, pair.other().reader().readAll().length);
          pair.other().writer().send(much);
          pair.other().close();
        });
        waits(answering); // for the one that does not read yet
        assertEquals(much.length, pair.one().reader().readAll().length);
        pair.one().close();
        answering.await();
      }
    });
  }

  @Test
  @Covers({
    "test_ssl.TestSSL.handshake_timeout_handler_leak",
    "test_ssl.TestSSL.shutdown_timeout_handler_leak"
  })
  void noTimerIsLeftOfAHandshakeOrAClose() throws Exception {
    run(() -> {
      ConnectionPair pair = inMemory(SERVER, NAMED);
      assertEquals(0, Asyncio.runningLoop().statistics().timers());
      Task<?> closing = createTask(() -> pair.one().close());
      waits(closing);
      assertEquals(1, Asyncio.runningLoop().statistics().timers());
      pair.other().close();
      closing.await();
      assertEquals(0, Asyncio.runningLoop().statistics().timers());
    });
  }

  @Test
  @Covers("test_ssl.TestSSL.remote_shutdown_receives_trailing_data")
  void withTls13OneDirectionCanEnd() throws Exception {
    run(() -> {
      try (ConnectionPair pair = inMemory(SERVER, NAMED)) {
        pair.one().writer().send("question");
        pair.one().writer().writeEof();
        assertEquals("question", new String(pair.other().reader().readAll(), UTF_8));
        pair.other().writer().send("answer\n");
        assertEquals("answer", pair.one().reader().readLine());
        pair.other().writer().writeEof();
        assertNull(pair.one().reader().readLine());
      }
    });
  }

  @Test
  void withTls12TheOtherEndsAsWell() throws Exception {
    run(() -> {
      try (ConnectionPair pair = inMemory(SERVER, NAMED.withProtocols("TLSv1.2"))) {
        pair.one().writer().writeEof();
        assertEquals(0, pair.other().reader().readAll().length);
        var ended = assertThrows(SSLException.class, () -> {
          pair.other().writer().send("too late");
          pair.other().writer().flush();
        });
        says("in TLSv1.2 ends both directions", ended.getMessage());
        assertEquals(0, pair.one().reader().readAll().length);
      }
    });
  }

  // ---- closing ----

  @Test
  @Covers("test_ssl.TestSSL.shutdown_cleanly")
  void aCloseWaitsUntilThePeerHasEndedToo() throws Exception {
    Loopback.run(here -> {
      var mayEnd = new Event();
      try (Server server = serve(
          client -> {
            assertEquals("last words", client.reader().readLine());
            mayEnd.await();
          },
          SERVER.withShutdownTimeout(ofMillis(1)))) {
        Connection connection = connect(server, CLIENT.withShutdownTimeout(ofDays(1)));
        connection.writer().write("last words\n");
        Task<?> closing = createTask(connection::close);
        sleep(ofMillis(20));
        assertFalse(closing.isDone());
        assertFalse(connection.isClosed());
        mayEnd.set();
        closing.await();
        assertTrue(connection.isClosed());
      }
    });
  }

  @Test
  void aPeerThatDoesNotEndIsLeftAfterAWhile() throws Exception {
    run(() -> {
      try (ConnectionPair pair = inMemory(SERVER, NAMED.withShutdownTimeout(ofMillis(20)))) {
        pair.one().writer().send("there\n");
        pair.one().close(); // returns
        assertEquals("there", pair.other().reader().readLine());
        assertNull(pair.other().reader().readLine());
      }
    });
  }

  @Test
  @Covers("test_ssl.TestSSL.flush_before_shutdown")
  void withoutATimeoutACloseDoesNotWait() throws Exception {
    run(() -> {
      try (ConnectionPair pair = inMemory(SERVER, NAMED.withShutdownTimeout(ZERO))) {
        pair.one().writer().write("there\n");
        boolean[] ran = {false};
        Asyncio.runningLoop().callSoon(() -> ran[0] = true);
        pair.one().close();
        assertFalse(ran[0]);
        assertEquals("there", pair.other().reader().readLine());
        assertNull(pair.other().reader().readLine());
      }
    });
  }

  @Test
  void aPeerThatGoesOnSendingIsCutOff() throws Exception {
    run(() -> {
      try (ConnectionPair pair = inMemory(SERVER, NAMED.withShutdownTimeout(ofDays(1)))) {
        Task<?> sending = createTask(() -> {
          while (true) {
            pair.other().writer().send(new byte[10_000]);
          }
        });
        Task<?> closing = createTask(() -> pair.one().close());
        assertThrows(IOException.class, () -> sending.awaitThrowing(IOException.class));
        closing.await();
      }
    });
  }

  @Test
  void aCancelledCloseClosesAtOnce() throws Exception {
    run(() -> {
      try (ConnectionPair pair = inMemory(SERVER, NAMED.withShutdownTimeout(ofDays(1)))) {
        Task<?> closing = createTask(() -> pair.one().close());
        waits(closing);
        closing.cancel();
        assertThrows(asyncio.CancelledError.class, closing::await);
        assertTrue(pair.one().isClosed());
      }
    });
  }

  @Test
  void aCloseEndsTheReadOfAnotherTask() throws Exception {
    run(() -> {
      try (ConnectionPair pair = inMemory(SERVER, NAMED.withShutdownTimeout(ofDays(1)))) {
        Task<?> reading = createTask(() -> pair.one().reader().read(1));
        waits(reading);
        pair.one().close(); // does not wait for the peer
        says(
            "was closed on this side",
            assertThrows(IOException.class, () -> reading.awaitThrowing(IOException.class))
                .getMessage());
      }
    });
  }

  @Test
  void clientsThatShakeHandsOrLingerDoNotHoldUpAStop() throws Exception {
    Loopback.run(here -> {
      try (Server server = serve(client -> {}, SERVER.withShutdownTimeout(ofDays(1)));
          var shakes = Asyncio.openConnection(Loopback.HOST, server.port());
          var lingers = connect(server, CLIENT)) {
        assertNull(lingers.reader().readLine());
        Loopback.until(() -> server.statistics().idle() == 2);
        assertEquals(0, server.stop(ofDays(1)));
        assertEquals(0, shakes.reader().readAll().length);
      }
    });
  }

  @Test
  void anotherHandshakeDoesNotDisturbOthers() throws Exception {
    Loopback.run(here -> {
      try (Server server = serve(ECHO, SERVER);
          var first = connect(server, CLIENT);
          var second = connect(server, CLIENT)) {
        for (int i = 0; i < 3; i++) {
          echoes(first);
          echoes(second);
          connect(server, CLIENT).abort();
        }
      }
    });
  }
}
