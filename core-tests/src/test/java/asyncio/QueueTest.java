package asyncio;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.gather;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.timeout;
import static asyncio.Asyncio.yieldNow;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.testing.AsyncTest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class QueueTest {
  private final List<Object> seen = new ArrayList<>();

  @AsyncTest
  void itemsComeFirstInFirstOut() {
    var queue = new Queue<Integer>();
    for (int i = 0; i < 5; i++) {
      queue.put(i);
    }
    assertEquals(5, queue.size());
    for (int i = 0; i < 5; i++) {
      assertEquals(i, queue.get());
    }
    assertTrue(queue.empty());
  }

  @AsyncTest
  void getWaitsForAnItem() {
    var queue = new Queue<String>();
    var getter = createTask(queue::get);
    yieldNow();
    assertFalse(getter.isDone());
    queue.putNowait("x");
    assertEquals("x", getter.await());
  }

  @AsyncTest
  void putWaitsForRoom() {
    var queue = new Queue<Integer>(1);
    queue.put(1);
    assertTrue(queue.full());
    var putter = createTask(() -> queue.put(2));
    yieldNow();
    assertFalse(putter.isDone());
    assertEquals(1, queue.get());
    putter.await();
    assertEquals(2, queue.get());
  }

  @AsyncTest
  void gettersAreServedInTheOrderInWhichTheyCame() {
    var queue = new Queue<Integer>();
    for (int i = 0; i < 3; i++) {
      int number = i;
      createTask(() -> seen.add(number + ":" + queue.get()));
    }
    yieldNow();
    for (int i = 10; i < 13; i++) {
      queue.put(i);
    }
    sleep(ofMillis(1));
    assertEquals(List.of("0:10", "1:11", "2:12"), seen);
  }

  @AsyncTest
  void manyItemsGoThroughAQueueOfOne() {
    var queue = new Queue<Integer>(1);
    gather(
        () -> {
          for (int i = 0; i < 1000; i++) {
            queue.put(i);
          }
        },
        () -> {
          for (int i = 0; i < 1000; i++) {
            assertEquals(i, queue.get());
          }
        });
    assertTrue(queue.empty());
  }

  @AsyncTest
  void withoutWaitingAnEmptyOrFullQueueIsAnError() {
    var queue = new Queue<Integer>(1);
    assertThrows(QueueEmptyException.class, queue::getNowait);
    assertEquals(Optional.empty(), queue.tryGet());
    assertTrue(queue.tryPut(1));
    assertFalse(queue.tryPut(2));
    assertThrows(QueueFullException.class, () -> queue.putNowait(3));
    assertEquals(Optional.of(1), queue.tryGet());
  }

  @AsyncTest
  void aCancelledGetterLosesNoItemAndLeavesTheQueueClean() {
    var queue = new Queue<Integer>();
    var first = createTask(queue::get);
    var second = createTask(queue::get);
    yieldNow();
    queue.putNowait(1); // wakes the first
    first.cancel();
    assertThrows(CancelledError.class, first::await);
    assertEquals(1, second.await());
    assertEquals("Queue[size=0, unfinished=1]", queue.toString());
  }

  @AsyncTest
  void aCancelledPutterLeavesItsRoomToTheNext() {
    var queue = new Queue<Integer>(1);
    queue.put(0);
    var first = createTask(() -> queue.put(1));
    var second = createTask(() -> queue.put(2));
    yieldNow();
    assertEquals(0, queue.getNowait()); // wakes the first
    first.cancel();
    assertThrows(CancelledError.class, first::await);
    second.await();
    assertEquals(2, queue.get());
  }

  @AsyncTest
  void aTimeoutOnGetLeavesTheQueueUsable() {
    var queue = new Queue<Integer>();
    assertThrows(TimeoutException.class, () -> timeout(ofSeconds(1), queue::get));
    queue.put(7);
    assertEquals(7, queue.get());
  }

  @AsyncTest
  void joinWaitsForTaskDone() {
    var queue = new Queue<Integer>();
    queue.join(); // nothing is unfinished
    queue.put(1);
    queue.put(2);
    var joiner = createTask(queue::join);
    queue.get();
    queue.taskDone();
    yieldNow();
    assertFalse(joiner.isDone());
    queue.get();
    queue.taskDone();
    joiner.await();
    assertThrows(IllegalStateException.class, queue::taskDone);
  }

  @AsyncTest
  void afterShutdownWhatIsThereCanBeTakenAndNothingPut() {
    var queue = new Queue<Integer>();
    queue.put(1);
    queue.shutdown();
    queue.shutdown();
    assertThrows(QueueShutDownException.class, () -> queue.put(2));
    assertFalse(queue.tryPut(2));
    assertEquals(1, queue.get());
    assertThrows(QueueShutDownException.class, queue::get);
    assertThrows(QueueShutDownException.class, queue::getNowait);
  }

  @AsyncTest
  void shutdownWakesAllWhoWait() {
    var empty = new Queue<Integer>();
    var full = new Queue<Integer>(1);
    full.put(1);
    var getter = createTask(empty::get);
    var putter = createTask(() -> full.put(2));
    yieldNow();
    empty.shutdown();
    full.shutdown();
    assertThrows(QueueShutDownException.class, getter::await);
    assertThrows(QueueShutDownException.class, putter::await);
  }

  @AsyncTest
  void shutdownNowDropsTheItemsAndEndsJoin() {
    var queue = new Queue<Integer>();
    queue.put(1);
    queue.put(2);
    queue.get();
    var joiner = createTask(queue::join);
    yieldNow();
    queue.shutdownNow();
    yieldNow();
    assertFalse(joiner.isDone()); // one was taken and is not worked off
    queue.taskDone();
    joiner.await();
    assertThrows(QueueShutDownException.class, queue::get);
  }

  @AsyncTest
  void workersIterateUntilShutdown() {
    var queue = new Queue<Integer>(2);
    var group = new TaskGroup();
    group.run(
        () -> {
          for (int i = 0; i < 3; i++) {
            group.createTask(
                () -> {
                  for (int job : queue) {
                    sleep(ofMillis(job));
                    seen.add(job);
                    queue.taskDone();
                  }
                });
          }
          for (int i = 0; i < 20; i++) {
            queue.put(i);
          }
          queue.join();
          queue.shutdown();
        });
    assertEquals(20, seen.size());
  }

  @AsyncTest
  void aQueueHoldsNoNull() {
    var queue = new Queue<Integer>();
    assertThrows(NullPointerException.class, () -> queue.put(null));
  }

  @Test
  void outsideALoopTheErrorSaysWhatToCall() {
    var queue = new Queue<Integer>();
    var failure = assertThrows(IllegalStateException.class, () -> queue.putNowait(1));
    assertTrue(failure.getMessage().contains("callSoonThreadsafe"), failure.getMessage());
  }
}
