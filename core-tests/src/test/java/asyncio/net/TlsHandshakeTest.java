package asyncio.net;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.run;
import static asyncio.Asyncio.startServer;
import static asyncio.net.TlsPair.AUTHORITY;
import static asyncio.net.TlsPair.CLIENT;
import static asyncio.net.TlsPair.ECHO;
import static asyncio.net.TlsPair.IDENTITY;
import static asyncio.net.TlsPair.SERVER;
import static asyncio.net.TlsPair.connect;
import static asyncio.net.TlsPair.echoes;
import static asyncio.net.TlsPair.inMemory;
import static asyncio.net.TlsPair.says;
import static asyncio.net.TlsPair.serve;
import static java.time.Duration.ofMillis;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Asyncio;
import asyncio.CancelledError;
import asyncio.ClientTls;
import asyncio.ConnectOptions;
import asyncio.ConnectionPair;
import asyncio.Server;
import asyncio.ServerOptions;
import asyncio.ServerTls;
import asyncio.Task;
import asyncio.TlsIdentity;
import asyncio.TlsSession;
import asyncio.TlsTrust;
import asyncio.conformance.Covers;
import asyncio.support.Authority;
import asyncio.support.CapturedLog;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.security.cert.CertPathBuilder;
import java.security.cert.CertStore;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.PKIXRevocationChecker;
import java.security.cert.PKIXRevocationChecker.Option;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CRL;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.logging.Level;
import javax.net.ssl.CertPathTrustManagerParameters;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How two sides come to speak TLS, and why they may not. */
class TlsHandshakeTest {
  private static SSLException refused(ServerTls server, ClientTls client) throws Exception {
    var failure = new SSLException[1];
    run(() -> {
      failure[0] = assertThrows(
          SSLException.class, () -> inMemory(server, client.withServerName("localhost")));
    });
    return failure[0];
  }

  private static TlsSession[] agreed(ServerTls server, ClientTls client) throws Exception {
    var sessions = new TlsSession[2];
    run(() -> {
      try (ConnectionPair pair = inMemory(server, client)) {
        pair.one().writer().send("there\n");
        assertEquals("there", pair.other().reader().readLine());
        pair.other().writer().send("back\n");
        assertEquals("back", pair.one().reader().readLine());
        sessions[0] = pair.one().tls();
        sessions[1] = pair.other().tls();
      }
    });
    return sessions;
  }

  private static ServerTls serverOf(TlsIdentity identity) {
    return ServerTls.of(identity);
  }

  private static ClientTls named(String name) {
    return CLIENT.withServerName(name);
  }

  // ---- what they agree on ----

  @Test
  @Covers({
    "test_ssl.TestSSL.create_server_ssl_1",
    "test_ssl.TestSSL.create_connection_ssl_1",
    "test_events.EventLoopTestsMixin.create_ssl_connection",
    "test_events.EventLoopTestsMixin.create_server_ssl",
    "test_streams.StreamTests.open_connection_no_loop_ssl"
  })
  void bothEndsKnowWhatWasAgreedOn() throws Exception {
    for (String version : List.of("TLSv1.3", "TLSv1.2")) {
      TlsSession[] both = agreed(SERVER, named("localhost").withProtocols(version));
      for (TlsSession session : both) {
        assertEquals(version, session.protocol());
        says("_GCM_", session.cipherSuite());
        assertEquals(session.cipherSuite(), session.session().getCipherSuite());
        assertNull(session.alpn());
        assertEquals("localhost", session.serverName());
        assertFalse(session.resumed());
      }
      assertEquals(IDENTITY.chain(), both[0].peerCertificates());
      assertEquals(List.of(), both[1].peerCertificates());
    }
  }

  @Test
  void aPlainConnectionHasNoSession() throws Exception {
    run(() -> {
      try (var pair = ConnectionPair.open()) {
        assertNull(pair.one().tls());
      }
    });
  }

  @Test
  void sessionsAreResumed() throws Exception {
    for (String version : List.of("TLSv1.3", "TLSv1.2")) {
      ServerTls server = serverOf(AUTHORITY.issue("localhost"));
      ClientTls client = CLIENT.withProtocols(version);
      Loopback.run(here -> {
        try (Server listening = serve(ECHO, server)) {
          for (boolean again : new boolean[] {false, true, true}) {
            try (var connection = connect(listening, client)) {
              echoes(connection); // a ticket comes with it
              assertEquals(again, connection.tls().resumed(), version);
              assertEquals(1, connection.tls().peerCertificates().size());
            }
            Asyncio.sleep(ofMillis(2)); // sessions know the millisecond they were created in
          }
        }
      });
    }
  }

