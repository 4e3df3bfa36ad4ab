package asyncio.net;

import static asyncio.Asyncio.await;
import static asyncio.Asyncio.blocking;
import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.currentTask;
import static asyncio.Asyncio.openConnection;
import static asyncio.Asyncio.startServer;
import static asyncio.Asyncio.timeout;
import static asyncio.Asyncio.yieldNow;
import static asyncio.net.Loopback.inet;
import static asyncio.support.Texts.assertContains;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Asyncio;
import asyncio.CancelledError;
import asyncio.Connection;
import asyncio.ExceptionContext;
import asyncio.Future;
import asyncio.Server;
import asyncio.ServerOptions;
import asyncio.Task;
import asyncio.TaskGroup;
import asyncio.TimeoutException;
import asyncio.conformance.Covers;
import asyncio.support.CapturedLog;
import asyncio.support.Failure;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.ConnectException;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.logging.Level;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(50)
class ServerTest {
  private static void echo(Connection client) throws IOException {
    while (true) {
      byte[] bytes = client.reader().read(10_000);
      if (bytes.length == 0) {
        return;
      }
      client.writer().write(bytes);
      client.writer().drain();
    }
  }

  private static void echoLines(Connection client) throws IOException {
    for (String line : client.reader().lines()) {
      client.writer().write(line + "\n");
      client.writer().drain();
    }
  }

  private static void checkServed(Server server) throws IOException {
    try (var connection = openConnection(Loopback.HOST, server.port())) {
      connection.writer().write("still there?\n");
      assertEquals("still there?", connection.reader().readLine());
    }
  }

  private static <T> CompletableFuture<T> elsewhere(java.util.concurrent.Callable<T> work) {
    var done = new CompletableFuture<T>();
    Thread.ofPlatform().daemon().start(() -> {
      try {
        done.complete(work.call());
      } catch (Throwable failure) {
        done.completeExceptionally(failure);
      }
    });
    return done;
  }

  // ---- serving ----

  @NetTest
  @Covers({
    "test_streams.StreamTests.open_connection",
    "test_streams.StreamTests.start_server",
    "test_events.EventLoopTestsMixin.create_server"
  })
  void anEchoServerEchoes() throws Exception {
    try (var server = startServer(ServerTest::echo, Loopback.HOST, 0)) {
      try (var connection = openConnection(Loopback.HOST, server.port())) {
        for (int i = 1; i <= 1000; i++) {
          byte[] sent = ("message " + i).getBytes(UTF_8);
          connection.writer().write(sent);
          assertArrayEquals(sent, connection.reader().readExactly(sent.length));
        }
        connection.writer().writeEof();
        assertEquals(0, connection.reader().read(1).length);
      }
    }
  }

  @NetTest
  void aBlockingSocketIsAsGoodAClient() throws Exception {
    try (var server = startServer(ServerTest::echoLines, Loopback.HOST, 0)) {
      int port = server.port();
      String answer = await(elsewhere(() -> {
        try (var socket = new Socket(Loopback.HOST, port)) {
          socket.getOutputStream().write("from afar\nand more\n".getBytes(UTF_8));
          socket.shutdownOutput();
          return new String(socket.getInputStream().readAllBytes(), UTF_8);
        }
      }));
      assertEquals("from afar\nand more\n", answer);
    }
  }

  @NetTest
  void aHandlerThatReturnsLeavesItsConnectionFlushedAndClosed() throws Exception {
    byte[] much = new byte[3_000_000];
    new Random(1).nextBytes(much);
    try (var server = startServer(client -> client.writer().write(much), Loopback.HOST, 0)) {
      try (var connection = openConnection(Loopback.HOST, server.port())) {
        assertArrayEquals(much, connection.reader().readAll());
      }
      Loopback.until(() -> server.connections() == 0);
    }
  }

  @NetTest
  void eachClientIsServedInATaskNamedAfterIt() throws Exception {
    List<String> names = new ArrayList<>();
    try (var server = startServer(client -> names.add(currentTask().name()), Loopback.HOST, 0)) {
      try (var connection = openConnection(Loopback.HOST, server.port())) {
        connection.reader().readAll();
        int port = inet(connection.localAddress()).getPort();
        assertEquals(List.of("client 127.0.0.1:" + port), names);
      }
    }
  }

