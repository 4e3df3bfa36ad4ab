package asyncio.sync;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.timeout;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;
import static asyncio.support.Texts.assertEndsWith;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.CancelledError;
import asyncio.LifoQueue;
import asyncio.PriorityQueue;
import asyncio.Queue;
import asyncio.QueueEmptyException;
import asyncio.QueueFullException;
import asyncio.QueueShutDownException;
import asyncio.Task;
import asyncio.TimeoutException;
import asyncio.conformance.Covers;
import asyncio.testing.AsyncTest;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** What holds for every kind of queue; each test does it with all three. */
class QueueKindsTest {
  private static List<Queue<Integer>> kinds(int maxSize) {
    return List.of(new Queue<>(maxSize), new LifoQueue<>(maxSize), new PriorityQueue<>(maxSize));
  }

  private static Task<?> joiner(Queue<Integer> queue) {
    return createTask(queue::join);
  }

  @AsyncTest
  @Covers("test_queues._QueueJoinTestMixin.format")
  void theTextNamesTheKind() {
    assertEquals("Queue[size=0, maxSize=2]", new Queue<>(2).toString());
    assertEquals("LifoQueue[size=0, maxSize=2]", new LifoQueue<>(2).toString());
    assertEquals("PriorityQueue[size=0]", new PriorityQueue<>().toString());
    for (var queue : kinds(2)) {
      queue.put(1);
      assertEndsWith(queue.toString(), "Queue[size=1, maxSize=2, unfinished=1]");
    }
  }

  @AsyncTest
  @Covers("test_queues.QueueGetTests.get_with_waiting_putters")
  void aBoundHoldsPuttersBackAndOneIsLetInForEachItemTaken() {
    for (var queue : kinds(2)) {
      queue.put(1);
      queue.put(2);
      assertTrue(queue.full());
      assertThrows(QueueFullException.class, () -> queue.putNowait(3));
      var putter = createTask(() -> queue.put(3));
      yieldNow();
      assertFalse(putter.isDone());
      Set<Integer> taken = new HashSet<>();
      taken.add(queue.get());
      assertTrue(queue.full());
      putter.await();
      taken.add(queue.getNowait());
      taken.add(queue.get());
      assertEquals(Set.of(1, 2, 3), taken);
      assertTrue(queue.empty());
      assertThrows(QueueEmptyException.class, queue::getNowait);
    }
  }

  @AsyncTest
  @Covers("test_queues.QueueGetTests.why_are_getters_waiting")
  void manyRoundsThroughAQueueOfOneDoNotStop() {
    for (var queue : kinds(1)) {
      var producers = new ArrayList<Task<?>>();
      for (int p = 0; p < 3; p++) {
        producers.add(createTask(() -> {
          for (int i = 0; i < 50; i++) {
            queue.put(i);
          }
        }));
      }
      var consumers = new ArrayList<Task<Integer>>();
      for (int c = 0; c < 3; c++) {
        consumers.add(createTask(() -> {
          int sum = 0;
          for (int i = 0; i < 50; i++) {
            sum += timeout(ofSeconds(1), () -> queue.get());
          }
          return sum;
        }));
      }
      producers.forEach(Task::await);
      assertEquals(3 * 49 * 25, consumers.stream().mapToInt(Task::await).sum());
    }
  }

  @AsyncTest
  void aGetterThatIsCancelledInTheTurnOfThePutLosesNoItem() {
    for (var queue : kinds(0)) {
      var cancelled = createTask(queue::get);
      var next = createTask(queue::get);
      yieldNow();
      queue.put(7);
      cancelled.cancel();
      assertThrows(CancelledError.class, cancelled::await);
      assertEquals(7, next.await());
    }
  }

  @AsyncTest
  void cancelledAndTimedOutWaitersLeaveTheQueueClean() {
    for (var queue : kinds(1)) {
      assertThrows(TimeoutException.class, () -> timeout(ofSeconds(1), () -> queue.get()));
      queue.put(1);
      assertThrows(TimeoutException.class, () -> timeout(ofSeconds(1), () -> queue.put(2)));
      assertContains(queue.toString(), "maxSize=1, unfinished=1]");
      assertEquals(1, queue.get());
      assertTrue(queue.empty());
    }
  }