  @Test
  void theFirstNameOfTheServerThatTheClientKnowsIsTaken() throws Exception {
    ServerTls server = SERVER.withAlpn("h2", "http/1.1");
    ClientTls client = named("localhost");
    assertEquals("h2", agreed(server, client.withAlpn("http/1.1", "h2"))[0].alpn());
    assertEquals("http/1.1", agreed(server, client.withAlpn("http/1.1"))[1].alpn());
    assertNull(agreed(server, client)[0].alpn());
    assertNull(agreed(SERVER, client.withAlpn("h2"))[0].alpn());
    says("no ALPN name in common", refused(server, client.withAlpn("smtp")).getMessage());
  }

  @Test
  void aServerHasCertificatesForManyNames() throws Exception {
    TlsIdentity first = AUTHORITY.issue("first.example");
    TlsIdentity second = AUTHORITY.issue("second.example", "*.wild.example");
    TlsIdentity secondRsa = AUTHORITY.issue().key("RSA").to("second.example");
    ServerTls server = ServerTls.of(first, second, secondRsa);
    assertEquals(first.chain(), agreed(server, named("first.example"))[0].peerCertificates());
    assertEquals(second.chain(), agreed(server, named("SECOND.example."))[0].peerCertificates());
    assertEquals(second.chain(), agreed(server, named("a.wild.example"))[0].peerCertificates());
    ClientTls unchecked = CLIENT.withHostNameCheck(false);
    for (ClientTls other : List.of(
        unchecked.withServerName("other.example"),
        unchecked.withServerName("127.0.0.1"),
        unchecked)) {
      assertEquals(first.chain(), agreed(server, other)[0].peerCertificates());
    }
    ServerTls strict = server.withStrictNames(true);
    agreed(strict, named("first.example"));
    run(() -> {
      var failure = assertThrows(
          SSLException.class, () -> inMemory(strict, unchecked.withServerName("other.example")));
      says("it does not serve that host name", failure.getMessage());
    });
  }

  @Test
  void aNameOutsideAsciiIsAskedForInItsAsciiForm() throws Exception {
    ServerTls server = serverOf(AUTHORITY.issue("xn--bcher-kva.example"));
    assertEquals("xn--bcher-kva.example", agreed(server, named("Bücher.example"))[1].serverName());
  }

  @Test
  void keysOfEachTypeServe() throws Exception {
    for (String type : List.of("EC", "RSA", "Ed25519")) {
      ServerTls server = serverOf(AUTHORITY.issue().key(type).to("localhost"));
      agreed(server, named("localhost"));
      agreed(server, named("localhost").withProtocols("TLSv1.2"));
    }
  }

  @Test
  void whatIsOldIsNotSpokenEvenWhenAskedFor() throws Exception {
    for (String old : List.of("TLSv1.1", "TLSv1")) {
      says(
          "'" + old + "' is not safe",
          assertThrows(IllegalArgumentException.class, () -> CLIENT.withProtocols(old))
              .getMessage());
    }
  }

  // ---- clients that show who they are ----

  @Test
  void aClientShowsWhoItIs() throws Exception {
    TlsIdentity ann = AUTHORITY.issue("ann");
    TlsIdentity ofOther = Authority.root("another").issue("bob");
    ServerTls server = SERVER.withClientTrust(AUTHORITY.trust());
    ClientTls client = named("localhost");
    for (String version : List.of("TLSv1.3", "TLSv1.2")) {
      ClientTls known = client.withIdentity(ofOther, ann).withProtocols(version);
      assertEquals(ann.chain(), agreed(server, known)[1].peerCertificates());
    }
    ServerTls optional = server.withOptionalClients(true);
    assertEquals(List.of(), agreed(optional, client)[1].peerCertificates());
    assertEquals(ann.chain(), agreed(optional, client.withIdentity(ann))[1].peerCertificates());
  }

