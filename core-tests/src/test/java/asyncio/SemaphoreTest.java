package asyncio;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.gather;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.yieldNow;
import static java.time.Duration.ofMillis;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.testing.AsyncTest;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SemaphoreTest {
  private final List<String> order = new ArrayList<>();

  private Task<?> acquiring(Semaphore semaphore, String name) {
    return createTask(
        () -> {
          semaphore.acquire();
          order.add(name);
        });
  }

  @Test
  void aNegativeNumberOfPermitsIsAnError() {
    assertThrows(IllegalArgumentException.class, () -> new Semaphore(-1));
  }

  @AsyncTest
  void atMostSoManyAreInsideAtOnce() {
    var semaphore = new Semaphore(3);
    int[] inside = {0};
    int[] most = {0};
    List<Task<?>> tasks = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      tasks.add(
          createTask(
              () -> {
                try (var _ = semaphore.acquire()) {
                  most[0] = Math.max(most[0], ++inside[0]);
                  sleep(ofMillis(1));
                  inside[0]--;
                }
              }));
    }
    gather(tasks);
    assertEquals(3, most[0]);
    assertEquals(3, semaphore.available());
  }

  @AsyncTest
  void oneWithoutPermitsWaitsForTheFirstRelease() {
    var semaphore = new Semaphore(0);
    assertTrue(semaphore.locked());
    var waiter = acquiring(semaphore, "a");
    yieldNow();
    assertFalse(waiter.isDone());
    semaphore.release();
    waiter.await();
    assertTrue(semaphore.locked());
  }

  @AsyncTest
  void anybodyMayReleaseAndRaiseTheNumber() {
    var semaphore = new Semaphore();
    semaphore.release();
    assertEquals(2, semaphore.available());
    assertEquals("Semaphore[unlocked, value:2]", semaphore.toString());
  }

  @AsyncTest
  void aNewcomerTakesNoPermitThatIsOnItsWay() {
    var semaphore = new Semaphore(0);
    acquiring(semaphore, "waiter");
    yieldNow();
    semaphore.release();
    assertNull(semaphore.tryAcquire());
    acquiring(semaphore, "newcomer");
    semaphore.release();
    yieldNow();
    yieldNow();
    assertEquals(List.of("waiter", "newcomer"), order);
  }

  @AsyncTest
  void severalReleasesInOneTurnWakeAsMany() {
    var semaphore = new Semaphore(0);
    for (String name : List.of("a", "b", "c")) {
      acquiring(semaphore, name);
    }
    yieldNow();
    semaphore.release();
    semaphore.release();
    yieldNow();
    assertEquals(List.of("a", "b"), order);
    assertEquals(0, semaphore.available());
  }

  @AsyncTest
  void aWaiterCancelledBeforeItsTurnIsSkipped() {
    var semaphore = new Semaphore(0);
    var first = acquiring(semaphore, "first");
    acquiring(semaphore, "second");
    yieldNow();
    first.cancel();
    semaphore.release();
    yieldNow();
    yieldNow();
    assertEquals(List.of("second"), order);
  }

  @AsyncTest
  void aWaiterCancelledAfterItsWakeUpGivesThePermitToTheNext() {
    var semaphore = new Semaphore(0);
    var first = acquiring(semaphore, "first");
    acquiring(semaphore, "second");
    yieldNow();
    semaphore.release();
    first.cancel();
    assertThrows(CancelledError.class, first::await);
    yieldNow();
    assertEquals(List.of("second"), order);
    assertEquals(0, semaphore.available());
  }

  @AsyncTest
  void thePermitOfACancelledWaiterIsFreeWhenNobodyElseWaits() {
    var semaphore = new Semaphore(0);
    var waiter = acquiring(semaphore, "waiter");
    yieldNow();
    semaphore.release();
    waiter.cancel();
    assertThrows(CancelledError.class, waiter::await);
    assertEquals(1, semaphore.available());
    assertFalse(semaphore.locked());
  }
}
