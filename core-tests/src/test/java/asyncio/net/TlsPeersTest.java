package asyncio.net;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.openConnection;
import static asyncio.Asyncio.startServer;
import static asyncio.Asyncio.toThread;
import static asyncio.net.TlsPair.AUTHORITY;
import static asyncio.net.TlsPair.CLIENT;
import static asyncio.net.TlsPair.ECHO;
import static asyncio.net.TlsPair.connect;
import static asyncio.net.TlsPair.echoes;
import static asyncio.net.TlsPair.says;
import static asyncio.net.TlsPair.serve;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import asyncio.ClientTls;
import asyncio.ConnectOptions;
import asyncio.Connection;
import asyncio.ConnectionHandler;
import asyncio.Server;
import asyncio.ServerTls;
import asyncio.Task;
import asyncio.TlsIdentity;
import asyncio.TlsTrust;
import asyncio.support.Authority;
import asyncio.support.Program;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.Provider;
import java.security.Security;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.conscrypt.Conscrypt;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** TLS with programs and libraries of others, each way round. */
@Timeout(60)
class TlsPeersTest {
  private static final List<String> SUITES_1_3 =
      List.of("TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256");
  private static final List<String> SUITES_1_2 = List.of(
      "ECDHE-ECDSA-AES256-GCM-SHA384",
      "ECDHE-ECDSA-AES128-GCM-SHA256",
      "ECDHE-ECDSA-CHACHA20-POLY1305",
      "ECDHE-RSA-AES256-GCM-SHA384",
      "ECDHE-RSA-AES128-GCM-SHA256",
      "ECDHE-RSA-CHACHA20-POLY1305");

  private static final Authority.Issued EC = AUTHORITY.issue().make("localhost", "127.0.0.1");
  private static final Authority.Issued RSA =
      AUTHORITY.issue().key("RSA").make("localhost", "127.0.0.1");
  private static final ServerTls SERVER = ServerTls.of(EC.identity(), RSA.identity());

  @TempDir
  Path folder;

  private String ca;

  @BeforeEach
  void writeFiles() throws IOException {
    ca = file("ca.pem", Authority.pem(AUTHORITY.certificate()));
    file("ec.pem", EC.chainPem());
    file("ec.key", EC.keyPem());
    file("rsa.pem", RSA.chainPem());
    file("rsa.key", RSA.keyPem());
  }

