package asyncio.sync;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.timeout;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertEndsWith;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.CancelledError;
import asyncio.Queue;
import asyncio.QueueEmptyException;
import asyncio.QueueFullException;
import asyncio.QueueShutDownException;
import asyncio.Task;
import asyncio.TimeoutException;
import asyncio.conformance.Covers;
import asyncio.support.Order;
import asyncio.testing.AsyncTest;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;

class QueueTest {
  private final Order order = new Order();

  private Task<?> getter(Queue<Integer> queue) {
    return createTask(() -> order.add(queue.get()));
  }

  private Task<?> putter(Queue<Integer> queue, int item) {
    return createTask(() -> {
      queue.put(item);
      order.add("put " + item);
    });
  }

  // ---- the queue ----

  @AsyncTest
  @Covers({"test_queues.QueueBasicTests.order", "test_queues.QueuePutTests.blocking_put"})
  void itemsComeOutInOrder() {
    var queue = new Queue<Integer>();
    for (int i = 0; i < 100; i++) {
      queue.put(i);
    }
    for (int i = 0; i < 100; i++) {
      assertEquals(i, queue.get());
    }
  }

  @AsyncTest
  @Covers({"test_queues.QueueBasicTests.empty", "test_queues.QueueBasicTests.full"})
  void sizeEmptyAndFull() {
    var queue = new Queue<Integer>(2);
    assertTrue(queue.empty());
    assertFalse(queue.full());
    assertEquals(2, queue.maxSize());
    queue.put(1);
    assertEquals(1, queue.size());
    assertFalse(queue.empty());
    queue.put(2);
    assertTrue(queue.full());
    assertFalse(new Queue<Integer>(0).full());
    assertFalse(new Queue<Integer>(-5).full());
  }

  @AsyncTest
  void nullIsRefused() {
    var queue = new Queue<Integer>();
    assertThrows(NullPointerException.class, () -> queue.put(null));
    assertThrows(NullPointerException.class, () -> queue.putNowait(null));
    assertTrue(queue.empty());
  }

  @AsyncTest
  @Covers({
    "test_queues.QueueBasicTests.repr",
    "test_queues.QueueBasicTests.str",
    "test_queues._QueueShutdownTestMixin.format"
  })
  void theTextShowsWhatItHoldsAndWhoWaits() {
    var queue = new Queue<Integer>(1);
    assertEquals("Queue[size=0, maxSize=1]", queue.toString());
    getter(queue);
    yieldNow();
    assertEquals("Queue[size=0, maxSize=1, getters=1]", queue.toString());
    queue.put(1);
    yieldNow();
    queue.put(2);
    putter(queue, 3);
    yieldNow();
    assertEquals("Queue[size=1, maxSize=1, putters=1, unfinished=2]", queue.toString());
    queue.shutdown();
    assertEndsWith(queue.toString(), "shut down]");
  }

  // ---- get ----

  @AsyncTest
  @Covers("test_queues.QueueGetTests.blocking_get")
  void getOfAnItemDoesNotSuspend() {
    var queue = new Queue<Integer>();
    queue.put(1);
    createTask(() -> order.add("other"));
    assertEquals(1, queue.get());
    order.assertIsEmpty();
  }

  @AsyncTest
  @Covers({
    "test_queues.QueueGetTests.blocking_get_wait",
    "test_queues.QueuePutTests.put_with_waiting_getters"
  })
  void getWaitsForAnItem() {
    var queue = new Queue<Integer>();
    createTask(() -> {
      sleep(ofSeconds(1));
      queue.put(5);
    });
    assertEquals(5, queue.get());
  }

  @AsyncTest
  @Covers("test_queues.QueuePutTests.put_with_waiting_getters")
  void gettersAreServedInOrder() {
    var queue = new Queue<Integer>();
    var getters = List.of(getter(queue), getter(queue), getter(queue));
    yieldNow();
    queue.put(1);
    queue.put(2);
    queue.put(3);
    getters.forEach(Task::await);
    order.assertIs(1, 2, 3);
  }

  @AsyncTest
  @Covers({
    "test_queues.QueueGetTests.nonblocking_get",
    "test_queues.QueueGetTests.nonblocking_get_exception"
  })
  void getNowaitAndTryGetDoNotWait() {
    var queue = new Queue<Integer>();
    assertThrows(QueueEmptyException.class, queue::getNowait);
    assertEquals(Optional.empty(), queue.tryGet());
    queue.put(1);
    queue.put(2);
    assertEquals(1, queue.getNowait());
    assertEquals(Optional.of(2), queue.tryGet());
  }

