package asyncio.diagnosis;

import static asyncio.Asyncio.ALL_COMPLETED;
import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.gather;
import static asyncio.Asyncio.gatherOutcomes;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.shield;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.timeout;
import static asyncio.Asyncio.waitUntil;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;
import static asyncio.support.Texts.assertEndsWith;
import static asyncio.support.Texts.assertStartsWith;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Asyncio;
import asyncio.CancelledError;
import asyncio.Condition;
import asyncio.DeadlockException;
import asyncio.Event;
import asyncio.EventLoop;
import asyncio.ExceptionGroup;
import asyncio.Lock;
import asyncio.Outcome;
import asyncio.Race;
import asyncio.Task;
import asyncio.TaskGroup;
import asyncio.TimeoutException;
import asyncio.WaitGraph;
import asyncio.testing.AsyncTest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Tasks that wait for each other in a cycle: the one that closed it gets an error, at once. */
class DeadlockTest {
  /** What closed the cycle is told, and nothing else than a cycle was found. */
  private static DeadlockException deadlock(Task<?> task) {
    var error = assertThrows(DeadlockException.class, task::await);
    assertContains(error.getMessage(), "wait for");
    return error;
  }

  private static Task<?> holdsAndTakes(String name, Lock first, Lock second) {
    return createTask(name, () -> {
      try (var _ = first.acquire()) {
        yieldNow();
        second.acquire().close();
      }
    });
  }

  @AsyncTest
  void twoTasksWithTwoLocks() {
    var a = new Lock();
    var b = new Lock();
    var first = holdsAndTakes("first", a, b);
    var second = holdsAndTakes("second", b, a);
    var error = deadlock(second);
    first.await(); // it got the lock that the error released
    assertFalse(a.locked() || b.locked());
    String message = error.getMessage();
    assertContains(
        message,
        "Task 'second' would wait for ever: tasks wait for each other in a cycle",
        "second waits for a lock held by first at asyncio.",
        "first waits for a lock held by second at asyncio.",
        "same order");
    assertTrue(Arrays.stream(error.getStackTrace())
        .anyMatch(frame -> frame.getMethodName().contains("holdsAndTakes")));
    assertEquals(1, error.graph().cycles().size());
  }

