package asyncio.net;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.run;
import static asyncio.Asyncio.startServer;
import static asyncio.Asyncio.yieldNow;
import static asyncio.net.TlsPair.CLIENT;
import static asyncio.net.TlsPair.SERVER;
import static asyncio.net.TlsPair.begin;
import static asyncio.net.TlsPair.connect;
import static asyncio.net.TlsPair.says;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Asyncio;
import asyncio.CancelledError;
import asyncio.ClientTls;
import asyncio.ConnectOptions;
import asyncio.Connection;
import asyncio.ConnectionHandler;
import asyncio.ConnectionPair;
import asyncio.Server;
import asyncio.Task;
import asyncio.conformance.Covers;
import java.io.IOException;
import java.net.SocketException;
import java.util.function.BooleanSupplier;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.Test;

/** TLS that begins on a connection that is in use. */
class StartTlsTest {
  private static final ClientTls NAMED = CLIENT.withServerName("localhost");

  /** A mail server, as far as it goes. */
  private static final ConnectionHandler MAIL = client -> {
    client.writer().send("220 ready\r\n");
    for (String line : client.reader().lines()) {
      if (line.equals("STARTTLS")) {
        client.writer().send("220 go ahead\r\n");
        client.startTls(SERVER);
      } else {
        client.writer().send("250 " + line + (client.tls() == null ? "\r\n" : ", secret\r\n"));
      }
    }
  };

  private static String ask(Connection mail, String line) throws IOException {
    mail.writer().send(line + "\r\n");
    return mail.reader().readLine();
  }

  @Test
  @Covers({
    "test_ssl.TestSSL.start_tls_client_reg_proto_1",
    "test_ssl.TestSSL.start_tls_server_1",
    "test_sslproto.BaseStartTLS.start_tls_client_reg_proto_1",
    "test_sslproto.BaseStartTLS.start_tls_server_1",
    "test_streams.StreamTests.start_tls"
  })
  void aConnectionInUseGetsTls() throws Exception {
    Loopback.run(here -> {
      try (Server server = startServer(MAIL, Loopback.HOST, 0);
          var mail = Asyncio.openConnection("localhost", server.port())) {
        assertEquals("220 ready", mail.reader().readLine());
        assertEquals("250 hello", ask(mail, "hello"));
        assertNull(mail.tls());
        assertEquals("220 go ahead", ask(mail, "STARTTLS"));
        mail.startTls(CLIENT); // its name is that of openConnection
        assertEquals("localhost", mail.tls().serverName());
        assertEquals("250 hello, secret", ask(mail, "hello"));
      }
    });
  }

  @Test
  @Covers("test_streams.StreamTests.start_tls_buffered_data")
  void plainTextThatWasSlippedInFailsTheHandshake() throws Exception {
    Loopback.run(here -> {
      var failed = Asyncio.runningLoop().<String>createFuture();
      ConnectionHandler server = client -> {
        assertEquals("STARTTLS", client.reader().readLine());
        client.writer().send("220 go ahead\r\n");
        try {
          client.startTls(SERVER);
        } catch (SSLException failure) {
          failed.setResult(failure.getMessage());
        }
      };
      try (Server listening = startServer(server, Loopback.HOST, 0);
          var mail = Asyncio.openConnection("localhost", listening.port())) {
        mail.writer().send("STARTTLS\r\nMAIL FROM:<mallory>\r\n");
        assertEquals("220 go ahead", mail.reader().readLine());
        assertThrows(SSLException.class, () -> mail.startTls(CLIENT));
        says("it sent 'MAIL FROM:<mallory>'", failed.await());
      }
    });
  }

  @Test
  void whatWasWrittenBeforeIsSentInPlainText() throws Exception {
    run(() -> {
      try (var pair = ConnectionPair.open()) {
        pair.one().writer().write("plain\n");
        Task<?> serving = createTask(() -> {
          assertEquals("plain", pair.other().reader().readLine());
          pair.other().startTls(SERVER);
        });
        pair.one().startTls(NAMED);
        serving.await();
      }
    });
  }

  @Test
  void onePortSpeaksTlsAndPlainText() throws Exception {
    Loopback.run(here -> {
      ConnectionHandler both = client -> {
        byte[] first = client.reader().peek(1);
        if (first.length > 0 && first[0] == 0x16) {
          client.startTls(SERVER);
        }
        client.writer().send(client.tls() == null ? "plain\n" : "secret\n");
      };
      try (Server server = startServer(both, Loopback.HOST, 0)) {
        try (var secret = connect(server, CLIENT)) {
          assertEquals("secret", secret.reader().readLine());
        }
        try (var plain = Asyncio.openConnection(Loopback.HOST, server.port())) {
          plain.writer().send("hello\n");
          assertEquals("plain", plain.reader().readLine());
        }
      }
    });
  }

