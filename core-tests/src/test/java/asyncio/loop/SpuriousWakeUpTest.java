package asyncio.loop;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.currentTask;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.yieldNow;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;

import asyncio.Asyncio;
import asyncio.Event;
import asyncio.Queue;
import asyncio.Task;
import asyncio.support.Order;
import asyncio.testing.AsyncTest;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/**
 * A wait of this library ends when what it waits for happens, whoever unparks the thread, leaves a
 * permit or makes the JDK submit a step twice.
 */
class SpuriousWakeUpTest {
  private final Order order = new Order();

  @AsyncTest
  void aPermitThatIsLeftOverEndsNoWait() {
    LockSupport.unpark(Thread.currentThread());
    sleep(ofSeconds(3));
    assertEquals(ofSeconds(3), runningLoop().time());

    var event = new Event();
    runningLoop().callLater(ofSeconds(1), () -> {
      order.add("set");
      event.set();
    });
    LockSupport.unpark(Thread.currentThread());
    event.await();
    order.add("woken");

    var queue = new Queue<String>();
    createTask(() -> {
      order.add("put");
      queue.put("item");
    });
    LockSupport.unpark(Thread.currentThread());
    order.add(queue.get());

    createTask(() -> order.add("other"));
    LockSupport.unpark(Thread.currentThread());
    yieldNow();
    order.add("yielded");
    order.assertIs("set", "woken", "put", "item", "other", "yielded");
  }

  @AsyncTest
  void anUnparkBySomebodyElseEndsNoWait() {
    Thread[] thread = {null};
    var event = new Event();
    var waiting = createTask(() -> {
      thread[0] = Thread.currentThread();
      event.await();
      order.add("woken");
    });
    yieldNow();
    for (int i = 0; i < 5; i++) {
      LockSupport.unpark(thread[0]); // in a coroutine
      yieldNow();
      Asyncio.toThread(() -> LockSupport.unpark(thread[0]));
      yieldNow();
    }
    assertFalse(waiting.isDone());
    order.assertIsEmpty();
    event.set();
    waiting.await();
    order.assertIs("woken");
  }

  /** A dump of a virtual thread that can run makes the JDK submit its step once more. */
  @Test
  void stackDumpsByAnotherThreadLoseNoStepAndRunNoneTwice() throws Exception {
    var stop = new AtomicBoolean();
    int[] sums = {0, 0};
    int[] inside = {0};
    Asyncio.run(() -> {
      var threads = new Thread[2];
      List<Task<?>> tasks = new ArrayList<>();
      for (int t = 0; t < 2; t++) {
        int mine = t;
        tasks.add(createTask(() -> {
          threads[mine] = Thread.currentThread();
          Task<?> self = currentTask();
          while (!stop.get()) {
            assertEquals(1, ++inside[0], "one coroutine at a time");
            sums[mine]++;
            inside[0]--;
            yieldNow();
            assertEquals(self, currentTask());
          }
        }));
      }
      yieldNow();
      Thread dumper = Thread.ofPlatform().daemon().start(() -> {
        for (int i = 0; i < 2_000; i++) {
          threads[i % 2].getStackTrace();
        }
        stop.set(true);
      });
      for (Task<?> task : tasks) {
        task.await();
      }
      Asyncio.toThread(() -> dumper.join());
    });
    // Both take turns, so that neither is ahead by more than one.
    assertEquals(sums[0], sums[1], 1);
  }

  @Test
  void stackDumpsByAnotherThreadLoseNoCallback() throws Exception {
    var stop = new AtomicBoolean();
    int[] counts = {0, 0};
    Asyncio.run(() -> {
      Thread[] runner = {null};
      runningLoop().callSoon(() -> runner[0] = Thread.currentThread());
      yieldNow();
      Thread dumper = Thread.ofPlatform().daemon().start(() -> {
        for (int i = 0; i < 5_000; i++) {
          runner[0].getStackTrace();
        }
        stop.set(true);
      });
      while (!stop.get()) {
        counts[0]++;
        runningLoop().callSoon(() -> {
          counts[1]++;
          runner[0] = Thread.currentThread();
        });
        yieldNow();
      }
      Asyncio.toThread(() -> dumper.join());
      yieldNow();
    });
    assertEquals(counts[0], counts[1]);
  }

  /** Not the coroutine and not the loop: what it wakes goes through the loop's inbox. */
  @AsyncTest
  void aForeignVirtualThreadMayWakeACoroutineInForeignCode() throws Exception {
    var there = new LinkedBlockingQueue<Integer>();
    var back = new LinkedBlockingQueue<Integer>();
    Thread foreign = Thread.startVirtualThread(() -> {
      try {
        for (int i = there.take(); i >= 0; i = there.take()) {
          back.add(i + 1);
        }
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    });
    for (int i = 0; i < 200; i++) {
      there.add(i);
      assertEquals(i + 1, Asyncio.blocking(back::take));
    }
    there.add(-1);
    Asyncio.blocking(() -> foreign.join());
    assertNull(back.poll());
  }
}
