package asyncio.net;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.openConnection;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.startServer;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;
import static java.time.Duration.ZERO;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofMillis;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.CancelledError;
import asyncio.Connection;
import asyncio.ConnectionHandler;
import asyncio.Event;
import asyncio.Server;
import asyncio.ServerOptions;
import asyncio.ServerStatistics;
import asyncio.Task;
import asyncio.WithPollers;
import asyncio.internal.engine.MemoryEngine;
import asyncio.support.CapturedLog;
import asyncio.support.Order;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How many clients a server serves, and how it stops. */
class ServerLimitsTest {
  private final Order order = new Order();

  private static final ConnectionHandler ECHO = client -> {
    for (String line : client.reader().lines()) {
      client.writer().send(line + "\n");
    }
  };

  private static Connection connect(Server server) throws IOException {
    return openConnection(Loopback.HOST, server.port());
  }

  private static void echoes(Connection client) throws IOException {
    client.writer().send("x\n");
    assertEquals("x", client.reader().readLine());
  }

  private static void until(java.util.function.BooleanSupplier condition) {
    while (!condition.getAsBoolean()) {
      yieldNow();
    }
  }

  // ---- how many ----

  @Test
  void atTheLimitNewcomersWaitInTheBacklog() throws Exception {
    var options = ServerOptions.defaults().withMaxConnections(2);
    Loopback.run(here -> {
      try (var server = startServer(ECHO, Loopback.HOST, 0, options)) {
        var clients = new ArrayList<Connection>();
        for (int i = 0; i < 2; i++) {
          clients.add(connect(server));
          echoes(clients.getLast());
        }
        try (var third = connect(server)) {
          Task<?> waiting = createTask(() -> echoes(third));
          sleep(ofMillis(20));
          assertFalse(waiting.isDone());
          assertEquals(2, server.connections());
          clients.removeFirst().close();
          waiting.await();
        }
        clients.forEach(Connection::abort);
      }
    });
  }

  @Test
  void theLimitIsForAllAddressesTogether() throws Exception {
    var options = ServerOptions.defaults().withMaxConnections(1);
    Loopback.run(here -> {
      try (var server = startServer(ECHO, "localhost", 0, options)) {
        var clients = new ArrayList<Connection>();
        for (int round = 0; round < 2; round++) {
          for (var address : server.addresses()) {
            clients.add(openConnection(address));
          }
        }
        for (Connection client : clients) {
          client.writer().send("x\n");
        }
        sleep(ofMillis(20));
        assertEquals(1, server.connections());
        for (Connection client : clients) {
          client.abort();
        }
        until(() -> server.connections() == 0);
      }
    });
  }

  @Test
  void aServerAtItsLimitCanBeClosed() throws Exception {
    var options = ServerOptions.defaults().withMaxConnections(1);
    Loopback.run(here -> {
      var server = startServer(ECHO, Loopback.HOST, 0, options);
      try (var client = connect(server)) {
        echoes(client);
        sleep(ofMillis(5));
        server.close();
        assertNull(client.reader().readLine());
      }
    });
  }

  @Test
  void tooManyFromOneAddressAreTurnedAwayAndCounted() throws Exception {
    var options = ServerOptions.defaults().withMaxConnectionsPerAddress(2);
    Loopback.run(here -> {
      try (var server = startServer(ECHO, "", 0, options)) {
        try (var first = connect(server);
            var second = connect(server)) {
          echoes(first);
          echoes(second);
          try (var third = connect(server)) {
            assertNull(third.reader().readLine());
          }
          try (var other = openConnection(
              "127.0.0.1",
              server.port(),
              asyncio.ConnectOptions.defaults()
                  .withLocalAddress(new java.net.InetSocketAddress("127.0.0.2", 0)))) {
            echoes(other);
          }
          assertEquals(1, server.statistics().refused());
        }
        until(() -> server.connections() == 0);
        try (var again = connect(server)) {
          echoes(again);
        }
      }
    });
  }

  @Test
  void statisticsTellWhatIsDone() throws Exception {
    var options = ServerOptions.defaults().withIdleTimeout(ofMillis(500));
    Loopback.run(here -> {
      var go = new Event();
      ConnectionHandler handler = client -> {
        client.reader().readLine();
        go.await();
        client.reader().readLine();
      };
      try (var server = startServer(handler, Loopback.HOST, 0, options);
          var idle = connect(server);
          var busy = connect(server)) {
        until(() -> server.statistics().idle() == 2);
        busy.writer().send("x\n");
        until(() -> server.statistics().idle() == 1);
        assertEquals(new ServerStatistics(2, 1, 2, 0, 0, 0), server.statistics());
        assertNull(idle.reader().readLine());
        go.set();
        assertNull(busy.reader().readLine());
        until(() -> server.connections() == 0);
        assertEquals(new ServerStatistics(0, 0, 2, 0, 2, 0), server.statistics());
      }
    });
  }

