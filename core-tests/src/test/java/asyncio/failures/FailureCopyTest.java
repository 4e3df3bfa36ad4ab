package asyncio.failures;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.gatherOutcomes;
import static asyncio.Asyncio.yieldNow;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import asyncio.DeadlockException;
import asyncio.ExceptionGroup;
import asyncio.Future;
import asyncio.Outcome;
import asyncio.Task;
import asyncio.testing.AsyncTest;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;

/** Whether a {@code catch} works, and what it finds, does not depend on who awaited first. */
@SuppressWarnings("serial")
class FailureCopyTest {
  /** What the first and the second receiver of {@code failure} get. */
  private static <X extends Throwable> X second(X failure) {
    var task = new Future<Void>();
    task.setException(failure);
    assertSame(failure, assertThrows(Throwable.class, () -> bare(task)));
    Throwable copy = assertThrows(Throwable.class, () -> bare(task));
    assertNotSame(failure, copy);
    assertSame(failure.getClass(), copy.getClass());
    assertEquals(failure.getMessage(), copy.getMessage());
    @SuppressWarnings("unchecked")
    X same = (X) copy;
    return same;
  }

  private static void bare(Future<?> task) throws Exception {
    task.awaitThrowing(Exception.class);
  }

  public static class HttpError extends RuntimeException {
    final int status;

    public HttpError(String message) {
      super(message);
      status = 0;
    }

    public HttpError(int status, String message) {
      super(message);
      this.status = status;
    }
  }

  @AsyncTest
  void aFieldOfItsOwnIsThereForEveryReceiver() {
    var failure = new HttpError(503, "busy");
    HttpError copy = second(failure);
    assertEquals(503, copy.status);
    assertSame(failure, copy.getCause());
  }

  @AsyncTest
  void twoTasksThatAwaitOneGetTheSame() {
    var shared = createTask(() -> {
      yieldNow();
      throw new HttpError(404, "gone");
    });
    for (var outcome : gatherOutcomes(() -> shared.await(), () -> shared.await())) {
      var failed = assertInstanceOf(Outcome.Failure.class, outcome);
      assertEquals(404, assertInstanceOf(HttpError.class, failed.failure()).status);
    }
  }

  @AsyncTest
  void theCodesOfAnSqlExceptionAreKept() {
    var first = new SQLException("duplicate key", "23505", 7);
    var next = new SQLException("and another");
    first.setNextException(next);
    SQLException copy = second(first);
    assertEquals("23505", copy.getSQLState());
    assertEquals(7, copy.getErrorCode());
    assertSame(next, copy.getNextException());
  }

  @AsyncTest
  void anUncheckedIOExceptionKeepsItsCause() {
    var cause = new FileNotFoundException("f");
    assertSame(cause, second(new UncheckedIOException("x", cause)).getCause());
  }

  @AsyncTest
  void aFailureWithACauseKeepsItAndItsTrace() {
    var cause = new IOException("why");
    var failure = new IllegalStateException("broken", cause);
    IllegalStateException copy = second(failure);
    assertSame(cause, copy.getCause());
    assertArrayEquals(failure.getStackTrace(), copy.getStackTrace());
    assertSame(cause, second(new CompletionException(cause)).getCause());
  }

  @AsyncTest
  void anExceptionGroupKeepsItsFailures() {
    var one = new IOException("a");
    var inner = new ExceptionGroup("inner", List.of(new IOException("b")));
    var group = new ExceptionGroup("g", List.of(one, inner));
    ExceptionGroup copy = second(group);
    assertEquals(List.of(one, inner), copy.exceptions());
    assertArrayEquals(new Throwable[] {one, inner}, copy.getSuppressed());
  }

  @AsyncTest
  void aDeadlockExceptionKeepsItsGraph() {
    var task = new Task<?>[2];
    task[0] = createTask(() -> task[1].await());
    task[1] = createTask(() -> task[0].await());
    var failure = assertThrows(DeadlockException.class, task[0]::await);
    assertSame(
        failure.graph(), assertThrows(DeadlockException.class, task[0]::await).graph());
  }

