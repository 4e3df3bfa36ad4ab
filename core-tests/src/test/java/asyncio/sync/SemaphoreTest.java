package asyncio.sync;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.yieldNow;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.CancelledError;
import asyncio.Semaphore;
import asyncio.Task;
import asyncio.conformance.Covers;
import asyncio.support.Order;
import asyncio.testing.AsyncTest;
import java.util.ArrayList;
import java.util.List;

class SemaphoreTest {
  private final Order order = new Order();

  private Task<?> taker(Semaphore semaphore, String name) {
    return createTask(name, () -> {
      semaphore.acquire();
      order.add(name);
    });
  }

  @AsyncTest
  @Covers({
    "test_locks.SemaphoreTests.initial_value_zero",
    "test_locks.SemaphoreTests.semaphore_value"
  })
  void aNegativeNumberIsRefusedAndZeroIsLocked() {
    assertThrows(IllegalArgumentException.class, () -> new Semaphore(-1));
    assertTrue(new Semaphore(0).locked());
    assertFalse(new Semaphore().locked());
    assertEquals(1, new Semaphore().available());
  }

  @AsyncTest
  @Covers({"test_locks.SemaphoreTests.release_no_waiters", "test_locks.SemaphoreTests.semaphore"})
  void permitsAreCounted() {
    var semaphore = new Semaphore(2);
    var one = semaphore.acquire();
    assertEquals(1, semaphore.available());
    var two = semaphore.tryAcquire();
    assertNotNull(two);
    assertTrue(semaphore.locked());
    assertNull(semaphore.tryAcquire());
    one.close();
    one.close();
    assertEquals(1, semaphore.available());
    two.close();
    assertEquals(2, semaphore.available());
  }

