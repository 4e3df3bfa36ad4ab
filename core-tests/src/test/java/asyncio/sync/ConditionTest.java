package asyncio.sync;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.timeout;
import static asyncio.Asyncio.waitFor;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Cancelling.assertCancelled;
import static asyncio.support.Texts.assertContains;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Action;
import asyncio.Asyncio;
import asyncio.CancelledError;
import asyncio.Condition;
import asyncio.DeadlockException;
import asyncio.Event;
import asyncio.Lock;
import asyncio.Task;
import asyncio.TimeoutException;
import asyncio.conformance.Covers;
import asyncio.support.Order;
import asyncio.testing.AsyncTest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

class ConditionTest {
  private final Order order = new Order();
  private final Condition condition = new Condition();

  /** Waits once and notes that it went on, with the lock held. */
  private Task<?> waiter(String name) {
    return createTask(name, () -> {
      try (var _ = condition.acquire()) {
        condition.await();
        assertTrue(condition.locked());
        order.add(name);
      }
    });
  }

  private void signal(int n) {
    try (var _ = condition.acquire()) {
      condition.signal(n);
    }
  }

  private static void settle() {
    for (int i = 0; i < 10; i++) {
      yieldNow();
    }
  }

  // ---- signals ----

  @AsyncTest
  @Covers("test_locks.ConditionTests.wait")
  void signalWakesInTheOrderOfWaiting() {
    var tasks = List.of(waiter("a"), waiter("b"), waiter("c"));
    settle();
    assertFalse(condition.locked(), "who waits does not hold the lock");
    signal(2);
    settle();
    order.assertIs("a", "b");
    signal(1);
    tasks.forEach(Task::await);
    order.assertIs("a", "b", "c");
    assertFalse(condition.locked());
  }

  @AsyncTest
  void signalWithoutANumberWakesOne() {
    var a = waiter("a");
    var b = waiter("b");
    settle();
    try (var _ = condition.acquire()) {
      condition.signal();
    }
    settle();
    assertTrue(a.isDone());
    assertFalse(b.isDone());
    signal(1);
    b.await();
  }

  @AsyncTest
  @Covers("test_locks.ConditionTests.notify")
  void moreSignalsThanWaitersAreNotKept() {
    var a = waiter("a");
    settle();
    signal(2048);
    a.await();
    var late = waiter("late");
    settle();
    assertFalse(late.isDone());
    signal(1);
    late.await();
  }

  @AsyncTest
  void signalOfNoneWakesNobodyAndANegativeNumberIsRefused() {
    var a = waiter("a");
    settle();
    signal(0);
    settle();
    assertFalse(a.isDone());
    assertThrows(IllegalArgumentException.class, () -> signal(-1));
    signal(1);
    a.await();
  }

  @AsyncTest
  @Covers("test_locks.ConditionTests.notify_all")
  void signalAllWakesAll() {
    var tasks = List.of(waiter("a"), waiter("b"), waiter("c"));
    settle();
    try (var _ = condition.acquire()) {
      condition.signalAll();
      yieldNow();
      assertTrue(order.isEmpty(), () -> "they need the lock: " + order);
    }
    tasks.forEach(Task::await);
    order.assertIs("a", "b", "c");
  }

  @AsyncTest
  void whoIsSignalledGoesOnWhenTheSignallerReleasesTheLock() {
    var a = waiter("a");
    settle();
    try (var _ = condition.acquire()) {
      condition.signal();
      sleep(ofSeconds(1));
      order.add("signaller");
    }
    a.await();
    order.assertIs("signaller", "a");
  }

  // ---- with a predicate ----

  @AsyncTest
  void awaitOfAPredicateThatHoldsDoesNotSuspend() {
    createTask(() -> order.add("other"));
    try (var _ = condition.acquire()) {
      condition.await(() -> true);
      order.assertIsEmpty();
    }
  }