  private static final class Rich extends Exception {
    private final transient Object response;
    private final Object notSerializable;
    private final List<String> errors;
    private final Duration retryAfter;
    private final byte[] body;

    private Rich(Object response, Object body) {
      super(null, null);
      this.response = response;
      this.notSerializable = body;
      this.errors = List.of("a", "b");
      this.retryAfter = Duration.ofSeconds(3);
      this.body = new byte[] {1};
    }
  }

  @AsyncTest
  void whatCanNotBeSerializedIsKeptTooAndNothingIsCopiedThatAFieldRefersTo() {
    var failure = new Rich(new Object(), new Object());
    failure.addSuppressed(new IOException("in its clean-up"));
    Rich copy = second(failure);
    assertSame(failure.response, copy.response);
    assertSame(failure.notSerializable, copy.notSerializable);
    assertSame(failure.errors, copy.errors);
    assertSame(failure.retryAfter, copy.retryAfter);
    assertSame(failure.body, copy.body);
    assertNull(copy.getCause());
    assertArrayEquals(failure.getSuppressed(), copy.getSuppressed());
    copy.addSuppressed(new IOException("of the copy alone"));
    assertEquals(1, failure.getSuppressed().length);
  }

  private static final class ReplacesItself implements Serializable {
    private Object writeReplace() {
      return new AtomicInteger();
    }
  }

  private static final class Refers extends RuntimeException {
    private final Set<Thread.State> states = EnumSet.of(Thread.State.NEW);
    private final ReplacesItself replaced = new ReplacesItself();
    private final int code;

    private Refers(int code) {
      super("refers");
      this.code = code;
    }
  }

  @AsyncTest
  void whatAFieldRefersToIsTheSameObjectHoweverItIsSerialized() {
    var failure = new Refers(3);
    Refers copy = second(failure);
    assertSame(failure.states, copy.states);
    assertSame(failure.replaced, copy.replaced);
    assertEquals(3, copy.code);
  }

  private static final class WritesItself extends RuntimeException {
    private final int code;

    private WritesItself(int code) {
      this.code = code;
    }

    private void writeObject(ObjectOutputStream out) throws IOException {
      out.writeObject("not the code");
    }

    private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
      in.readObject();
    }
  }

  @AsyncTest
  void aClassThatIsWrittenInAWayOfItsOwnKeepsItsFields() {
    assertEquals(7, second(new WritesItself(7)).code);
  }

  public static final class IsNeverRead extends RuntimeException {
    public IsNeverRead(String message) {
      super(message);
    }

    private Object writeReplace() {
      return "something else";
    }

    @Override
    public String getMessage() {
      return "told: " + super.getMessage();
    }
  }

  @AsyncTest
  void aClassThatCanNotBeReadBackIsStillCaughtByItsType() {
    var task = new Future<Void>();
    var failure = new IsNeverRead("x");
    task.setException(failure);
    assertSame(failure, assertThrows(IsNeverRead.class, task::await));
    assertSame(failure, assertThrows(IsNeverRead.class, task::await).getCause());
  }

  @AsyncTest
  void aMessageThatTheConstructorMakesIsNotMadeTwice() {
    class Prefixed extends RuntimeException {
      Prefixed(String message) {
        super("Sorry: " + message);
      }
    }
    assertEquals("Sorry: no", second(new Prefixed("no")).getMessage());
    assertEquals("anonymous", second(new RuntimeException("anonymous") {}).getMessage());
  }

  @AsyncTest
  void noObjectSuppressesItself() {
    var failure = new HttpError(503, "busy");
    var task = new Future<Void>();
    task.setException(failure);
    var thrown = assertThrows(HttpError.class, () -> {
      try (AutoCloseable _ = task::await) {
        task.await();
      }
    });
    assertSame(failure, thrown);
    assertEquals(503, ((HttpError) thrown.getSuppressed()[0]).status);
  }
}
