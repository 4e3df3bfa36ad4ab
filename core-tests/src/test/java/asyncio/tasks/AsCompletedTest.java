package asyncio.tasks;

import static asyncio.Asyncio.asCompleted;
import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;
import static java.time.Duration.ZERO;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Asyncio;
import asyncio.CancelledError;
import asyncio.Future;
import asyncio.Task;
import asyncio.TaskGroup;
import asyncio.TimeoutException;
import asyncio.conformance.Covers;
import asyncio.support.Failure;
import asyncio.support.Order;
import asyncio.support.Reports;
import asyncio.testing.AsyncTest;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import org.junit.jupiter.api.Test;

class AsCompletedTest {
  private final Order order = new Order();

  private static Task<String> after(Duration delay, String value) {
    return createTask(value, () -> {
      sleep(delay);
      return value;
    });
  }

  @AsyncTest
  @Covers({
    "test_tasks.BaseTaskTests.as_completed",
    "test_tasks.BaseTaskTests.as_completed_coroutine_use_running_loop"
  })
  void theyComeInTheOrderOfTheirCompletion() {
    var tasks =
        List.of(after(ofSeconds(3), "c"), after(ofSeconds(1), "a"), after(ofSeconds(2), "b"));
    for (var task : asCompleted(tasks)) {
      order.add(task.await() + " at " + runningLoop().time().toSeconds());
    }
    order.assertIs("a at 1", "b at 2", "c at 3");
  }

  @AsyncTest
  @Covers("test_tasks.BaseTaskTests.as_completed_same_tasks_in_as_out")
  void theVeryTasksComeOut() {
    var tasks = List.of(after(ofSeconds(2), "b"), after(ofSeconds(1), "a"));
    List<Task<String>> given = new ArrayList<>();
    asCompleted(tasks).forEach(given::add);
    assertSame(tasks.get(1), given.get(0));
    assertSame(tasks.get(0), given.get(1));
  }

  @AsyncTest
  @Covers("test_tasks.BaseTaskTests.as_completed_duplicate_coroutines")
  void oneThatStandsTwiceComesOnce() {
    var task = after(ofSeconds(1), "x");
    var other = after(ofSeconds(2), "y");
    for (var each : asCompleted(List.of(task, other, task))) {
      order.add(each.await());
    }
    order.assertIs("x", "y");
  }

  @AsyncTest
  void doneOnesComeFirstAndWithoutSuspending() {
    var slow = after(ofSeconds(1), "slow");
    var b = after(ZERO, "b");
    var a = after(ZERO, "a");
    sleep(ofMillis(1));
    createTask(() -> order.add("other"));
    Iterator<Task<String>> each = asCompleted(List.of(slow, b, a)).iterator();
    order.add(each.next().result());
    order.add(each.next().result());
    order.assertIs("b", "a");
    order.add(each.next().result());
    order.assertIs("b", "a", "other", "slow");
  }

  @AsyncTest
  void completionsOfOneTurnComeInTheirOrder() {
    var a = new Future<String>();
    var b = new Future<String>();
    var c = new Future<String>();
    runningLoop().callLater(ofSeconds(1), () -> {
      c.setResult("c");
      a.cancel();
      b.setException(new Failure("b"));
    });
    List<Future<String>> given = new ArrayList<>();
    asCompleted(List.of(a, b, c)).forEach(given::add);
    assertEquals(List.of(c, a, b), given);
    assertThrows(Failure.class, b::await);
    assertTrue(a.isCancelled());
  }

  @AsyncTest
  void noFuturesIsAnEmptyIteration() {
    Iterator<Task<?>> none = asCompleted(List.<Task<?>>of()).iterator();
    assertFalse(none.hasNext());
    assertThrows(NoSuchElementException.class, none::next);
  }

  @AsyncTest
  void theEndIsAnnouncedAndThenEnforced() {
    Iterator<Task<String>> each = asCompleted(List.of(after(ZERO, "x"))).iterator();
    assertTrue(each.hasNext());
    each.next();
    assertFalse(each.hasNext());
    assertThrows(NoSuchElementException.class, each::next);
  }

  @AsyncTest
  void aFutureThatIsAwaitedElsewhereTooComesOutAsWell() {
    var task = after(ofSeconds(1), "x");
    var elsewhere = createTask(() -> task.await());
    for (var each : asCompleted(List.of(task))) {
      assertEquals("x", each.await());
    }
    assertEquals("x", elsewhere.await());
  }