  @AsyncTest
  void awaitOfAPredicateLooksAgainAfterEachSignal() {
    int[] stock = {0};
    var buyer = createTask(() -> {
      try (var _ = condition.acquire()) {
        condition.await(() -> {
          assertTrue(condition.locked());
          order.add("look");
          return stock[0] >= 2;
        });
        stock[0] -= 2;
      }
    });
    settle();
    for (int i = 0; i < 2; i++) {
      assertFalse(buyer.isDone());
      stock[0]++;
      signal(1);
      settle();
    }
    buyer.await();
    assertEquals(0, stock[0]);
    order.assertIs("look", "look", "look");
  }

  @AsyncTest
  void aPredicateThatThrowsLeavesWithTheLockHeld() {
    var permit = condition.acquire();
    assertThrows(
        ArithmeticException.class,
        () -> condition.await(() -> {
          throw new ArithmeticException();
        }));
    assertTrue(condition.locked());
    permit.close();
  }

  // ---- without the lock ----

  @AsyncTest
  void everythingNeedsTheLockAndTheErrorShowsHow() {
    List<Action<RuntimeException>> calls = List.of(
        condition::await,
        () -> condition.await(() -> true),
        condition::signal,
        () -> condition.signal(2),
        condition::signalAll);
    for (var call : calls) {
      var error = assertThrows(IllegalStateException.class, call::run);
      assertContains(error.getMessage(), "condition.acquire()");
    }
  }

  @AsyncTest
  void theLockOfAnotherTaskDoesNotDo() {
    try (var _ = condition.acquire()) {
      var stranger = createTask(condition::signalAll);
      var error = assertThrows(IllegalStateException.class, stranger::await);
      assertContains(error.getMessage(), "is held by");
    }
  }

  @AsyncTest
  void aCallbackThatTakesTheLockMaySignal() {
    var a = waiter("a");
    settle();
    runningLoop().callSoon(() -> {
      try (var permit = condition.tryAcquire()) {
        assertNotNull(permit);
        condition.signal();
      }
    });
    a.await();
  }

  // ---- cancelled ----

  @AsyncTest
  @Covers("test_locks.ConditionTests.wait_cancel")
  void aCancelledWaiterLeavesWithTheLockHeldAndIsForgotten() {
    var held = new ArrayList<Boolean>();
    var cancelled = createTask(() -> {
      try (var _ = condition.acquire()) {
        try {
          condition.await();
        } finally {
          held.add(condition.locked());
        }
      }
    });
    settle();
    assertEquals("Condition[unlocked, waiters:1]", condition.toString());
    cancelled.cancel();
    assertThrows(CancelledError.class, cancelled::await);
    assertEquals(List.of(true), held);
    assertEquals("Condition[unlocked]", condition.toString());
  }

  @AsyncTest
  @Covers("test_locks.ConditionTests.wait_cancel_contested")
  void aWaiterThatIsCancelledWhileAnotherHoldsTheLockWaitsForIt() {
    var a = waiter("a");
    settle();
    var permit = condition.acquire();
    a.cancel();
    settle();
    assertFalse(a.isDone());
    permit.close();
    assertThrows(CancelledError.class, a::await);
    assertFalse(condition.locked());
    order.assertIsEmpty();
  }

  @AsyncTest
  @Covers({
    "test_locks.ConditionTests.cancelled_wakeup",
    "test_locks.ConditionTests.wait_cancel_after_notify"
  })
  void aWaiterThatIsCancelledAfterItsSignalPassesTheSignalOn() {
    var a = waiter("a");
    var b = waiter("b");
    settle();
    signal(1);
    a.cancel();
    assertThrows(CancelledError.class, a::await);
    b.await();
    order.assertIs("b");
    assertFalse(condition.locked());
  }