  @NetTest
  void aServerTellsAboutItself() throws Exception {
    var server = startServer(ServerTest::echo, "", 0);
    assertTrue(server.isServing());
    assertTrue(server.port() > 0);
    assertEquals(server.port(), inet(server.addresses().getFirst()).getPort());
    assertTrue(inet(server.addresses().getFirst()).getAddress().isAnyLocalAddress());
    try (var connection = openConnection(Loopback.HOST, server.port())) {
      connection.writer().write("x");
      connection.reader().readExactly(1);
      assertEquals(1, server.connections());
    }
    Loopback.until(() -> server.connections() == 0);
    server.close();
    assertFalse(server.isServing());
    assertEquals(List.of(), server.addresses());
  }

  @NetTest
  void aSilentClientDoesNotHinderOthers() throws Exception {
    try (var server = startServer(ServerTest::echoLines, Loopback.HOST, 0);
        var silent = openConnection(Loopback.HOST, server.port())) {
      checkServed(server);
      checkServed(server);
      assertFalse(silent.isClosed());
    }
  }

  // ---- failures of handlers and peers ----

  @NetTest
  @Covers("test_streams.StreamTests.unhandled_exception")
  void aHandlerThatThrowsIsReportedOnceAndTheServerGoesOn(Loopback here) throws Exception {
    var failure = new IllegalStateException("on purpose");
    try (var server = startServer(
        client -> {
          if (client.reader().readLine().equals("fail")) {
            client.writer().write("last words\n");
            throw failure;
          }
          client.writer().write("still there?\n");
        },
        Loopback.HOST,
        0)) {
      try (var connection = openConnection(Loopback.HOST, server.port())) {
        connection.writer().write("fail\n");
        assertEquals("last words", connection.reader().readLine());
        assertNull(connection.reader().readLine());
        var report = here.takeReport();
        assertSame(failure, report.exception());
        String name = "client 127.0.0.1:" + inet(connection.localAddress()).getPort();
        assertEquals(name, report.task());
        assertContains(report.message(), name);
      }
      checkServed(server);
    }
  }

  /**
   * Such a failure is no fault of the handler: {@link Loopback} fails the test if it is reported.
   */
  @NetTest
  @Covers("test_streams.StreamTests.open_connection_error")
  void aResetInTheMiddleOfAReadFailsThatHandlerAlone(Loopback here) throws Exception {
    List<Throwable> failures = new ArrayList<>();
    try (var server = startServer(
        client -> {
          try {
            echoLines(client);
          } catch (Throwable failure) {
            failures.add(failure);
            throw failure;
          }
        },
        Loopback.HOST,
        0)) {
      int before = here.openHandlesSoon(1);
      var peer = new Socket(Loopback.HOST, server.port());
      peer.getOutputStream().write("half a li".getBytes(UTF_8));
      Loopback.until(() -> server.connections() == 1);
      Loopback.reset(peer);
      Loopback.until(() -> server.connections() == 0);
      assertEquals(1, failures.size());
      assertTrue(isOrHasIOException(failures.getFirst()), failures::toString);
      here.untilOpenHandles(before);
      checkServed(server);
    }
  }

  private static boolean isOrHasIOException(Throwable failure) {
    return failure instanceof IOException || failure.getCause() instanceof IOException;
  }

  @NetTest
  void aResetInTheMiddleOfAWriteFailsThatHandlerAlone(Loopback here) throws Exception {
    List<Throwable> failures = new ArrayList<>();
    try (var server = startServer(
        client -> {
          if (client.reader().readLine().equals("flood")) {
            byte[] block = new byte[100_000];
            try {
              while (true) {
                client.writer().write(block);
                client.writer().drain();
              }
            } catch (IOException failure) {
              failures.add(failure);
              throw failure;
            }
          }
          client.writer().write("still there?\n");
        },
        Loopback.HOST,
        0)) {
      int before = here.openHandlesSoon(1);
      var peer = new Socket(Loopback.HOST, server.port());
      peer.getOutputStream().write("flood\n".getBytes(UTF_8));
      Loopback.until(() -> Asyncio.runningLoop().allTasks().stream()
          .anyMatch(task -> task.toString().contains("output")));
      Loopback.reset(peer);
      Loopback.until(() -> server.connections() == 0);
      assertEquals(1, failures.size());
      here.untilOpenHandles(before);
      checkServed(server);
    }
  }