  @AsyncTest
  void fiveTasksWithFiveLocks() {
    List<Lock> locks = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      locks.add(new Lock());
    }
    List<Task<?>> tasks = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      tasks.add(holdsAndTakes("fork " + i, locks.get(i), locks.get((i + 1) % 5)));
    }
    var error = deadlock(tasks.getLast());
    assertEquals(5, error.graph().cycles().getFirst().size());
    for (Task<?> task : tasks.subList(0, 4)) {
      task.await();
    }
  }

  @AsyncTest
  void twoTasksThatAwaitEachOther() {
    List<Task<?>> tasks = new ArrayList<>();
    tasks.add(createTask("a", () -> tasks.get(1).await()));
    tasks.add(createTask("b", () -> tasks.get(0).await()));
    deadlock(tasks.get(1));
    // The other one awaited it, and got its failure.
    assertThrows(DeadlockException.class, tasks.get(0)::await);
  }

  @AsyncTest
  void aLockAndATask() {
    var lock = new Lock();
    var helper = createTask("helper", () -> lock.acquire().close());
    try (var _ = lock.acquire()) {
      yieldNow();
      assertThrows(DeadlockException.class, helper::await);
    }
  }

  @AsyncTest
  void aGroupWhoseChildWaitsForItsParent() {
    var parent = new ArrayList<Task<?>>();
    parent.add(createTask("parent", () -> {
      var group = new TaskGroup();
      group.run(() -> group.createTask("child", () -> parent.getFirst().await()));
    }));
    var failures = assertThrows(ExceptionGroup.class, parent.getFirst()::await);
    assertEquals(1, failures.exceptions().size());
    var error = assertInstanceOf(DeadlockException.class, failures.exceptions().getFirst());
    assertContains(error.getMessage(), "parent waits for the tasks of a group");
  }

  @AsyncTest
  void aGroupWhoseOnlyTaskNeedsALockOfItsParent() {
    var lock = new Lock();
    var group = new TaskGroup();
    var failures = assertThrows(ExceptionGroup.class, () -> {
      try (var _ = lock.acquire()) {
        group.run(() -> group.createTask(() -> lock.acquire().close()));
      }
    });
    assertInstanceOf(DeadlockException.class, failures.exceptions().getFirst());
    assertFalse(lock.locked());
  }

  @AsyncTest
  void aGroupWhoseChildHasAwaitedItsParentBeforeTheEnd() {
    var parent = new ArrayList<Task<?>>();
    parent.add(createTask(() -> {
      var group = new TaskGroup();
      group.run(() -> {
        group.createTask("child", () -> parent.getFirst().await());
        yieldNow();
        yieldNow();
      });
    }));
    var failures = assertThrows(ExceptionGroup.class, parent.getFirst()::await);
    var error = assertInstanceOf(DeadlockException.class, failures.exceptions().getFirst());
    // An error for the parent would be of no use: it has to wait for its tasks.
    assertStartsWith(error.getMessage(), "Task 'child' would wait for ever");
  }

  @AsyncTest
  void aCycleThatIsClosedWhenTheOthersOfAGroupHaveEnded() {
    var parent = new ArrayList<Task<?>>();
    parent.add(createTask(() -> {
      var group = new TaskGroup();
      group.run(() -> {
        group.createTask(() -> sleep(ofDays(1)));
        group.createTask(() -> parent.getFirst().await());
        group.createTask(() -> sleep(ofDays(2)));
      });
    }));
    assertThrows(ExceptionGroup.class, parent.getFirst()::await);
    assertEquals(ofDays(2), Asyncio.runningLoop().time());
  }

  @AsyncTest
  void aShieldRoundATaskThatWaitsForItsCanceller() {
    // A shield that gave up reports the failure of what it shielded.
    runningLoop().setExceptionHandler((loop, context) -> {});
    List<Task<?>> tasks = new ArrayList<>();
    var inner = createTask("inner", () -> tasks.getFirst().await());
    var shielding = createTask("shielding", () -> {
      try {
        shield(inner);
      } catch (CancelledError cancelled) {
        shield(inner); // it wants to see it end
      }
    });
    tasks.add(createTask("canceller", () -> {
      yieldNow();
      shielding.cancel();
      shielding.await();
    }));
    yieldNow();
    var outcomes = gatherOutcomes(List.of(shielding, tasks.getFirst(), inner));
    assertTrue(
        outcomes.stream()
            .anyMatch(outcome -> outcome instanceof Outcome.Failure<?> failure
                && failure.failure() instanceof DeadlockException),
        outcomes::toString);
  }

  @AsyncTest
  void gatherAndWaitUntilOfTasksThatWaitForTheCaller() {
    List<Task<?>> waiting = new ArrayList<>();
    waiting.add(createTask(
        () -> gather(List.of(createTask(() -> (Object) waiting.getFirst().await())))));
    assertThrows(DeadlockException.class, waiting.getFirst()::await);
    List<Task<?>> until = new ArrayList<>();
    until.add(createTask(() -> {
      until.add(createTask(() -> until.getFirst().await()));
      return waitUntil(ALL_COMPLETED, List.of(until.getLast()));
    }));
    // The child's wait closed the cycle; the parent does not mind its failure.
    until.getFirst().await();
    assertThrows(DeadlockException.class, until.getLast()::await);
  }

  @AsyncTest
  void manyCyclesAreAllFound() {
    List<Task<?>> second = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      var a = new Lock();
      var b = new Lock();
      holdsAndTakes("one of " + i, a, b);
      second.add(holdsAndTakes("other of " + i, b, a));
    }
    for (Task<?> task : second) {
      deadlock(task);
    }
  }

  @AsyncTest
  void aLongChainOfTasksThatEndsInATimerIsNoCycle() {
    Task<?> last = createTask(() -> sleep(ofSeconds(1)));
    yieldNow();
    for (int i = 0; i < 2_000; i++) {
      Task<?> before = last;
      last = createTask(() -> before.await());
      yieldNow(); // from the inside out: each one awaits a task that waits
    }
    last.await();
  }

  @AsyncTest
  void aLongChainThatEndsInACycleIsFound() {
    var lock = new Lock();
    Task<?> last;
    try (var _ = lock.acquire()) {
      last = createTask(() -> lock.acquire().close());
      yieldNow();
      for (int i = 0; i < 2_000; i++) {
        Task<?> before = last;
        last = createTask(() -> before.await());
        yieldNow();
      }
      assertThrows(DeadlockException.class, last::await);
    }
  }

  // ---- what is no cycle ----

  @AsyncTest
  void aTimeLimitWillBreakIt() {
    var a = new Lock();
    var b = new Lock();
    var limited = createTask(() -> {
      try (var _ = a.acquire()) {
        yieldNow();
        timeout(ofSeconds(1), () -> b.acquire().close());
      }
    });
    var other = holdsAndTakes("other", b, a);
    assertThrows(TimeoutException.class, limited::await);
    other.await();
  }

  @AsyncTest
  void aTimeLimitRoundTheCycleIsNotOfIt() {
    var a = new Lock();
    var b = new Lock();
    var inner = new ArrayList<Task<?>>();
    var limited = createTask(() -> {
      inner.add(holdsAndTakes("first", a, b));
      inner.add(holdsAndTakes("second", b, a));
      timeout(ofDays(1), () -> inner.getLast().await());
    });
    assertThrows(DeadlockException.class, limited::await);
    inner.getFirst().await();
  }

  @AsyncTest
  void oneOfThoseWaitedForGoesOn() {
    List<Task<?>> parent = new ArrayList<>();
    parent.add(createTask(() -> {
      var child = createTask(() -> parent.getFirst().await());
      var other = createTask(() -> sleep(ofDays(1)));
      waitUntil(Asyncio.FIRST_COMPLETED, List.of(child, other));
    }));
    parent.getFirst().await();
  }

  @AsyncTest
  void aLimitOfWaitUntilEndsIt() {
    List<Task<?>> parent = new ArrayList<>();
    parent.add(createTask(() -> {
      var child = createTask(() -> parent.getFirst().await());
      waitUntil(ALL_COMPLETED, List.of(child), ofDays(1));
    }));
    parent.getFirst().await();
    assertEquals(ofDays(1), Asyncio.runningLoop().time());
  }

  @AsyncTest
  void aCallbackThatIsDueMayReleaseALock() {
    var lock = new Lock();
    var permit = lock.acquire();
    Asyncio.runningLoop().callLater(ofSeconds(1), permit::close);
    createTask(() -> lock.acquire().close()).await();
    assertEquals(ofSeconds(1), Asyncio.runningLoop().time());
  }

  @AsyncTest
  void aCycleIsFoundWhenTheTimerThatExcusedItHasGone() {
    var lock = new Lock();
    var permit = lock.acquire();
    Asyncio.runningLoop().callLater(ofSeconds(1), () -> {}); // it does not release it
    assertThrows(
        DeadlockException.class, () -> createTask(() -> lock.acquire().close()).await());
    permit.close();
    assertEquals(ofSeconds(1), Asyncio.runningLoop().time());
  }

  @AsyncTest
  void aCallbackThatRenewsItsTimerIsNoExcuseForEver() {
    var beat = new Runnable[1];
    beat[0] = () -> Asyncio.runningLoop().callLater(ofSeconds(1), beat[0]);
    beat[0].run();
    var a = new Lock();
    var b = new Lock();
    holdsAndTakes("first", a, b);
    deadlock(holdsAndTakes("second", b, a));
    assertEquals(ofSeconds(1), Asyncio.runningLoop().time());
    beat[0] = () -> {};
  }

  @AsyncTest
  void aCallbackOfMuchLaterIsNoExcuse() {
    var nightly = Asyncio.runningLoop().callLater(ofDays(1), () -> {});
    var a = new Lock();
    var b = new Lock();
    holdsAndTakes("first", a, b);
    deadlock(holdsAndTakes("second", b, a));
    assertEquals(Duration.ZERO, Asyncio.runningLoop().time());
    nightly.cancel();
  }

  @AsyncTest
  void aCallbackThatIsCancelledIsNoExcuseForLonger() {
    EventLoop loop = Asyncio.runningLoop();
    var nightly = loop.callLater(ofDays(1), () -> {});
    var soon = loop.callLater(ofMillis(500), () -> {});
    var a = new Lock();
    var b = new Lock();
    holdsAndTakes("first", a, b);
    var second = holdsAndTakes("second", b, a);
    createTask(() -> {
      sleep(ofMillis(100));
      soon.cancel();
    });
    deadlock(second);
    assertEquals(ofMillis(500), loop.time());
    nightly.cancel();
  }

  @AsyncTest
  void ofVeryManyTasksSomeAreTold() {
    List<Task<?>> others = new ArrayList<>();
    var event = new Event();
    for (int i = 0; i < 1_000; i++) {
      others.add(createTask(() -> event.await()));
    }
    var a = new Lock();
    var b = new Lock();
    holdsAndTakes("first", a, b);
    var error = deadlock(holdsAndTakes("second", b, a));
    WaitGraph graph = error.graph();
    assertEquals(102, graph.tasks().size());
    assertEquals(1_003, graph.tasks().size() + graph.more());
    assertEquals(1, graph.cycles().size());
    assertContains(error.getMessage(), "1003 tasks", "first waits for a lock held by second");
    assertEndsWith(error.getMessage(), "and 903 more");
    event.set();
  }

  @AsyncTest
  void whoWaitsAnewWithoutTheLimitHasNoExcuse() {
    var other = createTask(() -> sleep(ofDays(2)));
    var a = new Lock();
    var b = new Lock();
    var first = holdsAndTakes("first", a, b);
    var second = createTask("second", () -> {
      try (var _ = b.acquire()) {
        yieldNow();
        try {
          timeout(ofDays(1), () -> a.acquire().close());
        } catch (CancelledError cancelled) {
          Asyncio.currentTask().uncancel();
        }
        a.acquire().close();
      }
    });
    Asyncio.runningLoop().callLater(ofSeconds(1), second::cancel);
    deadlock(second);
    assertEquals(ofSeconds(1), Asyncio.runningLoop().time());
    first.await();
    other.cancel();
  }

  @AsyncTest
  void aRaceWhoseBodyAwaitsTheRacerFailsThatBody() {
    List<Task<?>> racer = new ArrayList<>();
    racer.add(createTask(() -> Asyncio.staggeredRace(
        List.of(() -> racer.getFirst().await(), () -> {
          sleep(ofSeconds(1));
          throw new IllegalStateException("the other one");
        }),
        ofMillis(100))));
    var race = (Race<?>) racer.getFirst().await();
    assertInstanceOf(DeadlockException.class, race.errors().getFirst());
  }

  @AsyncTest
  void whoTakesTheLockOfAConditionAgainGetsNoErrorWhereAnotherCan() {
    var condition = new Condition();
    var waiting = createTask("waiting", () -> {
      try (var _ = condition.acquire()) {
        condition.await();
      }
    });
    yieldNow();
    var signals = createTask("signals", () -> {
      try (var _ = condition.acquire()) {
        condition.signal();
        waiting.await(); // while it holds the lock
      }
    });
    deadlock(signals);
    waiting.await();
    assertFalse(condition.locked());
  }

  @AsyncTest
  void manyChildrenThatEndOneByOneAreNoReasonToLookAtAll() {
    List<Task<?>> children = new ArrayList<>();
    for (int i = 0; i < 20_000; i++) {
      int number = i;
      children.add(createTask(() -> createTask(() -> sleep(ofMillis(number))).await()));
    }
    var slow = createTask(() -> sleep(ofDays(1)));
    var slowFirst = new ArrayList<Task<?>>(List.of(slow));
    slowFirst.addAll(children);
    var second = createTask(() -> gather(slowFirst));
    gather(children); // would take minutes if each end were a reason
    assertEquals(ofMillis(19_999), Asyncio.runningLoop().time());
    second.await();
  }

  @AsyncTest
  void aHolderThatSleepsIsNoDeadlock() {
    var lock = new Lock();
    var holder = createTask(() -> {
      try (var _ = lock.acquire()) {
        sleep(ofDays(1));
      }
    });
    yieldNow();
    lock.acquire().close();
    holder.await();
  }

  @AsyncTest
  void aCancelThatComesFirstWins() {
    var a = new Lock();
    var b = new Lock();
    var first = holdsAndTakes("first", a, b);
    var second = holdsAndTakes("second", b, a);
    yieldNow();
    yieldNow();
    second.cancel(); // in the turn in which they have begun to wait
    assertThrows(CancelledError.class, second::await);
    first.await();
  }

  @Test
  void aCycleIsFoundWhileOtherTasksKeepTheLoopBusy() {
    Asyncio.run(() -> {
      var a = new Lock();
      var b = new Lock();
      holdsAndTakes("first", a, b);
      var second = holdsAndTakes("second", b, a);
      while (!second.isDone()) {
        yieldNow(); // never idle
      }
      assertInstanceOf(DeadlockException.class, second.exception());
    });
  }

  @Test
  void aCycleIsFoundInRealTimeThoughTimersAndSocketsAreThere() throws Exception {
    Asyncio.run(() -> {
      var server = asyncio.Asyncio.startServer(client -> {}, "127.0.0.1", 0);
      var sleeper = createTask(() -> sleep(ofDays(1)));
      var a = new Lock();
      var b = new Lock();
      holdsAndTakes("first", a, b);
      deadlock(holdsAndTakes("second", b, a));
      sleeper.cancel();
      server.close();
    });
  }
}
