package asyncio.cancel;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.gather;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.shield;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.timeout;
import static asyncio.Asyncio.toThread;
import static asyncio.Asyncio.waitFor;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertEndsWith;
import static asyncio.support.Texts.assertLacks;
import static java.time.Duration.ofMillis;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Action;
import asyncio.Barrier;
import asyncio.BoundedSemaphore;
import asyncio.Condition;
import asyncio.Event;
import asyncio.LifoQueue;
import asyncio.Lock;
import asyncio.PriorityQueue;
import asyncio.Queue;
import asyncio.QueueShutDownException;
import asyncio.Semaphore;
import asyncio.Task;
import asyncio.TaskGroup;
import asyncio.TimeoutException;
import asyncio.support.Sweep;
import asyncio.testing.AsyncTest;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Supplier;

/** Every wait, cancelled at every turn: no permit, item, lock, signal, task or value is lost. */
class CancellationSweepTest {
  /** At least so many turns are swept, or the scenario does not wait where it is meant to. */
  private static void sweep(int turns, Supplier<Sweep.Scenario> scenarios) throws Exception {
    int swept = Sweep.play(scenarios);
    assertTrue(swept >= turns, "only " + swept + " turns");
  }

  // ---- locks ----

  @AsyncTest
  void lock() throws Exception {
    sweep(4, LockScenario::new);
  }

  private static final class LockScenario implements Sweep.Scenario {
    private final Lock lock = new Lock();

    @Override
    public void victim() {
      for (int i = 0; i < 2; i++) {
        try (var _ = lock.acquire()) {
          yieldNow();
        }
      }
    }

    @Override
    public void others() {
      for (int i = 0; i < 3; i++) {
        try (var _ = lock.acquire()) {
          sleep(ofMillis(1));
        }
      }
    }

    @Override
    public void check() {
      assertEquals("Lock[unlocked]", lock.toString());
    }
  }

  @AsyncTest
  void semaphore() throws Exception {
    sweep(4, () -> new SemaphoreScenario(new Semaphore(2)));
    sweep(4, () -> new SemaphoreScenario(new BoundedSemaphore(2)));
  }

  private record SemaphoreScenario(Semaphore semaphore) implements Sweep.Scenario {
    @Override
    public void victim() {
      try (var _ = semaphore.acquire()) {
        yieldNow();
        try (var _ = semaphore.acquire()) {
          yieldNow();
        }
      }
    }

    @Override
    public void others() {
      try (var _ = semaphore.acquire()) {
        sleep(ofMillis(2));
      }
    }

    @Override
    public void check() {
      assertEquals(2, semaphore.available());
      assertEndsWith(semaphore.toString(), "[unlocked, value:2]");
    }
  }

  @AsyncTest
  void event() throws Exception {
    sweep(4, EventScenario::new);
  }

  private static final class EventScenario implements Sweep.Scenario {
    private final Event event = new Event();

    @Override
    public void victim() {
      event.await();
    }

    @Override
    public void others() {
      sleep(ofMillis(1));
      event.set();
      event.clear();
      sleep(ofMillis(1));
      event.set();
    }

    @Override
    public void check() {
      assertEquals("Event[set]", event.toString());
    }
  }

  @AsyncTest
  void condition() throws Exception {
    sweep(6, ConditionScenario::new);
  }

  private static final class ConditionScenario implements Sweep.Scenario {
    private final Condition condition = new Condition();
    private int received;

    private void receive() {
      try (var _ = condition.acquire()) {
        condition.await();
        assertTrue(condition.locked());
        received++;
      }
    }

    @Override
    public void victim() {
      receive();
    }

    @Override
    public void others() {
      var second = createTask(this::receive);
      sleep(ofMillis(1));
      try (var _ = condition.acquire()) {
        condition.signal();
        sleep(ofMillis(1)); // who is signalled waits for the lock
      }
      sleep(ofMillis(10));
      assertEquals(1, received, "one signal, one receiver");
      second.cancel();
      try (var _ = condition.acquire()) {
        condition.signalAll();
      }
    }

    @Override
    public void check() {
      yieldNow();
      assertEquals("Condition[unlocked]", condition.toString());
    }
  }

  @AsyncTest
  void barrier() throws Exception {
    sweep(4, BarrierScenario::new);
  }

  private static final class BarrierScenario implements Sweep.Scenario {
    private final Barrier barrier = new Barrier(2);

