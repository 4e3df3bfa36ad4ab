package asyncio.sync;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.CancelledError;
import asyncio.PriorityQueue;
import asyncio.QueueFullException;
import asyncio.QueueShutDownException;
import asyncio.Task;
import asyncio.conformance.Covers;
import asyncio.testing.AsyncTest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;

class PriorityQueueTest {
  private record Job(int rank, String name) {}

  private static final class Incomparable extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  /** Numbers in their order; a negative one can't be compared with another. */
  private static final Comparator<Integer> FAILING = (one, other) -> {
    if (one < 0 || other < 0) {
      throw new Incomparable();
    }
    return one.compareTo(other);
  };

  @AsyncTest
  @Covers("test_queues.PriorityQueueTests.order")
  void theSmallestComesOutFirst() {
    var queue = new PriorityQueue<Integer>();
    for (int item : new int[] {1, 3, 2}) {
      queue.put(item);
    }
    assertEquals(1, queue.get());
    queue.put(0);
    assertEquals(0, queue.getNowait());
    assertEquals(2, queue.get());
    assertEquals(3, queue.get());
  }

  @AsyncTest
  void aComparatorDecides() {
    var queue = new PriorityQueue<String>(2, Comparator.reverseOrder());
    queue.put("a");
    queue.put("b");
    assertTrue(queue.full());
    assertEquals("b", queue.get());
    assertEquals("a", queue.get());
  }

  @AsyncTest
  void equalOnesComeOutInTheOrderInWhichTheyCame() {
    var queue = new PriorityQueue<Job>(Comparator.comparingInt(Job::rank));
    for (String name : List.of("a", "b", "c", "d", "e")) {
      queue.put(new Job(1, name));
    }
    queue.put(new Job(0, "first"));
    var names = new ArrayList<String>();
    names.add(queue.get().name());
    names.add(queue.get().name());
    queue.put(new Job(1, "late"));
    while (!queue.empty()) {
      names.add(queue.get().name());
    }
    assertEquals(List.of("first", "a", "b", "c", "d", "e", "late"), names);
  }

  @AsyncTest
  void itemsWithoutAnOrderAreRefusedWithTheRemedy() {
    var queue = new PriorityQueue<Job>();
    var error = assertThrows(ClassCastException.class, () -> queue.put(new Job(1, "a")));
    assertContains(error.getMessage(), "Comparator");
    assertTrue(queue.empty());
    queue.join();
  }

  @AsyncTest
  void anItemThatCantBeComparedIsNotAdded() {
    var queue = new PriorityQueue<>(FAILING);
    for (int i = 9; i > 0; i--) {
      queue.put(i);
    }
    assertThrows(Incomparable.class, () -> queue.put(-1));
    assertThrows(Incomparable.class, () -> queue.putNowait(-1));
    assertThrows(Incomparable.class, () -> queue.tryPut(-1));
    for (int i = 1; i < 10; i++) {
      assertEquals(i, queue.get());
      queue.taskDone();
    }
    queue.join();
  }

  @AsyncTest
  void whoWaitsToPutWhatCantBeComparedGetsTheFailureAndTheGetterItsItem() {
    var queue = new PriorityQueue<>(1, FAILING);
    queue.put(5);
    var failing = createTask(() -> queue.put(-1));
    var next = createTask(() -> queue.put(6));
    var last = createTask(() -> queue.put(7));
    yieldNow();
    assertEquals(5, queue.get());
    assertTrue(queue.full()); // the room is kept
    assertThrows(Incomparable.class, failing::await);
    next.await();
    assertEquals(6, queue.get());
    assertEquals(7, queue.get());
    last.await();
    for (int i = 0; i < 3; i++) {
      queue.taskDone();
    }
    queue.join();
  }

  @AsyncTest
  void aPutterThatIsCancelledWithItsRoomAddsNothingAndTheNextGetsIt() {
    var queue = new PriorityQueue<Integer>(1);
    queue.put(5);
    var cancelled = createTask(() -> queue.put(6));
    var next = createTask(() -> queue.put(7));
    yieldNow();
    assertEquals(5, queue.get());
    cancelled.cancel();
    assertThrows(CancelledError.class, cancelled::await);
    next.await();
    assertEquals(7, queue.get());
    assertTrue(queue.empty());
  }

  @AsyncTest
  void whatChangesInAnItemLaterMovesNothing() {
    var queue = new PriorityQueue<int[]>(Comparator.comparingInt(item -> item[0]));
    var one = new int[] {1};
    var two = new int[] {2};
    queue.put(one);
    queue.put(two);
    one[0] = 3;
    assertSame(one, queue.get());
    assertSame(two, queue.get());
  }