  @Test
  void aServerRefusesClientsThatItDoesNotKnow() throws Exception {
    TlsIdentity stranger = Authority.root("another").issue("bob");
    ServerTls required = SERVER.withClientTrust(AUTHORITY.trust());
    ClientTls client = named("localhost").withProtocols("TLSv1.2"); // with 1.3 it hears of it later
    SSLException none = refused(required, client);
    says("the peer refused it", none.getMessage());
    SSLException unknown =
        refused(required.withOptionalClients(true), client.withIdentity(stranger));
    says("may not trust the signer", unknown.getMessage());
    says("withClientTrust()", unknown.getSuppressed()[0].getMessage());
  }

  @Test
  void withTls13AClientHearsOfItWhenItReads() throws Exception {
    run(() -> {
      ConnectionPair pair = ConnectionPair.open();
      Task<?> serving =
          createTask(() -> pair.other().startTls(SERVER.withClientTrust(AUTHORITY.trust())));
      pair.one().startTls(named("localhost"));
      var failure = assertThrows(SSLException.class, () -> pair.one().reader().readLine());
      says("certificate_required", failure.getMessage());
      says("withIdentity()", failure.getMessage());
      var why = assertThrows(SSLException.class, () -> serving.awaitThrowing(SSLException.class));
      says("the client sent no certificate", why.getMessage());
      pair.close();
    });
  }

  @Test
  void aClientThatGoesOnWritingStillLearnsWhyItWasRefused() throws Exception {
    var serving = ServerOptions.defaults().withTls(SERVER.withClientTrust(AUTHORITY.trust()));
    var connecting = ConnectOptions.defaults().withTls(named("localhost"));
    Loopback.run(here -> {
      try (var server = Asyncio.startServer(_ -> {}, Loopback.HOST, 0, serving)) {
        for (int i = 0; i < 20; i++) {
          var client = Asyncio.openConnection(Loopback.HOST, server.port(), connecting);
          client.writer().write(new byte[30_000]); // with what ends its handshake
          says(
              "certificate_required",
              assertThrows(SSLException.class, () -> client.reader().read(1)).getMessage());
          client.close();
        }
      }
    });
  }

  // ---- whom a client does not believe ----

  private static String complaint(TlsIdentity identity) throws Exception {
    SSLException failure = refused(serverOf(identity), CLIENT);
    assertInstanceOf(SSLHandshakeException.class, failure);
    assertNotNull(failure.getCause());
    says("The TLS handshake with memory:other failed: ", failure.getMessage());
    return failure.getMessage();
  }

  @Test
  @Covers({
    "test_ssl.TestSSL.create_connection_ssl_failed_certificate",
    "test_sslproto.BaseStartTLS.create_connection_ssl_failed_certificate"
  })
  void certificatesThatAreNotGoodAreRefused() throws Exception {
    says("has expired", complaint(AUTHORITY.issue().expired().to("localhost")));
    says("not valid yet", complaint(AUTHORITY.issue().notYet().to("localhost")));
    says("is not for '", complaint(AUTHORITY.issue("localhost.example")));
    says("is not for 'localhost'", complaint(AUTHORITY.issue("other.example")));
    says(
        "not signed by an authority that this side trusts",
        complaint(Authority.root("x").issue("localhost")));
    says("can't be accepted", complaint(AUTHORITY.issue().key("RSA512").to("localhost")));
    says("can't be accepted", complaint(AUTHORITY.issue().onlyForClients().to("localhost")));
    Authority between = AUTHORITY.intermediate("between");
    agreed(serverOf(between.issue("localhost")), named("localhost"));
    says(
        "did not send its intermediate certificates",
        complaint(between.issue().withoutChain().to("localhost")));
    TlsIdentity old = AUTHORITY.issue().expired().to("localhost");
    ClientTls trusting = ClientTls.defaults().withTrust(TlsTrust.of(old.chain().getFirst()));
    says("has expired", refused(serverOf(old), trusting).getMessage());
    // A context of the program believes whom it likes.
    var anybody = SSLContext.getInstance("TLS");
    var believes = new CountDownLatch(0);
    anybody.init(null, new TrustManager[] {new SlowTrust(believes)}, null);
    ClientTls own = ClientTls.of(anybody).withHostNameCheck(false).withServerName("localhost");
    agreed(serverOf(old), own);
    // A leaf that signs as if it were an authority.
    says("can't be accepted", complaint(AUTHORITY.asAuthority().issue("localhost")));
  }

