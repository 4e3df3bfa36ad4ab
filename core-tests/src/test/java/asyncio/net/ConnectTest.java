package asyncio.net;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.openConnection;
import static asyncio.Asyncio.startServer;
import static asyncio.Asyncio.timeout;
import static asyncio.Asyncio.yieldNow;
import static asyncio.net.Loopback.inet;
import static asyncio.support.Texts.assertContains;
import static java.time.Duration.ofMillis;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.CancelledError;
import asyncio.ConnectOptions;
import asyncio.Connection;
import asyncio.ServerOptions;
import asyncio.Task;
import asyncio.TimeoutException;
import asyncio.conformance.Covers;
import asyncio.net.Loopback.Pair;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class ConnectTest {
  /** A port where nobody listens. */
  private static int freePort() throws IOException {
    try (var socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  @NetTest
  @Covers("test_base_events.BaseEventLoopWithSelectorTests.create_connection_ip_addr")
  void bothEndsKnowTheirAddresses(Pair pair) throws Exception {
    var connection = pair.connection();
    assertEquals(pair.peer().getLocalPort(), inet(connection.remoteAddress()).getPort());
    assertEquals(pair.peer().getPort(), inet(connection.localAddress()).getPort());
    assertEquals(Loopback.HOST, inet(connection.localAddress()).getAddress().getHostAddress());
    assertContains(connection.toString(), Loopback.HOST + ":");
  }

  @NetTest
  @Covers("test_events.EventLoopTestsMixin.create_connection_local_addr")
  void aConnectionComesFromTheLocalAddress(Loopback here) throws Exception {
    var options = ConnectOptions.defaults().withLocalAddress(new InetSocketAddress("127.0.0.2", 0));
    try (var server = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"));
        var connection = openConnection("127.0.0.1", server.getLocalPort(), options);
        var peer = server.accept()) {
      assertEquals("127.0.0.2", peer.getInetAddress().getHostAddress());
      assertEquals(new InetSocketAddress("127.0.0.2", peer.getPort()), connection.localAddress());
    }
  }

  @NetTest
  @Covers({
    "test_events.EventLoopTestsMixin.create_connection_local_addr_in_use",
    "test_base_events.BaseEventLoopWithSelectorTests.create_connection_multiple_errors_local_addr"
  })
  void aLocalAddressThatIsTakenIsNamed(Loopback here) throws Exception {
    try (var server = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
      var taken = new InetSocketAddress("127.0.0.1", server.getLocalPort());
      var e = assertThrows(
          BindException.class,
          () -> openConnection(
              "127.0.0.1",
              server.getLocalPort(),
              ConnectOptions.defaults().withLocalAddress(taken)));
      assertContains(e.getMessage(), "Can't connect to 127.0.0.1:" + server.getLocalPort());
      assertContains(e.getMessage(), "Address already in use");
    }
  }

  @NetTest
  @Covers("test_events.EventLoopTestsMixin.create_connection")
  void aNameIsLookedUp() throws Exception {
    var server = startServer(client -> client.writer().write("hello\n"), "localhost", 0);
    try (var connection = openConnection("localhost", server.port())) {
      assertEquals("hello", connection.reader().readLine());
    }
    server.close();
  }

  @NetTest
  @Covers("test_base_events.BaseEventLoopWithSelectorTests.create_connection_connect_err")
  void refusedNamesHostPortAndCause(Loopback here) throws Exception {
    int port = freePort();
    var e = assertThrows(ConnectException.class, () -> openConnection(Loopback.HOST, port));
    assertContains(e.getMessage(), Loopback.HOST + ":" + port, "Connection refused");
    assertInstanceOf(ConnectException.class, e.getCause());
    assertEquals(0, here.openHandles());
  }

  @NetTest
  @Covers("test_base_events.BaseEventLoopWithSelectorTests.create_connection_multiple_errors")
  void whenAllAddressesFailTheOthersAreSuppressed() throws Exception {
    int port = freePort();
    var e = assertThrows(ConnectException.class, () -> openConnection("localhost", port));
    assertEquals(1, e.getSuppressed().length);
    assertContains(e.getMessage(), "localhost:" + port, "127.0.0.1", "0:0:0:0:0:0:0:1");
  }

  @NetTest
  @Covers({
    "test_base_events.BaseEventLoopWithSelectorTests.create_connection_no_getaddrinfo",
    "test_base_events.BaseEventLoopWithSelectorTests.create_server_no_getaddrinfo"
  })
  void anUnknownHostNamesHostAndPortAndWhatToCheck(Loopback here) throws Exception {
    var e =
        assertThrows(UnknownHostException.class, () -> openConnection("nonexistent.invalid", 4711));
    assertContains(e.getMessage(), "nonexistent.invalid:4711", "Check");
    assertInstanceOf(UnknownHostException.class, e.getCause());
    var listening = assertThrows(
        UnknownHostException.class, () -> startServer(c -> {}, "nonexistent.invalid", 4711));
    assertContains(listening.getMessage(), "nonexistent.invalid:4711");
    assertInstanceOf(UnknownHostException.class, listening.getCause());
    assertEquals(0, here.openHandles());
  }

  @NetTest
  @Covers({
    "test_base_events.BaseEventLoopWithSelectorTests.create_server_cant_bind",
    "test_events.EventLoopTestsMixin.create_server_addr_in_use"
  })
  void aPortInUseNamesHostPortAndCause(Loopback here) throws Exception {
    try (var taken = new ServerSocket(0, 1, InetAddress.getByName(Loopback.HOST))) {
      int port = taken.getLocalPort();
      var e =
          assertThrows(BindException.class, () -> startServer(client -> {}, Loopback.HOST, port));
      assertContains(e.getMessage(), Loopback.HOST + ":" + port, "in use");
      assertNotNull(e.getCause());
      assertEquals(0, here.openHandles());
    }
  }

  /** Bodies of toThread that fill all helper threads do not hold a look-up up. */
  @NetTest
  void aLookUpNeverQueuesBehindOtherHelpers() throws Exception {
    var release = new CountDownLatch(1);
    List<Task<?>> busy = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      busy.add(createTask(() -> asyncio.Asyncio.toThread(() -> release.await())));
    }
    yieldNow();
    try (var listening = new ServerSocket(0, 1, InetAddress.getByName("localhost"))) {
      openConnection("localhost", listening.getLocalPort()).close();
      assertTrue(busy.stream().noneMatch(Task::isDone));
    } finally {
      release.countDown();
    }
    for (Task<?> task : busy) {
      task.await();
    }
  }

  @NetTest
  @Covers("test_streams.StreamTests.invalid_limit")
  void wrongArgumentsAreNamed() throws Exception {
    assertThrows(IllegalArgumentException.class, () -> openConnection("", 80));
    assertThrows(IllegalArgumentException.class, () -> openConnection(Loopback.HOST, 65536));
    assertThrows(IllegalArgumentException.class, () -> startServer(c -> {}, "", -1));
    var options = ConnectOptions.defaults();
    var zero = assertThrows(IllegalArgumentException.class, () -> options.withLimit(0));
    assertContains(zero.getMessage(), "limit");
    assertThrows(IllegalArgumentException.class, () -> options.withLimit(-1));
    assertThrows(IllegalArgumentException.class, () -> options.withWriteWater(1, 2));
    assertThrows(
        IllegalArgumentException.class, () -> options.withCloseFlushLimit(Duration.ofSeconds(-1)));
    assertThrows(IllegalArgumentException.class, () -> ServerOptions.defaults().withBacklog(0));
  }

  @Test
  void outsideALoopItSaysWhatToDo() {
    var e = assertThrows(IllegalStateException.class, () -> openConnection(Loopback.HOST, 80));
    assertContains(e.getMessage(), "Asyncio.run");
  }

  @NetTest
  void aCallbackMayNotConnect() throws Exception {
    List<Throwable> thrown = new ArrayList<>();
    asyncio.Asyncio.runningLoop()
        .callSoon(() -> thrown.add(
            assertThrows(IllegalStateException.class, () -> openConnection(Loopback.HOST, 80))));
    yieldNow();
    Loopback.until(() -> !thrown.isEmpty());
    assertTrue(thrown.getFirst().getMessage().contains("createTask"), thrown::toString);
  }

  /**
   * Connects to a server that accepts nobody until an attempt hangs, and leaves that to {@code
   * test}.
   */
  private interface Hanging {
    void test(int port) throws Exception;
  }

  private static void withFullBacklog(Hanging hanging) throws Exception {
    try (var deaf = new ServerSocket()) {
      deaf.bind(new InetSocketAddress(InetAddress.getByName(Loopback.HOST), 0), 1);
      int port = deaf.getLocalPort();
      List<Connection> held = new ArrayList<>();
      try {
        while (held.size() < 100) {
          held.add(timeout(ofMillis(200), () -> openConnection(Loopback.HOST, port)));
        }
      } catch (TimeoutException full) {
        hanging.test(port);
        return;
      } finally {
        for (Connection connection : held) {
          connection.abort();
        }
      }
      org.junit.jupiter.api.Assumptions.abort(
          "this system lets all connections into a backlog of 1");
    }
  }

  @Test
  @Covers("test_base_events.BaseEventLoopWithSelectorTests.create_connection_timeout")
  void aCancelledConnectClosesItsSocket() throws Exception {
    Loopback.run(here -> withFullBacklog(port -> {
      int before = here.openHandles();
      Task<Connection> connecting = createTask(() -> openConnection(Loopback.HOST, port));
      yieldNow();
      Loopback.until(() -> connecting.toString().contains("a connection to"));
      assertEquals(before + 1, here.openHandles());
      connecting.cancel();
      assertThrows(CancelledError.class, connecting::await);
      assertEquals(before, here.openHandles());
    }));
  }

  @NetTest
  @Covers(
      "test_base_events.BaseEventLoopWithSelectorTests.create_connection_connect_non_os_err_close_err")
  void aConnectThatIsCancelledBeforeItBeginsLeavesNothing() throws Exception {
    try (var listening = new ServerSocket(0, 1, InetAddress.getByName(Loopback.HOST))) {
      Task<Connection> connecting =
          createTask(() -> openConnection(Loopback.HOST, listening.getLocalPort()));
      connecting.cancel();
      assertThrows(CancelledError.class, connecting::await);
    }
  }

  @NetTest
  void aCancelledLookUpEndsAtOnce() throws Exception {
    // A name that nothing in this process has looked up: what is known comes at once.
    Task<Connection> connecting = createTask(() -> openConnection("cancelled.invalid", 80));
    yieldNow();
    connecting.cancel();
    assertThrows(CancelledError.class, connecting::await);
  }
}
