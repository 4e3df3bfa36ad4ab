package asyncio.diagnosis;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.openConnection;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.startServer;
import static asyncio.Asyncio.toThread;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;
import static asyncio.support.Texts.assertLacks;
import static asyncio.support.Texts.assertNoneContains;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofMillis;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Action;
import asyncio.Asyncio;
import asyncio.CancelledError;
import asyncio.Connection;
import asyncio.Event;
import asyncio.EventLoop;
import asyncio.LeakCheck;
import asyncio.LeakException;
import asyncio.RunOptions;
import asyncio.Runner;
import asyncio.Server;
import asyncio.conformance.Covers;
import asyncio.support.CapturedLog;
import asyncio.support.Failure;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is open when a run ends is named with where it was made, or is an error. */
class LeakCheckTest {
  private static final RunOptions STRICT = RunOptions.defaults().withLeakCheck(LeakCheck.FAIL);

  private CapturedLog log;

  @BeforeEach
  void capture() {
    log = new CapturedLog("asyncio.loop", Level.FINE);
  }

  @AfterEach
  void release() {
    log.close();
  }

  private List<String> warnings() {
    return log.records().stream()
        .filter(record -> record.getLevel() == Level.WARNING)
        .map(LogRecord::getMessage)
        .toList();
  }

  private static <X extends Exception> void run(RunOptions options, Action<X> body) throws X {
    try (var runner = new Runner(options)) {
      runner.run(body);
    }
  }

  private static <X extends Exception> LeakException leaksOf(Action<X> body) {
    return assertThrows(LeakException.class, () -> run(STRICT, body));
  }

  private static Server forgetServer() throws IOException {
    return startServer(client -> client.reader().readAll(), "127.0.0.1", 0);
  }

  private static Connection forgetConnection(Server server) throws IOException {
    return openConnection("127.0.0.1", server.port());
  }

  private static void waitForEver() {
    sleep(ofDays(1));
  }

  // ---- told ----

  @Test
  void aRunThatEndsAllItBeganSaysNothingAndIsNoError() throws Exception {
    run(STRICT, () -> {
      try (var server = forgetServer();
          var client = forgetConnection(server)) {
        client.writer().write("hello");
      }
      createTask(() -> 1).await();
      toThread(() -> 1);
    });
    assertEquals(List.of(), warnings());
  }

  @Test
  @Covers("test_streams.StreamTests.unclosed_server_resource_warnings")
  void aForgottenServerIsNamedOnceWithWhereItWasStarted() throws Exception {
    Asyncio.run(() -> {
      Server server = forgetServer();
      // Its client belongs to it, and so do the tasks that serve.
      forgetConnection(server).close();
    });
    assertEquals(1, warnings().size(), () -> warnings().toString());
    String message = warnings().getFirst();
    assertContains(
        message,
        "server on 127.0.0.1:",
        "made at asyncio.diagnosis.LeakCheckTest.forgetServer(LeakCheckTest.java:",
        "try (");
    assertLacks(message, "task '", "connection with");
  }

  @Test
  @Covers({
    "test_streams.StreamTests.unclosed_resource_warnings",
    "test_streams.StreamTests.loop_is_closed_resource_warnings"
  })
  void aForgottenConnectionIsNamedWithWhereItWasOpened() throws Exception {
    Asyncio.run(() -> {
      try (var server = forgetServer()) {
        forgetConnection(server);
      }
    });
    assertEquals(1, warnings().size(), () -> warnings().toString());
    assertContains(
        warnings().getFirst(),
        "connection with 127.0.0.1:",
        "made at asyncio.diagnosis.LeakCheckTest.forgetConnection(");
  }

  @Test
  void whatATaskClosesWhenItIsCancelledWasNotForgotten() throws Exception {
    Asyncio.run(() -> {
      var ready = new Event();
      createTask(() -> {
        try (var server = forgetServer();
            var _ = forgetConnection(server)) {
          ready.set();
          server.serveForever();
        }
      });
      ready.await();
    });
    assertEquals(List.of(), warnings());
  }

  @Test
  void aConnectionThatIsAboutToCloseWasNotForgotten() throws Exception {
    run(STRICT, () -> {
      try (var server = forgetServer()) {
        Connection client = forgetConnection(server);
        client.writer().write("the last words");
        client.writer().close();
      }
    });
    assertEquals(List.of(), warnings());
  }

  @Test
  void tasksThatAreLeftAreCancelledAndNamedAtDebug() {
    Asyncio.run(() -> {
      createTask("background", LeakCheckTest::waitForEver);
      yieldNow();
    });
    assertEquals(List.of(), warnings());
    assertContains(log.spinUntil("'background'"), "They were cancelled.");
  }

  @Test
  void inDebugModeMoreOfThePlaceIsTold() throws Exception {
    run(RunOptions.defaults().withDebug(true), () -> forgetServer());
    assertContains(
        warnings().getFirst(),
        "at asyncio.diagnosis.LeakCheckTest.forgetServer(",
        "inDebugModeMoreOfThePlaceIsTold");
  }

  @Test
  void aLoopThatIsClosedByHandNamesThemToo() throws Exception {
    EventLoop loop = Asyncio.newEventLoop();
    loop.runUntilComplete(() -> forgetServer());
    loop.close();
    assertContains(warnings().getFirst(), "server on 127.0.0.1:");
  }

