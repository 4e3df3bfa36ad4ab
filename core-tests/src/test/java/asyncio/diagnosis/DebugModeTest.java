package asyncio.diagnosis;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;
import static asyncio.support.Texts.assertLacks;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofMillis;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Action;
import asyncio.Asyncio;
import asyncio.CancelledError;
import asyncio.EventLoop;
import asyncio.ExceptionContext;
import asyncio.Future;
import asyncio.RunOptions;
import asyncio.Runner;
import asyncio.Task;
import asyncio.conformance.Covers;
import asyncio.support.CapturedLog;
import asyncio.support.ChildJvm;
import asyncio.support.Failure;
import asyncio.support.Reports;
import asyncio.testing.AsyncTest;
import java.util.List;
import org.junit.jupiter.api.Test;

/** In debug mode things know where they were made, and reports tell it; else nothing is noted. */
class DebugModeTest {
  private static final RunOptions DEBUG = RunOptions.defaults().withDebug(true);

  private static <X extends Exception> void debug(Action<X> body) throws X {
    try (var runner = new Runner(DEBUG)) {
      runner.run(body);
    }
  }

  /** Ours are cut away, and the user's come first; here the user is this class. */
  private static void assertUsersFrames(String method, List<StackTraceElement> frames) {
    assertFalse(frames.isEmpty());
    assertEquals(DebugModeTest.class.getName(), frames.getFirst().getClassName());
    assertContains(frames.getFirst().getMethodName(), method);
    for (StackTraceElement frame : frames) {
      assertFalse(
          List.of("asyncio.Task", "asyncio.Future", "asyncio.EventLoop", "asyncio.Asyncio")
              .contains(frame.getClassName()),
          frames::toString);
    }
  }

  // ---- switching ----

  @Test
  @Covers("test_runners.RunnerTests.non_debug")
  void itIsOffByDefaultAndNothingIsNotedThen() {
    Asyncio.run(() -> {
      assertFalse(runningLoop().debug());
      var reports = new Reports();
      runningLoop().setExceptionHandler(reports);
      assertEquals("Future[pending]", new Future<Integer>().toString());
      assertEquals("Task[plain, pending]", createTask("plain", () -> 1).toString());
      var handle = runningLoop().callSoon(() -> fail("callback"));
      assertEquals("Handle[pending]", handle.toString());
      yieldNow();
      assertEquals(List.of(), reports.only().createdAt());
    });
  }

  private static void fail(String message) {
    throw new Failure(message);
  }

  @Test
  @Covers({
    "test_runners.RunTests.asyncio_run_debug",
    "test_runners.RunnerTests.debug",
    "test_base_events.BaseEventLoopTests.set_debug"
  })
  void itIsSwitchedByOptionForTheProcessAndForALoop() {
    debug(() -> {
      assertTrue(runningLoop().debug());
      runningLoop().setDebug(false);
      assertFalse(runningLoop().debug());
      assertEquals("Future[pending]", new Future<Integer>().toString());
    });
    Asyncio.debug(true);
    try {
      Asyncio.run(() -> assertTrue(runningLoop().debug()));
      try (var runner = new Runner(RunOptions.defaults().withDebug(false))) {
        runner.run(() -> assertFalse(runningLoop().debug()));
      }
    } finally {
      Asyncio.debug(false);
    }
    Asyncio.run(() -> assertFalse(runningLoop().debug()));
  }

  /** Says what debug mode is in its JVM. */
  static final class TellsDebugMode {
    public static void main(String[] arguments) {
      Asyncio.run(() -> System.out.println("debug: " + runningLoop().debug()));
      Asyncio.debug(false);
      Asyncio.run(() -> System.out.println("switched: " + runningLoop().debug()));
    }
  }

  @Test
  @Covers({
    "test_base_events.BaseEventLoopTests.env_var_debug",
    "test_tasks.GatherTestsBase.env_var_debug"
  })
  void aPropertyOfTheJvmSwitchesIt() throws Exception {
    try (var child = new ChildJvm(TellsDebugMode.class, "-Dasyncio.debug")) {
      child.assertExitCode(0);
      assertEquals(List.of("debug: true", "switched: false"), child.lines());
    }
  }

  // ---- texts ----

  @Test
  @Covers("test_tasks.BaseTaskTests.task_source_traceback")
  void theTextOfATaskTellsWhereItWasCreated() {
    debug(() -> {
      var task = createTask("noted", () -> 1);
      assertContains(
          task.toString(),
          "Task[noted, pending, created at ",
          "theTextOfATaskTellsWhereItWasCreated");
      task.await();
      assertContains(task.toString(), "Task[noted, finished, created at ");
    });
  }

  @Test
  @Covers("test_futures.BaseFutureTests.future_source_traceback")
  void theTextOfAFutureTellsWhereItWasCreatedWhateverBecomesOfIt() {
    debug(() -> {
      var future = new Future<Integer>();
      assertContains(future.toString(), "Future[pending, created at ");
      future.setException(new Failure("f"));
      assertContains(future.toString(), "DebugModeTest");
      assertThrows(Failure.class, future::await);
      assertContains(future.toString(), "DebugModeTest");
    });
  }

