package asyncio.sync;

import static asyncio.Asyncio.blocking;
import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.newEventLoop;
import static asyncio.Asyncio.run;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Action;
import asyncio.Asyncio;
import asyncio.Barrier;
import asyncio.BoundedSemaphore;
import asyncio.Condition;
import asyncio.Event;
import asyncio.EventLoop;
import asyncio.LifoQueue;
import asyncio.Lock;
import asyncio.PriorityQueue;
import asyncio.Queue;
import asyncio.Semaphore;
import asyncio.conformance.Covers;
import asyncio.support.CapturedLog;
import asyncio.support.Failure;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;

/** Locks and queues belong to one loop. */
class LoopBindingTest {
  private final Lock lock = new Lock();
  private final Semaphore semaphore = new Semaphore();
  private final BoundedSemaphore bounded = new BoundedSemaphore();
  private final Event event = new Event();
  private final Condition condition = new Condition();
  private final Barrier barrier = new Barrier(1);
  private final Queue<Integer> queue = new Queue<>();
  private final Queue<Integer> lifo = new LifoQueue<>();
  private final Queue<Integer> priority = new PriorityQueue<>();

  /** One ordinary use of each. */
  private void useAll() {
    lock.acquire().close();
    semaphore.acquire().close();
    bounded.acquire().close();
    event.set();
    event.await();
    try (var _ = condition.acquire()) {
      condition.signalAll();
    }
    barrier.await();
    for (var each : List.of(queue, lifo, priority)) {
      each.put(1);
      each.get();
    }
  }

  private Map<String, Action<RuntimeException>> calls() {
    Map<String, Action<RuntimeException>> calls = new LinkedHashMap<>();
    calls.put("Lock.acquire()", lock::acquire);
    calls.put("Lock.tryAcquire()", lock::tryAcquire);
    calls.put("Lock.release()", lock::release);
    calls.put("Semaphore.acquire()", semaphore::acquire);
    calls.put("Semaphore.tryAcquire()", semaphore::tryAcquire);
    calls.put("Semaphore.release()", semaphore::release);
    calls.put("BoundedSemaphore.release()", bounded::release);
    calls.put("Event.await()", event::await);
    calls.put("Event.set()", event::set);
    calls.put("Event.clear()", event::clear);
    calls.put("Condition.await()", condition::await);
    calls.put("Condition.await(predicate)", () -> condition.await(() -> true));
    calls.put("Condition.signal()", condition::signal);
    calls.put("Condition.signalAll()", condition::signalAll);
    calls.put("Barrier.await()", barrier::await);
    calls.put("Barrier.reset()", barrier::reset);
    calls.put("Barrier.abort()", barrier::abort);
    for (var each : List.of(queue, lifo, priority)) {
      String kind = each.getClass().getSimpleName();
      calls.put(kind + ".put()", () -> each.put(1));
      calls.put(kind + ".putNowait()", () -> each.putNowait(1));
      calls.put(kind + ".tryPut()", () -> each.tryPut(1));
      calls.put(kind + ".get()", each::get);
      calls.put(kind + ".getNowait()", each::getNowait);
      calls.put(kind + ".tryGet()", each::tryGet);
      calls.put(kind + ".taskDone()", each::taskDone);
      calls.put(kind + ".join()", each::join);
      calls.put(kind + ".shutdown()", each::shutdown);
      calls.put(kind + ".shutdownNow()", each::shutdownNow);
    }
    return calls;
  }

  @Test
  void oneServesSeveralRunsOneAfterTheOther() {
    for (int run = 0; run < 3; run++) {
      Asyncio.run(this::useAll);
    }
  }

  @Test
  @Covers("test_locks.ConditionTests.ambiguous_loops")
  void everyCallOnAnotherLoopIsAnErrorThatCoaches() throws Exception {
    List<String> wrong = new ArrayList<>();
    Asyncio.run(() -> {
      useAll();
      onAThread(() -> Asyncio.run(() -> calls().forEach((name, call) -> {
        String message = messageOf(call);
        if (!message.contains("belongs to loop") || !message.contains("callSoonThreadsafe")) {
          wrong.add(name + ": " + message);
        }
      })));
      yieldNow();
      useAll();
    });
    assertEquals(List.of(), wrong);
  }

  @Test
  void everyCallOnAForeignThreadIsAnErrorThatCoaches() throws Exception {
    List<String> wrong = new ArrayList<>();
    Asyncio.run(() -> {
      useAll();
      var held = lock.acquire();
      onAThread(() -> calls().forEach((name, call) -> {
        String message = messageOf(call);
        if (!message.contains("not a coroutine of a running event loop")) {
          wrong.add(name + ": " + message);
        }
      }));
      assertTrue(lock.locked());
      held.close();
      useAll();
    });
    assertEquals(List.of(), wrong);
  }

  private static String messageOf(Action<RuntimeException> call) {
    return assertThrows(IllegalStateException.class, call::run).getMessage();
  }

  /** Runs {@code body} on a platform thread; the loop stands still meanwhile. */
  private static void onAThread(Runnable body) throws InterruptedException, ExecutionException {
    var task = new FutureTask<Void>(body, null);
    Thread.ofPlatform().start(task);
    task.get();
  }