  @AsyncTest
  @Covers("test_locks.ConditionTests.cancelled_wakeup_relock")
  void aWaiterThatIsCancelledWhileItWaitsForTheLockAgainPassesTheSignalOn() {
    var a = waiter("a");
    var b = waiter("b");
    settle();
    try (var _ = condition.acquire()) {
      condition.signal();
      settle(); // a waits for the lock now
      a.cancel();
      settle();
      assertFalse(a.isDone(), "it has to have the lock first");
    }
    assertThrows(CancelledError.class, a::await);
    b.await();
    order.assertIs("b");
  }

  @AsyncTest
  void aWaiterThatIsCancelledInTheTurnInWhichItGetsTheLockAgainStillHoldsItOnTheWayOut() {
    var a = waiter("a");
    settle();
    var permit = condition.acquire();
    condition.signal();
    settle();
    permit.close(); // it is a's
    a.cancel();
    assertThrows(CancelledError.class, a::await);
    assertFalse(condition.locked());
  }

  @AsyncTest
  void aSignalReceivedBeforeACancelIsNotPassedOnTwice() {
    var a = waiter("a");
    var b = waiter("b");
    var c = waiter("c");
    settle();
    signal(1);
    a.cancel();
    settle();
    assertTrue(a.isCancelled());
    order.assertIs("b");
    assertFalse(c.isDone());
    c.cancel();
    assertThrows(CancelledError.class, c::await);
    b.await();
  }

  /** Waits for a predicate, and notes the signal that ends the wait before it throws it on. */
  private Task<?> noting(List<CancelledError> raised, boolean[] woken) {
    return createTask(() -> {
      try (var _ = condition.acquire()) {
        raised.add(assertThrows(CancelledError.class, () -> condition.await(() -> woken[0])));
        throw raised.getFirst();
      }
    });
  }

  @AsyncTest
  @Covers("test_locks.ConditionTests.cancelled_error_wakeup")
  void theSignalOfACancelWhileItWaitsComesOutAsItIs() {
    var raised = new ArrayList<CancelledError>();
    var task = noting(raised, new boolean[1]);
    yieldNow();
    task.cancel("because");
    var error = assertThrows(CancelledError.class, task::await);
    assertEquals("because", error.getMessage());
    assertSame(raised.getFirst(), error);
  }

  @AsyncTest
  @Covers("test_locks.ConditionTests.cancelled_error_re_aquire")
  void theSignalOfACancelWhileItWantsTheLockAgainComesOutAsItIs() {
    var raised = new ArrayList<CancelledError>();
    var woken = new boolean[1];
    var task = noting(raised, woken);
    yieldNow();
    var permit = condition.acquire();
    woken[0] = true;
    condition.signal();
    yieldNow();
    task.cancel("because");
    permit.close();
    var error = assertThrows(CancelledError.class, task::await);
    assertEquals("because", error.getMessage());
    assertSame(raised.getFirst(), error);
  }

  @AsyncTest
  void ofSeveralCancelsTheLastOneIsRaisedAndAllAreCounted() {
    var seen = new ArrayList<String>();
    var task = createTask(() -> {
      try (var _ = condition.acquire()) {
        condition.await();
      } catch (CancelledError cancelled) {
        seen.add(cancelled.getMessage() + " " + Asyncio.currentTask().cancelling());
        throw cancelled;
      }
    });
    settle();
    var permit = condition.acquire();
    task.cancel("first");
    settle();
    task.cancel("second");
    settle();
    task.cancel("third");
    settle();
    assertFalse(task.isDone());
    permit.close();
    assertThrows(CancelledError.class, task::await);
    assertEquals(List.of("third 3"), seen);
    assertFalse(condition.locked());
  }

  @AsyncTest
  void theCancelOfOneSignalledAmongManyThatAllWantToGoOnLosesNoLock() {
    var tasks = List.of(waiter("a"), waiter("b"), waiter("c"));
    settle();
    try (var _ = condition.acquire()) {
      condition.signalAll();
      settle();
    }
    tasks.get(1).cancel();
    settle();
    order.assertIs("a", "c");
    assertTrue(tasks.get(1).isCancelled());
    assertFalse(condition.locked());
  }

