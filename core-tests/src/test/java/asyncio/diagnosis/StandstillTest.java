package asyncio.diagnosis;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.toThread;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertAnyContains;
import static asyncio.support.Texts.assertContains;
import static asyncio.support.Texts.assertNoneContains;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Action;
import asyncio.Asyncio;
import asyncio.CancelledError;
import asyncio.Clock;
import asyncio.DeadlockException;
import asyncio.Event;
import asyncio.EventLoop;
import asyncio.ExceptionGroup;
import asyncio.Future;
import asyncio.Lock;
import asyncio.Queue;
import asyncio.RunOptions;
import asyncio.Runner;
import asyncio.Semaphore;
import asyncio.TaskGroup;
import asyncio.WaitKind;
import asyncio.internal.diagnosis.Deadlocks;
import asyncio.internal.scheduler.Current;
import asyncio.support.CapturedLog;
import asyncio.support.ChildJvm;
import asyncio.support.Only;
import asyncio.testing.AsyncTest;
import asyncio.testing.VirtualClock;
import asyncio.testing.VirtualTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/** A loop that has nothing to do although its main task has not ended. */
class StandstillTest {
  // ---- a closed world: an error at once ----

  private static DeadlockException standsStill(Action<?> main) {
    return assertThrows(DeadlockException.class, () -> VirtualTime.run(main));
  }

  @Test
  void aQueueThatNobodyFills() {
    var error = standsStill(() -> new Queue<String>().get());
    String message = error.getMessage();
    assertContains(
        message,
        "has nothing to do, and Task 'Task-",
        "(main) waits for an item in a queue at asyncio.",
        "StandstillTest.java:");
    assertTrue(Arrays.stream(error.getStackTrace())
        .anyMatch(frame -> frame.getMethodName().contains("aQueueThatNobodyFills")));
    assertEquals(WaitKind.QUEUE, error.graph().tasks().getFirst().waitsFor().kind());
  }

  @Test
  void aJoinThatNobodyCompletes() {
    var error = standsStill(() -> {
      var jobs = new Queue<String>();
      jobs.put("job");
      createTask("worker", () -> jobs.get()); // and forgets taskDone()
      jobs.join();
    });
    assertContains(error.getMessage(), "the unfinished items of a queue");
  }

  @Test
  void theMainTaskOfAGroupGetsItInItsGroup() {
    var failures = assertThrows(
        ExceptionGroup.class,
        () -> VirtualTime.run(() -> {
          var group = new TaskGroup();
          group.run(() -> group.createTask("stuck", () -> new Event().await()));
        }));
    var error = assertInstanceOf(DeadlockException.class, failures.exceptions().getFirst());
    assertContains(error.getMessage(), "└─ stuck waits for an event");
  }

  @Test
  void aGroupWhoseTasksDoNotMindTheirCancelIsLeft() {
    var left = standsStill(() -> {
      var group = new TaskGroup();
      group.run(() -> group.createTask("stubborn", () -> {
        var stop = new Event();
        for (int i = 0; i < 2; i++) {
          try {
            stop.await();
          } catch (CancelledError ignored) {
            // it goes on all the same
          }
        }
      }));
    });
    assertContains(left.getMessage(), "stubborn waits for an event");
  }

  @Test
  void aGroupThatStandsStillLosesNoFailure() {
    var failures = assertThrows(
        ExceptionGroup.class,
        () -> VirtualTime.run(() -> {
          var group = new TaskGroup();
          group.run(() -> {
            group.createTask(() -> awaitStubbornly(1));
            yieldNow();
            throw new AssertionError("of the body");
          });
        }));
    assertEquals(
        List.of(DeadlockException.class, AssertionError.class),
        failures.exceptions().stream().map(Throwable::getClass).toList());
    var left = standsStill(() -> {
      var group = new TaskGroup();
      group.run(() -> {
        group.createTask(() -> awaitStubbornly(2));
        yieldNow();
        throw new AssertionError("of the body");
      });
    });
    assertTrue(Arrays.stream(left.getSuppressed())
        .anyMatch(failure -> "of the body".equals(failure.getMessage())));
  }

  /** Waits for what never comes, and does not mind so many cancels. */
  private static void awaitStubbornly(int cancels) {
    var never = new Event();
    for (int i = 0; i < cancels; i++) {
      try {
        never.await();
      } catch (CancelledError ignored) {
        // it goes on all the same
      }
    }
    never.await();
  }

  @AsyncTest
  void whoCatchesItGoesOn() {
    assertThrows(DeadlockException.class, () -> new Future<String>().await());
    sleep(ofDays(1));
    assertThrows(DeadlockException.class, () -> new Semaphore(0).acquire());
  }

