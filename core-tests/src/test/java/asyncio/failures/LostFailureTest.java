package asyncio.failures;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.currentTask;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.toThread;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;
import static asyncio.support.Texts.assertLacks;
import static java.time.Duration.ofDays;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Asyncio;
import asyncio.CancelledError;
import asyncio.ExceptionContext;
import asyncio.ExceptionGroup;
import asyncio.ExceptionHandler;
import asyncio.Future;
import asyncio.RunOptions;
import asyncio.Runner;
import asyncio.Task;
import asyncio.TaskGroup;
import asyncio.support.CapturedLog;
import asyncio.support.Failure;
import asyncio.support.Reports;
import asyncio.testing.AsyncTest;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the report of a failure that nobody received says, and that there is one. */
class LostFailureTest {
  private final Reports reports = new Reports();

  private void capture() {
    runningLoop().setExceptionHandler(reports);
  }

  private static int fails() {
    throw new Failure("lost");
  }

  private static int theBody() {
    return fails();
  }

  private static void theOtherBody() {
    fails();
  }

  @Test
  void itTellsTheTaskAndWhereItsBodyBeginsAndWhatTellsMore() {
    Asyncio.run(() -> {
      capture();
      createTask("with a result", LostFailureTest::theBody);
      createTask("without", LostFailureTest::theOtherBody);
      yieldNow();
    });
    List<String> messages =
        reports.all().stream().map(ExceptionContext::message).sorted().toList();
    assertEquals(2, messages.size());
    assertContains(
        messages.get(0),
        "Task 'with a result' failed",
        "begins at asyncio.failures.LostFailureTest.theBody(LostFailureTest.java:");
    assertContains(
        messages.get(1),
        "Task 'without' failed",
        "begins at asyncio.failures.LostFailureTest.theOtherBody(",
        "-Dasyncio.debug");
  }

  @Test
  void aFailureThatWasMadeInNoBodyHasNoBeginning() {
    var made = new Failure("made before");
    Asyncio.run(() -> {
      capture();
      new Future<Integer>().setException(made);
    });
    assertLacks(reports.only().message(), "begins at");
    assertContains(reports.only().message(), "-Dasyncio.debug");
  }

  @Test
  void whatWasReportedAtTheEndOfTheRunIsNotReportedAgainWhenItIsCollected() {
    List<Object> kept = new ArrayList<>();
    Asyncio.run(() -> {
      capture();
      kept.add(createTask("kept", LostFailureTest::theBody));
      yieldNow();
    });
    reports.assertOne();
    kept.clear();
    Asyncio.run(() -> {
      capture();
      // Dropped later: when it is reported, the collector has seen the first one as well.
      createTask("dropped", LostFailureTest::theBody);
      yieldNow();
      for (int i = 0; i < 1_000 && reports.size() < 2; i++) {
        System.gc();
        toThread(Thread::yield);
      }
    });
    assertEquals(
        List.of("kept", "dropped"),
        reports.all().stream().map(ExceptionContext::task).toList());
  }

  @AsyncTest
  void aCallbackIsReportedOnceInItsTurn() {
    capture();
    runningLoop().callSoon(LostFailureTest::theOtherBody);
    yieldNow();
    reports.assertOne();
  }

  @Test
  void theHandlerOfAServerIsReportedOnceWhenItFailsAndInDebugModeWithWhereTheServerWasStarted()
      throws Exception {
    try (var runner = new Runner(RunOptions.defaults().withDebug(true))) {
      runner.run(() -> {
        capture();
        try (var server = Asyncio.startServer(client -> fails(), "127.0.0.1", 0);
            var client = Asyncio.openConnection("127.0.0.1", server.port())) {
          client.reader().readAll();
          reports.assertOne();
        }
      });
    }
    assertContains(reports.only().message(), "The handler of 'client 127.0.0.1:");
    assertContains(reports.only().createdAt().toString(), "theHandlerOfAServer");
  }

  @AsyncTest
  void childrenOfAGroupAreThrownByItAndNotReported() {
    capture();
    var group = new TaskGroup();
    var thrown = assertThrows(
        ExceptionGroup.class,
        () -> group.run(() -> {
          for (int i = 0; i < 3; i++) {
            group.createTask(LostFailureTest::theBody);
          }
          sleep(ofDays(1));
        }));
    assertEquals(3, thrown.exceptions().size());
    System.gc();
    toThread(Thread::yield);
    yieldNow();
    reports.assertNone();
  }

  @AsyncTest
  void childrenThatFailWhileTheirGroupIsCancelledAreThrownByItToo() {
    capture();
    var outer = createTask(() -> {
      var group = new TaskGroup();
      group.run(() -> {
        group.createTask(() -> {
          try {
            sleep(ofDays(1));
          } finally {
            theBody();
          }
        });
      });
    });
    yieldNow();
    yieldNow();
    outer.cancel();
    assertThrows(ExceptionGroup.class, outer::await);
    reports.assertNone();
  }

  @AsyncTest
  void closingAResultThatNobodyReceivedIsReportedAtOnce() {
    capture();
    AutoCloseable failing = () -> {
      throw new Failure("close");
    };
    var task = createTask(() -> {
      currentTask().cancel();
      return failing;
    });
    assertThrows(CancelledError.class, task::await);
    yieldNow();
    assertEquals("close", reports.only().exception().getMessage());
  }

  /** In a run: a task fails, and the handler is told at the end. */
  private void loseOne(ExceptionHandler handler) {
    runningLoop().setExceptionHandler(handler);
    kept = createTask(LostFailureTest::fails);
    yieldNow();
    yieldNow();
  }

  @Test
  void aTaskThatTheHandlerStartsForTheReportAtTheEndRunsToItsEnd() {
    List<String> sent = new ArrayList<>();
    Asyncio.run(() -> loseOne((loop, context) -> loop.createTask("sender", () -> {
      yieldNow();
      sent.add(String.valueOf(context.exception().getMessage()));
      return null;
    })));
    assertEquals(List.of("lost"), sent);
  }

  private Task<?> kept;

  @Test
  void aHandlerWhoseTasksAllFailKeepsNoLoopForEver() {
    int[] told = {0};
    try (var log = new CapturedLog("asyncio.task")) {
      Asyncio.run(() -> loseOne((loop, context) -> {
        told[0]++;
        kept = loop.createTask(LostFailureTest::fails);
      }));
      assertTrue(told[0] > 1);
      assertEquals(1, log.records().size()); // the last one, for the default handler
    }
  }

  @Test
  void aTaskThatTheHandlerStartsAndThatDoesNotEndIsCancelledAndCleansUp() {
    List<String> seen = new ArrayList<>();
    var options = RunOptions.defaults().withCloseTimeout(java.time.Duration.ofMillis(10));
    try (var runner = new Runner(options)) {
      runner.run(() -> loseOne((loop, context) -> loop.createTask("sender", () -> {
        try {
          sleep(ofDays(1));
        } finally {
          seen.add("cleaned up");
        }
        return null;
      })));
    }
    assertEquals(List.of("cleaned up"), seen);
  }
}