  private static void until(BooleanSupplier condition) {
    while (!condition.getAsBoolean()) {
      yieldNow();
    }
  }

  @Test
  void nobodyElseUsesTheConnectionDuringTheHandshake() throws Exception {
    run(() -> {
      try (var pair = ConnectionPair.open()) {
        Task<?> starting = createTask("starter", () -> pair.one().startTls(NAMED));
        until(() -> starting.toString().contains("waits for data"));
        for (var use : new asyncio.Action<?>[] {
          () -> pair.one().reader().read(1),
          () -> pair.one().writer().write("x"),
          () -> pair.one().writer().writeEof(),
          () -> pair.one().startTls(NAMED)
        }) {
          var refused = assertThrows(IllegalStateException.class, use::run);
          says("while a task was in Connection.startTls()", refused.getMessage());
        }
        pair.other().startTls(SERVER);
        starting.await();
        pair.one().writer().send("now\n");
        assertEquals("now", pair.other().reader().readLine());
      }
    });
  }

  @Test
  void nobodyElseReadsWhileWhatWasWrittenBeforeIsSent() throws Exception {
    run(() -> {
      try (var pair = ConnectionPair.open()) {
        pair.one().writer().write(new byte[1 << 20]);
        Task<?> starting = createTask("starter", () -> pair.one().startTls(NAMED));
        until(() -> starting.toString().contains("its output"));
        for (var use : new asyncio.Action<?>[] {
          () -> pair.one().reader().read(1), () -> pair.one().writer().flush()
        }) {
          says(
              "while a task was in Connection.startTls()",
              assertThrows(IllegalStateException.class, use::run).getMessage());
        }
        pair.other().reader().readExactly(1 << 20);
        pair.other().startTls(SERVER);
        starting.await();
      }
    });
  }

  @Test
  void aConnectionCanBeClosedDuringTheHandshake() throws Exception {
    run(() -> {
      try (var pair = ConnectionPair.open()) {
        begin(pair, SERVER, NAMED);
        Task<?> starting =
            createTask("starter", () -> pair.one().startTls(NAMED)); // inside the first
        until(() -> starting.toString().contains("waits for data"));
        pair.one().close();
        says(
            "the connection was closed on this side",
            assertThrows(SocketException.class, () -> starting.awaitThrowing(SocketException.class))
                .getMessage());
      }
    });
  }

  @Test
  void aPairInMemoryIsPlainUntilItsEndsBegin() throws Exception {
    run(() -> {
      var options = ConnectOptions.defaults().withTls(NAMED);
      says(
          "Call startTls() on both ends",
          assertThrows(IllegalArgumentException.class, () -> ConnectionPair.open(options))
              .getMessage());
    });
  }

  @Test
  void aConnectionThatIsReadOrEndedGetsNoTls() throws Exception {
    run(() -> {
      try (var pair = ConnectionPair.open()) {
        Task<?> reading = createTask("reader", () -> pair.one().reader().read(1));
        yieldNow();
        var refused = assertThrows(IllegalStateException.class, () -> pair.one().startTls(NAMED));
        says("Task 'reader' waits for data", refused.getMessage());
        reading.cancel();
        assertThrows(CancelledError.class, reading::await);
        pair.one().writer().writeEof();
        assertThrows(IllegalStateException.class, () -> pair.one().startTls(NAMED));
        assertFalse(pair.one().isClosed());
        pair.one().close();
        assertThrows(SocketException.class, () -> pair.one().startTls(NAMED));
      }
    });
  }

  @Test
  @Covers("test_sslproto.SslProtoHandshakeTests.close_during_handshake")
  void aConnectionCanBeAbortedDuringTheHandshake() throws Exception {
    run(() -> {
      try (var pair = ConnectionPair.open()) {
        Task<?> starting = createTask("starter", () -> pair.one().startTls(NAMED));
        until(() -> starting.toString().contains("waits for data"));
        pair.one().abort();
        var lost = assertThrows(
            SocketException.class, () -> starting.awaitThrowing(SocketException.class));
        says("the connection was closed on this side", lost.getMessage());
      }
    });
  }

  @Test
  @Covers({
    "test_ssl.TestSSL.create_server_ssl_over_ssl",
    "test_sslproto.SslProtoHandshakeTests.close_during_ssl_over_ssl"
  })
  void tlsGoesInsideTls() throws Exception {
    run(() -> {
      try (var pair = ConnectionPair.open()) {
        begin(pair, SERVER, NAMED);
        var outer = pair.one().tls();
        begin(pair, SERVER, NAMED);
        assertNotNull(outer);
        assertTrue(outer != pair.one().tls());
        pair.one().writer().send("deep\n");
        assertEquals("deep", pair.other().reader().readLine());
        pair.one().close();
        assertNull(pair.other().reader().readLine());
      }
    });
  }
}