  @Test
  void limitsAreAtLeastOne() {
    for (int wrong : new int[] {0, -1}) {
      assertThrows(
          IllegalArgumentException.class, () -> ServerOptions.defaults().withMaxConnections(wrong));
      assertThrows(
          IllegalArgumentException.class,
          () -> ServerOptions.defaults().withMaxConnectionsPerAddress(wrong));
    }
    assertThrows(
        IllegalArgumentException.class, () -> ServerOptions.defaults().withStopGrace(ofMillis(-1)));
  }

  // ---- stopping ----

  /** Answers a line after {@code work}, and notes how it ended. */
  private ConnectionHandler answersAfter(Event work) {
    return client -> {
      try {
        for (String line : client.reader().lines()) {
          work.await();
          client.writer().send("done " + line + "\n");
        }
        order.add("ended");
      } catch (CancelledError cancelled) {
        order.add("cancelled");
        throw cancelled;
      }
    };
  }

  @Test
  void idleClientsGoAtOnceAndBusyOnesMayFinish() throws Exception {
    Loopback.run(here -> {
      var work = new Event();
      var server = startServer(answersAfter(work), Loopback.HOST, 0);
      try (var idle = connect(server);
          var busy = connect(server)) {
        busy.writer().send("request\n");
        until(() -> server.statistics().idle() == 1 && server.connections() == 2);
        Task<Integer> stopping = createTask(() -> server.stop(ofDays(1)));
        assertNull(idle.reader().readLine());
        order.assertIs("cancelled");
        assertFalse(stopping.isDone());
        work.set();
        assertEquals("done request", busy.reader().readLine());
        assertNull(busy.reader().readLine(), "once it is idle it goes");
        assertEquals(0, stopping.await());
        order.assertIs("cancelled", "cancelled");
      }
    });
  }

  /** In memory, where the order of the steps is known. */
  @Test
  void aRequestThatIsThereAlreadyIsAnswered() throws Exception {
    WithPollers.run(MemoryEngine::new, () -> {
      var work = new Event();
      var server = startServer(answersAfter(work), Loopback.HOST, 0);
      try (var client = connect(server)) {
        until(() -> server.statistics().idle() == 1);
        Task<Integer> stopping = createTask(() -> server.stop(ofDays(1))); // its turn comes first
        client.writer().write("request\n"); // wakes the handler when this step ends
        yieldNow();
        yieldNow();
        assertFalse(server.isServing());
        work.set();
        assertEquals("done request", client.reader().readLine());
        assertEquals(0, stopping.await());
      }
    });
  }

  @Test
  void theCleanUpOfAnIdleClientIsNotCutByTheEndOfTheGrace() throws Exception {
    Loopback.run(here -> {
      ConnectionHandler handler = client -> {
        try {
          client.reader().readLine();
        } finally {
          sleep(ofMillis(50));
          order.add("cleaned up");
        }
      };
      var server = startServer(handler, Loopback.HOST, 0);
      try (var client = connect(server)) {
        until(() -> server.statistics().idle() == 1);
        assertEquals(0, server.stop(ofMillis(5)));
        order.assertIs("cleaned up");
        assertNull(client.reader().readLine());
      }
    });
  }

  @Test
  void whoIsBusyAfterTheGraceIsCutAndNamed() throws Exception {
    Loopback.run(here -> {
      var server = startServer(answersAfter(new Event()), Loopback.HOST, 0);
      try (var busy = connect(server);
          var log = new CapturedLog("asyncio.net")) {
        busy.writer().send("request\n");
        until(() -> server.connections() == 1 && server.statistics().idle() == 0);
        assertEquals(1, server.stop(ofMillis(10)));
        order.assertIs("cancelled");
        assertContains(
            log.messages().getFirst(),
            "still busy after 10 ms, and cancelled now",
            "client 127.0.0.1:" + Loopback.inet(busy.localAddress()).getPort());
        assertNull(busy.reader().readLine());
      }
    });
  }