  // ---- comparators that wait, use the queue, or fail on their way ----

  /** Compares after others have run. */
  private static int afterOthers(int one, int other) {
    yieldNow();
    return Integer.compare(one, other);
  }

  @AsyncTest
  void whileAComparatorWaitsOthersPutAndNothingIsLostOrOutOfOrder() {
    var queue = new PriorityQueue<Integer>(PriorityQueueTest::afterOthers);
    var putters = new ArrayList<Task<?>>();
    for (int i = 0; i < 200; i++) {
      int item = i * 37 % 200;
      putters.add(createTask(() -> queue.put(item)));
    }
    putters.forEach(Task::await);
    assertEquals(200, queue.size());
    for (int i = 0; i < 200; i++) {
      assertEquals(i, queue.get());
    }
  }

  @AsyncTest
  void whateverHappensMeanwhileTheSmallestComesOutAndTheBoundHolds() {
    var random = new Random(42);
    var queue = new PriorityQueue<Integer>(7, (one, other) -> {
      for (int yields = random.nextInt(3); yields > 0; yields--) {
        yieldNow();
      }
      if (random.nextInt(50) == 0) {
        throw new Incomparable();
      }
      return Integer.compare(one, other);
    });
    var inside = new TreeMap<Integer, Integer>(); // the items and how often they are there
    int[] counts = new int[2];
    var tasks = new ArrayList<Task<?>>();
    for (int p = 0; p < 10; p++) {
      tasks.add(createTask(() -> {
        for (int i = 0; i < 100; i++) {
          int item = random.nextInt(30);
          try {
            queue.put(item);
            inside.merge(item, 1, Integer::sum);
            counts[0]++;
          } catch (Incomparable refused) {
            // not added
          }
          assertTrue(queue.size() <= 7);
        }
      }));
    }
    var getters = new ArrayList<Task<?>>();
    for (int g = 0; g < 4; g++) {
      getters.add(createTask(() -> {
        for (int item : queue) {
          assertEquals(inside.firstKey(), item);
          inside.computeIfPresent(item, (key, count) -> count == 1 ? null : count - 1);
          counts[1]++;
          queue.taskDone();
          yieldNow();
        }
      }));
    }
    tasks.forEach(Task::await);
    queue.join();
    queue.shutdown();
    getters.forEach(Task::await);
    assertEquals(counts[0], counts[1]);
    assertTrue(counts[0] > 500);
    assertTrue(inside.isEmpty());
  }

  @AsyncTest
  void twoThatCompareAtOnceDoNotOverfillTheQueue() {
    var queue = new PriorityQueue<Integer>(2, PriorityQueueTest::afterOthers);
    queue.put(2);
    var first = createTask(() -> queue.put(3));
    var second = createTask(() -> queue.put(1));
    yieldNow();
    assertEquals(1, queue.size());
    assertTrue(queue.full()); // the room is kept for the first
    assertThrows(QueueFullException.class, () -> queue.putNowait(4));
    first.await();
    yieldNow();
    assertFalse(second.isDone());
    assertEquals(2, queue.get());
    second.await();
    assertEquals(1, queue.get());
    assertEquals(3, queue.get());
  }

  @AsyncTest
  void ofEqualItemsThatWhosePutWasCalledFirstComesFirstAlsoWhenItComparesForLonger() {
    var queue = new PriorityQueue<Job>((one, other) -> {
      for (int i = 0; i < (one.name().equals("slow") ? 20 : 1); i++) {
        yieldNow();
      }
      return Integer.compare(one.rank(), other.rank());
    });
    queue.put(new Job(1, "first"));
    var slow = createTask(() -> queue.put(new Job(1, "slow")));
    var fast = createTask(() -> queue.put(new Job(1, "fast")));
    fast.await();
    slow.await();
    assertEquals("first", queue.get().name());
    assertEquals("slow", queue.get().name());
    assertEquals("fast", queue.get().name());
  }

  @AsyncTest
  void aComparatorMayUseTheQueue() {
    var queues = new ArrayList<PriorityQueue<Integer>>();
    var queue = new PriorityQueue<Integer>((one, other) -> {
      if (one == 50 && other < 100) {
        int taken = queues.getFirst().get();
        queues.getFirst().putNowait(taken + 100);
      }
      return Integer.compare(one, other);
    });
    queues.add(queue);
    for (int i = 0; i < 10; i++) {
      queue.put(10 * i + 5);
    }
    queue.put(50);
    assertEquals(11, queue.size());
    int last = Integer.MIN_VALUE;
    while (!queue.empty()) {
      int item = queue.get();
      assertTrue(item > last);
      last = item;
    }
  }