  @Test
  @Covers("test_events.TimerTests.timer_repr_debug")
  void theTextOfAHandleTellsWhereItWasScheduled() {
    debug(() -> {
      EventLoop loop = runningLoop();
      var timer = loop.callLater(ofDays(1), () -> {});
      assertContains(
          timer.toString(),
          "TimerHandle[pending, created at ",
          "theTextOfAHandleTellsWhereItWasScheduled");
      timer.cancel();
      assertContains(timer.toString(), "TimerHandle[cancelled, created at ");
      assertContains(loop.callSoon(() -> {}).toString(), "Handle[pending, created at ");
      var sent = loop.callSoonThreadsafe(() -> {});
      yieldNow();
      yieldNow();
      assertContains(sent.toString(), "Handle[called, created at ");
    });
  }

  // ---- reports ----

  private static Task<Integer> createDeep(int depth) {
    if (depth > 0) {
      return createDeep(depth - 1);
    }
    return createTask("deep", () -> {
      throw new Failure("deep");
    });
  }

  @Test
  @Covers("test_futures.BaseFutureTests.future_exception_never_retrieved_debug")
  void aFailureThatNobodyReceivedTellsWhereItsTaskWasCreated() {
    var reports = new Reports();
    debug(() -> {
      runningLoop().setExceptionHandler(reports);
      createDeep(20);
      yieldNow();
    });
    assertUsersFrames("createDeep", reports.only().createdAt());
    assertEquals(10, reports.only().createdAt().size());
    assertLacks(reports.only().message(), "-Dasyncio.debug");
  }

  @Test
  void aFailureOfAFutureTellsWhereItWasCreated() {
    var reports = new Reports();
    debug(() -> {
      runningLoop().setExceptionHandler(reports);
      new Future<Integer>().setException(new Failure("future"));
    });
    assertUsersFrames("aFailureOfAFuture", reports.only().createdAt());
  }

  @Test
  void theStackOfACreatorEndsWithItsOwnBody() {
    var reports = new Reports();
    debug(() -> {
      runningLoop().setExceptionHandler(reports);
      createTask(DebugModeTest::createsAFailingTask).await();
      yieldNow();
    });
    List<StackTraceElement> frames = reports.only().createdAt();
    assertEquals(1, frames.size(), frames::toString);
    assertUsersFrames("createsAFailingTask", frames);
  }

  private static void createsAFailingTask() {
    createTask(() -> fail("child"));
  }

  @Test
  void theLogTellsItToo() {
    try (var log = new CapturedLog("asyncio.task")) {
      debug(() -> {
        createDeep(0);
        yieldNow();
      });
      String message = log.messages().getFirst();
      assertContains(
          message,
          "Task 'deep' failed",
          "Created at:" + System.lineSeparator() + "    at ",
          "createDeep");
    }
  }

  private static void schedule() {
    EventLoop loop = runningLoop();
    loop.callSoon(() -> fail("soon"));
    loop.callLater(ofMillis(1), () -> fail("later"));
    var future = new Future<Integer>();
    future.addDoneCallback(done -> fail("done"));
    future.setResult(1);
  }

  @AsyncTest
  void aFailureOfACallbackTellsWhereItWasScheduled() {
    var reports = new Reports();
    runningLoop().setDebug(true);
    runningLoop().setExceptionHandler(reports);
    schedule();
    sleep(ofMillis(2));
    assertEquals(
        List.of("soon", "done", "later"),
        reports.all().stream().map(context -> context.exception().getMessage()).toList());
    for (ExceptionContext report : reports.all()) {
      assertUsersFrames("schedule", report.createdAt());
    }
  }

  @Test
  void aDoneCallbackIsFoundAndRemovedAsEver() {
    debug(() -> {
      var future = new Future<Integer>();
      java.util.function.Consumer<Future<Integer>> callback = done -> fail("called");
      future.addDoneCallback(callback);
      assertEquals(1, future.removeDoneCallback(callback));
    });
  }

  @AsyncTest
  void aSlowCallbackIsReportedWithWhereItWasScheduled() {
    runningLoop().setDebug(true);
    try (var log = new CapturedLog("asyncio.watchdog")) {
      var seen = new Future<String>();
      scheduleSlowly(seen, log);
      String message = seen.await();
      assertContains(message, "Created at:");
      assertContains(message.substring(message.indexOf("Created at:")), "scheduleSlowly");
    }
  }

  private static void scheduleSlowly(Future<String> seen, CapturedLog log) {
    runningLoop().callSoon(() -> seen.setResult(log.spinUntil("a callback has held")));
  }

  @AsyncTest
  void aSlowStepOfATaskIsReportedWithWhereItWasCreated() {
    runningLoop().setDebug(true);
    try (var log = new CapturedLog("asyncio.watchdog")) {
      String message = createSlow(log).await();
      assertContains(message.substring(message.indexOf("Created at:")), "createSlow");
    }
  }

  private static Task<String> createSlow(CapturedLog log) {
    return createTask("slow", () -> log.spinUntil("Task 'slow' has held"));
  }

  @Test
  void aTaskThatOutlivesItsLoopIsReportedWithWhereItWasCreated() {
    try (var log = new CapturedLog("asyncio.loop")) {
      try (var runner = new Runner(DEBUG.withCloseTimeout(ofMillis(20)))) {
        runner.run(() -> {
          createStubborn();
          yieldNow();
        });
      }
      String message = log.spinUntil("'stubborn'");
      assertContains(message.substring(message.indexOf("Created at:")), "createStubborn");
    }
  }

  private static void createStubborn() {
    createTask("stubborn", () -> {
      try {
        sleep(ofDays(1));
      } catch (CancelledError swallowed) {
        sleep(ofDays(1));
      }
    });
  }
}
