package asyncio;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.timeout;
import static asyncio.Asyncio.yieldNow;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.testing.AsyncTest;
import java.util.ArrayList;
import java.util.List;

class LockTest {
  private final Lock lock = new Lock();
  private final List<String> order = new ArrayList<>();

  private Task<?> taking(String name) {
    return createTask(
        name,
        () -> {
          try (var _ = lock.acquire()) {
            order.add(name);
            yieldNow();
          }
        });
  }

  @AsyncTest
  void aScopeHoldsTheLock() {
    assertFalse(lock.locked());
    try (var _ = lock.acquire()) {
      assertTrue(lock.locked());
      assertEquals("Lock[locked]", lock.toString());
    }
    assertFalse(lock.locked());
  }

  @AsyncTest
  void onlyOneTaskAtATimeInTheOrderInWhichTheyAsked() {
    int[] inside = {0};
    List<Task<?>> tasks = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      int number = i;
      tasks.add(
          createTask(
              () -> {
                try (var _ = lock.acquire()) {
                  assertEquals(1, ++inside[0]);
                  order.add("" + number);
                  sleep(ofMillis(1));
                  inside[0]--;
                }
              }));
    }
    Asyncio.gather(tasks);
    assertEquals(List.of("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"), order);
  }

  @AsyncTest
  void aNewcomerDoesNotOvertakeAWokenWaiter() {
    var held = lock.acquire();
    var waiter = taking("waiter");
    yieldNow();
    held.close(); // the waiter is chosen, and has not run yet
    assertNull(lock.tryAcquire());
    var newcomer = taking("newcomer");
    waiter.await();
    newcomer.await();
    assertEquals(List.of("waiter", "newcomer"), order);
  }

  @AsyncTest
  void aCancelledWaiterIsSkipped() {
    var held = lock.acquire();
    var first = taking("first");
    var second = taking("second");
    yieldNow();
    first.cancel();
    yieldNow();
    held.close();
    second.await();
    assertEquals(List.of("second"), order);
    assertFalse(lock.locked());
  }

  @AsyncTest
  void aWaiterCancelledAfterItWasChosenPassesTheLockOn() {
    var held = lock.acquire();
    var first = taking("first");
    var second = taking("second");
    yieldNow();
    held.close();
    first.cancel();
    assertThrows(CancelledError.class, first::await);
    second.await();
    assertEquals(List.of("second"), order);
    assertFalse(lock.locked());
  }

  @AsyncTest
  void aWaiterCancelledAfterItWasChosenFreesTheLockWhenNobodyElseWaits() {
    var held = lock.acquire();
    var waiter = taking("waiter");
    yieldNow();
    held.close();
    waiter.cancel();
    assertThrows(CancelledError.class, waiter::await);
    assertFalse(lock.locked());
    assertNotNull(lock.tryAcquire());
  }

  @AsyncTest
  void aTimeoutOnAcquireLeavesTheLockToItsHolder() {
    var held = createTask(() -> hold(ofSeconds(10)));
    yieldNow();
    assertThrows(TimeoutException.class, () -> timeout(ofSeconds(1), lock::acquire));
    assertTrue(lock.locked());
    held.await();
    assertFalse(lock.locked());
  }

  private void hold(java.time.Duration time) {
    try (var _ = lock.acquire()) {
      sleep(time);
    }
  }

  @AsyncTest
  void releasingAFreeLockIsAnError() {
    assertThrows(IllegalStateException.class, lock::release);
  }

  @AsyncTest
  void closingAPermitTwiceReleasesOnce() {
    var permit = lock.acquire();
    permit.close();
    var again = lock.acquire();
    permit.close();
    assertTrue(lock.locked());
    again.close();
  }

  @AsyncTest
  void aStrangerMayNotReleaseAndTheErrorNamesBoth() {
    createTask("holder", () -> hold(ofSeconds(10)));
    yieldNow();
    var stranger = createTask("stranger", lock::release);
    var failure = assertThrows(IllegalStateException.class, stranger::await);
    assertTrue(failure.getMessage().contains("holder"), failure.getMessage());
    assertTrue(failure.getMessage().contains("stranger"), failure.getMessage());
    assertTrue(lock.locked());
  }

  @AsyncTest
  void aCallbackMayReleaseForTheHolder() {
    lock.acquire();
    runningLoop().callSoon(lock::release);
    yieldNow();
    assertFalse(lock.locked());
  }

  @AsyncTest
  void acquiringTwiceInOneTaskIsAnErrorInsteadOfADeadlock() {
    try (var _ = lock.acquire()) {
      assertThrows(IllegalStateException.class, lock::acquire);
    }
  }
}
