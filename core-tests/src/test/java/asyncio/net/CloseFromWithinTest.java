package asyncio.net;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.gather;
import static asyncio.Asyncio.openConnection;
import static asyncio.Asyncio.shield;
import static asyncio.Asyncio.startServer;
import static asyncio.Asyncio.timeout;
import static asyncio.Asyncio.waitUntil;
import static asyncio.Asyncio.yieldNow;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import asyncio.Action;
import asyncio.CancelledError;
import asyncio.Event;
import asyncio.ReturnWhen;
import asyncio.Server;
import asyncio.Task;
import asyncio.TaskGroup;
import asyncio.support.Order;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a handler waits for may close its server: nobody waits for ever then. */
@Timeout(50)
class CloseFromWithinTest {
  private final Order order = new Order();

  /** How a handler closes its server. */
  enum Way {
    DIRECTLY {
      @Override
      void close(Server server) {
        server.close();
      }
    },
    IN_A_TASK {
      @Override
      void close(Server server) {
        createTask(() -> server.close()).await();
      }
    },
    IN_A_TASK_OF_A_TASK {
      @Override
      void close(Server server) {
        createTask(() -> createTask(() -> server.close()).await()).await();
      }
    },
    IN_A_SHIELD {
      @Override
      void close(Server server) {
        shield(() -> server.close());
      }
    },
    IN_A_GROUP {
      @Override
      void close(Server server) {
        var group = new TaskGroup();
        group.run(() -> {
          group.createTask(() -> server.close());
          group.createTask(() -> server.close());
        });
      }
    },
    IN_A_GATHER {
      @Override
      void close(Server server) {
        gather(List.of(createTask(() -> server.close()), createTask(() -> yieldNow())));
      }
    },
    WITH_A_WAIT_FOR_SEVERAL {
      @Override
      void close(Server server) {
        waitUntil(
            ReturnWhen.ALL_COMPLETED,
            List.of(createTask(() -> server.close()), createTask(() -> server.close())));
      }
    },
    IN_A_TASK_WITH_A_TIME_LIMIT {
      @Override
      void close(Server server) throws asyncio.TimeoutException {
        timeout(ofDays(1), () -> createTask(() -> server.close()).await());
      }
    };

    abstract void close(Server server) throws asyncio.TimeoutException;
  }

  /** A server whose handlers wait for a line, and then close it, even when they are cancelled. */
  private static final class Closing {
    final Server server;
    int begun;
    int closed;