  @AsyncTest
  void aCancelledGetterLosesNoItem() {
    var queue = new Queue<Integer>();
    var cancelled = getter(queue);
    var next = getter(queue);
    yieldNow();
    cancelled.cancel();
    assertThrows(CancelledError.class, cancelled::await);
    queue.put(1);
    next.await();
    order.assertIs(1);
    assertEquals("Queue[size=0, unfinished=1]", queue.toString());
  }

  @AsyncTest
  @Covers("test_queues.QueueGetTests.get_cancelled_race")
  void aGetterThatIsCancelledInTheTurnOfThePutLosesNoItem() {
    var queue = new Queue<Integer>();
    var cancelled = getter(queue);
    var next = getter(queue);
    yieldNow();
    queue.put(1);
    cancelled.cancel();
    assertThrows(CancelledError.class, cancelled::await);
    next.await();
    order.assertIs(1);
  }

  @AsyncTest
  void aGetterThatIsCancelledInTheTurnOfThePutWithNobodyBehindLeavesTheItem() {
    var queue = new Queue<Integer>();
    var cancelled = getter(queue);
    yieldNow();
    queue.put(1);
    cancelled.cancel();
    assertThrows(CancelledError.class, cancelled::await);
    assertEquals(1, queue.get());
  }

  @AsyncTest
  @Covers("test_queues.QueueGetTests.cancelled_getters_not_being_held_in_self_getters")
  void aGetterThatTimedOutLeavesTheQueueClean() {
    var queue = new Queue<Integer>();
    for (int i = 0; i < 3; i++) {
      assertThrows(TimeoutException.class, () -> timeout(ofSeconds(1), () -> queue.get()));
    }
    assertEquals("Queue[size=0]", queue.toString());
  }

  @AsyncTest
  void twoGettersWokenTogetherWithOneItemTakenByAnother() {
    // A woken getter looks again: who has not waited may have taken the item first.
    var queue = new Queue<Integer>();
    var getter = getter(queue);
    yieldNow();
    queue.put(1);
    assertEquals(1, queue.getNowait());
    yieldNow();
    assertFalse(getter.isDone());
    queue.put(2);
    getter.await();
    order.assertIs(2);
  }

  // ---- put ----

  @AsyncTest
  @Covers({"test_queues.QueueBasicTests.maxsize", "test_queues.QueuePutTests.blocking_put_wait"})
  void putWaitsForRoom() {
    var queue = new Queue<Integer>(1);
    queue.put(1);
    var putter = putter(queue, 2);
    yieldNow();
    order.assertIsEmpty();
    assertEquals(1, queue.get());
    putter.await();
    order.assertIs("put 2");
    assertEquals(2, queue.get());
  }

  @AsyncTest
  @Covers("test_queues.QueuePutTests.blocking_put")
  void putDoesNotSuspendWhenThereIsRoom() {
    var queue = new Queue<Integer>(1);
    createTask(() -> order.add("other"));
    queue.put(1);
    order.assertIsEmpty();
    assertEquals(1, queue.size());
  }

  @AsyncTest
  @Covers("test_queues.QueueGetTests.get_with_waiting_putters")
  void puttersAreServedInOrder() {
    var queue = new Queue<Integer>(1);
    queue.put(0);
    var putters = List.of(putter(queue, 1), putter(queue, 2), putter(queue, 3));
    yieldNow();
    for (int i = 0; i < 4; i++) {
      assertEquals(i, queue.get());
      yieldNow();
    }
    putters.forEach(Task::await);
    order.assertIs("put 1", "put 2", "put 3");
  }

  @AsyncTest
  @Covers({
    "test_queues.QueuePutTests.nonblocking_put",
    "test_queues.QueuePutTests.nonblocking_put_exception"
  })
  void putNowaitAndTryPutDoNotWait() {
    var queue = new Queue<Integer>(1);
    queue.putNowait(1);
    assertThrows(QueueFullException.class, () -> queue.putNowait(2));
    assertFalse(queue.tryPut(2));
    queue.get();
    assertTrue(queue.tryPut(3));
    assertEquals(3, queue.get());
  }

  @AsyncTest
  @Covers("test_queues.QueuePutTests.put_cancelled")
  void aCancelledPutterPutsNothing() {
    var queue = new Queue<Integer>(1);
    queue.put(1);
    var cancelled = putter(queue, 2);
    yieldNow();
    cancelled.cancel();
    assertThrows(CancelledError.class, cancelled::await);
    assertEquals(1, queue.get());
    assertTrue(queue.empty());
    assertEquals("Queue[size=0, maxSize=1, unfinished=1]", queue.toString());
  }