    @Override
    public void victim() {
      barrier.await();
      barrier.await();
    }

    @Override
    public void others() {
      try {
        timeout(ofMillis(20), () -> {
          sleep(ofMillis(1));
          barrier.await();
          sleep(ofMillis(1));
          barrier.await();
        });
      } catch (TimeoutException alone) {
        assertFalse(barrier.broken());
      }
    }

    @Override
    public void check() {
      assertEquals("Barrier[filling, waiting:0/2]", barrier.toString());
    }
  }

  // ---- queues ----

  @AsyncTest
  void queues() throws Exception {
    List<Function<Integer, Queue<Integer>>> kinds =
        List.of(Queue::new, LifoQueue::new, PriorityQueue::new);
    for (var kind : kinds) {
      sweep(4, () -> new GetScenario(kind.apply(1), false));
      sweep(4, () -> new GetScenario(kind.apply(1), true));
      sweep(4, () -> new PutScenario(kind.apply(1)));
      sweep(4, () -> new JoinScenario(kind.apply(0)));
    }
  }

  private static final class GetScenario implements Sweep.Scenario {
    private final Queue<Integer> queue;
    private final boolean iterating;
    private final List<Integer> taken = new ArrayList<>();

    GetScenario(Queue<Integer> queue, boolean iterating) {
      this.queue = queue;
      this.iterating = iterating;
    }

    @Override
    public void victim() {
      if (iterating) {
        for (Integer item : queue) {
          taken.add(item);
        }
      } else {
        for (int i = 0; i < 3; i++) {
          taken.add(queue.get());
        }
      }
    }

    @Override
    public void others() {
      var getter = createTask(() -> taken.add(queue.get()));
      for (int i = 0; i < 4; i++) {
        int item = i;
        sleep(ofMillis(i % 2));
        // Nobody may be there any more to take it.
        timeoutOr(() -> queue.put(item), () -> taken.add(queue.get()));
        if (!queue.toString().contains("unfinished=" + (i + 1))) {
          queue.put(item);
        }
      }
      sleep(ofMillis(1));
      queue.shutdown();
      try {
        getter.await();
      } catch (QueueShutDownException tooLate) {
        // The victim took them all.
      }
    }

    private static void timeoutOr(Action<RuntimeException> body, Action<RuntimeException> late) {
      try {
        timeout(ofMillis(5), body);
      } catch (TimeoutException expired) {
        late.run();
      }
    }

    @Override
    public void check() {
      while (!queue.empty()) {
        taken.add(queue.get());
      }
      taken.sort(null);
      assertEquals(List.of(0, 1, 2, 3), taken);
      assertLacks(queue.toString(), "ters=");
    }
  }

  private static final class PutScenario implements Sweep.Scenario {
    private final Queue<Integer> queue;
    private final Set<Integer> put = new HashSet<>();
    private final Set<Integer> taken = new HashSet<>();

    PutScenario(Queue<Integer> queue) {
      this.queue = queue;
    }

    @Override
    public void victim() {
      for (int i = 0; i < 4; i++) {
        queue.put(i);
        put.add(i);
      }
    }

    @Override
    public void others() {
      for (int i = 0; i < 3; i++) {
        sleep(ofMillis(i % 2));
        queue.tryGet().ifPresent(taken::add);
      }
      try {
        timeout(ofMillis(10), () -> {
          while (true) {
            taken.add(queue.get());
          }
        });
      } catch (TimeoutException end) {
        assertTrue(queue.empty());
      }
    }

    @Override
    public void check() {
      while (!queue.empty()) {
        taken.add(queue.get());
      }
      assertEquals(put, taken);
      assertLacks(queue.toString(), "ters=");
    }
  }

  private static final class JoinScenario implements Sweep.Scenario {
    private final Queue<Integer> queue;

    JoinScenario(Queue<Integer> queue) {
      this.queue = queue;
      queue.put(1);
      queue.put(2);
    }

    @Override
    public void victim() {
      queue.join();
    }

    @Override
    public void others() {
      var second = createTask(queue::join);
      for (int i = 0; i < 2; i++) {
        sleep(ofMillis(1));
        queue.get();
        queue.taskDone();
      }
      second.await();
    }

    @Override
    public void check() {
      assertEndsWith(queue.toString(), "[size=0]");
    }
  }

  // ---- tasks and scopes ----