  @Test
  void aRevokedCertificateIsRefusedByWhoeverLooks() throws Exception {
    TlsIdentity revoked = AUTHORITY.issue("localhost");
    agreed(serverOf(revoked), named("localhost")); // as the JDK does, nobody looks by default
    X509CRL list = AUTHORITY.revoked(revoked.chain().getFirst());
    var anchors = Set.of(new TrustAnchor(AUTHORITY.certificate(), null));
    var parameters = new PKIXBuilderParameters(anchors, new X509CertSelector());
    var checker =
        (PKIXRevocationChecker) CertPathBuilder.getInstance("PKIX").getRevocationChecker();
    checker.setOptions(Set.of(Option.PREFER_CRLS, Option.NO_FALLBACK, Option.ONLY_END_ENTITY));
    parameters.addCertPathChecker(checker);
    parameters.addCertStore(
        CertStore.getInstance("Collection", new CollectionCertStoreParameters(List.of(list))));
    var trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(new CertPathTrustManagerParameters(parameters));
    var looking = SSLContext.getInstance("TLS");
    looking.init(null, trust.getTrustManagers(), null);
    ClientTls client = ClientTls.of(looking).withServerName("localhost");
    says("was revoked by its authority", refused(serverOf(revoked), client).getMessage());
    agreed(serverOf(AUTHORITY.issue("localhost")), client);
  }

  @Test
  void theServerLearnsWhyItWasRefused() throws Exception {
    SSLException failure = refused(serverOf(AUTHORITY.issue("other.example")), CLIENT);
    says("does not accept this side's certificate", failure.getSuppressed()[0].getMessage());
  }

  @Test
  @Covers("test_events.EventLoopTestsMixin.create_server_ssl_verify_failed")
  void byDefaultOnlyTheJvmsAuthoritiesAreTrusted() throws Exception {
    says("pass it to withTrust()", refused(SERVER, ClientTls.defaults()).getMessage());
  }

  @Test
  void trustsAddUp() throws Exception {
    Authority another = Authority.root("another");
    TlsTrust both = TlsTrust.system().and(AUTHORITY.trust()).and(another.trust());
    ClientTls client = ClientTls.defaults().withTrust(both).withServerName("localhost");
    agreed(SERVER, client);
    agreed(serverOf(another.issue("localhost")), client);
    TlsIdentity unknown = Authority.root("a third").issue("localhost");
    refused(serverOf(unknown), client);
    assertEquals("TlsTrust[the JVM's authorities and 2 of its own]", both.toString());
    assertEquals("TlsTrust[the JVM's authorities]", TlsTrust.system().toString());
  }

  @Test
  void aCertificateCanBeTrustedItself() throws Exception {
    TlsIdentity own = TlsIdentity.selfSigned("localhost", "127.0.0.1", "::1");
    assertEquals(List.of("localhost", "127.0.0.1", "0:0:0:0:0:0:0:1"), own.names());
    ClientTls client = ClientTls.defaults().withTrust(TlsTrust.of(own.chain().getFirst()));
    for (String name : List.of("localhost", "127.0.0.1", "::1")) {
      agreed(serverOf(own), client.withServerName(name));
    }
  }

  @Test
  @Covers({
    "test_events.EventLoopTestsMixin.create_server_ssl_match_failed",
    "test_events.EventLoopTestsMixin.create_server_ssl_verified"
  })
  void theHostThatWasConnectedToIsChecked() throws Exception {
    Loopback.run(here -> {
      try (Server server = serve(ECHO, serverOf(AUTHORITY.issue("localhost")))) {
        connect(server, CLIENT).close();
        var options = ConnectOptions.defaults().withTls(CLIENT);
        var named = InetSocketAddress.createUnresolved("localhost", server.port());
        Asyncio.openConnection(named, options).close();
        // A look-up of an address, which anybody may answer, must not decide what is checked.
        var looked = InetAddress.getByName("localhost");
        assertThrows(
            SSLException.class,
            () -> Asyncio.openConnection(new InetSocketAddress(looked, server.port()), options));
        var failure = assertThrows(
            SSLException.class,
            () -> Asyncio.openConnection(Loopback.HOST, server.port(), options));
        says("is not for '", failure.getMessage());
        var byAddress = InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
        assertThrows(
            SSLException.class,
            () -> Asyncio.openConnection(new InetSocketAddress(byAddress, server.port()), options));
      }
    });
  }