  @AsyncTest
  void whatWasTakenMeanwhileIsNoNeighbour() {
    var queue = new PriorityQueue<Integer>(PriorityQueueTest::afterOthers);
    for (int item : new int[] {10, 20, 30, 40}) {
      queue.put(item);
    }
    var putter = createTask(() -> queue.put(25));
    yieldNow();
    assertEquals(10, queue.get());
    assertEquals(20, queue.get());
    assertEquals(30, queue.get());
    var other = createTask(() -> queue.put(5));
    putter.await();
    other.await();
    assertEquals(List.of(5, 25, 40), List.of(queue.get(), queue.get(), queue.get()));
  }

  @AsyncTest
  void whoCantBeComparedAfterAWaitLeavesNothingAndItsRoomGoesToTheNext() {
    var queue = new PriorityQueue<Integer>(2, (one, other) -> {
      yieldNow();
      return FAILING.compare(one, other);
    });
    queue.put(5);
    var failing = createTask(() -> queue.put(-1));
    var next = createTask(() -> queue.put(4));
    assertThrows(Incomparable.class, failing::await);
    next.await();
    assertEquals(4, queue.get());
    queue.taskDone();
    assertEquals(5, queue.get());
    queue.taskDone();
    queue.join();
  }

  @AsyncTest
  void aCancelInTheComparatorAddsNothing() {
    var queue = new PriorityQueue<Integer>(2, PriorityQueueTest::afterOthers);
    queue.put(5);
    var cancelled = createTask(() -> queue.put(6));
    yieldNow();
    cancelled.cancel();
    assertThrows(CancelledError.class, cancelled::await);
    assertFalse(queue.full());
    assertEquals(5, queue.get());
    queue.taskDone();
    queue.join();
  }

  @AsyncTest
  void aQueueThatIsShutDownMeanwhileRefusesTheItem() {
    for (boolean now : new boolean[] {false, true}) {
      var queue = new PriorityQueue<Integer>(PriorityQueueTest::afterOthers);
      queue.put(5);
      var putter = createTask(() -> queue.put(6));
      var trying = createTask(() -> queue.tryPut(7));
      yieldNow();
      if (now) {
        queue.shutdownNow();
      } else {
        queue.shutdown();
        assertEquals(5, queue.get());
        queue.taskDone();
      }
      assertThrows(QueueShutDownException.class, putter::await);
      assertFalse(trying.await());
      assertThrows(QueueShutDownException.class, queue::get);
      queue.join();
    }
  }

  @AsyncTest
  void aComparatorThatOverflowsTheStackLeavesTheQueueWhole() {
    var queue = new PriorityQueue<Integer>(
        2, (one, other) -> one == 0 ? overflow(other) : Integer.compare(one, other));
    queue.put(5);
    assertThrows(StackOverflowError.class, () -> queue.put(0));
    assertFalse(queue.full());
    queue.put(4);
    assertEquals(4, queue.get());
    assertEquals(5, queue.get());
  }

  @SuppressWarnings("InfiniteRecursion")
  private static int overflow(int depth) {
    return overflow(depth + 1) + 1;
  }

  @AsyncTest
  void aPutComparesWithFewOfManyItems() {
    for (int step : new int[] {1, 37, 999}) { // in their order, mixed, and against their order
      int[] compared = {0};
      var queue = new PriorityQueue<Integer>((one, other) -> {
        compared[0]++;
        return Integer.compare(one, other);
      });
      for (int i = 0; i < 1000; i++) {
        queue.put(i * step % 1000);
      }
      assertTrue(compared[0] < 1000 * 20, "compared " + compared[0]);
    }
  }

  @AsyncTest
  void ofEqualItemsThatWhosePutHasWaitedLongerComesFirst() {
    var queue = new PriorityQueue<Job>(2, Comparator.comparing(Job::rank));
    queue.put(new Job(0, "a"));
    queue.put(new Job(0, "b"));
    var putter = createTask(() -> queue.put(new Job(1, "has waited")));
    yieldNow();
    queue.getNowait();
    queue.getNowait();
    queue.putNowait(new Job(1, "came later"));
    putter.await();
    assertEquals("has waited", queue.get().name());
    assertEquals("came later", queue.get().name());
  }
}