  // ---- a loop that is left ----

  @AsyncTest
  @Covers("test_tasks.BaseTaskTests.as_completed_resume_iterator")
  void aLoopThatIsLeftCancelsNothingAndGoesOnInASecondOne() {
    var tasks =
        List.of(after(ofSeconds(1), "a"), after(ofSeconds(2), "b"), after(ofSeconds(3), "c"));
    var completed = asCompleted(tasks);
    for (var task : completed) {
      order.add(task.await());
      break;
    }
    sleep(ofSeconds(5));
    assertEquals("c", tasks.get(2).result());
    for (var task : completed) {
      order.add(task.await());
    }
    order.assertIs("a", "b", "c");
  }

  @AsyncTest
  void aLoopThatIsLeftIsNotHeldByTheFuturesThatArePending() {
    var done = after(ZERO, "done");
    var pending = new Future<String>();
    var left = leftLoop(List.of(done, pending));
    for (int i = 0; left.get() != null; i++) {
      assertTrue(i < 100, "the iteration is held by a future");
      System.gc();
      yieldNow();
    }
    pending.setResult("late");
    assertEquals("late", pending.await());
  }

  private static WeakReference<Object> leftLoop(List<Future<String>> futures) {
    var completed = asCompleted(futures);
    for (var future : completed) {
      assertEquals("done", future.await());
      break;
    }
    return new WeakReference<>(completed);
  }

  @AsyncTest
  void loopsThatAreLeftDoNotPileUpInAPendingFuture() {
    // Held, they would be some hundred megabytes.
    var done = new Future<byte[]>();
    done.setResult(new byte[0]);
    var pending = new Future<byte[]>();
    for (int i = 0; i < 300_000; i++) {
      for (var future : asCompleted(List.of(pending, done))) {
        assertSame(done, future);
        break;
      }
      if (i % 50_000 == 0) {
        System.gc();
      }
    }
    runningLoop().callSoon(() -> pending.setResult(new byte[0]));
    assertEquals(0, pending.await().length);
  }

  // ---- several consumers ----

  @AsyncTest
  @Covers("test_tasks.BaseTaskTests.as_completed_concurrent")
  void severalTasksMayShareOneIteration() {
    List<Task<String>> tasks = new ArrayList<>();
    for (int i = 1; i <= 6; i++) {
      tasks.add(after(ofSeconds(i), "t" + i));
    }
    var completed = asCompleted(tasks);
    var group = new TaskGroup();
    group.run(() -> {
      for (String name : List.of("x", "y")) {
        group.createTask(() -> {
          for (var task : completed) {
            order.add(name + " " + task.await());
          }
        });
      }
    });
    order.assertIs("x t1", "y t2", "x t3", "y t4", "x t5", "y t6");
  }

  @AsyncTest
  void aConsumerThatIsCancelledLosesNothing() {
    var task = after(ofSeconds(2), "x");
    var completed = asCompleted(List.of(task));
    var consumer = createTask(() -> completed.iterator().next());
    sleep(ofSeconds(1));
    consumer.cancel("enough");
    assertEquals("enough", assertThrows(CancelledError.class, consumer::await).getMessage());
    assertFalse(task.isDone());
    for (var each : completed) {
      order.add(each.await());
    }
    order.assertIs("x");
  }

  @AsyncTest
  void aConsumerThatIsCancelledWhenOneHasComeGetsIt() {
    var future = new Future<String>();
    var consumer = createTask(() -> asCompleted(List.of(future)).iterator().next());
    yieldNow();
    future.setResult("x");
    consumer.cancel();
    assertSame(future, consumer.await());
  }

  // ---- with a limit ----

  @AsyncTest
  @Covers("test_tasks.BaseTaskTests.as_completed_with_timeout")
  void theLimitIsThrownByTheIterationAndNothingIsCancelled() {
    var slow = after(ofSeconds(9), "slow");
    var fast = after(ofSeconds(1), "fast");
    assertThrows(TimeoutException.class, () -> {
      for (var task : asCompleted(List.of(slow, fast), ofSeconds(2))) {
        order.add(task.await());
      }
    });
    order.assertIs("fast");
    assertEquals(ofSeconds(2), runningLoop().time());
    assertEquals("slow", slow.await());
  }