  @Test
  @Covers({
    "test_events.EventLoopTestsMixin.create_ssl_unix_connection",
    "test_events.EventLoopTestsMixin.create_unix_server_ssl",
    "test_events.EventLoopTestsMixin.create_unix_server_ssl_verify_failed",
    "test_events.EventLoopTestsMixin.create_unix_server_ssl_verified",
    "test_streams.StreamTests.open_unix_connection_no_loop_ssl"
  })
  void aUnixSocketSpeaksTlsToo(@TempDir Path folder) throws Exception {
    Path path = folder.resolve("socket");
    run(() -> {
      try (Server _ =
          Asyncio.startUnixServer(ECHO, path, ServerOptions.defaults().withTls(SERVER))) {
        var options = ConnectOptions.defaults();
        try (var good = Asyncio.openUnixConnection(path, options.withTls(named("localhost")))) {
          echoes(good);
          assertNotNull(good.credentials());
        }
        assertThrows(
            SSLException.class,
            () -> Asyncio.openUnixConnection(
                path, options.withTls(ClientTls.defaults().withServerName("localhost"))));
        assertThrows(
            SSLException.class,
            () -> Asyncio.openUnixConnection(path, options.withTls(named("other.example"))));
        assertThrows(
            IllegalArgumentException.class,
            () -> Asyncio.openUnixConnection(path, options.withTls(CLIENT)));
      }
    });
  }

  @Test
  void withoutAHostTheNameMustBeGiven() throws Exception {
    run(() -> {
      try (var pair = ConnectionPair.open()) {
        var failure =
            assertThrows(IllegalArgumentException.class, () -> pair.one().startTls(CLIENT));
        says("withServerName()", failure.getMessage());
        assertFalse(pair.one().isClosed());
        TlsPair.begin(pair, SERVER, CLIENT.withHostNameCheck(false));
        assertNull(pair.one().tls().serverName());
      }
    });
  }

  // ---- handshakes that fail ----

  @Test
  void aFailedHandshakeIsCountedAndLoggedNotReported() throws Exception {
    Loopback.run(here -> {
      try (var log = new CapturedLog("asyncio.net", Level.FINE);
          Server server = serve(ECHO, SERVER)) {
        try (var plain = Asyncio.openConnection(Loopback.HOST, server.port())) {
          plain.writer().send("GET / HTTP/1.1\r\n\r\n");
          byte[] alert = plain.reader().readAll();
          assertEquals(21, alert[0], () -> Arrays.toString(alert));
        }
        assertThrows(SSLException.class, () -> connect(server, ClientTls.defaults()));
        Asyncio.openConnection(Loopback.HOST, server.port()).close();
        Loopback.until(() -> server.statistics().failedHandshakes() == 3);
        Loopback.until(() -> log.messages().size() == 3);
        String all = log.messages().toString();
        says("does not speak TLS; it sent 'GET / HTTP/1.1'", all);
        says("does not accept this side's certificate", all);
        says("the peer closed the connection during the handshake", all);
        try (var good = connect(server, CLIENT)) {
          echoes(good);
        }
        assertEquals(4, server.statistics().accepted());
      }
    });
  }

  @Test
  void aServerThatSpeaksNoTlsIsNoticed() throws Exception {
    Loopback.run(here -> {
      try (Server server = startServer(
          client -> client.writer().send("220 mail.example ready\r\n"), Loopback.HOST, 0)) {
        var failure = assertThrows(SSLException.class, () -> connect(server, CLIENT));
        says("it sent '220 mail.example ready'", failure.getMessage());
        says("startTls()", failure.getMessage());
      }
    });
  }

  @Test
  @Covers({
    "test_ssl.TestSSL.ssl_handshake_connection_lost",
    "test_sslproto.SslProtoHandshakeTests.eof_received_waiter",
    "test_sslproto.SslProtoHandshakeTests.connection_lost"
  })
  void aPeerThatClosesInTheMiddleIsNoticed() throws Exception {
    run(() -> {
      var pair = ConnectionPair.open();
      createTask(() -> {
        pair.other().reader().read(1000);
        pair.other().close();
      });
      var failure = assertThrows(SSLException.class, () -> pair.one().startTls(named("localhost")));
      says("the peer closed the connection during the handshake", failure.getMessage());
      assertTrue(pair.one().isClosed());
    });
  }