  @AsyncTest
  @Covers("test_locks.SemaphoreTests.acquire")
  void atMostSoManyAtOnce() {
    var semaphore = new Semaphore(3);
    int[] now = {0};
    int[] most = {0};
    List<Task<?>> tasks = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      tasks.add(createTask(() -> {
        try (var _ = semaphore.acquire()) {
          most[0] = Math.max(most[0], ++now[0]);
          sleep(ofSeconds(1));
          now[0]--;
        }
      }));
    }
    tasks.forEach(Task::await);
    assertEquals(3, most[0]);
    assertEquals(ofSeconds(4), runningLoop().time());
    assertEquals(3, semaphore.available());
  }

  @AsyncTest
  @Covers("test_locks.SemaphoreTests.release_no_waiters")
  void releaseMayBeCalledByAnybodyAndAddsAPermit() {
    var semaphore = new Semaphore(0);
    createTask(semaphore::release).await();
    semaphore.release();
    assertEquals(2, semaphore.available());
  }

  @AsyncTest
  @Covers("test_locks.SemaphoreTests.acquire_fifo_order")
  void waitersAreServedInOrderAndNobodyOvertakes() {
    var semaphore = new Semaphore(0);
    var a = taker(semaphore, "a");
    var b = taker(semaphore, "b");
    yieldNow();
    semaphore.release();
    assertNull(semaphore.tryAcquire(), "the permit is a's");
    var late = taker(semaphore, "late");
    a.await();
    order.assertIs("a");
    semaphore.release();
    semaphore.release();
    b.await();
    late.await();
    order.assertIs("a", "b", "late");
    assertEquals(0, semaphore.available());
  }

  @AsyncTest
  @Covers({
    "test_locks.SemaphoreTests.acquire_fifo_order_2",
    "test_locks.SemaphoreTests.acquire_fifo_order_3"
  })
  void aNewcomerWaitsBehindThoseWhoWait() {
    var semaphore = new Semaphore(1);
    var permit = semaphore.acquire();
    var a = taker(semaphore, "a");
    yieldNow();
    permit.close();
    semaphore.release();
    var newcomer = taker(semaphore, "newcomer");
    a.await();
    newcomer.await();
    order.assertIs("a", "newcomer");
  }

  @AsyncTest
  @Covers({"test_locks.SemaphoreTests.acquire", "test_locks.SemaphoreTests.acquire_fifo_order_4"})
  void severalReleasesInOneTurnWakeSeveral() {
    var semaphore = new Semaphore(0);
    var tasks = List.of(taker(semaphore, "a"), taker(semaphore, "b"), taker(semaphore, "c"));
    yieldNow();
    semaphore.release();
    semaphore.release();
    yieldNow();
    order.assertIs("a", "b");
    assertFalse(tasks.get(2).isDone());
    semaphore.release();
    tasks.get(2).await();
  }

  @AsyncTest
  @Covers("test_locks.SemaphoreTests.acquire_fifo_order_2")
  void whoReleasesAndAsksAgainStandsBehindThoseWhoWait() {
    var semaphore = new Semaphore(1);
    var a = taker(semaphore, "a");
    var b = createTask(() -> {
      semaphore.acquire();
      order.add("b");
      semaphore.release();
      semaphore.acquire();
      order.add("b again");
    });
    var c = taker(semaphore, "c");
    yieldNow();
    semaphore.release();
    semaphore.release();
    List.of(a, b, c).forEach(Task::await);
    order.assertIs("a", "b", "c", "b again");
  }

  @AsyncTest
  @Covers("test_locks.SemaphoreTests.acquire_fifo_order_3")
  void whoWaitsBehindCancelledOnesKeepsItsPlace() {
    var semaphore = new Semaphore(0);
    var a = taker(semaphore, "a");
    var b = taker(semaphore, "b");
    var c = taker(semaphore, "c");
    yieldNow();
    a.cancel();
    yieldNow();
    semaphore.release();
    semaphore.release();
    b.await();
    c.await();
    order.assertIs("b", "c");
    assertTrue(a.isCancelled());
  }

  @AsyncTest
  @Covers("test_locks.SemaphoreTests.acquire_fifo_order_4")
  void aWakeUpBeforeThatOfAnEarlierOneDoesNotChangeTheOrder() {
    var semaphore = new Semaphore(0);
    var a = taker(semaphore, "a");
    var b = taker(semaphore, "b");
    yieldNow();
    semaphore.release();
    var c = taker(semaphore, "c");
    semaphore.release();
    semaphore.release();
    List.of(a, b, c).forEach(Task::await);
    order.assertIs("a", "b", "c");
    assertEquals(0, semaphore.available());
  }

  @AsyncTest
  void aPermitIsReleasedHoweverTheBlockEnds() {
    var semaphore = new Semaphore(1);
    assertThrows(ArithmeticException.class, () -> {
      try (var _ = semaphore.acquire()) {
        assertTrue(semaphore.locked());
        throw new ArithmeticException();
      }
    });
    assertFalse(semaphore.locked());
  }

  @AsyncTest
  @Covers("test_locks.SemaphoreTests.acquire_cancel")
  void aCancelledWaiterTakesNoPermit() {
    var semaphore = new Semaphore(0);
    var a = taker(semaphore, "a");
    var b = taker(semaphore, "b");
    yieldNow();
    a.cancel();
    assertThrows(CancelledError.class, a::await);
    semaphore.release();
    b.await();
    order.assertIs("b");
  }

  @AsyncTest
  @Covers("test_locks.SemaphoreTests.acquire_cancel_before_awoken")
  void aWaiterThatIsCancelledInTheTurnOfTheReleasePassesThePermitOn() {
    var semaphore = new Semaphore(0);
    var a = taker(semaphore, "a");
    var b = taker(semaphore, "b");
    yieldNow();
    semaphore.release();
    a.cancel();
    assertThrows(CancelledError.class, a::await);
    b.await();
    order.assertIs("b");
    assertEquals(0, semaphore.available());
  }

  @AsyncTest
  @Covers("test_locks.SemaphoreTests.acquire_hang")
  void allWokenAndCancelledLeaveAllPermits() {
    var semaphore = new Semaphore(0);
    var tasks = List.of(taker(semaphore, "a"), taker(semaphore, "b"), taker(semaphore, "c"));
    yieldNow();
    semaphore.release();
    semaphore.release();
    tasks.forEach(Task::cancel);
    yieldNow();
    yieldNow();
    order.assertIsEmpty();
    assertEquals(2, semaphore.available());
    assertFalse(semaphore.locked());
  }

  @AsyncTest
  @Covers("test_locks.SemaphoreTests.acquire_cancel_before_awoken")
  void waitersCancelledInTheTurnOfTheReleaseTakeNoPermit() {
    var semaphore = new Semaphore(0);
    List<Task<?>> tasks = new ArrayList<>();
    for (String name : List.of("a", "b", "c", "d")) {
      tasks.add(taker(semaphore, name));
    }
    yieldNow();
    tasks.get(0).cancel();
    tasks.get(1).cancel();
    semaphore.release();
    tasks.get(2).await();
    order.assertIs("c");
    assertFalse(tasks.get(3).isDone());
    assertTrue(semaphore.locked());
    semaphore.release();
    tasks.get(3).await();
  }

  @AsyncTest
  @Covers("test_locks.SemaphoreTests.acquire_hang")
  void aReleaseAfterACancelInTheSameTurnWakesTheNext() {
    var semaphore = new Semaphore(0);
    var cancelled = taker(semaphore, "cancelled");
    var next = taker(semaphore, "next");
    yieldNow();
    cancelled.cancel();
    semaphore.release();
    yieldNow();
    yieldNow();
    assertTrue(next.isDone());
    assertTrue(cancelled.isCancelled());
    assertTrue(semaphore.locked());
    assertEquals(0, semaphore.available());
  }

  @AsyncTest
  @Covers("test_locks.SemaphoreTests.acquire_no_hang")
  void acquireDoesNotHangAfterCancelsInABoundOfOne() {
    // test_acquire_no_hang of CPython
    var semaphore = new Semaphore(1);
    var permit = semaphore.acquire();
    var a = taker(semaphore, "a");
    var b = taker(semaphore, "b");
    yieldNow();
    a.cancel();
    permit.close();
    b.await();
    semaphore.release();
    semaphore.acquire();
    order.assertIs("b");
  }

  @AsyncTest
  @Covers("test_locks.SemaphoreTests.repr")
  void theTextShowsValueAndWaiters() {
    var semaphore = new Semaphore(2);
    assertEquals("Semaphore[unlocked, value:2]", semaphore.toString());
    semaphore.acquire();
    semaphore.acquire();
    assertEquals("Semaphore[locked]", semaphore.toString());
    taker(semaphore, "a");
    taker(semaphore, "b");
    yieldNow();
    assertEquals("Semaphore[locked, waiters:2]", semaphore.toString());
    semaphore.release();
    assertTrue(semaphore.locked());
  }
}
