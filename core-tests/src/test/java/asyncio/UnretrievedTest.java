package asyncio;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.gather;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.toThread;
import static asyncio.Asyncio.yieldNow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.testing.AsyncTest;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;

/** A failure that nobody receives is reported exactly once; one that somebody receives, never. */
class UnretrievedTest {
  private final ConcurrentLinkedQueue<ExceptionContext> reports = new ConcurrentLinkedQueue<>();

  private void capture() {
    runningLoop().setExceptionHandler((loop, context) -> reports.add(context));
  }

  private static Task<Integer> failing(String message) {
    return createTask(
        message,
        () -> {
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
    Asyncio.run(
        () -> {
          capture();
          kept.add(failing("kept"));
          yieldNow();
          assertEquals(0, reports.size());
        });
    assertEquals(1, reports.size());
    ExceptionContext report = reports.peek();
    assertEquals("kept", report.exception().getMessage());
    assertEquals("kept", report.task());
    assertTrue(report.message().contains("'kept'"), report.message());
    assertTrue(kept.getFirst().isDone());
  }

  @Test
  void aFailureOfADroppedTaskIsReportedWhileTheRunGoesOnAndOnce() throws Exception {
    Asyncio.run(
        () -> {
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
  void aFailureOfADroppedFutureIsReported() {
    Asyncio.run(
        () -> {
          capture();
          new Future<Integer>().setException(new Failure("future"));
        });
    assertEquals(1, reports.size());
    assertEquals("future", reports.peek().exception().getMessage());
    assertSame(null, reports.peek().task());
  }

  @Test
  void withoutAHandlerItIsLogged() {
    try (var log = new CapturedLog("asyncio.task")) {
      Asyncio.run(
          () -> {
            failing("logged");
            yieldNow();
          });
      assertEquals(1, log.records().size());
      assertTrue(log.messages().getFirst().contains("'logged'"), log.messages().getFirst());
      assertEquals("logged", log.records().getFirst().getThrown().getMessage());
    }
  }

  @Test
  void aFailureThatSomebodyReceivedIsNotReported() {
    List<Object> kept = new ArrayList<>();
    Asyncio.run(
        () -> {
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
          kept.addAll(
              List.of(
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
    assertEquals(List.of(), List.copyOf(reports));
    assertEquals(10, kept.size());
  }

  @Test
  void aPendingFutureThatIsDroppedIsSilent() {
    Asyncio.run(
        () -> {
          capture();
          assertFalse(new Future<Integer>().isDone());
          collectGarbage();
          yieldNow();
        });
    assertEquals(List.of(), List.copyOf(reports));
  }

  @Test
  void theFailureOfTheMainTaskIsThrownAndNotReported() {
    assertThrows(
        Failure.class,
        () ->
            Asyncio.run(
                () -> {
                  capture();
                  throw new Failure("main");
                }));
    assertEquals(List.of(), List.copyOf(reports));
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
