package asyncio.failures;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.gather;
import static asyncio.Asyncio.newEventLoop;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.toThread;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;
import static java.time.Duration.ofDays;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Asyncio;
import asyncio.Event;
import asyncio.EventLoop;
import asyncio.ExceptionContext;
import asyncio.Future;
import asyncio.RunOptions;
import asyncio.Task;
import asyncio.conformance.Covers;
import asyncio.support.CapturedLog;
import asyncio.support.Failure;
import asyncio.support.Reports;
import asyncio.testing.AsyncTest;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** A failure that nobody receives is reported exactly once; one that somebody receives, never. */
class UnretrievedTest {
  private final Reports reports = new Reports();

  private void capture() {
    runningLoop().setExceptionHandler(reports);
  }

  private static Task<Integer> failing(String message) {
    return createTask(message, () -> {
      throw new Failure(message);
    });
  }

  private static void collectGarbage() {
    System.gc();
    toThread(Thread::yield);
  }

  @Test
  void aFailureIsReportedAtTheEndOfTheRunAtTheLatest() {
    List<Task<?>> kept = new ArrayList<>();
    Asyncio.run(() -> {
      capture();
      kept.add(failing("kept"));
      yieldNow();
      reports.assertNone();
    });
    ExceptionContext report = reports.only();
    assertEquals("kept", report.exception().getMessage());
    assertEquals("kept", report.task());
    assertContains(report.message(), "'kept'");
    assertTrue(kept.getFirst().isDone());
  }

  @Test
  void aFailureOfADroppedTaskIsReportedWhileTheRunGoesOnAndOnce() throws Exception {
    Asyncio.run(() -> {
      capture();
      for (int i = 0; i < 5; i++) {
        failing("dropped " + i);
      }
      yieldNow();
      for (int i = 0; i < 1_000 && reports.size() < 5; i++) {
        collectGarbage();
      }
      assertEquals(5, reports.size());
    });
    assertEquals(5, reports.size());
  }

  @Test
  @Covers({
    "test_futures.BaseFutureTests.future_exception_never_retrieved",
    "test_futures.BaseFutureTests.tb_logger_exception_unretrieved"
  })
  void aFailureOfADroppedFutureIsReported() {
    Asyncio.run(() -> {
      capture();
      new Future<Integer>().setException(new Failure("future"));
    });
    assertEquals("future", reports.only().exception().getMessage());
    assertSame(null, reports.only().task());
  }

  @Test
  @Covers({
    "test_base_events.BaseEventLoopTests.default_exc_handler_coro",
    "test_futures.BaseFutureTests.future_exception_never_retrieved"
  })
  void withoutAHandlerItIsLogged() {
    try (var log = new CapturedLog("asyncio.task")) {
      Asyncio.run(() -> {
        failing("logged");
        yieldNow();
      });
      assertEquals(1, log.records().size());
      assertContains(log.messages().getFirst(), "'logged'");
      assertEquals("logged", log.records().getFirst().getThrown().getMessage());
    }
  }

  @Test
  @Covers({
    "test_futures.BaseFutureTests.tb_logger_exception_result_retrieved",
    "test_futures.BaseFutureTests.tb_logger_exception_retrieved"
  })
  void aFailureThatSomebodyReceivedIsNotReported() {
    List<Object> kept = new ArrayList<>();
    Asyncio.run(() -> {
      capture();
      var awaited = failing("awaited");
      assertThrows(Failure.class, awaited::await);

      var awaitedLater = failing("awaited later");
      yieldNow();
      assertThrows(Failure.class, awaitedLater::await);

      var asked = failing("asked");
      yieldNow();
      asked.exception();

      var read = failing("read");
      yieldNow();
      assertThrows(Failure.class, read::result);

      var got = failing("got");
      yieldNow();
      assertThrows(ExecutionException.class, got::get);

      var inCallback = failing("in a callback");
      inCallback.addDoneCallback(Future::exception);

      var gathered = failing("gathered");
      assertThrows(Failure.class, () -> gather(List.of(gathered)));

      var shielded = failing("shielded");
      assertThrows(Failure.class, () -> Asyncio.shield(shielded));

      var converted = failing("converted");
      assertTrue(converted.toCompletableFuture() != null);

      var cancelled = createTask(() -> new Event().await());
      yieldNow();
      cancelled.cancel();
      yieldNow();
      kept.addAll(List.of(
          awaited,
          awaitedLater,
          asked,
          read,
          got,
          inCallback,
          gathered,
          shielded,
          converted,
          cancelled));
    });
    reports.assertNone();
    assertEquals(10, kept.size());
  }

  @Test
  void aPendingFutureThatIsDroppedIsSilent() {
    Asyncio.run(() -> {
      capture();
      assertFalse(new Future<Integer>().isDone());
      collectGarbage();
      yieldNow();
    });
    reports.assertNone();
  }

  @Test
  @Covers({
    "test_futures.BaseFutureTests.tb_logger_abandoned",
    "test_futures.BaseFutureTests.tb_logger_not_called_after_cancel",
    "test_futures.BaseFutureTests.tb_logger_result_retrieved",
    "test_futures.BaseFutureTests.tb_logger_result_unretrieved"
  })
  void nothingButAFailureIsReported() {
    Asyncio.run(() -> {
      capture();
      new Future<Integer>(); // abandoned
      new Future<Integer>().setResult(1);
      var read = new Future<Integer>();
      read.setResult(2);
      assertEquals(2, read.result());
      var cancelled = new Future<Integer>();
      cancelled.cancel();
      cancelled.trySetException(new Failure("too late"));
      createTask(() -> 3);
      createTask(() -> sleep(ofDays(1)));
      yieldNow();
      collectGarbage();
    });
    reports.assertNone();
  }

  @Test
  void theFailureOfTheMainTaskIsThrownAndNotReported() {
    assertThrows(
        Failure.class,
        () -> Asyncio.run(() -> {
          capture();
          throw new Failure("main");
        }));
    reports.assertNone();
  }

  @Test
  void afterTheCloseOfTheLoopAFailureWithoutAStackIsReportedLikeTheOthers() {
    var loop = newEventLoop(RunOptions.defaults());
    List<Task<?>> kept = new ArrayList<>();
    loop.callSoonThreadsafe(() -> {
      kept.add(createTask(() -> {
        throw new WithoutStack();
      }));
      kept.add(failing("whole"));
      loop.callSoon(loop::stop);
    });
    loop.runForever();
    try (var log = new CapturedLog("asyncio.task")) {
      loop.close();
      assertEquals(
          Set.of("broken", "whole"),
          log.records().stream()
              .map(record -> record.getThrown().getMessage())
              .collect(Collectors.toSet()));
      assertEquals(2, log.records().size());
    }
    assertEquals(2, kept.size());
  }

  private static final class WithoutStack extends RuntimeException {
    private static final long serialVersionUID = 1L;

    WithoutStack() {
      super("broken");
    }

    @Override
    public StackTraceElement[] getStackTrace() {
      throw new IllegalStateException("no stack");
    }
  }

  @AsyncTest
  void theReportComesOnACoroutineOfTheLoop() {
    EventLoop loop = runningLoop();
    var seen = new Future<Boolean>();
    loop.setExceptionHandler((on, context) -> seen.trySetResult(runningLoop() == loop));
    failing("dropped");
    yieldNow();
    while (!seen.isDone()) {
      System.gc();
      yieldNow();
    }
    assertTrue(seen.result());
  }
}