  @Test
  void itCanBeSwitchedOff() throws Exception {
    run(RunOptions.defaults().withLeakCheck(LeakCheck.OFF), () -> {
      forgetServer();
      createTask("background", LeakCheckTest::waitForEver);
    });
    assertEquals(List.of(), warnings());
    assertNoneContains(log.messages(), "background");
  }

  @Test
  void manyOfThemAreCounted() throws Exception {
    Asyncio.run(() -> {
      for (int i = 0; i < 25; i++) {
        forgetServer();
      }
    });
    assertContains(warnings().getFirst(), "and 5 more");
  }

  @Test
  void manyTasksAreCountedToo() {
    Asyncio.run(() -> {
      for (int i = 1; i <= 30; i++) {
        createTask("background " + i, LeakCheckTest::waitForEver);
      }
    });
    assertContains(log.spinUntil("'background 20'"), "and 10 more");
    var leaked = leaksOf(() -> {
      for (int i = 1; i <= 30; i++) {
        createTask("background " + i, LeakCheckTest::waitForEver);
      }
    });
    assertEquals(30, leaked.leaks().size());
  }

  // ---- an error ----

  @Test
  void aStrictRunnerFailsAndListsThem() {
    var leaked = leaksOf(() -> {
      Server server = forgetServer();
      forgetConnection(server);
      createTask("begun", LeakCheckTest::waitForEver);
      yieldNow();
      createTask("not begun", LeakCheckTest::waitForEver);
    });
    assertEquals(4, leaked.leaks().size(), leaked::getMessage);
    assertContains(leaked.leaks().get(0), "server on ");
    assertContains(leaked.leaks().get(1), "connection with ");
    assertContains(
        leaked.leaks().get(2),
        "task 'begun', whose body begins at asyncio.diagnosis.LeakCheckTest.waitFor");
    assertContains(leaked.leaks().get(3), "task 'not begun', which had not started");
    for (String leak : leaked.leaks()) {
      assertContains(leaked.getMessage(), leak);
    }
    assertContains(leaked.getMessage(), "TaskGroup");
  }

  @Test
  void aStrictRunnerInDebugModeTellsWhereATaskWasCreated() {
    var leaked = assertThrows(
        LeakException.class,
        () -> run(
            STRICT.withDebug(true), () -> createTask("background", LeakCheckTest::waitForEver)));
    assertContains(leaked.getMessage(), "task 'background', created", "aStrictRunnerInDebugMode");
  }

  @Test
  void aTaskThatWasToldToEndIsNoLeak() {
    run(STRICT, () -> {
      var task = createTask(LeakCheckTest::waitForEver);
      yieldNow();
      task.cancel();
    });
    assertEquals(List.of(), warnings());
  }

  @Test
  void aTaskThatDoesNotEndWhenToldIsOne() {
    var leaked = assertThrows(
        LeakException.class,
        () -> run(STRICT.withCloseTimeout(ofMillis(20)), () -> {
          var task = createTask("stubborn", () -> {
            while (true) {
              try {
                waitForEver();
              } catch (CancelledError swallowed) {
                // goes on
              }
            }
          });
          yieldNow();
          task.cancel();
          yieldNow();
        }));
    assertEquals(1, leaked.leaks().size(), leaked::getMessage);
    assertContains(leaked.leaks().getFirst(), "'stubborn'");
  }

  private static void helperBody(CountDownLatch begun, CountDownLatch latch)
      throws InterruptedException {
    begun.countDown();
    latch.await();
  }

  @Test
  void aHelperThreadThatStillWorksIsOne() {
    var begun = new CountDownLatch(1);
    var latch = new CountDownLatch(1);
    var leaked = assertThrows(
        LeakException.class,
        () -> run(STRICT.withName("short").withCloseTimeout(ofMillis(20)), () -> {
          runningLoop().runInExecutor(() -> helperBody(begun, latch));
          toThread(() -> begun.await());
        }));
    latch.countDown();
    assertEquals(1, leaked.leaks().size(), leaked::getMessage);
    assertContains(
        leaked.leaks().getFirst(),
        "helper thread short-helper-",
        "aHelperThreadThatStillWorksIsOne");
  }

  @Test
  void aLeakNeverHidesTheFailureOfTheRun() {
    var failure = new Failure("main");
    var thrown = assertThrows(
        Failure.class,
        () -> run(STRICT, () -> {
          forgetServer();
          throw failure;
        }));
    assertSame(failure, thrown);
    assertEquals(LeakException.class, thrown.getSuppressed()[0].getClass());
  }

  @Test
  void aLeakNeverHidesAnErrorThatEndsEverything() {
    var thrown = assertThrows(
        InternalError.class,
        () -> run(STRICT, () -> {
          createTask(() -> {
            try {
              waitForEver();
            } finally {
              throwFatal();
            }
          });
          yieldNow();
        }));
    assertEquals(LeakException.class, thrown.getSuppressed()[0].getClass());
  }

  private static void throwFatal() {
    throw new InternalError("fatal");
  }

  @Test
  void afterALeakTheRunnerIsClosed() {
    var runner = new Runner(STRICT);
    EventLoop loop = runner.loop();
    runner.run(() -> createTask(LeakCheckTest::waitForEver));
    assertThrows(LeakException.class, runner::close);
    assertTrue(loop.isClosed());
    runner.close();
  }
}
