package asyncio.sync;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.BoundedSemaphore;
import asyncio.CancelledError;
import asyncio.conformance.Covers;
import asyncio.testing.AsyncTest;

class BoundedSemaphoreTest {
  @AsyncTest
  @Covers("test_locks.SemaphoreTests.release_not_acquired")
  void aReleaseTooManyIsAnError() {
    var semaphore = new BoundedSemaphore();
    var error = assertThrows(IllegalStateException.class, semaphore::release);
    assertContains(error.getMessage(), "more times");
    semaphore.acquire();
    semaphore.release();
    assertThrows(IllegalStateException.class, semaphore::release);
    assertEquals(1, semaphore.available());
    assertThrows(IllegalStateException.class, new BoundedSemaphore(0)::release);
  }

  @AsyncTest
  void aNegativeNumberIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> new BoundedSemaphore(-1));
    assertTrue(new BoundedSemaphore(0).locked());
  }

  @AsyncTest
  void aPermitClosedTwiceIsReleasedOnce() {
    var semaphore = new BoundedSemaphore(1);
    var permit = semaphore.acquire();
    permit.close();
    permit.close();
    assertFalse(semaphore.locked());
  }

  @AsyncTest
  void aPermitOnItsWayToAWaiterIsOut() {
    var semaphore = new BoundedSemaphore(1);
    var permit = semaphore.acquire();
    var task = createTask(() -> semaphore.acquire());
    yieldNow();
    permit.close();
    semaphore.release(); // the waiter's, in its name
    assertThrows(IllegalStateException.class, semaphore::release);
    task.await();
  }

  @AsyncTest
  void aWaiterThatIsCancelledInTheTurnOfTheReleaseGivesItsPermitBack() {
    var semaphore = new BoundedSemaphore(1);
    var permit = semaphore.acquire();
    var task = createTask(() -> semaphore.acquire());
    yieldNow();
    permit.close();
    task.cancel();
    assertThrows(CancelledError.class, task::await);
    assertEquals(1, semaphore.available());
    assertThrows(IllegalStateException.class, semaphore::release);
  }

  @AsyncTest
  void theTextNamesTheKind() {
    assertEquals("BoundedSemaphore[unlocked, value:2]", new BoundedSemaphore(2).toString());
  }
}