  @Test
  void whatAPeerDidIsADebugRecordOfItsPartAndNoReport() throws Exception {
    try (var log = new CapturedLog("asyncio.net", Level.ALL)) {
      Loopback.run(here -> {
        try (var server = startServer(ServerTest::echoLines, Loopback.HOST, 0)) {
          var peer = new Socket(Loopback.HOST, server.port());
          peer.getOutputStream().write("half a li".getBytes(UTF_8));
          Loopback.until(() -> server.connections() == 1);
          Loopback.reset(peer);
          Loopback.until(() -> server.connections() == 0);
          assertTrue(Asyncio.runningLoop().allTasks().stream()
              .noneMatch(task -> task.name().startsWith("client")));
        }
      });
      assertEquals(1, log.records().size());
      assertEquals(Level.FINE, log.records().getFirst().getLevel());
      assertContains(log.records().getFirst().getMessage(), "client 127.0.0.1:");
    }
  }

  @NetTest
  void aHandlerMayLimitAClientThatNeverReads(Loopback here) throws Exception {
    var options = ServerOptions.defaults().withCloseFlushLimit(ofMillis(1));
    int[] most = {0};
    try (var server = startServer(
        client -> {
          byte[] block = new byte[100_000];
          while (true) {
            client.writer().write(block);
            most[0] = Math.max(most[0], client.writer().bufferSize());
            timeout(ofMillis(50), () -> client.writer().drain());
          }
        },
        Loopback.HOST,
        0,
        options)) {
      try (var peer = new Socket(Loopback.HOST, server.port())) {
        var report = here.takeReport();
        assertInstanceOf(TimeoutException.class, report.exception());
        assertTrue(most[0] <= 64 * 1024 + 100_000, "at most " + most[0]);
        Loopback.until(() -> server.connections() == 0);
        assertTrue(peer.isConnected());
      }
    }
  }

  @NetTest
  @Covers("test_streams.StreamTests.unhandled_cancel")
  void aCancelledHandlerEndsWithoutAWord() throws Exception {
    List<Task<?>> tasks = new ArrayList<>();
    try (var server = startServer(
        client -> {
          tasks.add(currentTask());
          client.writer().write("hello\n");
          echo(client);
        },
        Loopback.HOST,
        0)) {
      try (var connection = openConnection(Loopback.HOST, server.port())) {
        assertEquals("hello", connection.reader().readLine());
        tasks.getFirst().cancel();
        assertNull(connection.reader().readLine());
      }
    }
  }

  // ---- the end of a server ----

  @NetTest
  @Covers("test_events.EventLoopTestsMixin.server_close")
  void closeCancelsTheHandlersAndWaitsForThem() throws Exception {
    List<String> events = new ArrayList<>();
    var server = startServer(
        client -> {
          try {
            client.reader().readLine();
          } catch (CancelledError cancelled) {
            events.add("cancelled");
            yieldNow();
            yieldNow();
            events.add("cleaned up");
            throw cancelled;
          }
        },
        Loopback.HOST,
        0);
    try (var connection = openConnection(Loopback.HOST, server.port())) {
      Loopback.until(() -> server.connections() == 1);
      server.close();
      assertEquals(List.of("cancelled", "cleaned up"), events);
      assertEquals(0, server.connections());
      assertNull(connection.reader().readLine());
      server.close();
      assertThrows(ConnectException.class, () -> openConnection(Loopback.HOST, server.port()));
    }
  }

  @NetTest
  void aPortIsFreeAsSoonAsItsServerIsClosed() throws Exception {
    var server = startServer(ServerTest::echoLines, Loopback.HOST, 0);
    for (int i = 0; i < 10; i++) {
      checkServed(server);
      server.close();
      server = startServer(ServerTest::echoLines, Loopback.HOST, server.port());
    }
    server.close();
  }

