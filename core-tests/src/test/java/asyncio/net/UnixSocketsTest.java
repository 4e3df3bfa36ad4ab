package asyncio.net;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.openConnection;
import static asyncio.Asyncio.openUnixConnection;
import static asyncio.Asyncio.startServer;
import static asyncio.Asyncio.startUnixServer;
import static asyncio.support.Texts.assertContains;
import static asyncio.support.Waiting.failureOf;
import static asyncio.support.Waiting.started;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.CancelledError;
import asyncio.Connection;
import asyncio.ConnectionHandler;
import asyncio.ConnectionPair;
import asyncio.ServerOptions;
import asyncio.Task;
import asyncio.conformance.Covers;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnixSocketsTest {
  private static final ConnectionHandler HELLO = client -> client.writer().send("hello\n");

  @TempDir
  Path folder;

  private static void says(Path path) throws IOException {
    try (var connection = openUnixConnection(path)) {
      assertEquals("hello", connection.reader().readLine());
    }
  }

  @Test
  @Covers({
    "test_streams.StreamTests.open_unix_connection",
    "test_streams.StreamTests.start_unix_server",
    "test_server.UnixServerCleanupTests.unix_server_addr_cleanup",
    "test_unix_events.SelectorEventLoopUnixSocketTests.create_unix_server_pathlike",
    "test_unix_events.SelectorEventLoopUnixSocketTests.create_unix_connection_pathlike",
    "test_events.EventLoopTestsMixin.create_unix_server",
    "test_events.EventLoopTestsMixin.create_unix_connection",
    "test_server.SelectorStartServerTests.start_unix_server_1"
  })
  void aServerListensOnAPath() throws Exception {
    Path path = folder.resolve("service");
    Loopback.run(here -> {
      try (var server = startUnixServer(HELLO, path)) {
        says(path);
        assertEquals(UnixDomainSocketAddress.of(path), server.addresses().getFirst());
        assertContains(server.toString(), "unix:" + path);
        assertContains(
            assertThrows(IllegalStateException.class, server::port).getMessage(), "no port");
      }
      assertFalse(Files.exists(path), "its file goes with it");
    });
  }

  /** Fills the queue of a server that accepts nobody, until the system refuses another client. */
  private static void fill(UnixDomainSocketAddress address, List<SocketChannel> clients)
      throws IOException {
    while (true) {
      SocketChannel client = SocketChannel.open(StandardProtocolFamily.UNIX);
      client.configureBlocking(false);
      try {
        assertTrue(client.connect(address));
        clients.add(client);
      } catch (SocketException full) {
        return;
      }
    }
  }

  @Test
  void aClientWaitsForAPlaceInTheQueue() throws Exception {
    Path path = folder.resolve("service");
    var address = UnixDomainSocketAddress.of(path);
    List<SocketChannel> clients = new ArrayList<>();
    Loopback.run(here -> {
      try (var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
        server.bind(address, 1);
        fill(address, clients);
        Task<Connection> waiting = started(createTask(() -> openUnixConnection(path)));
        for (int i = 0; i < clients.size(); i++) {
          server.accept().close();
        }
        try (var connection = waiting.await();
            var peer = server.accept()) {
          connection.writer().write(new byte[] {42});
          connection.writer().flush();
          var came = ByteBuffer.allocate(1);
          assertEquals(1, peer.read(came));
          assertEquals(42, came.get(0));
        }
      } finally {
        for (var client : clients) {
          client.close();
        }
      }
    });
  }

  @Test
  void aClientNeedNotWaitForAPlaceInTheQueue() throws Exception {
    Path path = folder.resolve("service");
    List<SocketChannel> clients = new ArrayList<>();
    Loopback.run(here -> {
      Task<Connection> refused;
      try (var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
        server.bind(UnixDomainSocketAddress.of(path), 1);
        fill(UnixDomainSocketAddress.of(path), clients);
        Task<Connection> waiting = started(createTask(() -> openUnixConnection(path)));
        waiting.cancel();
        assertThrows(CancelledError.class, waiting::await);
        refused = started(createTask(() -> openUnixConnection(path)));
      } finally {
        for (var client : clients) {
          client.close();
        }
      }
      assertInstanceOf(ConnectException.class, failureOf(refused));
    });
  }

  @Test
  void bothEndsKnowWhoTheOtherIs() throws Exception {
    Path path = folder.resolve("service");
    String me = System.getProperty("user.name");
    ConnectionHandler handler = client -> {
      client.writer().send(client.credentials().user().getName() + "\n");
      client.writer().send(client + "\n");
    };
    Loopback.run(here -> {
      try (var _ = startUnixServer(handler, path);
          var connection = openUnixConnection(path)) {
        assertEquals(me, connection.reader().readLine());
        assertEquals("Connection[unix:" + path + "]", connection.reader().readLine());
        assertEquals(me, connection.credentials().user().getName());
        assertNotNull(connection.credentials().group());
        assertEquals(UnixDomainSocketAddress.of(path), connection.remoteAddress());
        connection.abort();
        assertThrows(SocketException.class, connection::credentials);
      }
    });
  }

  @Test
  void otherConnectionsHaveNoCredentials() throws Exception {
    Loopback.run(here -> {
      try (var pair = ConnectionPair.open();
          var server = startServer(HELLO, Loopback.HOST, 0);
          var connection = openConnection(Loopback.HOST, server.port())) {
        assertNull(pair.one().credentials());
        assertNull(connection.credentials());
        connection.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
        assertTrue(connection.option(StandardSocketOptions.SO_KEEPALIVE));
        assertContains(
            assertThrows(
                    UnsupportedOperationException.class,
                    () -> pair.one().option(StandardSocketOptions.SO_KEEPALIVE))
                .getMessage(),
            "SO_KEEPALIVE");
      }
    });
  }

  @Test
  void anAddressOfEitherKindIsEnough() throws Exception {
    SocketAddress unix = UnixDomainSocketAddress.of(folder.resolve("service"));
    Loopback.run(here -> {
      try (var _ = startServer(HELLO, unix);
          var connection = openConnection(unix)) {
        assertEquals("hello", connection.reader().readLine());
      }
      for (var address : java.util.List.of(
          new InetSocketAddress(Loopback.HOST, 0),
          InetSocketAddress.createUnresolved("localhost", 0))) {
        try (var server = startServer(HELLO, address)) {
          for (SocketAddress listening : server.addresses()) {
            try (var connection = openConnection(listening)) {
              assertEquals("hello", connection.reader().readLine());
            }
          }
          try (var connection = openConnection(
              InetSocketAddress.createUnresolved(address.getHostString(), server.port()))) {
            assertEquals("hello", connection.reader().readLine());
          }
        }
      }
      SocketAddress strange = new SocketAddress() {};
      assertThrows(IllegalArgumentException.class, () -> openConnection(strange));
      assertThrows(IllegalArgumentException.class, () -> startServer(HELLO, strange));
    });
  }

  @Test
  @Covers("test_unix_events.SelectorEventLoopUnixSocketTests.create_unix_server_existing_path_sock")
  void aSocketThatADeadServerLeftIsReplaced() throws Exception {
    Path path = folder.resolve("service");
    try (var dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      dead.bind(UnixDomainSocketAddress.of(path));
    }
    assertTrue(Files.exists(path));
    Loopback.run(here -> {
      var e = assertThrows(ConnectException.class, () -> openUnixConnection(path));
      assertContains(e.getMessage(), path.toString(), "left by a server that has ended");
      try (var _ = startUnixServer(HELLO, path)) {
        says(path);
      }
    });
  }

  @Test
  void aSocketThatIsInUseIsNotTouched() throws Exception {
    Path path = folder.resolve("service");
    Loopback.run(here -> {
      try (var _ = startUnixServer(HELLO, path)) {
        var e = assertThrows(BindException.class, () -> startUnixServer(HELLO, path));
        assertContains(e.getMessage(), path.toString(), "another server is listening there");
        says(path);
      }
    });
  }

  @Test
  @Covers(
      "test_unix_events.SelectorEventLoopUnixSocketTests.create_unix_server_existing_path_nonsock")
  void aFileThatIsNoSocketIsNotTouched() throws Exception {
    Path file = Files.writeString(folder.resolve("file"), "mine");
    Loopback.run(here -> {
      assertContains(
          assertThrows(BindException.class, () -> startUnixServer(HELLO, file)).getMessage(),
          "a file that is not a socket");
      assertContains(
          assertThrows(BindException.class, () -> startUnixServer(HELLO, folder))
              .getMessage(),
          "a directory has that name");
    });
    assertEquals("mine", Files.readString(file));
  }

  @Test
  @Covers("test_server.UnixServerCleanupTests.unix_server_cleanup_replaced")
  void aFileThatReplacedTheSocketStays() throws Exception {
    Path path = folder.resolve("service");
    Loopback.run(here -> {
      try (var _ = startUnixServer(HELLO, path)) {
        Files.delete(path);
        Files.writeString(path, "another's");
      }
    });
    assertEquals("another's", Files.readString(path));
  }

  @Test
  @Covers("test_server.UnixServerCleanupTests.unix_server_cleanup_gone")
  void aFileThatHasGoneIsNotMissed() throws Exception {
    Path path = folder.resolve("service");
    Loopback.run(here -> {
      try (var _ = startUnixServer(HELLO, path)) {
        Files.delete(path);
      }
    });
    assertFalse(Files.exists(path));
  }

  /** The system may give the new file the number of the old one. */
  @Test
  void aServerThatFollowsAnotherOnItsPathKeepsItsFile() throws Exception {
    Path path = folder.resolve("service");
    Loopback.run(here -> {
      for (int i = 0; i < 5; i++) {
        var one = startUnixServer(HELLO, path);
        says(path);
        one.close();
        try (var _ = startUnixServer(HELLO, path)) {
          asyncio.Asyncio.sleep(java.time.Duration.ofMillis(2));
          says(path);
        }
      }
    });
  }

  @Test
  void aFifoIsNoSocket() throws Exception {
    Path fifo = folder.resolve("fifo");
    assertEquals(0, new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor());
    Loopback.run(here -> assertContains(
        assertThrows(BindException.class, () -> startUnixServer(HELLO, fifo)).getMessage(),
        "a file that is not a socket"));
    assertTrue(Files.exists(fifo));
  }

  @Test
  @Covers("test_server.UnixServerCleanupTests.unix_server_cleanup_prevented")
  void theFileCanStayAndHavePermissions() throws Exception {
    Path path = folder.resolve("service");
    var permissions = PosixFilePermissions.fromString("rw-rw----");
    var options = ServerOptions.defaults().withUnixCleanup(false).withUnixPermissions(permissions);
    Loopback.run(here -> {
      try (var _ = startUnixServer(HELLO, path, options)) {
        assertEquals(permissions, Files.getPosixFilePermissions(path));
        says(path);
      }
    });
    assertTrue(Files.exists(path));
  }

  @Test
  @Covers("test_unix_events.SelectorEventLoopUnixSocketTests.create_unix_server_bind_error")
  void pathsThatCantBeAreExplained() throws Exception {
    Path tooLong = folder.resolve("x".repeat(200));
    Loopback.run(here -> {
      var listen = assertThrows(SocketException.class, () -> startUnixServer(HELLO, tooLong));
      assertContains(listen.getMessage(), "107", "shorter");
      var connect = assertThrows(SocketException.class, () -> openUnixConnection(tooLong));
      assertContains(connect.getMessage(), "107", "shorter");
      var missing =
          assertThrows(SocketException.class, () -> openUnixConnection(folder.resolve("nobody")));
      assertContains(missing.getMessage(), "nobody", "No server is listening there");
      var noFolder = assertThrows(
          SocketException.class,
          () -> startUnixServer(HELLO, folder.resolve("none").resolve("service")));
      assertContains(noFolder.getMessage(), "No such file");
      assertInstanceOf(SocketException.class, missing.getCause());
      assertEquals(0, here.openHandles());
    });
  }
}
