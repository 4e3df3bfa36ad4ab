package asyncio.tasks;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.gatherOutcomes;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.yieldNow;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Asyncio;
import asyncio.CancelledError;
import asyncio.Future;
import asyncio.Outcome;
import asyncio.Task;
import asyncio.conformance.Covers;
import asyncio.support.Failure;
import asyncio.support.Order;
import asyncio.support.Reports;
import asyncio.testing.AsyncTest;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class GatherOutcomesTest {
  private final Order order = new Order();

  private static String text(Outcome<?> outcome) {
    return switch (outcome) {
      case Outcome.Success(var value) -> "value " + value;
      case Outcome.Failure(var failure) -> "failure " + failure.getMessage();
      case Outcome.Cancelled(var signal) -> "cancelled " + signal.getMessage();
    };
  }

  private static List<String> texts(List<? extends Outcome<?>> outcomes) {
    return outcomes.stream().map(GatherOutcomesTest::text).toList();
  }

  @AsyncTest
  @Covers({
    "test_tasks.GatherTestsBase.result_exception_success",
    "test_tasks.GatherTestsBase.return_exceptions"
  })
  void resultsAndFailuresComeInTheOrderOfTheArguments() {
    List<Outcome<String>> outcomes = gatherOutcomes(
        () -> {
          sleep(ofSeconds(3));
          return "a";
        },
        () -> {
          sleep(ofSeconds(1));
          throw new IOException("b");
        },
        () -> {
          sleep(ofSeconds(2));
          throw new AssertionError("c");
        });
    assertEquals(List.of("value a", "failure b", "failure c"), texts(outcomes));
    assertEquals(ofSeconds(3), runningLoop().time());
  }

  @AsyncTest
  void bodiesWithoutResultsHaveOutcomesToo() {
    var outcomes = gatherOutcomes(() -> sleep(ofSeconds(1)), () -> {
      sleep(ofSeconds(1));
      throw new Failure("b");
    });
    assertEquals(List.of("value null", "failure b"), texts(outcomes));
  }

  /** A failure that nobody received would be reported when the run ends. */
  @Test
  @Covers("test_tasks.GatherTestsBase.return_exceptions")
  void theVeryFailureIsInTheOutcomeAndIsNotReported() {
    var reports = new Reports();
    var failure = new IOException("x");
    var second = new IllegalStateException("y");
    Asyncio.run(() -> {
      runningLoop().setExceptionHandler(reports);
      List<Outcome<Object>> outcomes = gatherOutcomes(
          () -> 3,
          () -> {
            throw failure;
          },
          () -> {
            yieldNow();
            throw second;
          });
      assertEquals(
          List.of(
              new Outcome.Success<Object>(3),
              new Outcome.Failure<Object>(failure),
              new Outcome.Failure<Object>(second)),
          outcomes);
    });
    reports.assertNone();
  }

  @AsyncTest
  void aChildThatIsCancelledIsAnOutcome() {
    var cancelled = createTask(() -> sleep(ofDays(1)));
    var other = createTask(() -> sleep(ofSeconds(2)));
    runningLoop().callLater(ofSeconds(1), () -> cancelled.cancel("child"));
    assertEquals(
        List.of("cancelled child", "value null"), texts(gatherOutcomes(List.of(cancelled, other))));
    assertEquals(ofSeconds(2), runningLoop().time());
  }

  @AsyncTest
  void doneFuturesAreTakenWithoutSuspending() {
    var value = new Future<Integer>();
    value.setResult(1);
    var failed = new Future<Integer>();
    failed.setException(new Failure("x"));
    var cancelled = new Future<Integer>();
    cancelled.cancel("y");
    createTask(() -> order.add("other"));
    assertEquals(
        List.of("value 1", "failure x", "cancelled y"),
        texts(gatherOutcomes(List.of(value, failed, cancelled))));
    order.assertIsEmpty();
  }

  @AsyncTest
  void aFutureThatStandsTwiceFillsBothPlaces() {
    Task<Integer> task = createTask(() -> {
      sleep(ofSeconds(1));
      throw new Failure("x");
    });
    assertEquals(List.of("failure x", "failure x"), texts(gatherOutcomes(List.of(task, task))));
  }

  @AsyncTest
  void nothingGivesAnEmptyList() {
    assertEquals(List.of(), gatherOutcomes(List.of()));
  }

  @AsyncTest
  void cancellingItCancelsAllAndIsNoOutcome() {
    var outer = createTask(() -> gatherOutcomes(
        () -> {
          try {
            sleep(ofDays(1));
          } finally {
            sleep(ofSeconds(2));
            order.add("a");
          }
        },
        () -> {
          try {
            sleep(ofDays(1));
          } catch (CancelledError swallowed) {
            order.add("b");
          }
        }));
    sleep(ofSeconds(1));
    outer.cancel("all");
    assertEquals("all", assertThrows(CancelledError.class, outer::await).getMessage());
    order.assertIs("b", "a");
    assertEquals(ofSeconds(3), runningLoop().time());
  }

  @AsyncTest
  void aCancelOfTheCallerAfterAFailureStillCancelsTheOthers() {
    var slow = createTask(() -> sleep(ofDays(1)));
    var failing = createTask(() -> {
      sleep(ofSeconds(1));
      throw new Failure("x");
    });
    var outer = createTask(() -> gatherOutcomes(List.of(slow, failing)));
    sleep(ofSeconds(2));
    assertFalse(outer.isDone());
    outer.cancel();
    assertThrows(CancelledError.class, outer::await);
    assertTrue(slow.isCancelled());
  }

  @Test
  void outsideATaskItIsAnError() {
    assertThrows(IllegalStateException.class, () -> gatherOutcomes(() -> 1));
    assertThrows(IllegalStateException.class, () -> gatherOutcomes(() -> {}));
    assertThrows(IllegalStateException.class, () -> gatherOutcomes(List.of()));
  }
}
