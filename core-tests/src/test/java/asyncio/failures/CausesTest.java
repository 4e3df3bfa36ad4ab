package asyncio.failures;

import static asyncio.Asyncio.blocking;
import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.run;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.yieldNow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Asyncio;
import asyncio.ExceptionGroup;
import asyncio.Task;
import asyncio.TaskGroup;
import java.net.SocketException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Failures whose causes and groups are odd: in cycles, very deep, shared. */
@Timeout(50)
class CausesTest {
  private static final int DEEP = 100_000;

  static RuntimeException cycle() {
    var first = new RuntimeException("first");
    var second = new RuntimeException("second", new RuntimeException("between", first));
    first.initCause(second);
    return first;
  }

  static Exception chain(Exception innermost) {
    Exception chain = innermost;
    for (int i = 0; i < DEEP; i++) {
      chain = new Flat(chain);
    }
    return chain;
  }

  /** Without a trace: a hundred thousand of them are made quickly. */
  private static final class Flat extends Exception {
    private static final long serialVersionUID = 1;

    Flat(Throwable cause) {
      super("flat", cause, true, false);
    }
  }

  private interface Thrown {
    Exception from(InterruptedException nudge);
  }

  /** A task in foreign code that turns the nudge of its cancel into something else. */
  private static Task<?> cancelledInForeignCode(Thrown thrown) throws Exception {
    var never = new CountDownLatch(1);
    Task<?> task = createTask(() -> {
      try {
        blocking(() -> {
          never.await();
          return null;
        });
      } catch (InterruptedException nudge) {
        throw thrown.from(nudge);
      }
    });
    yieldNow();
    task.cancel();
    while (!task.isDone()) {
      yieldNow();
    }
    return task;
  }

  @Test
  void aCycleOfCausesAfterANudgeEndsItsTask() throws Exception {
    run(() -> {
      RuntimeException cycle = cycle();
      Task<?> task = cancelledInForeignCode(nudge -> cycle);
      assertSame(cycle, task.exception());
    });
  }

  @Test
  void aNudgeIsFoundBelowManyCauses() throws Exception {
    run(() -> assertTrue(cancelledInForeignCode(CausesTest::chain).isCancelled()));
  }

  /** Fails when it is asked what stands behind it, or for its text, with an Error at that. */
  private static final class Untellable extends SocketException {
    private static final long serialVersionUID = 1;

    @Override
    public synchronized Throwable getCause() {
      throw new AssertionError("of getCause");
    }

    @Override
    public String getMessage() {
      throw new StackOverflowError("of getMessage");
    }
  }

  @Test
  void aFailureThatThrowsWhenItIsAskedEndsItsTaskAndNoMore() throws Exception {
    run(() -> {
      var untellable = new Untellable();
      Task<?> task = cancelledInForeignCode(_ -> untellable);
      assertSame(untellable, task.exception());
    });
  }

  /** Fails when it is asked for its cause. */
  private static final class Causeless extends RuntimeException {
    private static final long serialVersionUID = 1;

    @Override
    public synchronized Throwable getCause() {
      throw new AssertionError("of getCause");
    }
  }

  @Test
  void whoAsksForItsCauseGetsTheFailureAllTheSame() {
    run(() -> {
      var failure = new Causeless();
      var group = assertThrows(
          ExceptionGroup.class,
          () -> new TaskGroup().run(() -> {
            throw failure;
          }));
      assertSame(failure, group.exceptions().getFirst());
      var stage = new CompletableFuture<Integer>();
      runningLoop().callSoon(() -> stage.completeExceptionally(failure));
      assertSame(failure, assertThrows(Causeless.class, () -> Asyncio.await(stage)));
    });
  }

  @Test
  void groupsNestedDeeperThanAStackAreDivided() {
    var leaf = new IllegalStateException("leaf");
    Throwable nested = leaf;
    for (int i = 0; i < 20_000; i++) {
      nested = new ExceptionGroup("g", List.of(nested, new RuntimeException("other", null)));
      if (i % 100 == 0) {
        nested = new ExceptionGroup("h", List.of(nested));
      }
    }
    var parts = ((ExceptionGroup) nested).split(one -> one == leaf);
    ExceptionGroup part = parts.matching();
    int depth = 0;
    while (notNull(part).exceptions().getFirst() instanceof ExceptionGroup inner) {
      part = inner;
      depth++;
    }
    assertEquals(20_199, depth);
    assertSame(leaf, notNull(part).exceptions().getFirst());
    assertNotNull(parts.rest());
  }

  private static ExceptionGroup notNull(ExceptionGroup group) {
    assertNotNull(group);
    return group;
  }

  @Test
  void aGroupThatStandsInManyIsDividedOnce() {
    var group = new ExceptionGroup("0", List.of(new IllegalStateException("leaf")));
    for (int i = 1; i <= 40; i++) {
      group = new ExceptionGroup(String.valueOf(i), List.of(group, group));
    }
    int[] asked = {0};
    assertNull(group
        .split(one -> {
          asked[0]++;
          return one instanceof IllegalStateException;
        })
        .rest());
    assertEquals(81, asked[0]);
  }
}