  @AsyncTest
  @Covers("test_queues.QueueGetTests.get_with_putters")
  void whoTakesAnItemLetsTheFirstPutterInAtOnce() {
    var queue = new Queue<Integer>(1);
    queue.put(0);
    var putters = List.of(putter(queue, 1), putter(queue, 2));
    yieldNow();
    assertEquals(0, queue.getNowait());
    assertTrue(queue.full());
    assertFalse(queue.tryPut(3));
    assertEquals(1, queue.getNowait());
    assertEquals(2, queue.getNowait());
    assertTrue(queue.empty());
    putters.forEach(Task::await);
    order.assertIs("put 1", "put 2");
  }

  @AsyncTest
  void aPutterThatIsCancelledInTheTurnOfTheGetHasPutAndIsStruckAtItsNextWait() {
    var queue = new Queue<Integer>(1);
    queue.put(1);
    var cancelled = createTask(() -> {
      queue.put(2);
      order.add("went on");
      yieldNow();
      order.add("never");
    });
    yieldNow();
    assertEquals(1, queue.get());
    cancelled.cancel();
    assertThrows(CancelledError.class, cancelled::await);
    order.assertIs("went on");
    assertEquals(2, queue.get());
    assertTrue(queue.empty());
  }

  @AsyncTest
  void aPutterThatIsCancelledBeforeTheGetLeavesTheRoomToTheNext() {
    var queue = new Queue<Integer>(1);
    queue.put(1);
    var cancelled = putter(queue, 2);
    var next = putter(queue, 3);
    yieldNow();
    cancelled.cancel();
    assertEquals(1, queue.get());
    assertEquals(3, queue.get());
    next.await();
    assertThrows(CancelledError.class, cancelled::await);
    assertTrue(queue.empty());
  }

  @AsyncTest
  void aPutterThatIsCancelledInTheTurnOfTheShutdownIsCancelled() {
    var queue = new Queue<Integer>(1);
    queue.put(1);
    var putter = putter(queue, 2);
    yieldNow();
    queue.shutdown();
    putter.cancel();
    assertThrows(CancelledError.class, putter::await);
    assertEquals(1, queue.size());
  }

  @AsyncTest
  @Covers({
    "test_queues.QueueGetTests.why_are_getters_waiting",
    "test_queues.QueuePutTests.why_are_putters_waiting"
  })
  void manyPassThroughAQueueOfOne() {
    var queue = new Queue<Integer>(1);
    var producers = new ArrayList<Task<?>>();
    for (int p = 0; p < 3; p++) {
      producers.add(createTask(() -> {
        for (int i = 0; i < 200; i++) {
          queue.put(i);
        }
      }));
    }
    int sum = 0;
    for (int i = 0; i < 600; i++) {
      sum += queue.get();
    }
    producers.forEach(Task::await);
    assertEquals(3 * 199 * 100, sum);
  }

  // ---- join ----

  @AsyncTest
  void joinWaitsUntilEverythingIsWorkedOff() {
    var queue = new Queue<Integer>();
    queue.join();
    queue.put(1);
    queue.put(2);
    var join = createTask(() -> {
      queue.join();
      order.add("joined");
    });
    queue.get();
    queue.get();
    queue.taskDone();
    yieldNow();
    order.assertIsEmpty();
    queue.taskDone();
    join.await();
    assertThrows(IllegalStateException.class, queue::taskDone);
  }

  @AsyncTest
  void whoJoinsGoesOnEvenIfMoreIsPutInTheTurnInWhichAllIsDone() {
    var queue = new Queue<Integer>();
    queue.put(1);
    var join = createTask(queue::join);
    yieldNow();
    queue.get();
    queue.taskDone();
    queue.put(2);
    join.await();
    assertEquals(1, queue.size());
  }

  @AsyncTest
  void taskDoneOnAnEmptyQueueIsAnError() {
    assertThrows(IllegalStateException.class, () -> new Queue<Integer>().taskDone());
  }

  @AsyncTest
  void severalMayJoinAndACancelledOneLeaves() {
    var queue = new Queue<Integer>();
    queue.put(1);
    var one = createTask(queue::join);
    var two = createTask(queue::join);
    yieldNow();
    one.cancel();
    assertThrows(CancelledError.class, one::await);
    queue.get();
    queue.taskDone();
    two.await();
  }

  // ---- shutdown ----

