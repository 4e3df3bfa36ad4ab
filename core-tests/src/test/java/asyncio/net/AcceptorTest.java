package asyncio.net;

import static asyncio.Asyncio.blocking;
import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.openConnection;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.startServer;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.CancelledError;
import asyncio.Connection;
import asyncio.Coroutine;
import asyncio.Event;
import asyncio.EventLoop;
import asyncio.Server;
import asyncio.Task;
import asyncio.TaskFactory;
import asyncio.TaskOptions;
import asyncio.internal.engine.ListenHandle;
import asyncio.support.Reports;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What ends the tasks that accept, and what does not. */
@Timeout(50)
class AcceptorTest {
  /** Fails for one task after it has made, or not made, it. */
  private static final class FailingOnce implements TaskFactory {
    final Throwable failure;
    private final String name;
    private final boolean late;
    private boolean failed;

    FailingOnce(String name, boolean late) {
      this(name, late, new IllegalStateException("factory fails once"));
    }

    FailingOnce(String name, boolean late, Throwable failure) {
      this.name = name;
      this.late = late;
      this.failure = failure;
    }

    private RuntimeException fail() {
      failed = true;
      if (failure instanceof Error error) {
        throw error;
      }
      throw (RuntimeException) failure;
    }

    @Override
    public <T> Task<T> create(EventLoop loop, Coroutine<T, ?> body, TaskOptions options) {
      boolean fails = !failed && String.valueOf(options.name()).startsWith(name);
      if (fails && !late) {
        throw fail();
      }
      Task<T> task = TaskFactory.PLAIN.create(loop, body, options);
      if (fails) {
        throw fail();
      }
      return task;
    }
  }

  private static void hello(Connection client) throws IOException {
    client.writer().write("hello\n");
  }

  private static String greeting(Server server) throws IOException {
    try (var client = openConnection(Loopback.HOST, server.port())) {
      return client.reader().readLine();
    }
  }

  private static Task<?> acceptor() {
    return runningLoop().allTasks().stream()
        .filter(task -> task.name().startsWith("server "))
        .findFirst()
        .orElseThrow();
  }

  private static void oneClientIsTurnedAway(boolean late) throws Exception {
    oneClientIsTurnedAway(new FailingOnce("client ", late));
  }

  private static void oneClientIsTurnedAway(FailingOnce factory) throws Exception {
    Loopback.run(here -> {
      try (var server = startServer(AcceptorTest::hello, Loopback.HOST, 0)) {
        assertEquals("hello", greeting(server));
        runningLoop().setTaskFactory(factory);
        assertNull(greeting(server));
        assertSame(factory.failure, here.takeReport().exception());
        assertEquals("hello", greeting(server));
        assertTrue(server.isServing());
        here.untilOpenHandles(1);
        assertEquals(0, server.connections());
      }
    });
  }

  @Test
  void aTaskFactoryThatFailsOnceCostsOneClient() throws Exception {
    oneClientIsTurnedAway(false);
  }

  @Test
  void aTaskFactoryThatFailsWhenItHasMadeTheTaskCostsOneClient() throws Exception {
    oneClientIsTurnedAway(true);
  }

  @NetTest
  void aTaskFactoryThatFailsAtTheStartLeavesNothingOpen(Loopback here) throws Exception {
    var factory = new FailingOnce("server ", false);
    runningLoop().setTaskFactory(factory);
    assertSame(
        factory.failure,
        assertThrows(
            IllegalStateException.class, () -> startServer(AcceptorTest::hello, Loopback.HOST, 0)));
    here.untilOpenHandles(0);
  }

  @NetTest
  void anAcceptorThatSomebodyCancelsEndsServeForever() throws Exception {
    var server = startServer(AcceptorTest::hello, Loopback.HOST, 0);
    var forever = createTask(() -> server.serveForever());
    yieldNow();
    acceptor().cancel();
    var stopped = assertThrows(IllegalStateException.class, forever::await);
    assertContains(stopped.getMessage(), "accepts no more clients");
    assertInstanceOf(CancelledError.class, stopped.getCause());
    assertFalse(server.isServing());
  }