  @Test
  void aClientThatSaysItIsBusyIsNotIdle() throws Exception {
    Loopback.run(here -> {
      ConnectionHandler handler = client -> {
        String head = client.reader().readLine();
        try (var _ = client.busy()) {
          order.add("head " + head);
          order.add("body " + client.reader().readLine());
          client.writer().send("thanks\n");
        }
        client.reader().readLine();
        order.add("not reached");
      };
      var server = startServer(handler, Loopback.HOST, 0);
      try (var client = connect(server)) {
        client.writer().send("1\n");
        until(() -> order.size() == 1);
        Task<Integer> stopping = createTask(() -> server.stop(ofDays(1)));
        sleep(ofMillis(10));
        assertFalse(stopping.isDone());
        client.writer().send("2\n");
        assertEquals("thanks", client.reader().readLine());
        assertEquals(0, stopping.await());
        order.assertIs("head 1", "body 2");
      }
    });
  }

  @Test
  void aCancelEndsTheGrace() throws Exception {
    Loopback.run(here -> {
      var server = startServer(answersAfter(new Event()), Loopback.HOST, 0);
      try (var busy = connect(server)) {
        busy.writer().send("request\n");
        until(() -> server.connections() == 1 && server.statistics().idle() == 0);
        Task<?> stopping = createTask(() -> server.stop(ofDays(1)));
        yieldNow();
        yieldNow();
        stopping.cancel();
        assertThrows(CancelledError.class, stopping::await);
        assertNull(busy.reader().readLine());
        order.assertIs("cancelled");
      }
    });
  }

  @Test
  void theGraceOfTheOptionsIsThatOfCloseAndOfACancelledServeForever() throws Exception {
    var options = ServerOptions.defaults().withStopGrace(ofDays(1));
    Loopback.run(here -> {
      var work = new Event();
      var server = startServer(answersAfter(work), Loopback.HOST, 0, options);
      try (var busy = connect(server)) {
        busy.writer().send("request\n");
        Task<?> serving = createTask(server::serveForever);
        until(() -> server.connections() == 1 && server.statistics().idle() == 0);
        yieldNow();
        serving.cancel();
        sleep(ofMillis(10));
        assertFalse(serving.isDone());
        assertFalse(server.isServing());
        work.set();
        assertEquals("done request", busy.reader().readLine());
        assertThrows(CancelledError.class, serving::await);
      }
    });
  }

  @Test
  void aHandlerMayStopItsServerGracefully() throws Exception {
    Loopback.run(here -> {
      var servers = new ArrayList<Server>();
      var work = new Event();
      ConnectionHandler handler = client -> {
        if ("stop".equals(client.reader().readLine())) {
          assertEquals(0, servers.getFirst().stop(ofDays(1)));
          client.writer().send("stopped\n");
        } else {
          work.await();
          client.writer().send("finished\n");
        }
      };
      servers.add(startServer(handler, Loopback.HOST, 0));
      try (var one = connect(servers.getFirst());
          var other = connect(servers.getFirst())) {
        other.writer().send("work\n");
        until(() -> servers.getFirst().connections() == 2
            && servers.getFirst().statistics().idle() == 1);
        one.writer().send("stop\n");
        until(() -> !servers.getFirst().isServing());
        work.set();
        assertEquals("finished", other.reader().readLine());
        assertEquals("stopped", one.reader().readLine());
      }
    });
  }

  @Test
  void withoutAGraceAllAreCancelled() throws Exception {
    Loopback.run(here -> {
      var server = startServer(answersAfter(new Event()), Loopback.HOST, 0);
      try (var busy = connect(server)) {
        busy.writer().send("request\n");
        until(() -> server.connections() == 1 && server.statistics().idle() == 0);
        assertEquals(0, server.stop(ZERO));
        order.assertIs("cancelled");
        assertThrows(IllegalArgumentException.class, () -> server.stop(ofMillis(-1)));
      }
    });
  }

  @Test
  void clientsCanBeClosedWhileTheServerGoesOn() throws Exception {
    Loopback.run(here -> {
      try (var server = startServer(ECHO, Loopback.HOST, 0)) {
        for (var end : List.<Runnable>of(server::closeClients, server::abortClients)) {
          try (var one = connect(server);
              var other = connect(server)) {
            echoes(one);
            echoes(other);
            end.run();
            assertNull(one.reader().readLine());
            assertNull(other.reader().readLine());
          }
          until(() -> server.connections() == 0);
        }
        assertTrue(server.isServing());
        try (var again = connect(server)) {
          echoes(again);
        }
        assertEquals(
            0,
            runningLoop().allTasks().stream()
                .filter(task -> task.name().startsWith("relay"))
                .count());
      }
    });
  }
}
