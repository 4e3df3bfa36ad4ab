package asyncio;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.timeout;
import static asyncio.Asyncio.yieldNow;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.testing.AsyncTest;
import java.util.ArrayList;
import java.util.List;

class EventTest {
  private final Event event = new Event();
  private final List<Integer> order = new ArrayList<>();

  @AsyncTest
  void setWakesAllWhoWaitInOrder() {
    for (int i = 0; i < 3; i++) {
      int number = i;
      createTask(
          () -> {
            event.await();
            order.add(number);
          });
    }
    yieldNow();
    assertEquals("Event[unset, waiters:3]", event.toString());
    event.set();
    yieldNow();
    assertEquals(List.of(0, 1, 2), order);
  }

  @AsyncTest
  void whoWaitedGoesOnThoughTheEventIsClearedAtOnce() {
    var waiter = createTask(event::await);
    yieldNow();
    event.set();
    event.clear();
    waiter.await();
    assertFalse(event.isSet());
  }

  @AsyncTest
  void aSetEventDoesNotSuspend() {
    event.set();
    createTask(() -> order.add(1));
    event.await();
    assertEquals(List.of(), order);
    assertTrue(event.isSet());
  }

  @AsyncTest
  void aClearedEventIsWaitedForAgain() {
    event.set();
    event.clear();
    assertThrows(TimeoutException.class, () -> timeout(ofSeconds(1), event::await));
    assertEquals("Event[unset]", event.toString());
  }

  @AsyncTest
  void aCancelAfterTheWakeUpStillStrikes() {
    var waiter = createTask(event::await);
    yieldNow();
    event.set();
    waiter.cancel();
    assertThrows(CancelledError.class, waiter::await);
  }
}
