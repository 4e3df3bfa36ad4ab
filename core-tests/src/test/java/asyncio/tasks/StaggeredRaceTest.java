package asyncio.tasks;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.currentTask;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.staggeredRace;
import static asyncio.Asyncio.yieldNow;
import static java.time.Duration.ZERO;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Action;
import asyncio.Asyncio;
import asyncio.CancelledError;
import asyncio.Coroutine;
import asyncio.DeadlockException;
import asyncio.Event;
import asyncio.EventLoop;
import asyncio.ExceptionGroup;
import asyncio.Future;
import asyncio.Race;
import asyncio.Task;
import asyncio.TaskFactory;
import asyncio.TaskGroup;
import asyncio.TaskOptions;
import asyncio.TimeoutException;
import asyncio.conformance.Covers;
import asyncio.support.Failure;
import asyncio.support.Order;
import asyncio.support.Reports;
import asyncio.testing.AsyncTest;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class StaggeredRaceTest {
  private final Order order = new Order();

  /** Tells when it begins and ends. */
  private Coroutine<String, Exception> after(Duration time, String name) {
    return () -> {
      order.add(name + " at " + runningLoop().time().toSeconds());
      try {
        sleep(time);
      } catch (CancelledError cancelled) {
        order.add(name + " cancelled");
        throw cancelled;
      }
      return name;
    };
  }

  private Coroutine<String, Exception> failAfter(Duration time, String name) {
    return () -> {
      after(time, name).run();
      throw new IOException(name + " failed");
    };
  }

  @AsyncTest
  @Covers("test_staggered.StaggeredTests.empty")
  void noBodiesNoWinner() {
    Race<String> race = staggeredRace(List.of(), ofSeconds(1));
    assertFalse(race.won());
    assertNull(race.value());
    assertEquals(-1, race.index());
    assertEquals(List.of(), race.errors());
  }

  @AsyncTest
  @Covers("test_staggered.StaggeredTests.one_successful")
  void aFirstOneThatSucceedsInTimeIsTheOnlyOneStarted() {
    Race<String> race =
        staggeredRace(List.of(after(ofSeconds(1), "a"), after(ofSeconds(1), "b")), ofSeconds(2));
    assertTrue(race.won());
    assertEquals("a", race.value());
    assertEquals(0, race.index());
    assertEquals(1, race.errors().size());
    assertNull(race.errors().getFirst());
    order.assertIs("a at 0");
  }

  @AsyncTest
  @Covers("test_staggered.StaggeredTests.first_error_second_successful")
  void whenTheFirstFailsTheSecondStartsAtOnce() {
    Race<String> race = staggeredRace(
        List.of(failAfter(ofSeconds(1), "a"), after(ofSeconds(1), "b")), ofSeconds(9));
    assertEquals("b", race.value());
    assertEquals(1, race.index());
    assertEquals(2, race.errors().size());
    assertInstanceOf(IOException.class, race.errors().get(0));
    assertNull(race.errors().get(1));
    order.assertIs("a at 0", "b at 1");
  }

  @AsyncTest
  @Covers("test_staggered.StaggeredTests.first_timeout_second_successful")
  void whenTheFirstIsSlowTheSecondStartsAfterTheDelayAndWins() {
    Race<String> race =
        staggeredRace(List.of(after(ofDays(1), "a"), after(ofSeconds(1), "b")), ofSeconds(2));
    assertEquals("b", race.value());
    assertEquals(1, race.index());
    assertInstanceOf(CancelledError.class, race.errors().get(0));
    order.assertIs("a at 0", "b at 2", "a cancelled");
    assertEquals(ofSeconds(3), runningLoop().time());
  }

  @AsyncTest
  void aSlowFirstOneMayStillWin() {
    Race<String> race =
        staggeredRace(List.of(after(ofSeconds(3), "a"), after(ofSeconds(9), "b")), ofSeconds(2));
    assertEquals("a", race.value());
    assertEquals(0, race.index());
    assertInstanceOf(CancelledError.class, race.errors().get(1));
    order.assertIs("a at 0", "b at 2", "b cancelled");
  }

  @AsyncTest
  void aFailureOfAnEarlierOneDoesNotHurryTheNext() {
    Race<String> race = staggeredRace(
        List.of(failAfter(ofSeconds(3), "a"), after(ofDays(1), "b"), after(ZERO, "c")),
        ofSeconds(2));
    assertEquals("c", race.value());
    order.assertIs("a at 0", "b at 2", "c at 4", "b cancelled");
  }

  @AsyncTest
  @Covers("test_staggered.StaggeredTests.none_successful")
  void whenAllFailThereIsNoWinner() {
    Race<String> race = staggeredRace(
        List.of(failAfter(ofSeconds(5), "a"), failAfter(ofSeconds(1), "b")), ofSeconds(2));
    assertFalse(race.won());
    assertNull(race.value());
    assertEquals(
        List.of("a failed", "b failed"),
        race.errors().stream().map(Throwable::getMessage).toList());
    assertEquals(ofSeconds(5), runningLoop().time());
  }

  @AsyncTest
  void withoutADelayTheyAreTriedOneByOne() {
    Race<String> race = staggeredRace(
        List.of(failAfter(ofSeconds(5), "a"), after(ofSeconds(9), "b"), after(ofSeconds(1), "c")));
    assertEquals("b", race.value());
    order.assertIs("a at 0", "b at 5");
    assertEquals(ofSeconds(14), runningLoop().time());
  }

  @AsyncTest
  void aDelayOfZeroStartsTheNextAfterOneTurn() {
    Race<String> race = staggeredRace(
        List.of(after(ofSeconds(3), "a"), after(ofSeconds(1), "b"), after(ofSeconds(2), "c")),
        ZERO);
    assertEquals("b", race.value());
    order.assertIs("a at 0", "b at 0", "c at 0", "a cancelled", "c cancelled");
    order.clear();
    Coroutine<String, Exception> atOnce = () -> "at once";
    assertEquals(
        "at once", staggeredRace(List.of(atOnce, after(ZERO, "never")), ZERO).value());
    order.assertIsEmpty();
  }

  @AsyncTest
  @Covers("test_staggered.StaggeredTests.multiple_winners")
  void ofTwoWinnersInOneTurnTheFirstCounts() {
    var event = new Event();
    List<Coroutine<Integer, RuntimeException>> bodies = List.of(
        () -> {
          event.await();
          return 0;
        },
        () -> {
          event.await();
          return 1;
        },
        () -> {
          event.set();
          sleep(ofDays(1));
          return 2;
        });
    Race<Integer> race = staggeredRace(bodies, ofSeconds(1));
    assertEquals(0, race.value());
    assertEquals(0, race.index());
    assertEquals(3, race.errors().size());
    assertInstanceOf(CancelledError.class, race.errors().get(1));
    assertInstanceOf(CancelledError.class, race.errors().get(2));
  }

  @AsyncTest
  void aValueThatComesTooLateIsClosed() {
    var future = new Future<String>();
    List<Coroutine<AutoCloseable, RuntimeException>> bodies = List.of(
        () -> {
          future.await();
          return () -> order.add("first closed");
        },
        () -> {
          future.await(); // delivered before the first one wins
          return () -> order.add("second closed");
        });
    runningLoop().callLater(ofSeconds(1), () -> future.setResult("x"));
    Race<AutoCloseable> race = staggeredRace(bodies, ofMillis(1));
    assertEquals(0, race.index());
    assertInstanceOf(CancelledError.class, race.errors().get(1));
    yieldNow();
    order.assertIs("second closed");
  }

  @AsyncTest
  void itReturnsWhenTheOvertakenHaveEndedAndKeepsTheFailuresOfTheirCleanUp() {
    List<Coroutine<String, Exception>> bodies = List.of(
        () -> {
          try {
            sleep(ofDays(1));
            return "never";
          } finally {
            sleep(ofSeconds(5));
            throwIt(new Failure("in clean-up"));
          }
        },
        after(ofSeconds(1), "b"));
    Race<String> race = staggeredRace(bodies, ofSeconds(1));
    assertEquals("b", race.value());
    assertEquals("in clean-up", race.errors().getFirst().getMessage());
    assertEquals(ofSeconds(7), runningLoop().time());
  }

  private static void throwIt(RuntimeException failure) {
    throw failure;
  }

  @AsyncTest
  void racesNest() {
    Coroutine<String, Exception> inner = () -> staggeredRace(
            List.of(failAfter(ofSeconds(1), "a"), after(ofSeconds(1), "b")), ofSeconds(9))
        .value();
    Coroutine<String, Exception> group = () -> {
      var tasks = new TaskGroup();
      tasks.run(() -> tasks.createTask(() -> throwIt(new Failure("in a group"))));
      return "never";
    };
    Race<String> race = staggeredRace(List.of(group, inner), ofSeconds(9));
    assertEquals("b", race.value());
    assertEquals(1, race.index());
    var failures = assertInstanceOf(ExceptionGroup.class, race.errors().getFirst());
    assertEquals("in a group", failures.exceptions().getFirst().getMessage());
  }

  @AsyncTest
  void failuresAreNotReportedElsewhere() {
    var reports = new Reports();
    runningLoop().setExceptionHandler(reports);
    staggeredRace(List.of(failAfter(ZERO, "a"), failAfter(ZERO, "b")));
    System.gc();
    yieldNow();
    reports.assertNone();
  }

  // ---- cancelled ----

  @AsyncTest
  void aCancelCancelsAllAndWaitsForThem() {
    var outer = createTask(() -> staggeredRace(
        List.of(
            after(ofDays(1), "a"),
            () -> {
              try {
                return after(ofDays(1), "b").run();
              } finally {
                sleep(ofSeconds(2));
                order.add("b cleaned up");
              }
            },
            after(ofDays(1), "c")),
        ofSeconds(2)));
    sleep(ofSeconds(3));
    outer.cancel("enough");
    assertEquals("enough", assertThrows(CancelledError.class, outer::await).getMessage());
    order.assertIs("a at 0", "b at 2", "a cancelled", "b cancelled", "b cleaned up");
    assertEquals(ofSeconds(5), runningLoop().time());
    assertEquals(1, outer.cancelling());
  }

  @AsyncTest
  @Covers("test_staggered.StaggeredTests.cancelled")
  void everyCancelReachesTheBodies() {
    Coroutine<String, Exception> stubborn = () -> {
      for (int i = 1; i <= 2; i++) {
        try {
          sleep(ofDays(1));
        } catch (CancelledError cancelled) {
          order.add("cancelled " + i + " " + cancelled.getMessage());
        }
      }
      return "late";
    };
    var outer = createTask(() -> {
      try {
        return staggeredRace(List.of(stubborn));
      } finally {
        order.add("cancelling " + currentTask().cancelling());
      }
    });
    sleep(ofSeconds(1));
    outer.cancel("one");
    sleep(ofSeconds(1));
    outer.cancel("two");
    assertThrows(CancelledError.class, outer::await);
    order.assertIs("cancelled 1 one", "cancelled 2 two", "cancelling 2");
  }

  @AsyncTest
  void aTimeoutRoundItWins() {
    assertThrows(
        TimeoutException.class,
        () -> Asyncio.timeout(
            ofSeconds(3),
            () -> staggeredRace(List.of(after(ofDays(1), "a"), after(ofDays(1), "b")))));
    order.assertIs("a at 0", "a cancelled");
    assertEquals(0, currentTask().cancelling());
  }

  @AsyncTest
  void aValueThatWasWonBeforeTheCancelIsNotLost() {
    Coroutine<String, Exception> slowToEnd = () -> {
      try {
        sleep(ofDays(1));
      } finally {
        sleep(ofDays(1));
      }
      return "never";
    };
    var outer = createTask(() -> {
      String won =
          staggeredRace(List.of(slowToEnd, after(ZERO, "b")), ofSeconds(1)).value();
      order.add("won " + won);
      yieldNow();
      order.add("never");
    });
    sleep(ofSeconds(2));
    assertFalse(outer.isDone());
    outer.cancel("late");
    assertEquals("late", assertThrows(CancelledError.class, outer::await).getMessage());
    order.assertIs("b at 1", "won b");
    assertEquals(ofSeconds(2), runningLoop().time());
  }

  // ---- misuse ----

  @AsyncTest
  void nullIsRefused() {
    assertThrows(NullPointerException.class, () -> staggeredRace(List.of(after(ZERO, "a")), null));
    List<Coroutine<String, Exception>> bodies = new ArrayList<>();
    bodies.add(null);
    assertThrows(NullPointerException.class, () -> staggeredRace(bodies));
  }

  @Test
  void outsideATaskItIsAnError() {
    assertThrows(IllegalStateException.class, () -> staggeredRace(List.of(), ofSeconds(1)));
  }

  @AsyncTest
  void eachBodyIsATaskOfItsOwn() {
    Coroutine<Task<?>, RuntimeException> body = () -> currentTask();
    Race<Task<?>> race = staggeredRace(List.of(body));
    assertTrue(race.value() != currentTask());
    assertSame(runningLoop(), race.value().loop());
  }

  // ---- a task factory that fails, or waits, at the second body ----

  private final List<Action<RuntimeException>> beforeTasks =
      new ArrayList<>(List.of(() -> {}, () -> {}, () -> {}));

  private <T extends @Nullable Object> Task<T> scripted(
      EventLoop loop, Coroutine<T, ?> body, TaskOptions options) {
    beforeTasks.removeFirst().run();
    return TaskFactory.PLAIN.create(loop, body, options);
  }

  private void atTheSecondBody(Action<RuntimeException> action) {
    atBody(1, action);
  }

  private void atBody(int index, Action<RuntimeException> action) {
    beforeTasks.set(index, action);
    runningLoop().setTaskFactory(this::scripted);
  }

  @AsyncTest
  void aRaceThatCannotStartABodyEndsTheOthersAndFails() {
    atTheSecondBody(() -> {
      throw new Failure("no task");
    });
    Coroutine<String, RuntimeException> cleansUp = () -> {
      try {
        sleep(ofDays(1));
      } catch (CancelledError cancelled) {
        sleep(ofSeconds(5));
        order.add("cleaned up");
        throw cancelled;
      }
      return "a";
    };
    assertEquals(
        "no task",
        assertThrows(
                Failure.class,
                () -> staggeredRace(List.of(cleansUp, after(ZERO, "b")), ofSeconds(1)))
            .getMessage());
    order.assertIs("cleaned up");
    sleep(ofSeconds(10));
    assertEquals(ofSeconds(16), runningLoop().time());
  }

  @AsyncTest
  void aBodyThatEndsWhileTheTaskFactoryWaitsDoesNotEndThatWait() {
    atTheSecondBody(() -> sleep(ofSeconds(10)));
    Race<String> race =
        staggeredRace(List.of(after(ofSeconds(3), "a"), after(ofDays(1), "b")), ofSeconds(1));
    assertEquals("a", race.value());
    assertEquals(ofSeconds(11), runningLoop().time());
  }

  /** Never wins; when it is cancelled, it takes ten seconds to clean up. */
  private String cleanUpSlowly() {
    try {
      sleep(ofDays(1));
    } catch (CancelledError cancelled) {
      sleep(ofSeconds(10));
      order.add("cleaned up");
      throw cancelled;
    }
    return "never";
  }

  @AsyncTest
  void whatIsOverWhileTheTaskFactoryWaitsDoesNotCutTheCleanUpOfTheOvertakenShort() {
    atBody(2, () -> sleep(ofSeconds(5)));
    Race<String> race = staggeredRace(
        List.of(this::cleanUpSlowly, after(ofSeconds(3), "b"), after(ofDays(1), "c")),
        ofSeconds(1));
    assertEquals("b", race.value());
    order.assertIs("b at 1", "cleaned up");
    assertEquals(ofSeconds(14), runningLoop().time());
  }

  @AsyncTest
  void norDoesATaskFactoryThatFailsWhenTheRaceIsWon() {
    atBody(2, () -> {
      sleep(ofSeconds(5));
      throw new Failure("no task");
    });
    assertThrows(
        Failure.class,
        () -> staggeredRace(
            List.of(this::cleanUpSlowly, after(ofSeconds(3), "b"), after(ofDays(1), "c")),
            ofSeconds(1)));
    order.assertIs("b at 1", "cleaned up");
    assertEquals(ofSeconds(14), runningLoop().time());
  }

  @AsyncTest
  void whyABodyCouldNotBeStartedIsNotLostWhenTheOthersNeverEnd() {
    atTheSecondBody(() -> {
      throw new Failure("no task");
    });
    var never = new Event();
    Coroutine<String, RuntimeException> hangs = () -> {
      try {
        sleep(ofDays(1));
      } catch (CancelledError cancelled) {
        never.await();
      }
      return "a";
    };
    var thrown = assertThrows(
        DeadlockException.class,
        () -> staggeredRace(List.of(hangs, after(ZERO, "b")), ofSeconds(1)));
    assertEquals(1, thrown.getSuppressed().length);
    assertEquals("no task", thrown.getSuppressed()[0].getMessage());
    never.set();
    yieldNow();
  }
}