  @Test
  void aLockWhoseHolderHasEnded() {
    var error = standsStill(() -> {
      var lock = new Lock();
      createTask("forgetful", () -> lock.acquire()).await();
      lock.acquire();
    });
    assertContains(error.getMessage(), "a lock held by forgetful, which has ended");
  }

  @Test
  void aFutureThatALoopIsRunForFails() {
    try (var loop = new ClosingLoop(new VirtualClock())) {
      Future<String> never = loop.loop.createFuture();
      assertThrows(DeadlockException.class, () -> loop.loop.runUntilComplete(never));
    }
  }

  private record ClosingLoop(EventLoop loop) implements AutoCloseable {
    ClosingLoop(Clock clock) {
      this(Asyncio.newEventLoop(RunOptions.defaults().withClock(clock)));
    }

    @Override
    public void close() {
      loop.close();
    }
  }

  // ---- never an error while something could still come ----

  @AsyncTest
  void aHelperThreadCouldStillCallIn() {
    EventLoop loop = runningLoop();
    var event = new Event();
    createTask(() -> toThread(() -> loop.callSoonThreadsafe(event::set)));
    event.await();
  }

  @AsyncTest
  void aStageOfAnotherLibraryCouldStillComplete() {
    var stage = new CompletableFuture<String>();
    Thread.ofPlatform().start(() -> {
      while (stage.getNumberOfDependents() == 0) {
        Thread.onSpinWait();
      }
      stage.complete("done");
    });
    assertEquals("done", Asyncio.await(stage));
  }

  @AsyncTest
  void aForeignWaitCouldStillEnd() {
    var latch = new CountDownLatch(1);
    var event = new Event();
    createTask(() -> {
      Asyncio.blocking(() -> latch.await());
      event.set();
    });
    yieldNow();
    Thread.ofPlatform().start(latch::countDown);
    event.await();
  }

  @AsyncTest
  void aSocketCouldStillBringSomething() throws Exception {
    try (var server =
        asyncio.Asyncio.startServer(client -> client.writer().write("x"), "127.0.0.1", 0)) {
      try (var connection = asyncio.Asyncio.openConnection("127.0.0.1", server.port())) {
        assertEquals(1, connection.reader().read(1).length);
      }
    }
  }