  /** Of a loop that was closed by hand, with a task in each wait. */
  private void leaveWaiters() {
    EventLoop before = newEventLoop();
    before.runUntilComplete(() -> {
      var permit = semaphore.acquire();
      createTask(queue::get);
      createTask(semaphore::acquire);
      createTask(() -> {
        try (var _ = condition.acquire()) {
          condition.await();
        }
      });
      yieldNow();
      permits.add(permit);
    });
    before.close();
  }

  private final List<Semaphore.Permit> permits = new ArrayList<>();

  @Test
  void whoWaitedOnAClosedLoopTakesNoWakeUpFromTheNext() {
    leaveWaiters();
    run(() -> {
      var getter = createTask(queue::get);
      var taker = createTask(() -> semaphore.acquire());
      var signalled = createTask(() -> {
        try (var _ = condition.acquire()) {
          condition.await();
        }
      });
      yieldNow();
      queue.putNowait(1);
      permits.getFirst().close();
      try (var _ = condition.acquire()) {
        condition.signal();
      }
      for (int turn = 0; turn < 10; turn++) {
        yieldNow();
      }
      for (var each : List.of(getter, taker, signalled)) {
        assertTrue(each.isDone(), each.toString());
      }
    });
  }

  @Test
  void whatWasPromisedToAWaiterOfAClosedLoopIsFreeOnTheNext() {
    try (var first = new ByHand()) {
      first.loop.runUntilComplete(() -> {
        var permit = lock.acquire();
        var other = semaphore.acquire();
        createTask(lock::acquire);
        createTask(semaphore::acquire);
        yieldNow();
        yieldNow();
        permit.close();
        other.close();
      });
    }
    run(() -> {
      try (var now = lock.tryAcquire();
          var too = semaphore.tryAcquire()) {
        assertTrue(now != null);
        assertTrue(too != null);
      }
    });
  }

  @Test
  void roomThatWasKeptForAPutterOfAClosedLoopIsFreeOnTheNext() {
    var one = new PriorityQueue<Integer>(1);
    try (var first = new ByHand()) {
      first.loop.runUntilComplete(() -> {
        one.put(1);
        createTask(() -> one.put(2));
        yieldNow();
        assertEquals(1, one.getNowait()); // the putter is woken, and never runs
      });
    }
    run(() -> {
      assertTrue(one.tryPut(3));
      assertTrue(one.full());
      assertEquals(3, one.get());
      assertFalse(one.full());
    });
  }

  @Test
  void aPutterThatStillComparedWhenItsLoopClosedKeepsNoRoomAndGivesNoneBack() {
    var compares = new CountDownLatch(1);
    var unwound = new CountDownLatch(1);
    var two = new PriorityQueue<Integer>(2, (a, b) -> {
      if (a == 2) {
        blocking(() -> awaitDespiteInterrupts(compares));
        throw new Failure("can't be compared");
      }
      return Integer.compare(a, b);
    });
    try (var first = new ByHand()) {
      first.loop.runUntilComplete(() -> {
        two.put(1);
        createTask(() -> {
          try {
            two.put(2);
          } finally {
            unwound.countDown();
          }
        });
        yieldNow();
      });
    }
    run(() -> {
      assertTrue(two.tryPut(3));
      compares.countDown();
      awaitDespiteInterrupts(unwound);
      assertTrue(two.full());
      assertFalse(two.tryPut(4));
      assertEquals(1, two.get());
      assertEquals(3, two.get());
    });
  }

  private static void awaitDespiteInterrupts(CountDownLatch latch) {
    while (latch.getCount() > 0) {
      try {
        latch.await();
      } catch (InterruptedException nudge) {
        // The loop's end sends one.
      }
    }
  }

  @Test
  void whoWaitedInABarrierOfAClosedLoopCountsNoLonger() {
    var both = new Barrier(2);
    try (var first = new ByHand()) {
      first.loop.runUntilComplete(() -> {
        createTask(both::await);
        yieldNow();
        yieldNow();
        assertEquals(1, both.waiting());
      });
    }
    run(() -> {
      var one = createTask(both::await);
      yieldNow();
      assertEquals(1, both.waiting());
      both.await();
      one.await();
    });
  }

  @Test
  void aLockHeldByATaskOfAClosedLoopIsAnErrorThatNamesIt() {
    try (var first = new ByHand()) {
      first.loop.runUntilComplete(() -> {
        Asyncio.createTask("holder", () -> {
          lock.acquire();
          event.await();
        });
        yieldNow();
      });
    }
    run(() -> {
      var error = assertThrows(IllegalStateException.class, lock::acquire);
      assertContains(error.getMessage(), "holder", "still held when the event loop");
    });
  }

  /** A loop that is closed with what is left in it, which its log tells: not here. */
  private static final class ByHand implements AutoCloseable {
    final EventLoop loop = newEventLoop();

    @Override
    public void close() {
      try (var log = new CapturedLog("asyncio.loop")) {
        loop.close();
        assertTrue(log.messages().size() > 0);
      }
    }
  }
}
