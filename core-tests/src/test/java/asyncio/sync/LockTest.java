package asyncio.sync;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.timeout;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Action;
import asyncio.Asyncio;
import asyncio.CancelledError;
import asyncio.DeadlockException;
import asyncio.Event;
import asyncio.Lock;
import asyncio.Task;
import asyncio.TimeoutException;
import asyncio.conformance.Covers;
import asyncio.support.Order;
import asyncio.testing.AsyncTest;
import java.util.ArrayList;
import java.util.List;

class LockTest {
  private final Order order = new Order();
  private final Lock lock = new Lock();

  private Task<?> holder(String name) {
    return createTask(name, () -> {
      try (var _ = lock.acquire()) {
        order.add(name);
        sleep(ofSeconds(1));
      }
    });
  }

  @AsyncTest
  @Covers({
    "test_locks.LockTests.context_manager",
    "test_locks.LockTests.lock",
    "test_locks.LockTests.release_no_waiters"
  })
  void aFreeLockIsTakenWithoutSuspending() {
    createTask(() -> order.add("other"));
    try (var _ = lock.acquire()) {
      assertTrue(lock.locked());
      order.assertIsEmpty();
    }
    assertFalse(lock.locked());
  }

  @AsyncTest
  @Covers("test_locks.LockTests.repr")
  void theTextShowsStateAndWaiters() {
    assertEquals("Lock[unlocked]", lock.toString());
    var permit = lock.acquire();
    assertEquals("Lock[locked]", lock.toString());
    var waiter = holder("a");
    yieldNow();
    assertEquals("Lock[locked, waiters:1]", lock.toString());
    assertContains(waiter.toString(), "a lock held by");
    permit.close();
    waiter.await();
  }

  @AsyncTest
  void onlyOneHoldsItAndOthersGetItInOrder() {
    var tasks = List.of(holder("a"), holder("b"), holder("c"));
    tasks.forEach(Task::await);
    order.assertIs("a", "b", "c");
    assertEquals(ofSeconds(3), runningLoop().time());
    assertFalse(lock.locked());
  }

  @AsyncTest
  void nobodyOvertakesAWokenWaiter() {
    var permit = lock.acquire();
    var first = holder("first");
    yieldNow();
    permit.close(); // first has it now, though it has not run
    assertTrue(lock.locked());
    assertNull(lock.tryAcquire());
    var late = createTask(() -> lock.acquire().close());
    var second = createTask(() -> order.add("late asked"));
    yieldNow();
    order.assertIs("first", "late asked");
    first.await();
    late.await();
    second.await();
  }

  @AsyncTest
  void aPermitIsReleasedOnce() {
    var permit = lock.acquire();
    permit.close();
    var again = lock.acquire();
    permit.close();
    assertTrue(lock.locked());
    again.close();
    assertFalse(lock.locked());
  }

  @AsyncTest
  @Covers("test_locks.LockTests.release_no_waiters")
  void tryAcquireTakesAFreeLockOnly() {
    var permit = lock.tryAcquire();
    assertNotNull(permit);
    assertNull(lock.tryAcquire());
    permit.close();
    assertNotNull(lock.tryAcquire());
    lock.release();
  }

  @AsyncTest
  @Covers("test_locks.LockTests.release_not_acquired")
  void releaseOfAFreeLockIsAnError() {
    assertThrows(IllegalStateException.class, lock::release);
    lock.acquire().close();
    assertThrows(IllegalStateException.class, lock::release);
  }

  @AsyncTest
  void aStrangersReleaseIsAnErrorThatNamesBoth() {
    lock.acquire();
    var stranger = createTask("stranger", lock::release);
    var error = assertThrows(IllegalStateException.class, stranger::await);
    assertContains(error.getMessage(), "stranger", "held by");
    assertTrue(lock.locked());
    lock.release();
  }

  @AsyncTest
  void aCallbackMayRelease() {
    lock.acquire();
    runningLoop().callSoon(lock::release);
    yieldNow();
    assertFalse(lock.locked());
  }

  @AsyncTest
  void acquiringTwiceIsAnErrorInsteadOfAHang() {
    lock.acquire();
    var error = assertThrows(IllegalStateException.class, lock::acquire);
    assertContains(error.getMessage(), "re-entrant");
  }

  @AsyncTest
  @Covers("test_locks.LockTests.acquire_cancel")
  void aCancelledWaiterLeavesTheQueue() {
    var permit = lock.acquire();
    var cancelled = holder("cancelled");
    var next = holder("next");
    yieldNow();
    cancelled.cancel();
    assertThrows(CancelledError.class, cancelled::await);
    assertEquals("Lock[locked, waiters:1]", lock.toString());
    permit.close();
    next.await();
    order.assertIs("next");
    assertFalse(lock.locked());
  }