  private String file(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text).toString();
  }

  private String at(String name) {
    return folder.resolve(name).toString();
  }

  // ---- openssl ----

  private Program sClient(Server server, String... options) throws IOException {
    return Program.peer("openssl", sClientArguments(server, options).toArray(String[]::new));
  }

  private List<String> sClientArguments(Server server, String... options) {
    List<String> all =
        new ArrayList<>(List.of("s_client", "-connect", "127.0.0.1:" + server.port()));
    all.addAll(List.of("-CAfile", ca, "-verify_return_error", "-servername", "localhost"));
    all.addAll(List.of(options));
    return all;
  }

  /** Says a line, waits for the echo, and ends; returns all that openssl has printed. */
  private String talk(Server server, String... options) throws IOException {
    return toThread(() -> {
      try (Program client = sClient(server, options)) {
        client.type("hello openssl");
        client.lineWith("hello openssl");
        client.endInput();
        assertEquals(0, client.exitCode(), client::whatHappened);
        return client.output();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    });
  }

  @Test
  void clientsThatVanishHarmNobody() throws Exception {
    Loopback.run(here -> {
      try (Server server = serve(ECHO, SERVER)) {
        for (int i = 0; i < 5; i++) {
          int millis = 4 * i; // before, in and after the handshake
          toThread(() -> {
            try (Program client = sClient(server)) {
              Thread.sleep(millis);
              client.signal("KILL");
            }
          });
        }
        toThread(() -> {
          try (Program client = sClient(server)) {
            client.type("hello openssl");
            client.lineWith("hello openssl");
            client.signal("KILL");
          }
        });
        says("hello openssl", talk(server));
      }
    });
  }

  @Test
  void opensslSpeaksEachVersionAndSuiteWithUs() throws Exception {
    Loopback.run(here -> {
      try (Server server = serve(ECHO, SERVER)) {
        for (String suite : SUITES_1_3) {
          says("Cipher is " + suite, talk(server, "-tls1_3", "-ciphersuites", suite));
        }
        for (String suite : SUITES_1_2) {
          says("Cipher is " + suite, talk(server, "-tls1_2", "-cipher", suite));
        }
      }
    });
  }

  @Test
  void opensslGetsNothingOldOrWeakFromUs() throws Exception {
    Loopback.run(here -> {
      try (Server server = serve(ECHO, SERVER)) {
        for (List<String> options : List.of(
            List.of("-tls1_1", "-cipher", "ALL:@SECLEVEL=0"),
            List.of("-tls1", "-cipher", "ALL:@SECLEVEL=0"),
            List.of("-tls1_2", "-cipher", "AES128-SHA:AES256-GCM-SHA384:@SECLEVEL=0"),
            List.of("-tls1_2", "-cipher", "ECDHE-RSA-AES256-SHA384:ECDHE-ECDSA-AES128-SHA"),
            List.of("-tls1_2", "-cipher", "NULL:eNULL:aNULL:RC4:DES:@SECLEVEL=0"))) {
          toThread(() -> {
            try (Program client = sClient(server, options.toArray(String[]::new))) {
              client.endInput();
              assertEquals(1, client.exitCode(), client::whatHappened);
            }
          });
        }
        assertFalse(server.statistics().failedHandshakes() == 0);
      }
    });
  }

  @Test
  void opensslResumesAndNegotiates() throws Exception {
    Loopback.run(here -> {
      try (Server server = serve(ECHO, SERVER.withAlpn("h2", "http/1.1"))) {
        for (String version : List.of("-tls1_3", "-tls1_2")) {
          String session = at("session" + version);
          says("New, ", talk(server, version, "-sess_out", session));
          says("Reused, ", talk(server, version, "-sess_in", session));
          says("ALPN protocol: http/1.1", talk(server, version, "-alpn", "http/1.1"));
        }
      }
    });
  }

  @Test
  void opensslShowsWhoItIs() throws Exception {
    Authority.Issued ann = AUTHORITY.issue().make("ann");
    String chain = file("ann.pem", ann.chainPem());
    String key = file("ann.key", ann.keyPem());
    ConnectionHandler greet = client -> {
      client.reader().readLine();
      client
          .writer()
          .send("hello openssl, you are "
              + client.tls().peerCertificates().getFirst().getSubjectX500Principal()
              + "\n");
      client.reader().readLine();
    };
    Loopback.run(here -> {
      try (Server server = serve(greet, SERVER.withClientTrust(AUTHORITY.trust()))) {
        says("you are CN=ann", talk(server, "-cert", chain, "-key", key));
      }
    });
  }

  @Test
  void opensslChangesItsKeysButStartsNoOtherHandshake() throws Exception {
    Loopback.run(here -> {
      try (Server server = serve(ECHO, SERVER)) {
        toThread(() -> {
          openssl("version");
          List<String> command = new ArrayList<>(List.of("-c", "exec openssl \"$@\" 2>&1", "sh"));
          command.addAll(sClientArguments(server, "-tls1_3"));
          try (Program client = Program.peer("sh", command.toArray(String[]::new))) {
            client.type("before");
            client.lineWith("before");
            for (String update : List.of("k", "K")) { // and with K, ours shall change as well
              client.type(update);
              client.lineWith("KEYUPDATE");
              client.type("after " + update);
              client.lineWith("after " + update);
            }
          }
          try (Program client = sClient(server, "-tls1_2")) {
            client.type("before");
            client.lineWith("before");
            client.type("R");
            assertEquals(1, client.exitCode(), client::whatHappened);
          }
        });
        Loopback.until(() -> server.connections() == 0);
      }
    });
  }

  @Test
  void opensslStartsTlsOnTheWay() throws Exception {
    ConnectionHandler mail = client -> {
      client.writer().send("220 ready\r\n");
      for (String line : client.reader().lines()) {
        switch (line) {
          case "STARTTLS" -> {
            client.writer().send("220 go ahead\r\n");
            client.startTls(SERVER);
          }
          default ->
            client
                .writer()
                .send(line.startsWith("EHLO") ? "250-here\r\n250 STARTTLS\r\n" : line + "\n");
        }
      }
    };
    Loopback.run(here -> {
      try (Server server = startServer(mail, Loopback.HOST, 0)) {
        says("Verification: OK", talk(server, "-starttls", "smtp"));
      }
    });
  }

  private interface WithPort {
    void run(int port) throws Exception;
  }

  private void withSServer(WithPort body, String... options) throws Exception {
    List<String> all = new ArrayList<>(List.of("s_server", "-accept", "127.0.0.1:0", "-rev"));
    all.addAll(List.of("-cert", at("ec.pem"), "-key", at("ec.key")));
    all.addAll(List.of("-dcert", at("rsa.pem"), "-dkey", at("rsa.key")));
    all.addAll(List.of(options));
    try (Program server = Program.peer("openssl", all.toArray(String[]::new))) {
      Matcher port = Pattern.compile(":(\\d+)$").matcher(server.lineWith("ACCEPT"));
      assertTrue(port.find());
      Loopback.run(here -> body.run(Integer.parseInt(port.group(1))));
    }
  }

  private static Connection connectTo(int port, ClientTls tls) throws IOException {
    return openConnection("localhost", port, ConnectOptions.defaults().withTls(tls));
  }

  private static void reverses(Connection connection) throws IOException {
    connection.writer().send("abc\n");
    assertEquals("cba", connection.reader().readLine());
  }

  @Test
  void weSpeakEachVersionAndSuiteWithOpenssl() throws Exception {
    for (String version : List.of("TLSv1.3", "TLSv1.2")) {
      ClientTls client = CLIENT.withProtocols(version);
      String option = version.equals("TLSv1.3") ? "-ciphersuites" : "-cipher";
      for (String suite : version.equals("TLSv1.3") ? SUITES_1_3 : SUITES_1_2) {
        withSServer(
            port -> {
              for (boolean resumed : new boolean[] {false, true}) {
                try (Connection connection = connectTo(port, client)) {
                  assertEquals(version, connection.tls().protocol());
                  reverses(connection);
                  assertEquals(resumed, connection.tls().resumed(), suite);
                }
                asyncio.Asyncio.sleep(java.time.Duration.ofMillis(2));
              }
            },
            option,
            suite);
      }
    }
  }

  @Test
  void weShowOpensslWhoWeAreAndNegotiate() throws Exception {
    ClientTls client = CLIENT.withAlpn("spdy", "h2").withIdentity(AUTHORITY.issue("ann"));
    withSServer(
        port -> {
          try (Connection connection = connectTo(port, client)) {
            assertEquals("h2", connection.tls().alpn());
            reverses(connection);
          }
          ClientTls nobody = CLIENT.withProtocols("TLSv1.2");
          assertThrows(SSLException.class, () -> connectTo(port, nobody));
        },
        "-alpn",
        "h2",
        "-Verify",
        "1",
        "-CAfile",
        ca);
  }

  @Test
  void weSpeakNothingOldWithOpenssl() throws Exception {
    withSServer(
        port -> {
          var refused = assertThrows(SSLException.class, () -> connectTo(port, CLIENT));
          says("no version of TLS in common", refused.getMessage());
        },
        "-tls1_1",
        "-cipher",
        "ALL:@SECLEVEL=0");
  }

  @Test
  void opensslWritesKeysThatWeRead() throws Exception {
    String[][] commands = {
      {"genrsa", "-traditional", "-out", "KEY", "2048"},
      {"genrsa", "-traditional", "-aes256", "-passout", "pass:secret", "-out", "KEY", "2048"},
      {"genrsa", "-out", "KEY", "2048"},
      {"ecparam", "-genkey", "-name", "prime256v1", "-out", "KEY"},
      {"genpkey", "-algorithm", "ed25519", "-out", "KEY"},
      {
        "genpkey",
        "-algorithm",
        "EC",
        "-pkeyopt",
        "ec_paramgen_curve:P-384",
        "-aes128",
        "-pass",
        "pass:secret",
        "-out",
        "KEY"
      }
    };
    for (String[] command : commands) {
      String key = at("made.key");
      String chain = at("made.pem");
      for (int i = 0; i < command.length; i++) {
        command[i] = command[i].replace("KEY", key);
      }
      openssl(command);
      openssl(
          "req",
          "-x509",
          "-key",
          key,
          "-passin",
          "pass:secret",
          "-out",
          chain,
          "-days",
          "10",
          "-subj",
          "/CN=x",
          "-addext",
          "subjectAltName=DNS:localhost");
      boolean encrypted = List.of(command).contains("pass:secret");
      TlsIdentity identity = encrypted
          ? TlsIdentity.load(Path.of(chain), Path.of(key), "secret".toCharArray())
          : TlsIdentity.load(Path.of(chain), Path.of(key));
      assertEquals(List.of("localhost"), identity.names());
      openssl(
          "pkcs12",
          "-export",
          "-inkey",
          key,
          "-passin",
          "pass:secret",
          "-in",
          chain,
          "-passout",
          "pass:other",
          "-out",
          at("made.p12"));
      assertEquals(
          identity.chain(),
          TlsIdentity.load(Path.of(at("made.p12")), "other".toCharArray()).chain());
      assertEquals(
          1,
          TlsIdentity.load(Path.of(chain), Path.of(key), "secret".toCharArray())
              .chain()
              .size());
      TlsTrust.load(Path.of(chain));
    }
  }

  private static void openssl(String... command) throws IOException {
    try (Program openssl = Program.peer("openssl", command)) {
      assertEquals(0, openssl.exitCode(), openssl::whatHappened);
    }
  }

  // ---- curl and socat ----

  private static final ConnectionHandler HTTP = client -> {
    for (String line : client.reader().lines()) {
      if (line.isEmpty()) {
        client.writer().send("HTTP/1.0 200 OK\r\n\r\nhello curl\n");
        return;
      }
    }
  };

  private static String output(String name, String... arguments) throws IOException {
    return toThread(() -> {
      try (Program program = Program.peer(name, arguments)) {
        assertEquals(0, program.exitCode(), program::whatHappened);
        return program.output();
      }
    });
  }

  @Test
  void curlFetchesOverTls() throws Exception {
    Loopback.run(here -> {
      try (Server server = serve(HTTP, SERVER)) {
        String url = "https://localhost:" + server.port() + "/";
        for (String version : List.of("1.2", "1.3")) {
          assertEquals(
              "hello curl\n",
              output("curl", "-sS", "--cacert", ca, "--tlsv" + version, "--tls-max", version, url));
        }
        toThread(() -> {
          try (Program stranger = Program.peer("curl", "-sS", url)) {
            assertEquals(60, stranger.exitCode(), stranger::whatHappened);
          }
          String plain = url.replace("https", "http");
          try (Program other = Program.peer("curl", "-sS", plain)) {
            assertTrue(other.exitCode() != 0, other::whatHappened);
          }
        });
      }
    });
  }

  @Test
  void socatRelaysBothWays() throws Exception {
    Loopback.run(here -> {
      try (Server server = serve(ECHO, SERVER)) {
        toThread(() -> {
          try (Program socat =
              Program.peer("socat", "-", "OPENSSL:localhost:" + server.port() + ",cafile=" + ca)) {
            socat.type("hello socat");
            assertEquals("hello socat", socat.line());
            socat.endInput();
            assertEquals(0, socat.exitCode(), socat::whatHappened);
          } catch (InterruptedException e) {
            throw new AssertionError(e);
          }
        });
      }
    });
  }

  // ---- CPython ----

  private static Program python(String script, String... arguments) throws IOException {
    String enough = "import sys; sys.exit(sys.version_info < (3, 11))";
    try (var version = Program.peer("python3", "-c", enough)) {
      assumeTrue(version.exitCode() == 0, "needs Python 3.11 or later");
    }
    List<String> all = new ArrayList<>(List.of(script));
    all.addAll(List.of(arguments));
    return Program.peer("python3", all.toArray(String[]::new));
  }

  @Test
  void aClientOfCPythonTalksToUs() throws Exception {
    ConnectionHandler upgrading = client -> {
      for (String line : client.reader().lines()) {
        if (line.equals("STARTTLS")) {
          client.writer().send("go ahead\n");
          client.startTls(SERVER);
        } else {
          client.writer().send(line + "\n");
        }
      }
    };
    String script = Program.script(folder, "tls_client.py").toString();
    Loopback.run(here -> {
      try (Server server = serve(ECHO, SERVER);
          Server plain = startServer(upgrading, Loopback.HOST, 0)) {
        String printed = toThread(() -> {
          try (Program client =
              python(script, "localhost", "" + server.port(), "" + plain.port(), ca)) {
            assertEquals(0, client.exitCode(), client::whatHappened);
            return client.output();
          }
        });
        says("TLSv1.3", printed);
        says("refused: Hostname mismatch", printed);
      }
    });
  }

  @Test
  void weTalkToAServerOfCPython() throws Exception {
    String script = Program.script(folder, "tls_server.py").toString();
    try (Program server = python(script, at("rsa.pem"), at("rsa.key"))) {
      int port = Integer.parseInt(server.line());
      Loopback.run(here -> {
        for (String version : List.of("TLSv1.3", "TLSv1.2")) {
          try (Connection connection = connectTo(port, CLIENT.withProtocols(version))) {
            echoes(connection);
            String big = "x".repeat(60_000);
            for (int i = 0; i < 20; i++) {
              connection.writer().send(big + "\n");
              assertEquals(big, connection.reader().readLine());
            }
          }
        }
      });
    }
  }

  // ---- the JDK's sockets, and Conscrypt ----

  private static SSLContext context(Provider provider) throws Exception {
    char[] password = "secret".toCharArray();
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    store.setKeyEntry(
        "x", EC.key(), password, EC.chain().toArray(java.security.cert.Certificate[]::new));
    store.setCertificateEntry("ca", AUTHORITY.certificate());
    var keys = KeyManagerFactory.getInstance("PKIX");
    keys.init(store, password);
    var trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(store);
    SSLContext context =
        provider == null ? SSLContext.getInstance("TLS") : SSLContext.getInstance("TLS", provider);
    context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
    return context;
  }

  private interface Talk {
    void run(SSLSocket socket, BufferedReader in) throws Exception;
  }

  private static void inThread(SSLSocket socket, Talk talk) throws IOException {
    toThread(() -> {
      try (socket;
          var in = new BufferedReader(new InputStreamReader(socket.getInputStream()))) {
        talk.run(socket, in);
      } catch (Exception e) {
        throw e instanceof IOException io ? io : new IOException(e);
      }
    });
  }

  private static void say(SSLSocket socket, String line) throws IOException {
    socket.getOutputStream().write((line + "\n").getBytes());
  }

  @Test
  void aSocketOfTheJdkTalksToUsAndChangesItsKeys() throws Exception {
    SSLContext context = context(null);
    Loopback.run(here -> {
      try (Server server = serve(ECHO, SERVER)) {
        var factory = context.getSocketFactory();
        var tls13 = (SSLSocket) factory.createSocket(Loopback.HOST, server.port());
        inThread(tls13, (socket, in) -> {
          for (int i = 0; i < 5; i++) {
            say(socket, "line " + i);
            assertEquals("line " + i, in.readLine());
            socket.startHandshake(); // with TLS 1.3, new keys
          }
        });
        var tls12 = (SSLSocket) factory.createSocket(Loopback.HOST, server.port());
        tls12.setEnabledProtocols(new String[] {"TLSv1.2"});
        inThread(tls12, (socket, in) -> {
          say(socket, "line");
          assertEquals("line", in.readLine());
          socket.startHandshake(); // another handshake
          assertThrows(IOException.class, () -> {
            say(socket, "line");
            if (in.readLine() == null) {
              throw new IOException("ended");
            }
          });
        });
      }
    });
  }

  @Test
  void aPeerThatChangesItsKeysAgainAndAgainIsCutOff() throws Exception {
    SSLContext context = context(null);
    Loopback.run(here -> {
      try (Server server = serve(ECHO, SERVER)) {
        var socket =
            (SSLSocket) context.getSocketFactory().createSocket(Loopback.HOST, server.port());
        inThread(socket, (peer, in) -> {
          say(peer, "line");
          assertEquals("line", in.readLine());
          assertThrows(IOException.class, () -> {
            for (int i = 0; i < 100; i++) {
              peer.startHandshake();
            }
            if (in.readLine() == null) {
              throw new IOException("ended");
            }
          });
        });
        Loopback.until(() -> server.connections() == 0);
      }
    });
  }

  @Test
  void weTalkToASocketOfTheJdk() throws Exception {
    SSLContext context = context(null);
    Loopback.run(here -> {
      try (var listening =
          (SSLServerSocket) context.getServerSocketFactory().createServerSocket(0)) {
        for (String version : List.of("TLSv1.3", "TLSv1.2")) {
          Task<?> serving = createTask(() -> {
            var accepted = toThread(() -> (SSLSocket) listening.accept());
            inThread(accepted, (socket, in) -> {
              for (String line; (line = in.readLine()) != null; ) {
                say(socket, line);
              }
            });
          });
          try (var connection =
              connectTo(listening.getLocalPort(), CLIENT.withProtocols(version))) {
            echoes(connection);
            echoes(connection);
          }
          serving.await();
        }
      }
    });
  }

  @Test
  void conscryptDoesAsWell() throws Exception {
    assumeTrue(Conscrypt.isAvailable(), "Conscrypt has no library for this machine");
    SSLContext fast = context(Conscrypt.newProvider());
    ServerTls server = ServerTls.of(fast);
    ClientTls client = ClientTls.of(fast);
    for (boolean ourServer : new boolean[] {true, false}) {
      for (String version : List.of("TLSv1.3", "TLSv1.2")) {
        Loopback.run(here -> {
          try (Server listening = serve(ECHO, ourServer ? SERVER : server);
              var connection =
                  connect(listening, (ourServer ? client : CLIENT).withProtocols(version))) {
            assertEquals(version, connection.tls().protocol());
            echoes(connection);
            String big = "x".repeat(60_000);
            for (int i = 0; i < 20; i++) {
              connection.writer().send(big + "\n");
              assertEquals(big, connection.reader().readLine());
            }
          }
        });
      }
    }
    Loopback.run(
        here -> { // names are checked with it, too
          try (Server listening = serve(ECHO, ServerTls.of(AUTHORITY.issue("other.example")))) {
            assertThrows(SSLException.class, () -> connect(listening, client));
          }
        });
    assertEquals(null, Security.getProvider("Conscrypt"));
  }
}