  @AsyncTest
  @Covers({
    "test_queues._QueueJoinTestMixin.join_empty_queue",
    "test_queues._QueueJoinTestMixin.task_done"
  })
  void joinWaitsForAsManyTaskDonesAsPuts() {
    for (var queue : kinds(0)) {
      queue.join();
      var workers = new ArrayList<Task<?>>();
      int[] sum = {0};
      for (int w = 0; w < 2; w++) {
        workers.add(createTask(() -> {
          for (int item : queue) {
            yieldNow();
            sum[0] += item;
            queue.taskDone();
          }
        }));
      }
      for (int i = 0; i < 100; i++) {
        queue.put(i);
      }
      queue.join();
      assertEquals(99 * 50, sum[0]);
      queue.join();
      queue.shutdown();
      workers.forEach(Task::await);
    }
  }

  @AsyncTest
  @Covers("test_queues._QueueJoinTestMixin.task_done_underflow")
  void oneTaskDoneTooManyIsAnError() {
    for (var queue : kinds(0)) {
      assertThrows(IllegalStateException.class, queue::taskDone);
      queue.put(1);
      queue.get();
      queue.taskDone();
      assertThrows(IllegalStateException.class, queue::taskDone);
    }
  }

  @AsyncTest
  @Covers("test_queues._QueueShutdownTestMixin.shutdown_empty")
  void shutdownOfAnEmptyQueueWakesAllWhoWaitWithAnError() {
    for (var queue : kinds(0)) {
      var getters = List.of(createTask(queue::get), createTask(queue::get));
      yieldNow();
      queue.shutdown();
      queue.shutdown();
      getters.forEach(getter -> assertThrows(QueueShutDownException.class, getter::await));
      assertThrows(QueueShutDownException.class, queue::get);
      assertThrows(QueueShutDownException.class, queue::getNowait);
      assertThrows(QueueShutDownException.class, () -> queue.put(1));
      assertThrows(QueueShutDownException.class, () -> queue.putNowait(1));
      queue.join();
    }
  }

  @AsyncTest
  @Covers("test_queues._QueueShutdownTestMixin.shutdown_nonempty")
  void shutdownLetsWhatIsThereBeTakenAndRefusesWhoWaitsToPut() {
    for (var queue : kinds(2)) {
      queue.put(1);
      queue.put(2);
      var putter = createTask(() -> queue.put(3));
      var joiner = joiner(queue);
      yieldNow();
      queue.shutdown();
      assertThrows(QueueShutDownException.class, putter::await);
      assertEquals(Set.of(1, 2), Set.of(queue.get(), queue.getNowait()));
      assertThrows(QueueShutDownException.class, queue::get);
      yieldNow();
      assertFalse(joiner.isDone());
      queue.taskDone();
      queue.taskDone();
      joiner.await();
    }
  }

  @AsyncTest
  @Covers("test_queues._QueueShutdownTestMixin.shutdown_immediate")
  void shutdownNowDropsTheItemsAndLetsJoinersGo() {
    for (var queue : kinds(2)) {
      queue.put(1);
      queue.put(2);
      var putter = createTask(() -> queue.put(3));
      var joiner = joiner(queue);
      yieldNow();
      queue.shutdownNow();
      assertEquals(0, queue.size());
      joiner.await();
      assertThrows(QueueShutDownException.class, putter::await);
      assertThrows(QueueShutDownException.class, queue::get);
      assertThrows(IllegalStateException.class, queue::taskDone);
    }
  }

  @AsyncTest
  @Covers("test_queues._QueueShutdownTestMixin.shutdown_immediate_with_unfinished")
  void shutdownNowLeavesWhatWasTakenUnfinished() {
    for (var queue : kinds(0)) {
      queue.put(1);
      queue.put(2);
      queue.get();
      var joiner = joiner(queue);
      yieldNow();
      queue.shutdownNow();
      yieldNow();
      assertFalse(joiner.isDone());
      queue.taskDone();
      joiner.await();
      assertThrows(IllegalStateException.class, queue::taskDone);
    }
  }

  @AsyncTest
  void nullIsRefused() {
    for (var queue : kinds(0)) {
      assertThrows(NullPointerException.class, () -> queue.put(null));
      assertThrows(NullPointerException.class, () -> queue.putNowait(null));
    }
  }
}