  @Test
  void aHandshakeIsBrokenOffAtEveryByte() throws Exception {
    byte[] hello = hello();
    Loopback.run(here -> {
      try (Server server = serve(ECHO, SERVER)) {
        for (int length = 0; length < hello.length; length++) {
          try (var client = Asyncio.openConnection(Loopback.HOST, server.port())) {
            client.writer().send(Arrays.copyOf(hello, length));
            client.writer().writeEof();
            client.reader().readAll();
          }
        }
        Loopback.until(() -> server.connections() == 0);
        assertEquals(hello.length, server.statistics().failedHandshakes());
      }
    });
  }

  @Test
  void rubbishIsRefused() throws Exception {
    byte[] hello = hello();
    List<byte[]> all = new ArrayList<>();
    all.add(new byte[100]);
    all.add(new byte[] {22, 3, 1, (byte) 0xff, (byte) 0xff, 1, 2, 3}); // a record that is too long
    all.add(new byte[] {22, 3, 1, 0, 0}); // an empty one
    all.add(new byte[] {23, 3, 3, 0, 1, 1}); // data before the handshake
    all.add(new byte[] {21, 3, 3, 0, 2, 2, 40}); // an alert
    all.add(new byte[] {20, 3, 3, 0, 1, 1}); // new ciphers
    for (int at = 0; at < hello.length; at += 7) {
      byte[] wrong = hello.clone();
      wrong[at] ^= 0x55;
      all.add(wrong);
    }
    Loopback.run(here -> {
      try (Server server = serve(ECHO, SERVER)) {
        for (byte[] one : all) {
          try (var client = Asyncio.openConnection(Loopback.HOST, server.port())) {
            client.writer().send(one);
            client.writer().writeEof();
            client.reader().readAll();
          } catch (SocketException reset) {
            // that will do
          }
        }
        Loopback.until(() -> server.connections() == 0);
        assertEquals(all.size(), server.statistics().failedHandshakes());
        try (var good = connect(server, CLIENT)) {
          echoes(good);
        }
      }
    });
  }

  /** The first message of a client. */
  private static byte[] hello() throws Exception {
    return Asyncio.run(() -> {
      var pair = ConnectionPair.open();
      Task<?> client = createTask(() -> pair.one().startTls(named("localhost")));
      byte[] hello = pair.other().reader().read(10_000);
      pair.close();
      assertThrows(SocketException.class, () -> client.awaitThrowing(SocketException.class));
      return hello;
    });
  }

  @Test
  @Covers({
    "test_ssl.TestSSL.create_connection_ssl_slow_handshake",
    "test_ssl.TestSSL.connect_timeout_warning",
    "test_sslproto.BaseStartTLS.create_connection_ssl_slow_handshake",
    "test_sslproto.BaseStartTLS.handshake_timeout"
  })
  void aHandshakeHasATimeLimit() throws Exception {
    run(() -> {
      var pair = ConnectionPair.open();
      var failure = assertThrows(
          SocketTimeoutException.class,
          () -> pair.one().startTls(named("localhost").withHandshakeTimeout(ofMillis(20))));
      says("within 20 ms", failure.getMessage());
      says("withHandshakeTimeout()", failure.getMessage());
      assertTrue(pair.one().isClosed());
      pair.close();
    });
  }

  @Test
  void theTimeLimitHoldsWhileTheHandshakeIsComputed() throws Exception {
    var release = new CountDownLatch(1);
    SSLContext slow = SSLContext.getInstance("TLS");
    slow.init(null, new TrustManager[] {new SlowTrust(release)}, null);
    run(() -> {
      var pair = ConnectionPair.open();
      Task<?> serving = createTask(() -> pair.other().startTls(SERVER));
      ClientTls client =
          ClientTls.of(slow).withServerName("localhost").withHandshakeTimeout(ofMillis(500));
      assertThrows(SocketTimeoutException.class, () -> pair.one().startTls(client));
      release.countDown();
      assertThrows(IOException.class, () -> serving.awaitThrowing(IOException.class));
      pair.close();
    });
  }

  /** Takes as long as somebody likes. */
  private static final class SlowTrust implements X509TrustManager {
    private final CountDownLatch release;

