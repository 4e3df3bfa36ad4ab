package asyncio.sync;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.yieldNow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.CancelledError;
import asyncio.Event;
import asyncio.Task;
import asyncio.support.Order;
import asyncio.testing.AsyncTest;
import java.util.List;

class EventTest {
  private final Order order = new Order();
  private final Event event = new Event();

  private Task<?> waiter(String name) {
    return createTask(() -> {
      event.await();
      order.add(name);
    });
  }

  @AsyncTest
  void setWakesAllInOrder() {
    var tasks = List.of(waiter("a"), waiter("b"), waiter("c"));
    yieldNow();
    assertEquals("Event[unset, waiters:3]", event.toString());
    event.set();
    tasks.forEach(Task::await);
    order.assertIs("a", "b", "c");
    assertEquals("Event[set]", event.toString());
  }

  @AsyncTest
  void aSetEventDoesNotSuspend() {
    assertFalse(event.isSet());
    event.set();
    event.set();
    assertTrue(event.isSet());
    createTask(() -> order.add("other"));
    event.await();
    order.assertIsEmpty();
  }

  @AsyncTest
  void whoWaitedGoesOnEvenIfTheEventIsClearedRightAfter() {
    var task = waiter("a");
    yieldNow();
    event.set();
    event.clear();
    task.await();
    assertFalse(event.isSet());
    var late = waiter("late");
    yieldNow();
    assertFalse(late.isDone());
    event.set();
    late.await();
  }

  @AsyncTest
  void aCancelledWaiterLeaves() {
    var cancelled = waiter("never");
    yieldNow();
    cancelled.cancel();
    assertThrows(CancelledError.class, cancelled::await);
    assertEquals("Event[unset]", event.toString());
  }

  @AsyncTest
  void aCancelInTheTurnOfTheWakeUpStrikes() {
    var task = waiter("never");
    yieldNow();
    event.set();
    task.cancel();
    assertThrows(CancelledError.class, task::await);
    order.assertIsEmpty();
  }
}