  @AsyncTest
  void shutdownOfAnEmptyQueueWakesAllWhoWaitWithAnError() {
    var queue = new Queue<Integer>();
    var getters = List.of(getter(queue), getter(queue));
    yieldNow();
    queue.shutdown();
    for (Task<?> getter : getters) {
      assertThrows(QueueShutDownException.class, getter::await);
    }
    assertThrows(QueueShutDownException.class, queue::get);
    assertThrows(QueueShutDownException.class, queue::getNowait);
    assertThrows(QueueShutDownException.class, () -> queue.put(1));
    assertThrows(QueueShutDownException.class, () -> queue.putNowait(1));
    assertFalse(queue.tryPut(1));
    assertEquals(Optional.empty(), queue.tryGet());
    queue.shutdown();
  }

  @AsyncTest
  void shutdownLetsTheItemsBeTaken() {
    var queue = new Queue<Integer>(2);
    queue.put(1);
    queue.put(2);
    var putter = putter(queue, 3);
    yieldNow();
    queue.shutdown();
    assertThrows(QueueShutDownException.class, putter::await);
    assertEquals(1, queue.get());
    assertEquals(2, queue.get());
    assertThrows(QueueShutDownException.class, queue::get);
    var join = createTask(queue::join);
    queue.taskDone();
    queue.taskDone();
    join.await();
  }

  @AsyncTest
  void aPutterThatWaitsIsRefusedAtTheShutdownAndOneThatWasLetInBeforeIsNot() {
    var queue = new Queue<Integer>(1);
    queue.put(1);
    var letIn = putter(queue, 2);
    var refused = putter(queue, 3);
    yieldNow();
    queue.get();
    queue.shutdown();
    letIn.await();
    assertThrows(QueueShutDownException.class, refused::await);
    assertEquals(2, queue.get());
    assertTrue(queue.empty());
  }

  @AsyncTest
  void shutdownNowDropsTheItemsAndCountsThemAsWorkedOff() {
    var queue = new Queue<Integer>();
    queue.put(1);
    queue.put(2);
    var join = createTask(queue::join);
    yieldNow();
    queue.shutdownNow();
    join.await();
    assertTrue(queue.empty());
    assertThrows(QueueShutDownException.class, queue::get);
  }

  @AsyncTest
  void shutdownNowWaitsForWhatWasTaken() {
    var queue = new Queue<Integer>();
    queue.put(1);
    queue.put(2);
    assertEquals(1, queue.get());
    queue.shutdownNow();
    var join = createTask(queue::join);
    yieldNow();
    assertFalse(join.isDone());
    queue.taskDone();
    join.await();
  }

  // ---- iteration ----

  @AsyncTest
  void iterationWaitsAndEndsAtShutdown() {
    var queue = new Queue<Integer>();
    var consumer = createTask(() -> {
      for (Integer item : queue) {
        order.add(item);
      }
      order.add("end");
    });
    yieldNow();
    queue.put(1);
    yieldNow();
    queue.put(2);
    queue.put(3);
    queue.shutdown();
    consumer.await();
    order.assertIs(1, 2, 3, "end");
  }

  @AsyncTest
  void severalConsumersShareTheItems() {
    var queue = new Queue<Integer>();
    var consumers = new ArrayList<Task<?>>();
    for (int c = 0; c < 3; c++) {
      consumers.add(createTask(() -> {
        for (Integer item : queue) {
          order.add(item);
          yieldNow();
        }
      }));
    }
    for (int i = 0; i < 30; i++) {
      queue.put(i);
      if (i % 7 == 0) {
        yieldNow();
      }
    }
    queue.shutdown();
    consumers.forEach(Task::await);
    assertEquals(30, order.events().stream().distinct().count());
  }

  @AsyncTest
  void nextAfterTheEndIsAnError() {
    var queue = new Queue<Integer>();
    queue.put(1);
    queue.shutdown();
    var items = queue.iterator();
    assertTrue(items.hasNext());
    assertTrue(items.hasNext());
    assertEquals(1, items.next());
    assertFalse(items.hasNext());
    assertThrows(NoSuchElementException.class, items::next);
  }

  @AsyncTest
  void aCancelledIterationLosesNoItem() {
    var queue = new Queue<Integer>();
    var consumer = createTask(() -> {
      for (Integer item : queue) {
        order.add(item);
      }
    });
    yieldNow();
    queue.put(1);
    consumer.cancel();
    assertThrows(CancelledError.class, consumer::await);
    assertEquals(1, queue.get());
    order.assertIsEmpty();
  }
}
