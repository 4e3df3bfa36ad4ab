package asyncio.sync;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.yieldNow;
import static org.junit.jupiter.api.Assertions.assertEquals;

import asyncio.LifoQueue;
import asyncio.conformance.Covers;
import asyncio.testing.AsyncTest;

class LifoQueueTest {
  @AsyncTest
  @Covers("test_queues.LifoQueueTests.order")
  void theLastComesOutFirst() {
    var queue = new LifoQueue<Integer>();
    for (int item : new int[] {1, 3, 2}) {
      queue.put(item);
    }
    assertEquals(2, queue.get());
    queue.put(4);
    assertEquals(4, queue.getNowait());
    assertEquals(3, queue.get());
    assertEquals(1, queue.get());
  }

  @AsyncTest
  void whoWaitedToPutStandsLast() {
    var queue = new LifoQueue<Integer>(2);
    queue.put(1);
    queue.put(2);
    var putter = createTask(() -> queue.put(3));
    yieldNow();
    assertEquals(2, queue.get());
    assertEquals(3, queue.get());
    assertEquals(1, queue.get());
    putter.await();
  }
}
