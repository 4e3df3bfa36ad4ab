package asyncio.failures;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;
import static java.time.Duration.ofDays;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Asyncio;
import asyncio.CancelledError;
import asyncio.Task;
import asyncio.support.Failure;
import asyncio.testing.AsyncTest;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Causes and suppressed exceptions of failures that cross an await. */
class FailureChainTest {
  private static Task<Object> failing(String message) {
    return createTask(() -> {
      throw new Failure(message);
    });
  }

  private static String trace(Throwable failure) {
    var text = new StringWriter();
    failure.printStackTrace(new PrintWriter(text));
    return text.toString();
  }

  @AsyncTest
  void aFailureAwaitedWhileAnotherIsInFlightJoinsIt() {
    var second = failing("second");
    var thrown = assertThrows(Failure.class, () -> {
      try (AutoCloseable _ = second::await) {
        throw new Failure("first");
      }
    });
    assertEquals("first", thrown.getMessage());
    assertEquals("second", thrown.getSuppressed()[0].getMessage());
  }

  @AsyncTest
  void oneFailureAwaitedTwiceMakesNoCycle() {
    var task = failing("x");
    var thrown = assertThrows(Failure.class, () -> {
      try (AutoCloseable _ = task::await) {
        task.await();
      }
    });
    Throwable again = thrown.getSuppressed()[0];
    assertTrue(again != thrown);
    assertSame(thrown, again.getCause());
    assertFalse(trace(thrown).isEmpty());
  }

  @AsyncTest
  void aFailureInTheHandlerOfAnAwaitedOneKeepsItAsCause() {
    var inner = failing("inner");
    var outer = createTask(() -> {
      try {
        return inner.await();
      } catch (Failure failure) {
        var translated = new Failure("outer");
        translated.initCause(failure);
        throw translated;
      }
    });
    var thrown = assertThrows(Failure.class, outer::await);
    assertEquals("outer", thrown.getMessage());
    assertEquals("inner", thrown.getCause().getMessage());
    assertContains(trace(thrown), "FailureChainTest");
  }

  @AsyncTest
  void theSignalOfACancelledTaskIsTheOneItEndedBy() {
    List<CancelledError> inside = new ArrayList<>();
    var task = createTask(() -> {
      try {
        sleep(ofDays(1));
      } catch (CancelledError signal) {
        inside.add(signal);
        throw signal;
      }
    });
    yieldNow();
    task.cancel("why");
    yieldNow();
    assertSame(inside.getFirst(), assertThrows(CancelledError.class, task::result));
    var again = assertThrows(CancelledError.class, task::exception);
    assertEquals("why", again.getMessage());
    assertSame(inside.getFirst(), again.getCause());
  }

  @Test
  void aFatalErrorInTheCleanUpOfACancelEndsTheRunAndIsTheTasksFailure() {
    List<Task<?>> tasks = new ArrayList<>();
    var fatal = new OutOfMemoryError("made up");
    var thrown = assertThrows(
        OutOfMemoryError.class,
        () -> Asyncio.run(() -> {
          var task = createTask(() -> {
            try {
              sleep(ofDays(1));
            } finally {
              throwIt(fatal);
            }
          });
          tasks.add(task);
          yieldNow();
          task.cancel();
          sleep(ofDays(1));
        }));
    assertSame(fatal, thrown);
    assertFalse(tasks.getFirst().isCancelled());
    assertInstanceOf(OutOfMemoryError.class, tasks.getFirst().exception());
  }

  private static void throwIt(Error failure) {
    throw failure;
  }
}