  @NetTest
  void anAcceptorThatSomebodyCancelsIsReportedWhereNobodyWaitsAndClientsAreServedOn(Loopback here)
      throws Exception {
    try (var server = startServer(
            client -> client.writer().write(client.reader().readLine() + "\n"), Loopback.HOST, 0);
        var client = openConnection(Loopback.HOST, server.port())) {
      Loopback.until(() -> server.connections() == 1);
      acceptor().cancel();
      assertInstanceOf(IllegalStateException.class, here.takeReport().exception());
      assertFalse(server.isServing());
      assertEquals(0, server.addresses().size());
      assertThrows(IOException.class, () -> greeting(server));
      client.writer().write("still there\n");
      assertEquals("still there", client.reader().readLine());
      assertThrows(IllegalStateException.class, server::serveForever);
    }
  }

  @Test
  void aServerThatIsLeftOpenIsNoReportWhenTheRunEnds() throws Exception {
    var reports = new Reports();
    asyncio.Asyncio.run(() -> {
      runningLoop().setExceptionHandler(reports);
      startServer(AcceptorTest::hello, Loopback.HOST, 0);
    });
    reports.assertNone();
  }

  @NetTest
  void aHandlerThatFailsWithACycleOfCausesIsReportedAndTheLoopGoesOn(Loopback here)
      throws Exception {
    var first = new RuntimeException("first");
    var second = new RuntimeException("second", first);
    first.initCause(second);
    try (var server = startServer(
        client -> {
          try {
            while (client.reader().readLine() != null) {}
          } catch (IOException lost) {
            throw first;
          }
        },
        Loopback.HOST,
        0)) {
      var socket = new java.net.Socket(Loopback.HOST, server.port());
      socket.getOutputStream().write('x');
      Loopback.until(() -> server.connections() == 1);
      Loopback.reset(socket);
      assertSame(first, here.takeReport().exception());
      assertTrue(server.isServing());
    }
  }

  // ---- errors that are no exceptions ----

  @Test
  void anErrorOfATaskFactoryThatIsNotFatalCostsOneClient() throws Exception {
    oneClientIsTurnedAway(new FailingOnce("client ", false, new StackOverflowError("by hand")));
    oneClientIsTurnedAway(new FailingOnce("client ", true, new AssertionError("by hand")));
  }

  /**
   * The run of a server that one client meets ends with {@code fatal}, and nothing is left open.
   */
  private static void endsTheRun(Error fatal, Server[] started, Loopback.Body prepares)
      throws Exception {
    var thrown = assertThrows(
        Error.class,
        () -> Loopback.run(here -> {
          var server = startServer(AcceptorTest::greetOrFail, Loopback.HOST, 0);
          started[0] = server;
          prepares.run(here);
          var client = createTask(() -> greeting(server));
          try {
            server.serveForever();
          } finally {
            client.cancel();
          }
        }));
    assertSame(fatal, thrown);
    try (var again = new java.net.ServerSocket()) {
      again.setReuseAddress(true);
      again.bind(new java.net.InetSocketAddress(Loopback.HOST, started[0].port()));
    }
  }

  private static Throwable handlerFails;

  private static void greetOrFail(Connection client) throws IOException {
    if (handlerFails instanceof Error error) {
      throw error;
    } else if (handlerFails instanceof RuntimeException failure) {
      throw failure;
    }
    hello(client);
  }

  @Test
  void aFatalErrorOfATaskFactoryEndsTheRunWithIt() throws Exception {
    for (boolean late : new boolean[] {false, true}) {
      var fatal = new OutOfMemoryError("by hand");
      endsTheRun(
          fatal,
          new Server[1],
          here -> runningLoop().setTaskFactory(new FailingOnce("client ", late, fatal)));
    }
  }

  @Test
  void aFatalErrorOfAHandlerEndsTheRunWithIt() throws Exception {
    var fatal = new OutOfMemoryError("by hand");
    handlerFails = fatal;
    try {
      endsTheRun(fatal, new Server[1], here -> {});
    } finally {
      handlerFails = null;
    }
  }

  @Test
  void aFatalErrorOfTheExceptionHandlerEndsTheRunWithIt() throws Exception {
    var fatal = new OutOfMemoryError("by hand");
    handlerFails = new IllegalStateException("the handler's");
    try {
      endsTheRun(
          fatal,
          new Server[1],
          here -> runningLoop().setExceptionHandler((loop, context) -> {
            throw fatal;
          }));
    } finally {
      handlerFails = null;
    }
  }

  @Test
  void aFatalErrorOfTheExceptionHandlerThatIsToldOfALostClientEndsTheRunWithIt() throws Exception {
    var fatal = new OutOfMemoryError("by hand");
    endsTheRun(fatal, new Server[1], here -> {
      runningLoop().setTaskFactory(new FailingOnce("client ", false));
      runningLoop().setExceptionHandler((loop, context) -> {
        throw fatal;
      });
    });
  }

