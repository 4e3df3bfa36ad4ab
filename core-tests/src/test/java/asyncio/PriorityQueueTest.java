package asyncio;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.yieldNow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.conformance.Covers;
import asyncio.testing.AsyncTest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

class PriorityQueueTest {
  private record Job(int rank, String name) {}

  private static final class Incomparable extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  /** Numbers in their order; a negative one can't be compared with another. */
  private static final Comparator<Integer> FAILING =
      (one, other) -> {
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
    assertTrue(error.getMessage().contains("Comparator"), error.getMessage());
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
    assertEquals(1, queue.size()); // the room went to the next
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
  void thePutterGetsTheFailureEvenIfItIsCancelledInThatTurn() {
    var queue = new PriorityQueue<>(2, FAILING);
    queue.put(5);
    queue.put(6);
    var seen = new ArrayList<Throwable>();
    var putter =
        createTask(
            () -> {
              try {
                queue.put(-1);
              } catch (Incomparable failure) {
                seen.add(failure);
                yieldNow();
              }
            });
    yieldNow();
    assertEquals(5, queue.get());
    putter.cancel();
    assertThrows(CancelledError.class, putter::await);
    assertEquals(1, seen.size());
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
}
