package asyncio.internal.scheduler;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.ArrayDeque;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ReadyQueueTest {
  @Test
  void keepsTheOrderWhileItGrowsAndWrapsAround() {
    var random = new Random(42);
    var queue = new ReadyQueue();
    var model = new ArrayDeque<Step>();
    for (int i = 0; i < 100_000; i++) {
      // Longer runs of either kind, so that the ring fills, empties and grows in every position.
      boolean growing = (i / 500) % 2 == 0;
      if (random.nextInt(10) < (growing ? 7 : 3)) {
        Step step = LoopAction.of(() -> {});
        queue.add(step);
        model.add(step);
      } else {
        assertSame(model.peek(), queue.peek());
        assertSame(model.poll(), queue.poll());
      }
      assertEquals(model.size(), queue.size());
    }
    while (!model.isEmpty()) {
      assertSame(model.poll(), queue.poll());
    }
    assertNull(queue.poll());
  }
}