  // ---- a socket that something else closes ----

  /** Closes what a server listens on, as something that is not the server would. */
  private static void closeFromBelow(Server server) throws Exception {
    var field = Server.class.getDeclaredField("listeners");
    field.setAccessible(true);
    for (Object listener : (java.util.List<?>) field.get(server)) {
      ((ListenHandle) listener).close();
    }
  }

  @NetTest
  void aListeningSocketThatSomethingElseClosesEndsServeForeverAndItsClientsAreTurnedAway()
      throws Exception {
    var server = startServer(
        client -> client.writer().write(client.reader().readLine() + "\n"), Loopback.HOST, 0);
    var forever = createTask(() -> server.serveForever());
    try (var client = openConnection(Loopback.HOST, server.port())) {
      Loopback.until(() -> server.connections() == 1);
      closeFromBelow(server);
      var stopped = assertThrows(IllegalStateException.class, forever::await);
      assertContains(stopped.getMessage(), "accepts no more clients");
      assertInstanceOf(java.nio.channels.ClosedChannelException.class, stopped.getCause());
      assertFalse(server.isServing());
      assertEquals(0, server.connections());
      assertNull(client.reader().readLine());
      assertThrows(IOException.class, () -> greeting(server));
    }
  }

  @NetTest
  void aListeningSocketThatSomethingElseClosesIsReportedWhereNobodyWaitsAndClientsAreServedOn(
      Loopback here) throws Exception {
    try (var server = startServer(
            client -> client.writer().write(client.reader().readLine() + "\n"), Loopback.HOST, 0);
        var client = openConnection(Loopback.HOST, server.port())) {
      Loopback.until(() -> server.connections() == 1);
      closeFromBelow(server);
      var stopped = here.takeReport().exception();
      assertInstanceOf(IllegalStateException.class, stopped);
      assertInstanceOf(java.nio.channels.ClosedChannelException.class, stopped.getCause());
      assertFalse(server.isServing());
      client.writer().write("still there\n");
      assertEquals("still there", client.reader().readLine());
    }
  }

  /** Its tasks for clients are never made: it stands in foreign code until a nudge. */
  private static final class StuckFactory implements TaskFactory {
    boolean stands;

    @Override
    public <T> Task<T> create(EventLoop loop, Coroutine<T, ?> body, TaskOptions options) {
      if (String.valueOf(options.name()).startsWith("client ")) {
        stands = true;
        try {
          blocking(() -> new CountDownLatch(1).await());
        } catch (InterruptedException nudge) {
          throw new IllegalStateException(nudge);
        }
      }
      return TaskFactory.PLAIN.create(loop, body, options);
    }
  }

  @NetTest
  void anAcceptorThatIsCancelledInForeignCodeEndsWithoutAWord() throws Exception {
    var server = startServer(AcceptorTest::hello, Loopback.HOST, 0);
    Task<?> acceptor = acceptor();
    var factory = new StuckFactory();
    runningLoop().setTaskFactory(factory);
    try (var _ = openConnection(Loopback.HOST, server.port())) {
      Loopback.until(() -> factory.stands);
      server.close();
      Loopback.until(acceptor::isDone);
      assertTrue(acceptor.isCancelled(), acceptor::toString);
    }
  }

  @NetTest
  void whyNoMoreClientsAreAcceptedIsNotLostWhenServeForeverIsCancelledAsItCloses()
      throws Exception {
    var mayEnd = new Event();
    boolean[] begun = {false};
    var server = startServer(
        client -> {
          begun[0] = true;
          try {
            client.reader().readLine();
          } finally {
            mayEnd.await();
          }
        },
        Loopback.HOST,
        0);
    CancelledError[] thrown = {null};
    var forever = createTask(() -> {
      try {
        server.serveForever();
      } catch (CancelledError cancelled) {
        thrown[0] = cancelled;
        throw cancelled;
      }
    });
    try (var _ = openConnection(Loopback.HOST, server.port())) {
      Loopback.until(() -> begun[0]);
      acceptor().cancel();
      Loopback.until(() -> server.toString().contains("closed"));
      forever.cancel();
      assertThrows(CancelledError.class, forever::await);
      assertEquals(1, thrown[0].getSuppressed().length);
      assertContains(thrown[0].getSuppressed()[0].getMessage(), "accepts no more clients");
      mayEnd.set();
      server.close();
    }
  }
}