    Closing(Way way) throws Exception {
      Server[] made = {null};
      made[0] = startServer(
          client -> {
            begun++;
            try {
              client.reader().readLine();
            } finally {
              way.close(made[0]);
              closed++;
            }
          },
          Loopback.HOST,
          0);
      server = made[0];
    }
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  void handlersThatCloseInTheirCleanUpHoldNobody(Way way) throws Exception {
    Loopback.run(here -> {
      var closing = new Closing(way);
      Server server = closing.server;
      var serving = createTask(() -> server.serveForever());
      try (var _ = openConnection(Loopback.HOST, server.port());
          var _ = openConnection(Loopback.HOST, server.port());
          var _ = openConnection(Loopback.HOST, server.port())) {
        Loopback.until(() -> closing.begun == 3);
        timeout(ofSeconds(20), () -> server.close());
        assertEquals(0, server.connections());
        assertEquals(3, closing.closed);
        timeout(ofSeconds(20), serving::await);
      }
    });
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  void handlersThatCloseOfTheirOwnAccordHoldNobody(Way way) throws Exception {
    Loopback.run(here -> {
      var closing = new Closing(way);
      Server server = closing.server;
      var serving = createTask(() -> server.serveForever());
      try (var first = openConnection(Loopback.HOST, server.port());
          var second = openConnection(Loopback.HOST, server.port());
          var third = openConnection(Loopback.HOST, server.port())) {
        Loopback.until(() -> closing.begun == 3);
        first.writer().write("one\n");
        second.writer().write("two\n"); // perhaps in the same turn
        timeout(ofSeconds(20), serving::await);
        assertEquals(0, server.connections());
        assertEquals(0, third.reader().readAll().length);
      }
    });
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  void aCancelledServeForeverEnds(Way way) throws Exception {
    Loopback.run(here -> {
      var closing = new Closing(way);
      Server server = closing.server;
      var serving = createTask(() -> server.serveForever());
      try (var _ = openConnection(Loopback.HOST, server.port());
          var _ = openConnection(Loopback.HOST, server.port())) {
        Loopback.until(() -> closing.begun == 2);
        serving.cancel();
        timeout(ofSeconds(20), () -> assertThrows(CancelledError.class, serving::await));
        assertEquals(0, server.connections());
        assertEquals(2, closing.closed);
      }
    });
  }

  @NetTest
  void handlersMayAwaitATaskThatIsNotTheirsAndClosesTheirServer() throws Exception {
    Server[] server = {null};
    int[] begun = {0};
    var closer = createTask(() -> {
      Loopback.until(() -> begun[0] == 2);
      server[0].close();
    });
    server[0] = startServer(
        client -> {
          begun[0]++;
          try {
            client.reader().readLine();
          } finally {
            closer.await();
          }
        },
        Loopback.HOST,
        0);
    try (var _ = openConnection(Loopback.HOST, server[0].port());
        var _ = openConnection(Loopback.HOST, server[0].port())) {
      timeout(ofSeconds(20), () -> shield(closer));
      Loopback.until(() -> server[0].connections() == 0);
      assertFalse(closer.isCancelled());
    }
  }

  @NetTest
  void handlersOfTwoServersMayCloseThoseOfEachOther() throws Exception {
    Server[] servers = {null, null};
    int[] begun = {0};
    for (int i = 0; i < 2; i++) {
      int other = 1 - i;
      servers[i] = startServer(
          client -> {
            begun[0]++;
            try {
              client.reader().readLine();
            } finally {
              servers[other].close();
            }
          },
          Loopback.HOST,
          0);
    }
    try (var _ = openConnection(Loopback.HOST, servers[0].port());
        var _ = openConnection(Loopback.HOST, servers[1].port())) {
      Loopback.until(() -> begun[0] == 2);
      timeout(ofSeconds(20), () -> servers[0].close());
      timeout(ofSeconds(20), () -> servers[1].close());
      assertEquals(0, servers[0].connections() + servers[1].connections());
    }
  }

  private interface Close {
    void of(Server server) throws Exception;
  }

  /**
   * The handler of one client closes the server; that of another cleans up when it is cancelled.
   */
  private void oneOfTwoCloses(Close closes, Action<Exception> cleansUp) throws Exception {
    Server[] server = {null};
    int[] begun = {0};
    server[0] = startServer(
        client -> {
          begun[0]++;
          try {
            if (client.reader().readLine().equals("close")) {
              closes.of(server[0]);
              order.add("closed");
            }
          } catch (CancelledError cancelled) {
            cleansUp.run();
            order.add("cleaned up");
            throw cancelled;
          }
        },
        Loopback.HOST,
        0);
    try (var _ = openConnection(Loopback.HOST, server[0].port());
        var closer = openConnection(Loopback.HOST, server[0].port())) {
      Loopback.until(() -> begun[0] == 2);
      closer.writer().write("close\n");
      Loopback.until(() -> server[0].connections() == 0);
    }
  }

  @NetTest
  void aHandlerThatClosesItsServerWaitsForThoseThatDoNot() throws Exception {
    oneOfTwoCloses(server -> server.close(), () -> yieldNow());
    order.assertIs("cleaned up", "closed");
  }

  @NetTest
  void aTaskOfAHandlerWaitsForTheHandlersThatDoNotWaitForIt() throws Exception {
    var mayEnd = new Event();
    oneOfTwoCloses(
        server -> {
          Task<?> closer = createTask(() -> server.close());
          createTask(() -> {
            Loopback.until(() -> !server.isServing());
            yieldNow();
            order.add("not before");
            mayEnd.set();
          });
          closer.await();
        },
        () -> mayEnd.await());
    order.assertBeginsWith("not before", "cleaned up");
  }
}