  @AsyncTest
  @Covers("test_locks.ConditionTests.timeout_in_block")
  void aTimeLimitInsideTheLockEndsWithTheLockHeld() {
    try (var _ = condition.acquire()) {
      assertThrows(TimeoutException.class, () -> timeout(ofSeconds(1), () -> condition.await()));
      assertTrue(condition.locked());
      assertThrows(TimeoutException.class, () -> waitFor(() -> condition.await(), ofSeconds(1)));
      assertTrue(condition.locked());
    }
    assertFalse(condition.locked());
    assertEquals(0, Asyncio.currentTask().cancelling());
  }

  // ---- the lock ----

  @AsyncTest
  @Covers("test_locks.ConditionTests.context_manager")
  void aConditionIsUsedAsItsLock() {
    try (var _ = condition.acquire()) {
      assertTrue(condition.locked());
      assertNull(condition.tryAcquire());
    }
    assertFalse(condition.locked());
    condition.acquire();
    condition.release();
    assertFalse(condition.locked());
    assertThrows(IllegalStateException.class, condition::release);
  }

  @AsyncTest
  @Covers("test_locks.ConditionTests.explicit_lock")
  void conditionsShareALock() {
    var lock = new Lock();
    var full = new Condition(lock);
    var empty = new Condition(lock);
    var task = createTask(() -> {
      try (var _ = lock.acquire()) {
        full.await();
        empty.signal();
      }
    });
    yieldNow();
    try (var _ = empty.acquire()) {
      assertTrue(lock.locked() && full.locked());
      full.signal();
      empty.await();
    }
    task.await();
    assertFalse(lock.locked());
  }

  @AsyncTest
  @Covers("test_locks.ConditionTests.repr")
  void theTextShowsTheLockAndWhoWaits() {
    assertEquals("Condition[unlocked]", condition.toString());
    var a = waiter("a");
    yieldNow();
    assertContains(a.toString(), "waits for a condition");
    waiter("b");
    yieldNow();
    try (var _ = condition.acquire()) {
      assertEquals("Condition[locked, waiters:2]", condition.toString());
      condition.signalAll();
      assertEquals("Condition[locked]", condition.toString());
    }
  }

  // ---- a predicate that is wrong ----

  private IllegalStateException awaitAPredicateThatReleases(boolean met) {
    var permit = condition.acquire();
    return assertThrows(
        IllegalStateException.class,
        () -> condition.await(() -> {
          permit.close();
          return met;
        }));
  }

  @AsyncTest
  void aPredicateThatReleasesTheLockIsToldAndLeavesNoWaiterBehind() {
    var told = awaitAPredicateThatReleases(false);
    assertContains(told.getMessage(), "after calling its predicate");
    var waiting = waiter("waits");
    settle();
    signal(1);
    // The signal is for who waits, and not for what this task does next.
    var never = new Event();
    assertThrows(TimeoutException.class, () -> timeout(Duration.ofMillis(1), never::await));
    waiting.await();
    order.assertIs("waits");
  }

  @AsyncTest
  void aPredicateThatReleasesTheLockAndIsMetIsToldAsWell() {
    awaitAPredicateThatReleases(true);
    assertFalse(condition.locked());
  }

  @AsyncTest
  void aCancelIsNotLostWhenTheLockCantBeHadAgain() {
    List<Throwable> thrown = new ArrayList<>();
    var waiting = createTask(() -> {
      condition.acquire();
      try {
        condition.await();
      } catch (DeadlockException lockIsLost) {
        thrown.add(lockIsLost);
        sleep(ofSeconds(1));
      }
    });
    settle();
    var holder = createTask(() -> {
      condition.acquire();
      waiting.cancel("why");
      settle();
    });
    holder.await();
    assertCancelled("why", waiting);
    assertEquals(1, thrown.size());
    assertEquals(1, thrown.getFirst().getSuppressed().length);
    assertInstanceOf(CancelledError.class, thrown.getFirst().getSuppressed()[0]);
  }
}