  @AsyncTest
  void aCallbackInForeignCodeCouldStillGoOn() {
    Only.mounted("on the portable carrier it stalls the loop");
    var latch = new CountDownLatch(1);
    var event = new Event();
    runningLoop().callSoon(() -> {
      try {
        latch.await();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
      event.set();
    });
    yieldNow();
    Deadlocks.quiet(Current.require("quiet()"));
    createTask(() -> toThread(latch::countDown));
    event.await();
  }

  @AsyncTest(otherThreads = true)
  void anotherThreadCouldStillCallIn() {
    EventLoop loop = runningLoop();
    var event = new Event();
    Thread.ofPlatform().start(() -> loop.callSoonThreadsafe(event::set));
    event.await();
  }

  @AsyncTest
  void aTimerCouldStillFire() {
    var event = new Event();
    runningLoop().callLater(ofDays(1), event::set);
    event.await();
  }

  // ---- an open world: one warning ----

  /** Has the loop look as it does after a second of quiet; nobody is to be disturbed. */
  private static List<String> warnings(Action<RuntimeException> looking) {
    try (var log = new CapturedLog("asyncio.loop")) {
      var clock = new VirtualClock().withOtherThreads();
      VirtualTime.run(clock, () -> {
        looking.run();
        Deadlocks.quiet(Current.require("quiet()"));
        yieldNow();
        yieldNow();
      });
      return log.messages();
    }
  }

  @Test
  void theWarningTellsWhoWaitsForWhatAndTheOptionThatFails() {
    var warnings = warnings(() -> {
      createTask("stuck", () -> new Event().await());
      yieldNow();
    });
    assertEquals(1, warnings.size(), warnings::toString);
    String warning = warnings.getFirst();
    assertContains(
        warning,
        "has nothing to do",
        "stuck waits for an event at asyncio.diagnosis.StandstillTest.",
        "Only another thread can wake it",
        "-Dasyncio.deadlock=fail");
  }

  @Test
  void theWarningListsForeignWaitsByStack() {
    Only.mounted("on the portable carrier a foreign wait holds the loop");
    var never = new LinkedBlockingQueue<String>();
    var warnings = warnings(() -> {
      createTask("foreign", () -> never.take());
      yieldNow();
    });
    assertEquals(1, warnings.size(), warnings::toString);
    String warning = warnings.getFirst();
    assertContains(warning, "foreign is in foreign code:", "LinkedBlockingQueue.take");
  }

  @Test
  void whoSaysThatHeBlocksHasSaidEnough() {
    var never = new LinkedBlockingQueue<String>();
    var warnings = warnings(() -> {
      createTask("says it", () -> Asyncio.blocking(() -> never.take()));
      yieldNow();
    });
    assertEquals(List.of(), warnings);
  }

  @Test
  void anOptionSaysThatOtherThreadsCallIn() {
    RunOptions options = RunOptions.defaults().withClock(new VirtualClock());
    try (var log = new CapturedLog("asyncio.loop");
        var runner = new Runner(options.withCallsFromOtherThreads(true))) {
      runner.run(() -> {
        EventLoop loop = runningLoop();
        Thread self = Thread.currentThread();
        var event = new Event();
        Thread.ofPlatform().start(() -> {
          while (self.getState() != Thread.State.WAITING) {
            Thread.onSpinWait();
          }
          loop.callSoonThreadsafe(event::set);
        });
        event.await();
        Deadlocks.quiet(Current.require("quiet()"));
        yieldNow();
        yieldNow();
      });
      assertEquals(List.of(), log.messages());
    }
  }

  @AsyncTest
  void aVirtualThreadThatWasStartedHereCouldStillCallIn() {
    Only.mounted("on the portable carrier it is a thread like any other");
    EventLoop loop = runningLoop();
    var event = new Event();
    Thread.ofVirtual().start(() -> {
      LockSupport.parkNanos(1_000_000);
      loop.callSoonThreadsafe(event::set);
    });
    event.await();
  }

  @Test
  void aVirtualThreadThatSleepsIsNoReasonToWarnAndOneThatWaitsIsTold() {
    Only.mounted("on the portable carrier it is a thread like any other");
    var threads = new ArrayList<Thread>();
    var sleeping = warnings(() -> {
      threads.add(Thread.ofVirtual().start(() -> LockSupport.parkNanos(Long.MAX_VALUE)));
      yieldNow();
    });
    assertEquals(List.of(), sleeping);
    var waiting = warnings(() -> {
      threads.add(Thread.ofVirtual().name("waits").start(StandstillTest::parksForEver));
      yieldNow();
    });
    assertEquals(1, waiting.size(), waiting::toString);
    assertTrue(waiting.getFirst().contains("The virtual thread 'waits'"), waiting::toString);
    assertTrue(waiting.getFirst().contains("StandstillTest.parksForEver"), waiting::toString);
  }

  private static void parksForEver() {
    while (true) {
      LockSupport.park();
    }
  }

  @Test
  void ofVeryManyTasksTheWarningTellsSome() {
    var warnings = warnings(() -> {
      var event = new Event();
      for (int i = 0; i < 1_000; i++) {
        createTask(() -> event.await());
      }
      yieldNow();
    });
    assertEquals(1, warnings.size());
    String warning = warnings.getFirst();
    assertContains(warning, "1001 tasks", "and 901 more");
  }

  @Test
  void whatTheWorldOrTimeEndsIsNoReasonToWarn() {
    assertEquals(List.of(), warnings(() -> createTask(() -> sleep(ofSeconds(1)))));
    assertEquals(List.of(), warnings(() -> {
      createTask(() -> Asyncio.await(new CompletableFuture<String>()));
      yieldNow();
    }));
  }

  static final class WaitsForNobody {
    public static void main(String[] arguments) {
      Asyncio.run(() -> new Event().await());
    }
  }

  @Test
  void aSecondOfQuietIsWarnedOfAndTheLoopGoesOn() throws Exception {
    try (var child = new ChildJvm(WaitsForNobody.class)) {
      String warning = child.awaitLineWith("has nothing to do");
      assertContains(warning, "WARNING");
      assertTrue(child.isAlive());
    }
  }

  @Test
  void aSignalCouldStillCome() throws Exception {
    try (var child = new ChildJvm(WaitsForNobody.class)) {
      child.awaitLineWith("has nothing to do");
      child.signal("INT");
      child.assertExitCode(130);
      assertNoneContains(child.lines(), "DeadlockException");
    }
  }

  @Test
  void withTheOptionTheMainTaskFailsAtOnce() throws Exception {
    try (var child = new ChildJvm(WaitsForNobody.class, "-Dasyncio.deadlock=fail")) {
      child.assertExitCode(1);
      assertTrue(
          child.lines().getFirst().contains("asyncio.DeadlockException: The event loop"),
          () -> child.lines().toString());
      assertAnyContains(child.lines(), "WaitsForNobody.lambda$main");
    }
  }

  @Test
  void anotherValueOfTheOptionIsRefused() throws Exception {
    try (var child = new ChildJvm(WaitsForNobody.class, "-Dasyncio.deadlock=no")) {
      child.assertExitCode(1);
      assertContains(child.output(), "-Dasyncio.deadlock takes 'warn'");
    }
  }
}