  @AsyncTest
  void theLimitIsThrownOnceForEachThatIsLeft() {
    var pending = List.of(new Future<String>(), new Future<String>(), new Future<String>());
    var each = asCompleted(pending, ofSeconds(2)).iterator();
    int thrown = 0;
    while (each.hasNext()) {
      var late = assertThrows(TimeoutException.class, each::next);
      assertContains(late.getMessage(), "pending: 3");
      thrown++;
    }
    assertEquals(3, thrown);
    assertEquals(ofSeconds(2), runningLoop().time());
  }

  @AsyncTest
  void theLimitCountsForTheWholeIteration() {
    var tasks = List.of(after(ofSeconds(2), "a"), after(ofSeconds(4), "b"));
    var each = asCompleted(tasks, ofSeconds(3)).iterator();
    assertEquals("a", each.next().result());
    assertThrows(TimeoutException.class, each::next);
    assertEquals(ofSeconds(3), runningLoop().time());
  }

  @AsyncTest
  void whatIsDoneIsGivenAlsoAfterTheLimit() {
    var tasks = List.of(after(ofSeconds(1), "a"), after(ofSeconds(3), "b"), new Future<String>());
    var each = asCompleted(tasks, ofSeconds(2)).iterator();
    sleep(ofSeconds(5));
    assertEquals("a", each.next().result());
    assertEquals("b", each.next().result());
    assertThrows(TimeoutException.class, each::next);
  }

  @AsyncTest
  @Covers("test_tasks.BaseTaskTests.as_completed_with_unused_timeout")
  void aLimitThatIsNotReachedDoesNothing() {
    var task = after(ofSeconds(1), "x");
    for (var each : asCompleted(List.of(task), ofDays(1))) {
      order.add(each.await());
    }
    order.assertIs("x");
    var never = new Future<Void>();
    assertThrows(TimeoutException.class, () -> Asyncio.waitFor(never, ofDays(3)));
    assertEquals(ofDays(3).plusSeconds(1), runningLoop().time());
  }

  // ---- misuse ----

  @AsyncTest
  void aFutureOfAnotherLoopIsAnError() {
    var theirs = Asyncio.toThread(() -> Asyncio.run(() -> new Future<Integer>()));
    assertThrows(IllegalArgumentException.class, () -> asCompleted(List.of(theirs)));
  }

  @AsyncTest
  @Covers("test_tasks.BaseTaskTests.as_completed_invalid_args")
  void nullIsRefused() {
    assertThrows(NullPointerException.class, () -> asCompleted((List<Task<String>>) null));
    assertThrows(NullPointerException.class, () -> asCompleted(List.of(after(ZERO, "x")), null));
  }

  @Test
  @Covers("test_tasks.BaseTaskTests.as_completed_coroutine_use_running_loop")
  void outsideALoopItIsAnError() {
    assertThrows(IllegalStateException.class, () -> asCompleted(List.<Task<?>>of()));
  }

  @AsyncTest
  void nextOnAForeignThreadIsAnError() {
    var each = asCompleted(List.of(after(ofSeconds(1), "x"))).iterator();
    assertThrows(IllegalStateException.class, () -> Asyncio.toThread(() -> each.next()));
    assertEquals("x", each.next().result());
  }

  @AsyncTest
  void aWaitInACallbackIsAnErrorAndLosesNothing() {
    var completed = asCompleted(List.of(after(ofSeconds(1), "x")));
    var reports = new Reports();
    runningLoop().setExceptionHandler(reports);
    runningLoop().callSoon(() -> completed.iterator().next());
    yieldNow();
    assertInstanceOf(IllegalStateException.class, reports.only().exception());
    for (var each : completed) {
      order.add(each.await());
    }
    order.assertIs("x");
  }

  @AsyncTest
  void manyTasksComeAllAndOnce() {
    List<Task<Integer>> tasks = new ArrayList<>();
    for (int i = 0; i < 2_000; i++) {
      int number = i;
      tasks.add(createTask(() -> {
        sleep(ofMillis((number * 7919L) % 1_000));
        return number;
      }));
    }
    Set<Integer> given = new java.util.HashSet<>();
    for (var task : asCompleted(tasks)) {
      given.add(task.await());
    }
    assertEquals(2_000, given.size());
  }
}