  @AsyncTest
  @Covers({
    "test_locks.LockTests.cancel_race",
    "test_locks.LockTests.cancel_release_race",
    "test_locks.LockTests.finished_waiter_cancelled"
  })
  void aWaiterThatIsCancelledInTheTurnOfTheReleasePassesTheLockOn() {
    var permit = lock.acquire();
    var chosen = holder("chosen");
    var next = holder("next");
    yieldNow();
    permit.close();
    chosen.cancel();
    assertThrows(CancelledError.class, chosen::await);
    next.await();
    order.assertIs("next");
    assertFalse(lock.locked());
  }

  @AsyncTest
  @Covers("test_locks.LockTests.finished_waiter_cancelled")
  void aChosenWaiterThatIsCancelledWithNobodyBehindFreesTheLock() {
    var permit = lock.acquire();
    var chosen = holder("chosen");
    yieldNow();
    permit.close();
    chosen.cancel();
    assertThrows(CancelledError.class, chosen::await);
    assertFalse(lock.locked());
    lock.acquire().close();
  }

  @AsyncTest
  @Covers({"test_locks.LockTests.cancel_race", "test_locks.LockTests.cancel_release_race"})
  void cancelAndReleaseInOneTurnLoseNothing() {
    for (int cancelFirst = 0; cancelFirst < 2; cancelFirst++) {
      order.clear();
      var permit = lock.acquire();
      var a = holder("a");
      var b = holder("b");
      var c = holder("c");
      yieldNow();
      if (cancelFirst == 1) {
        a.cancel();
        permit.close();
        b.cancel();
      } else {
        permit.close();
        a.cancel();
        b.cancel();
      }
      c.await();
      order.assertIs("c");
      assertTrue(a.isCancelled() && b.isCancelled());
      assertFalse(lock.locked());
    }
  }

  @AsyncTest
  void aTimeoutRoundAcquire() {
    lock.acquire();
    var waiter = createTask(() -> timeout(ofSeconds(1), () -> lock.acquire()));
    assertThrows(TimeoutException.class, waiter::await);
    lock.release();
    assertFalse(lock.locked());
  }

  @AsyncTest
  void aPendingCancelStrikesAtAnAcquireThatWaits() {
    lock.acquire();
    var task = createTask(() -> {
      Asyncio.currentTask().cancel();
      lock.acquire();
    });
    assertThrows(CancelledError.class, task::await);
    assertEquals("Lock[locked]", lock.toString());
  }

  @AsyncTest
  void aTaskThatEndsWhileItHoldsTheLockLeavesItLocked() {
    createTask(() -> lock.acquire()).await();
    assertTrue(lock.locked());
    var waiter = createTask(() -> timeout(ofDays(1), () -> lock.acquire()));
    assertThrows(TimeoutException.class, waiter::await);
  }

  // ---- a holder that has ended ----

  @AsyncTest
  void whoWaitsForALockWhoseHolderHasEndedIsTold() {
    var lock = new Lock();
    var go = new Event();
    var holder = createTask("holder", () -> {
      lock.acquire();
      go.await();
    });
    yieldNow();
    var waits = createTask("waits", () -> lock.acquire());
    yieldNow();
    go.set();
    holder.await();
    var told = assertThrows(DeadlockException.class, waits::await);
    assertContains(told.getMessage(), "holder ended without releasing the lock");
  }

  @AsyncTest
  void whoComesWhenTheHolderHasEndedIsToldAsWell() {
    var lock = new Lock();
    createTask("holder", () -> lock.acquire()).await();
    var told = assertThrows(DeadlockException.class, lock::acquire);
    assertContains(told.getMessage(), "holder ended without releasing the lock");
  }

  @AsyncTest
  void aCallbackOfTheHolderMayStillReleaseTheLock() {
    var lock = new Lock();
    var holder = createTask("holder", () -> lock.acquire());
    holder.addDoneCallback(_ -> lock.release());
    var waits = createTask("waits", () -> lock.acquire().close());
    holder.await();
    waits.await();
    assertFalse(lock.locked());
  }

  @AsyncTest
  void severalLocksAreReleasedInAnyOrder() {
    var first = new Lock();
    var second = new Lock();
    var third = new Lock();
    var holder = createTask("holder", () -> {
      var one = first.acquire();
      second.acquire();
      third.acquire();
      one.close();
      third.release();
    });
    holder.await();
    assertThrows(DeadlockException.class, second::acquire);
    first.acquire().close();
    third.acquire().close();
  }

  @AsyncTest
  void aReleaseTooManyIsAnErrorAlsoWhileTheLockIsOnItsWayToAWaiter() {
    var lock = new Lock();
    lock.acquire();
    List<String> inside = new ArrayList<>();
    Action<RuntimeException> body = () -> {
      try (var _ = lock.acquire()) {
        assertEquals(List.of(), inside);
        inside.add("one");
        yieldNow();
        inside.clear();
      }
    };
    var first = createTask(body);
    var second = createTask(body);
    yieldNow();
    lock.release();
    assertThrows(IllegalStateException.class, lock::release);
    first.await();
    second.await();
    assertFalse(lock.locked());
  }
}
