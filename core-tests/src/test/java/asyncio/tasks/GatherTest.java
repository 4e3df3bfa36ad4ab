package asyncio.tasks;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.gather;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Cancelling.assertCancelled;
import static asyncio.support.Cancelling.sleepAndCleanUp;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Asyncio;
import asyncio.CancelledError;
import asyncio.Future;
import asyncio.Task;
import asyncio.TaskGroup;
import asyncio.conformance.Covers;
import asyncio.support.Failure;
import asyncio.support.Order;
import asyncio.support.Reports;
import asyncio.testing.AsyncTest;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class GatherTest {
  private final Order order = new Order();

  private static <T> T after(Duration delay, T value) {
    sleep(delay);
    return value;
  }

  @AsyncTest
  @Covers({
    "test_tasks.CoroutineGatherTests.constructor_use_running_loop",
    "test_tasks.GatherTestsBase.success"
  })
  void resultsKeepTheOrderOfTheArguments() {
    List<String> all = gather(
        () -> after(ofSeconds(3), "a"),
        () -> after(ofSeconds(1), "b"),
        () -> after(ofSeconds(2), "c"));
    assertEquals(List.of("a", "b", "c"), all);
    assertEquals(ofSeconds(3), runningLoop().time());
  }

  @AsyncTest
  void nothingGivesAnEmptyList() {
    assertEquals(List.of(), gather(List.of()));
  }

  @AsyncTest
  void bodiesWithoutResultsRunTogether() {
    gather(() -> sleep(ofSeconds(1)), () -> sleep(ofSeconds(1)));
    assertEquals(ofSeconds(1), runningLoop().time());
  }

  @AsyncTest
  void futuresAndTasksCanBeGathered() {
    var future = new Future<Integer>();
    var task = createTask(() -> after(ofSeconds(1), 2));
    runningLoop().callLater(ofSeconds(2), () -> future.setResult(1));
    assertEquals(List.of(1, 2), gather(List.of(future, task)));
  }

  @AsyncTest
  void resultsOfSeveralTypesComeFromTasks() throws IOException {
    List<? extends Comparable<?>> common = gather(() -> "a", () -> 1);
    assertEquals(List.of("a", 1), common);
    var group = new TaskGroup();
    String both = group.run(() -> {
      var text = group.createTask(() -> after(ofSeconds(1), "a"));
      var number = group.createTask(() -> after(ofSeconds(1), 1));
      return text.await() + number.await();
    });
    assertEquals("a1", both);
  }

  @AsyncTest
  void nullResultsAreKept() {
    List<Object> all = gather(() -> null, () -> "b");
    assertEquals(java.util.Arrays.asList(null, "b"), all);
  }

  @AsyncTest
  @Covers("test_tasks.CoroutineGatherTests.duplicate_coroutines")
  void aFutureThatStandsTwiceFillsBothPlaces() {
    var task = createTask(() -> after(ofSeconds(1), "x"));
    var other = createTask(() -> "y");
    assertEquals(List.of("x", "y", "x"), gather(List.of(task, other, task)));
  }

  @AsyncTest
  void allDoneAlreadyDoesNotSuspend() {
    var task = createTask(() -> 1);
    yieldNow();
    createTask(() -> order.add("other"));
    assertEquals(List.of(1, 1), gather(List.of(task, task)));
    order.assertIsEmpty();
  }

  @AsyncTest
  @Covers("test_tasks.GatherTestsBase.one_exception")
  void theFirstFailureIsThrownAtOnceAndTheOthersGoOn() {
    var failure = new IOException("first");
    var thrown = assertThrows(
        IOException.class,
        () -> gather(
            () -> {
              sleep(ofSeconds(2));
              order.add("went on");
              return 1;
            },
            () -> {
              sleep(ofSeconds(1));
              throw failure;
            }));
    assertSame(failure, thrown);
    assertEquals(ofSeconds(1), runningLoop().time());
    sleep(ofSeconds(2));
    order.assertIs("went on");
  }

  /** A failure that nobody received would be reported when the run ends. */
  @Test
  @Covers({
    "test_tasks.CoroutineGatherTests.exception_marking",
    "test_tasks.GatherTestsBase.one_exception"
  })
  void failuresOfTheOthersAreDropped() {
    var reports = new Reports();
    Asyncio.run(() -> {
      runningLoop().setExceptionHandler(reports);
      var first = createTask(() -> {
        throw new Failure("first");
      });
      var begin = new Future<String>();
      var second = createTask(() -> {
        throw new Failure(begin.await());
      });
      assertEquals(
          "first",
          assertThrows(Failure.class, () -> gather(List.of(first, second))).getMessage());
      begin.setResult("second");
      yieldNow();
      yieldNow();
      assertTrue(second.isDone());
    });
    reports.assertNone();
  }

  @AsyncTest
  void aFailureOfADoneFutureIsThrownWithoutWaiting() {
    var failed = new Future<Integer>();
    failed.setException(new Failure("done"));
    var pending = new Future<Integer>();
    assertThrows(Failure.class, () -> gather(List.of(pending, failed)));
    assertFalse(pending.isDone());
  }

  @AsyncTest
  void oneCancelledChildIsAFailureValueAndNoOuterCancel() {
    var cancelled = createTask(() -> sleep(ofDays(1)));
    var other = createTask(() -> sleep(ofSeconds(5)));
    var outer = createTask(() -> gather(List.of(cancelled, other)));
    yieldNow();
    cancelled.cancel("child");
    assertCancelled("child", outer);
    assertEquals(0, outer.cancelling());
    assertFalse(other.isDone());
    other.await();
  }

  @AsyncTest
  @Covers({
    "test_tasks.BaseTaskTests.cancel_gather_1",
    "test_tasks.BaseTaskTests.cancel_gather_2",
    "test_tasks.CoroutineGatherTests.cancellation_broadcast"
  })
  void cancellingTheGatherCancelsAllAndWaitsForTheirEnd() {
    var outer = createTask(() -> gather(
        () -> sleepAndCleanUp(() -> {
          sleep(ofSeconds(1));
          order.add("a");
        }),
        () -> sleepAndCleanUp(() -> {
          sleep(ofSeconds(2));
          order.add("b");
        })));
    sleep(ofSeconds(1));
    outer.cancel("all");
    assertCancelled("all", outer);
    order.assertIs("a", "b");
    assertEquals(ofSeconds(3), runningLoop().time());
  }

  @AsyncTest
  @Covers("test_tasks.BaseTaskTests.cancel_gather_1")
  void aCancelThatComesWithTheLastResultLetsTheValuesWin() {
    var future = new Future<Integer>();
    var outer = createTask(() -> gather(List.of(future)));
    yieldNow();
    future.setResult(1);
    outer.cancel();
    assertEquals(List.of(1), outer.await());
  }

  @AsyncTest
  void aCancelledGatherWhoseChildrenSwallowTheCancelIsCancelled() {
    var outer = createTask(() -> gather(() -> {
      try {
        sleep(ofDays(1));
      } catch (CancelledError swallowed) {
        order.add("swallowed");
      }
    }));
    yieldNow();
    yieldNow();
    outer.cancel();
    assertThrows(CancelledError.class, outer::await);
    order.assertIs("swallowed");
  }

  @AsyncTest
  void futuresOfDifferentLoopsAreRefused() {
    var foreign = new CompletableFuture<Future<Integer>>();
    Thread.ofPlatform().start(() -> foreign.complete(Asyncio.run(() -> new Future<Integer>())));
    var mine = new Future<Integer>();
    var theirs = Asyncio.await(foreign);
    assertThrows(IllegalArgumentException.class, () -> gather(List.of(mine, theirs)));
  }

  @AsyncTest
  @Covers("test_tasks.CoroutineGatherTests.issue46672")
  void nullIsRefused() {
    var pending = new Future<Integer>();
    assertThrows(NullPointerException.class, () -> gather(java.util.Arrays.asList(pending, null)));
    assertThrows(NullPointerException.class, () -> gather(() -> 1, null));
    assertThrows(NullPointerException.class, () -> gather((List<Future<Integer>>) null));
    assertFalse(pending.isDone());
  }

  @AsyncTest
  void gatherInsideGather() {
    List<List<Integer>> all = gather(
        () -> gather(() -> after(ofSeconds(2), 1), () -> 2),
        () -> gather(() -> 3, () -> after(ofSeconds(1), 4)));
    assertEquals(List.of(List.of(1, 2), List.of(3, 4)), all);
  }

  @AsyncTest
  void manyChildren() {
    List<Task<Integer>> tasks = new ArrayList<>();
    for (int i = 0; i < 2000; i++) {
      int number = i;
      tasks.add(createTask(() -> number));
    }
    List<Integer> all = gather(tasks);
    for (int i = 0; i < 2000; i++) {
      assertEquals(i, all.get(i));
    }
  }
}