    SlowTrust(CountDownLatch release) {
      this.release = release;
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {
      try {
        release.await();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }

  @Test
  void aServerThatCanNotSpeakTlsSaysSo() throws Exception {
    Loopback.run(here -> {
      SSLContext empty = SSLContext.getInstance("TLS"); // never initialised
      try (Server server = serve(ECHO, ServerTls.of(empty))) {
        assertThrows(IOException.class, () -> connect(server, CLIENT));
        says("TLS can't be begun with any client", here.takeReport().message());
      }
    });
  }

  @Test
  void aHostMayHaveAnUnderscore() throws Exception {
    ClientTls client = CLIENT.withHostNameCheck(false).withServerName("my_service");
    assertNull(agreed(SERVER, client)[1].serverName());
  }

  @Test
  @Covers("test_ssl.TestSSL.ssl_handshake_timeout")
  void aServerCutsAClientThatDoesNotShakeHands() throws Exception {
    Loopback.run(here -> {
      try (Server server = serve(ECHO, SERVER.withHandshakeTimeout(ofMillis(20)));
          var client = Asyncio.openConnection(Loopback.HOST, server.port())) {
        client.writer().send(new byte[] {22, 3, 1});
        assertEquals(0, client.reader().readAll().length);
        assertEquals(1, server.statistics().failedHandshakes());
      }
    });
  }

  @Test
  @Covers({
    "test_ssl.TestSSL.start_tls_slow_client_cancel",
    "test_sslproto.BaseStartTLS.start_tls_slow_client_cancel"
  })
  void aCancelledHandshakeClosesItsConnection() throws Exception {
    Loopback.run(here -> {
      try (Server server = startServer(client -> client.reader().readAll(), Loopback.HOST, 0)) {
        Task<?> connecting = createTask(() -> connect(server, CLIENT));
        Loopback.until(() -> server.connections() == 1);
        Asyncio.sleep(ofMillis(5));
        connecting.cancel();
        assertThrows(CancelledError.class, connecting::await);
        Loopback.until(() -> server.connections() == 0);
      }
    });
  }

  @Test
  void theFirstHandshakeWaitsForItsKeysOffTheLoop() throws Exception {
    run(() -> {
      var pair = ConnectionPair.open();
      long[] turns = {0};
      Task<?> other = createTask(() -> {
        while (true) {
          turns[0]++;
          Asyncio.yieldNow();
        }
      });
      TlsPair.begin(pair, serverOf(AUTHORITY.issue("localhost")), named("localhost"));
      assertTrue(turns[0] > 10, () -> turns[0] + " turns");
      other.cancel();
      pair.close();
    });
  }

  @Test
  void newSettingsAreForNewClients() throws Exception {
    TlsIdentity renewed = AUTHORITY.issue("localhost");
    Loopback.run(here -> {
      try (Server server = serve(ECHO, SERVER)) {
        try (var before = connect(server, CLIENT)) {
          server.setTls(serverOf(renewed));
          echoes(before);
          try (var after = connect(server, CLIENT)) {
            assertEquals(renewed.chain(), after.tls().peerCertificates());
            echoes(after);
          }
          echoes(before);
        }
      }
      try (Server plain = startServer(ECHO, Loopback.HOST, 0)) {
        var failure = assertThrows(IllegalStateException.class, () -> plain.setTls(SERVER));
        says("was started without TLS", failure.getMessage());
      }
    });
  }

  @Test
  @Covers("test_sslproto.BaseStartTLS.start_tls_wrong_args")
  void wrongSettingsSayWhatToDo() {
    says(
        "withProtocols() takes",
        assertThrows(IllegalArgumentException.class, () -> CLIENT.withProtocols("SSLv3"))
            .getMessage());
    assertThrows(IllegalArgumentException.class, () -> CLIENT.withProtocols());
    assertThrows(IllegalArgumentException.class, () -> CLIENT.withAlpn(""));
    for (String name : List.of("", "a b", "https://a.example", "localhost:443", "a..b")) {
      says(
          "A host is named such as",
          assertThrows(IllegalArgumentException.class, () -> CLIENT.withServerName(name))
              .getMessage());
    }
    assertThrows(IllegalArgumentException.class, () -> SERVER.withHandshakeTimeout(ofMillis(0)));
    assertThrows(IllegalArgumentException.class, () -> SERVER.withShutdownTimeout(ofMillis(-1)));
    assertThrows(IllegalArgumentException.class, () -> ServerTls.of());
    assertThrows(IllegalArgumentException.class, () -> TlsTrust.of());
    assertThrows(IllegalStateException.class, () -> SERVER.withOptionalClients(true));
  }
}