  @NetTest
  void aHandlerMayCloseItsServer() throws Exception {
    Server[] server = {null};
    server[0] = startServer(
        client -> {
          if (client.reader().readLine().equals("stop")) {
            server[0].close();
            client.writer().write("stopped\n");
          }
        },
        Loopback.HOST,
        0);
    var serving = createTask(() -> server[0].serveForever());
    try (var idle = openConnection(Loopback.HOST, server[0].port());
        var connection = openConnection(Loopback.HOST, server[0].port())) {
      connection.writer().write("stop\n");
      assertEquals("stopped", connection.reader().readLine());
      assertNull(idle.reader().readLine());
      serving.await();
      assertEquals(0, server[0].connections());
    }
  }

  @NetTest
  @Covers("test_server.BaseStartServer.start_server_1")
  void aCancelledServeForeverClosesTheServer() throws Exception {
    var server = startServer(ServerTest::echo, Loopback.HOST, 0);
    var serving = createTask(() -> server.serveForever());
    try (var connection = openConnection(Loopback.HOST, server.port())) {
      Loopback.until(() -> server.connections() == 1);
      var second = assertThrows(IllegalStateException.class, server::serveForever);
      assertContains(second.getMessage(), serving.name());
      serving.cancel();
      assertThrows(CancelledError.class, serving::await);
      assertFalse(server.isServing());
      assertEquals(0, server.connections());
      assertEquals(0, connection.reader().readAll().length);
    }
    assertThrows(IllegalStateException.class, server::serveForever);
  }

  @Test
  void whatAServerLeftOpenEndsWithTheLoop() throws Exception {
    // Not Loopback.run: here the server and its clients are left to the end of the run.
    int[] port = {0};
    Asyncio.run(() -> {
      var server = startServer(ServerTest::echo, Loopback.HOST, 0);
      port[0] = server.port();
      var connection = openConnection(Loopback.HOST, port[0]);
      connection.writer().write("x");
      connection.reader().readExactly(1);
    });
    assertThrows(ConnectException.class, () -> new Socket(Loopback.HOST, port[0]));
  }

  @NetTest
  @Covers("test_events.TestServer.get_loop")
  void aServerIsUsedOnItsLoopOnly() throws Exception {
    try (var server = startServer(ServerTest::echo, Loopback.HOST, 0)) {
      for (var call : List.<org.junit.jupiter.api.function.Executable>of(
          server::close, server::isServing, server::connections, server::addresses)) {
        await(elsewhere(() -> assertThrows(IllegalStateException.class, call)));
      }
    }
  }

  // ---- many ----

  private static int connectionsThatFit() {
    var system = ManagementFactory.getOperatingSystemMXBean();
    if (system instanceof com.sun.management.UnixOperatingSystemMXBean unix) {
      long free = unix.getMaxFileDescriptorCount() - unix.getOpenFileDescriptorCount();
      return (int) Math.min(2_000, (free - 200) / 2);
    }
    return 200;
  }

  @NetTest
  void manyConnectionsAreServedByOneLoop() throws Exception {
    int count = connectionsThatFit();
    var options = ServerOptions.defaults().withBacklog(1000);
    try (var server = startServer(ServerTest::echo, Loopback.HOST, 0, options)) {
      Future<Void> allThere = new Future<>();
      int[] connected = {0};
      var clients = new TaskGroup();
      clients.run(() -> {
        for (int i = 0; i < count; i++) {
          byte[] mine = ("client number " + i).getBytes(UTF_8);
          clients.createTask(() -> {
            try (var connection = openConnection(Loopback.HOST, server.port())) {
              connection.writer().write(mine);
              assertArrayEquals(mine, connection.reader().readExactly(mine.length));
              if (++connected[0] == count) {
                assertEquals(count, server.connections());
                allThere.setResult(null);
              }
              Asyncio.shield(allThere);
              connection.writer().write(mine);
              assertArrayEquals(mine, connection.reader().readExactly(mine.length));
            }
          });
        }
      });
      assertEquals(count, connected[0]);
      Loopback.until(() -> server.connections() == 0);
    }
  }