  /** Counts what was opened and is not closed. */
  private static class Resources {
    final AtomicInteger open = new AtomicInteger();

    AutoCloseable make() {
      open.incrementAndGet();
      return open::decrementAndGet;
    }

    /** Work that waits with something open. */
    void work() throws Exception {
      try (var _ = make()) {
        yieldNow();
        sleep(ofMillis(1));
        yieldNow();
      }
    }
  }

  private interface Body {
    void run(Resources resources) throws Exception;
  }

  /** A scenario of one task, which must close what it opens. */
  private static void sweepAlone(int turns, Body body) throws Exception {
    sweep(turns, () -> new Sweep.Scenario() {
      private final Resources resources = new Resources();

      @Override
      public void victim() throws Exception {
        body.run(resources);
      }

      @Override
      public void check() {
        assertEquals(0, resources.open.get(), "left open");
      }
    });
  }

  @AsyncTest
  void sleeping() throws Exception {
    sweepAlone(3, Resources::work);
  }

  @AsyncTest
  void gathering() throws Exception {
    sweepAlone(3, resources -> {
      gather(
          () -> {
            resources.work();
          },
          () -> {
            resources.work();
            resources.work();
          });
    });
  }

  @AsyncTest
  void taskGroup() throws Exception {
    sweepAlone(3, resources -> {
      var group = new TaskGroup();
      group.run(() -> {
        group.createTask(() -> resources.work());
        yieldNow();
        group.createTask(() -> resources.work());
        resources.work();
      });
    });
  }

  @AsyncTest
  void timeoutThatExpires() throws Exception {
    sweepAlone(3, resources -> {
      try {
        timeout(ofMillis(2), () -> {
          while (true) {
            resources.work();
          }
        });
      } catch (TimeoutException late) {
        resources.work();
      }
    });
  }

  @AsyncTest
  void timeoutThatDoesNot() throws Exception {
    sweepAlone(3, resources -> timeout(ofMillis(100), () -> resources.work()));
  }

  @AsyncTest
  void waitForATask() throws Exception {
    sweepAlone(3, resources -> {
      var task = createTask(() -> resources.work());
      waitFor(task, ofMillis(100));
      var slow = createTask(() -> {
        resources.work();
        resources.work();
      });
      try {
        waitFor(slow, ofMillis(1));
      } catch (TimeoutException late) {
        assertTrue(slow.isDone());
      }
    });
  }

  @AsyncTest
  void aTaskThatReturnsSomethingToClose() throws Exception {
    sweepAlone(2, resources -> {
      Task<AutoCloseable> task = createTask(() -> {
        yieldNow();
        sleep(ofMillis(1));
        return resources.make();
      });
      try (var _ = task.await()) {
        yieldNow();
      }
    });
  }

  @AsyncTest
  void shieldedWorkGoesOn() throws Exception {
    sweep(3, () -> new Sweep.Scenario() {
      private final Resources resources = new Resources();
      private Task<?> inner;

      @Override
      public void victim() {
        inner = createTask(() -> resources.work());
        shield(inner);
      }

      @Override
      public void check() {
        if (inner != null) {
          inner.await();
          assertFalse(inner.isCancelled());
        }
        assertEquals(0, resources.open.get());
      }
    });
  }

  @AsyncTest
  void scopesInScopes() throws Exception {
    var lock = new Lock();
    sweepAlone(4, resources -> {
      var group = new TaskGroup();
      group.run(() -> {
        for (int i = 0; i < 2; i++) {
          group.createTask(() -> timeout(ofMillis(50), () -> {
            try (var _ = lock.acquire()) {
              resources.work();
            }
          }));
        }
        resources.work();
      });
      assertFalse(lock.locked());
    });
    assertFalse(lock.locked());
  }

  @AsyncTest
  void aThreadThatReturnsSomethingToClose() throws Exception {
    sweep(1, () -> new Sweep.Scenario() {
      private final Resources resources = new Resources();

      @Override
      public void victim() throws Exception {
        try (var _ = toThread(() -> resources.make())) {
          yieldNow();
        }
      }

      @Override
      public void check() {
        // A thread can't be stopped: its result comes, and is closed.
        for (int i = 0; i < 1000 && resources.open.get() != 0; i++) {
          sleep(ofMillis(1));
        }
        assertEquals(0, resources.open.get());
      }
    });
    assertEquals(1, runningLoop().allTasks().size());
  }
}