  @NetTest
  void aClientThatFloodsDoesNotKeepOthersWaiting() throws Exception {
    boolean[] stop = {false};
    try (var sink = startServer(
            client -> {
              while (client.reader().read(100_000).length > 0) {
                // Take all there is.
              }
            },
            Loopback.HOST,
            0);
        var server = startServer(ServerTest::echoLines, Loopback.HOST, 0)) {
      int port = sink.port();
      var flood = elsewhere(() -> {
        try (var socket = new Socket(Loopback.HOST, port)) {
          byte[] block = new byte[1_000_000];
          while (!stop[0]) {
            socket.getOutputStream().write(block);
          }
          return "done";
        }
      });
      Loopback.until(() -> sink.connections() == 1);
      timeout(ofSeconds(20), () -> {
        for (int i = 0; i < 100; i++) {
          checkServed(server);
        }
      });
      stop[0] = true;
      assertEquals("done", await(flood));
      Loopback.until(() -> sink.connections() == 0);
    }
  }

  @NetTest
  void everyByteReturnsWhateverTheChunks() throws Exception {
    try (var server = startServer(ServerTest::echo, Loopback.HOST, 0)) {
      var clients = new TaskGroup();
      clients.run(() -> {
        for (int seed = 1; seed <= 20; seed++) {
          var random = new Random(seed);
          byte[] sent = new byte[200_000];
          random.nextBytes(sent);
          clients.createTask(() -> {
            try (var connection = openConnection(Loopback.HOST, server.port())) {
              var sending = createTask(() -> {
                for (int at = 0; at < sent.length; ) {
                  int size =
                      Math.min(sent.length - at, 1 + random.nextInt(1 << random.nextInt(17)));
                  connection.writer().write(sent, at, size);
                  connection.writer().drain();
                  at += size;
                }
                connection.writer().writeEof();
              });
              byte[] received = connection.reader().readAll();
              sending.await();
              assertTrue(Arrays.equals(sent, received));
            }
          });
        }
      });
    }
  }

  // ---- cancels, and output that is cut ----

  @NetTest
  void aHandlerThatIsCancelledInForeignCodeEndsWithoutAWord() throws Exception {
    Task<?>[] handler = {null};
    var server = startServer(
        client -> {
          handler[0] = currentTask();
          blocking(() -> new CountDownLatch(1).await());
        },
        Loopback.HOST,
        0);
    try (var _ = openConnection(Loopback.HOST, server.port())) {
      Loopback.until(() -> handler[0] != null);
      server.close();
      assertTrue(handler[0].isCancelled(), handler[0]::toString);
    }
  }

  private static Server serverOfMuch(asyncio.ConnectionHandler end) throws IOException {
    var options = ServerOptions.defaults().withCloseFlushLimit(ofMillis(1));
    return startServer(
        client -> {
          client.writer().write(new byte[12_000_000]);
          end.handle(client);
        },
        Loopback.HOST,
        0,
        options);
  }

  /** A client that takes nothing; its server's handler ends by {@code end}. */
  private static ExceptionContext reportOfWhatWasCut(asyncio.ConnectionHandler end)
      throws Exception {
    var report = new ExceptionContext[1];
    Loopback.run(here -> {
      try (var server = serverOfMuch(end);
          var peer = new Socket(Loopback.HOST, server.port())) {
        report[0] = here.takeReport();
        Loopback.until(() -> server.connections() == 0);
        String ending = Asyncio.toThread(() -> {
          try {
            return peer.getInputStream().readAllBytes().length + " bytes and the end";
          } catch (IOException lost) {
            return lost.getMessage();
          }
        });
        assertEquals("Connection reset", ending);
      }
    });
    return report[0];
  }

  @Test
  void outputThatIsCutAtTheEndOfAHandlerIsReportedOnce() throws Exception {
    var report = reportOfWhatWasCut(client -> {});
    assertContains(report.message(), "Some of what the handler of 'client");
    assertContains(report.exception().getMessage(), "bytes within 1 ms");
  }

  @Test
  void outputThatIsCutAfterAHandlerHasFailedIsNotReportedAsWell() throws Exception {
    var report = reportOfWhatWasCut(client -> {
      throw new Failure("the handler's");
    });
    assertContains(report.message(), "failed; its connection is closed");
    assertEquals("the handler's", report.exception().getMessage());
  }

  @Test
  void outputThatIsCutInAHandlersOwnCloseIsReportedOnce() throws Exception {
    var report = reportOfWhatWasCut(client -> client.close());
    assertContains(report.exception().getMessage(), "bytes within 1 ms");
  }
}
