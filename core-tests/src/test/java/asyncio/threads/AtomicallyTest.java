package asyncio.threads;

import static asyncio.Asyncio.atomically;
import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.currentTask;
import static asyncio.Asyncio.run;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.toThread;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;
import static asyncio.support.Texts.assertStartsWith;
import static java.util.logging.Level.INFO;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Action;
import asyncio.Asyncio;
import asyncio.CancelledError;
import asyncio.CarrierKind;
import asyncio.Event;
import asyncio.Future;
import asyncio.Lock;
import asyncio.Queue;
import asyncio.Semaphore;
import asyncio.Task;
import asyncio.TaskFactory;
import asyncio.TaskOptions;
import asyncio.internal.carrier.HandOvers;
import asyncio.support.Only;
import asyncio.support.Order;
import asyncio.support.Reports;
import asyncio.testing.AsyncTest;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.logging.Formatter;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.StreamHandler;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@code atomically(body)}. That each waiting method is refused: {@link AtomicallyWaitsTest}. */
class AtomicallyTest {
  private static final TaskOptions EAGER = TaskOptions.defaults().withEagerStart(true);

  private final Order order = new Order();

  @AsyncTest
  void givesResultAndFailureBare() throws IOException {
    assertEquals(4, atomically(() -> 4));
    atomically(() -> order.add("body"));
    order.assertIs("body");
    var failure = new IOException("x");
    assertSame(
        failure,
        assertThrows(
            IOException.class,
            () -> atomically(() -> {
              throw failure;
            })));
    assertEquals(0, failure.getSuppressed().length);
    yieldNow(); // it may wait again
  }

  @AsyncTest
  void theErrorNamesTheMethodAndTheTaskAndSaysWhatToUse() {
    currentTask().setName("buyer");
    var lock = new Lock();
    assertEquals(
        "Lock.acquire() may wait, and Task 'buyer' called it inside atomically(…): such calls are"
            + " not allowed there, even if they would return at once, so that no other coroutine"
            + " runs in the middle. Use calls that never wait, such as result(), getNowait(),"
            + " putNowait(), tryAcquire(), callSoon() or a lazy createTask(), or call it before or"
            + " after the region.",
        assertThrows(IllegalStateException.class, () -> atomically(() -> lock.acquire()))
            .getMessage());
  }

  @AsyncTest
  void whatNeverWaitsIsAllowed() {
    var queue = new Queue<String>();
    var lock = new Lock();
    var semaphore = new Semaphore();
    var event = new Event();
    Future<String> future = runningLoop().createFuture();
    var victim = createTask(() -> Asyncio.sleep(java.time.Duration.ofDays(1)));
    yieldNow();
    Task<Integer> made = atomically(() -> {
      queue.putNowait("a");
      assertTrue(queue.tryPut("b"));
      assertEquals("a", queue.getNowait());
      assertEquals("b", queue.tryGet().orElseThrow());
      queue.taskDone();
      try (var _ = lock.tryAcquire();
          var _ = semaphore.tryAcquire()) {
        assertTrue(lock.locked());
      }
      event.set();
      future.setResult("there");
      assertEquals("there", future.result());
      victim.cancel();
      runningLoop().callSoon(() -> order.add("callback"));
      currentTask().setName("renamed");
      queue.shutdown();
      return createTask(() -> {
        order.add("task");
        return 7;
      });
    });
    order.assertIsEmpty();
    assertEquals(7, made.await());
    order.assertIs("callback", "task");
    assertThrows(CancelledError.class, victim::await);
    assertFalse(lock.locked());
  }

  @AsyncTest
  void tasksAndCallbacksMadeInARegionAreNotInIt() {
    var waits = atomically(() -> {
      runningLoop().callSoon(() -> createTask(() -> order.add("by a callback")));
      return createTask(() -> {
        yieldNow();
        order.add("after a wait");
      });
    });
    waits.await();
    yieldNow();
    assertEquals(2, order.size(), order::toString);
  }

  @AsyncTest
  void anEagerStartIsRefusedSinceItSuspendsItsCreator() {
    int tasks = runningLoop().allTasks().size();
    String message = assertThrows(
            IllegalStateException.class,
            () -> atomically(() -> createTask(EAGER, () -> order.add("task"))))
        .getMessage();
    assertStartsWith(message, "createTask() with an eager start may wait, and Task '");
    runningLoop().setTaskFactory(TaskFactory.EAGER);
    assertThrows(
        IllegalStateException.class, () -> atomically(() -> createTask(() -> order.add("task"))));
    assertEquals(tasks, runningLoop().allTasks().size());

    TaskOptions lazy = TaskOptions.defaults().withEagerStart(false);
    var later = atomically(() -> createTask(lazy, () -> order.add("lazy")));
    order.assertIsEmpty();
    later.await();
    createTask(EAGER, () -> order.add("eager"));
    order.assertIs("lazy", "eager");
  }

  @AsyncTest
  void regionsAreNested() {
    atomically(() -> {
      assertEquals(1, atomically(() -> atomically(() -> 1)));
      assertThrows(IllegalStateException.class, () -> yieldNow());
      assertThrows(IllegalStateException.class, () -> atomically(() -> yieldNow()));
      assertThrows(IllegalStateException.class, () -> yieldNow());
    });
    yieldNow();
  }

  @AsyncTest
  void anErrorThatTheBodyCatchesIsOver() {
    atomically(() -> assertThrows(IllegalStateException.class, () -> yieldNow()));
    yieldNow();
  }

  @AsyncTest
  void inACallbackItWorksAsWell() {
    runningLoop().callSoon(() -> {
      order.add("result " + atomically(() -> 3));
      String message = assertThrows(IllegalStateException.class, () -> atomically(() -> yieldNow()))
          .getMessage();
      order.add(message.substring(0, message.indexOf(" inside")));
    });
    runningLoop().callSoon(() -> order.add("next"));
    yieldNow();
    order.assertIs("result 3", "yieldNow() may wait, and a callback called it", "next");
  }

  @Test
  void outsideACoroutineItIsRefused() {
    String message = assertThrows(
            IllegalStateException.class, () -> atomically(() -> order.add("body")))
        .getMessage();
    assertStartsWith(message, "atomically() was called on the thread '");
    order.assertIsEmpty();
    run(() -> {
      toThread(() -> {
        assertThrows(IllegalStateException.class, () -> atomically(() -> 1));
      });
    });
  }

  /** A dump of a virtual thread makes the JDK submit steps that do nothing. */
  @Test
  @Timeout(50)
  void stacksThatAnotherThreadTakesRaiseNoAlarm() throws Exception {
    var stop = new AtomicBoolean();
    int[] counts = {0, 0, 0};
    run(() -> {
      Thread[] threads = {Thread.currentThread(), Thread.currentThread()};
      var other = createTask(() -> {
        threads[1] = Thread.currentThread();
        while (!stop.get()) {
          counts[1]++;
          yieldNow();
        }
      });
      yieldNow();
      Thread dumper = Thread.ofPlatform().daemon().start(() -> {
        for (int i = 0; i < 2_000; i++) {
          threads[i % 2].getStackTrace();
        }
        stop.set(true);
      });
      while (!stop.get()) {
        int before = counts[1];
        atomically(() -> {
          counts[0]++;
          for (int i = 0; i < 20; i++) {
            runningLoop().callSoon(() -> counts[2]++);
          }
        });
        assertEquals(before, counts[1]);
        if (counts[0] % 2 == 0) {
          yieldNow();
        } else {
          Thread.yield(); // in foreign code, but outside
        }
      }
      other.await();
      toThread(() -> dumper.join());
    });
    assertEquals(20 * counts[0], counts[2]);
  }

  @Nested
  class InForeignCodeMounted {
    @BeforeEach
    void mountedOnly() {
      Only.mounted("on the portable carrier a foreign wait holds the loop, so nobody runs");
      runningLoopIsNamed = null;
    }

    private String runningLoopIsNamed;

    /** The error of a region in which another coroutine ran, which does {@code release}. */
    private IllegalStateException torn(Action<Exception> body, Action<Exception> release) {
      boolean[] ran = {false};
      var other = createTask(() -> {
        ran[0] = true;
        release.run();
      });
      currentTask().setName("buyer");
      runningLoopIsNamed = runningLoop().name();
      IllegalStateException torn = assertThrows(
          IllegalStateException.class,
          () -> atomically(() -> {
            body.run();
            order.add("went on");
          }));
      assertTrue(ran[0]);
      order.assertIs("went on");
      other.await();
      yieldNow();
      return torn;
    }

    private void assertNames(String method, IllegalStateException torn) {
      String message = torn.getMessage();
      assertTrue(
          message.matches(
              "Other coroutines may have run inside atomically\\(…\\): Task 'buyer' was suspended"
                  + " there"
                  + (method.isEmpty() ? "" : " by " + Pattern.quote(method) + "\\(\\), called")
                  + " at asyncio\\.threads\\.AtomicallyTest\\$.*\\(AtomicallyTest\\.java:\\d+\\)\\."
                  + " That is foreign code that waits or yields, so the coroutines of loop '"
                  + runningLoopIsNamed
                  + "' could change what the body had read\\. Call it before or after the region,"
                  + " or protect the steps with a Lock\\."),
          message);
      StackTraceElement[] where = torn.getCause().getStackTrace();
      assertTrue(where.length > 2, "the stack where it stood");
    }

    @AsyncTest
    void aYieldIsToldAtTheEnd() {
      assertNames("java.lang.Thread.yield", torn(() -> Thread.yield(), () -> {}));
    }

    @AsyncTest
    void aSleepIsToldAtTheEnd() {
      assertNames("java.lang.Thread.sleep", torn(() -> Thread.sleep(0, 1), () -> {}));
    }

    @AsyncTest
    void aBlockingQueueIsToldAtTheEnd() {
      var queue = new LinkedBlockingQueue<String>();
      assertNames(
          "java.util.concurrent.LinkedBlockingQueue.take",
          torn(() -> queue.take(), () -> queue.add("item")));
    }

    @AsyncTest
    void aBodyThatIsAMethodOfTheJdkIsToldWithWhoCalledAtomically() {
      var queue = new LinkedBlockingQueue<String>();
      createTask(() -> {
        queue.add("item");
      });
      String message = assertThrows(IllegalStateException.class, () -> atomically(queue::take))
          .getMessage();
      assertContains(
          message,
          " by java.util.concurrent.LinkedBlockingQueue.take(), called at"
              + " asyncio.threads.AtomicallyTest$InForeignCodeMounted.");
    }

    @AsyncTest
    void aMonitorThatAnotherCoroutineHasIsToldAtTheEnd() throws Exception {
      var monitor = new Object();
      var hold = new Hold();
      hold.start(() -> {
        synchronized (monitor) {
          hold.here();
        }
      });
      assertNames(
          "",
          torn(
              () -> {
                synchronized (monitor) {
                  Thread.onSpinWait();
                }
              },
              hold::release));
    }

    @AsyncTest
    void aLockThatAnotherCoroutineHasIsToldAtTheEnd() throws Exception {
      var lock = new ReentrantLock();
      var hold = new Hold();
      hold.start(() -> {
        lock.lock();
        try {
          hold.here();
        } finally {
          lock.unlock();
        }
      });
      assertNames(
          "java.util.concurrent.locks.ReentrantLock.lock",
          torn(
              () -> {
                lock.lock();
                lock.unlock();
              },
              hold::release));
    }

    /** Held by a thread for so long that the loop goes on. */
    @AsyncTest
    void aLockThatIsKeptTooLongIsToldAtTheEnd() throws Exception {
      var lock = new ReentrantLock();
      var hold = new Hold();
      hold.startOutside(() -> {
        lock.lock();
        try {
          hold.here();
        } finally {
          lock.unlock();
        }
      });
      HandOvers.limitNanos(1_000_000);
      try {
        assertNames(
            "java.util.concurrent.locks.ReentrantLock.lock",
            torn(
                () -> {
                  lock.lock();
                  lock.unlock();
                },
                hold::release));
        assertEquals(1, HandOvers.afterTheTime());
      } finally {
        HandOvers.limitNanos(1_000_000_000);
      }
    }

    /** A thread signals another coroutine, which gets the lock before this one. */
    @AsyncTest
    void aLockThatAnotherCoroutineGetsFirstIsToldAtTheEnd() throws Exception {
      var lock = new ReentrantLock();
      Condition signal = lock.newCondition();
      var waiter = createTask(() -> {
        lock.lock();
        try {
          signal.await();
        } finally {
          lock.unlock();
        }
      });
      yieldNow();
      var signalled = new CountDownLatch(1);
      Thread.ofPlatform().daemon().start(() -> {
        lock.lock();
        try {
          signal.signal();
          signalled.countDown();
          while (lock.getQueueLength() < 2) {
            Thread.onSpinWait();
          }
        } finally {
          lock.unlock();
        }
      });
      while (signalled.getCount() > 0) {
        Thread.onSpinWait();
      }
      assertNames(
          "java.util.concurrent.locks.ReentrantLock.lock",
          torn(
              () -> {
                lock.lock();
                lock.unlock();
              },
              () -> {}));
      waiter.await();
      assertEquals(1, HandOvers.toTheNextOwner());
      assertEquals(0, HandOvers.afterTheTime());
    }

    @AsyncTest
    void aLoggerThatAnotherCoroutineHoldsIsToldAtTheEnd() throws Exception {
      var hold = new Hold();
      try (var log = new SharedLog(hold::here)) {
        hold.start(log.handler::flush);
        assertNames(
            "java.util.logging.Logger.info", torn(() -> log.logger.info("x"), hold::release));
      }
    }

    @AsyncTest
    void onlyTheFirstPlaceIsTold() {
      assertNames(
          "java.lang.Thread.yield",
          torn(
              () -> {
                Thread.yield();
                Thread.sleep(0, 1);
                Thread.yield();
              },
              () -> {}));
    }

    @AsyncTest
    void whatTheBodyThrowsWins() {
      var failure = new IOException("x");
      assertSame(
          failure,
          assertThrows(
              IOException.class,
              () -> atomically(() -> {
                Thread.yield();
                throw failure;
              })));
      assertEquals(1, failure.getSuppressed().length);
      String message = failure.getSuppressed()[0].getMessage();
      assertStartsWith(message, "Other coroutines may have run inside atomically(…): ");
    }

    @AsyncTest
    void aCancelThatInterruptsTheBodyCancelsItsTask() {
      var task = createTask(() -> atomically(() -> new LinkedBlockingQueue<String>().take()));
      yieldNow();
      task.cancel();
      CancelledError cancelled = assertThrows(CancelledError.class, task::await);
      Throwable interrupt = cancelled.getCause();
      while (!(interrupt instanceof InterruptedException)) {
        interrupt = interrupt.getCause();
      }
      assertEquals(1, interrupt.getSuppressed().length);
    }

    @AsyncTest
    void anInnerRegionFailsFirstAndIsToldOnce() {
      var seen = new ArrayList<Throwable>();
      IllegalStateException torn = assertThrows(
          IllegalStateException.class,
          () -> atomically(() -> {
            try {
              atomically(() -> Thread.yield());
            } catch (IllegalStateException inner) {
              seen.add(inner);
              throw inner;
            }
          }));
      assertSame(seen.getFirst(), torn);
      assertEquals(0, torn.getSuppressed().length);
    }

    @AsyncTest
    void anInnerFailureThatIsCaughtFailsTheOuterRegionAtItsEnd() {
      var seen = new ArrayList<Throwable>();
      IllegalStateException torn = assertThrows(
          IllegalStateException.class,
          () -> atomically(() -> {
            seen.add(
                assertThrows(IllegalStateException.class, () -> atomically(() -> Thread.yield())));
            order.add("went on");
          }));
      order.assertIs("went on");
      assertArrayEquals(
          seen.getFirst().getCause().getStackTrace(), torn.getCause().getStackTrace());
    }

    @AsyncTest
    void aRegionInsideIsNotTornByWhatCameBeforeIt() {
      assertThrows(
          IllegalStateException.class,
          () -> atomically(() -> {
            Thread.yield();
            order.add("inner gives " + atomically(() -> 1));
          }));
      order.assertIs("inner gives 1");
    }

    @AsyncTest
    void whatComesBeforeAndAfterARegionIsNotItsBusiness() {
      for (int i = 0; i < 10; i++) {
        Thread.yield();
        assertEquals(1, atomically(() -> 1));
        Thread.yield();
      }
    }

    @AsyncTest
    void inACallbackTheExceptionHandlerGetsIt() {
      var reports = new Reports();
      runningLoop().setExceptionHandler(reports);
      runningLoop().callSoon(() -> atomically(() -> Thread.yield()));
      runningLoop().callSoon(() -> order.add("next"));
      for (int i = 0; i < 5; i++) {
        yieldNow();
      }
      order.assertIs("next");
      assertStartsWith(
          reports.only().exception().getMessage(),
          "Other coroutines may have run inside atomically(…): a callback was suspended"
              + " there by java.lang.Thread.yield(), called at asyncio.threads.AtomicallyTest$");
    }

    @AsyncTest
    void twoTasksMayBothBeInRegionsThatOthersTore() {
      var both = List.of(
          createTask(() -> atomically(() -> Thread.yield())),
          createTask(() -> atomically(() -> Thread.yield())),
          createTask(() -> atomically(() -> order.add("whole"))));
      assertInstanceOf(IllegalStateException.class, failureOf(both.get(0)));
      assertInstanceOf(IllegalStateException.class, failureOf(both.get(1)));
      both.get(2).await();
      order.assertIs("whole");
    }

    private static Throwable failureOf(Task<?> task) {
      return assertThrows(Throwable.class, task::await);
    }
  }

  @AsyncTest
  void onThePortableCarrierAForeignWaitHoldsTheLoopAndIsNoAlarm() throws Exception {
    Only.portable("on the mounted carrier others run meanwhile");
    var monitor = new Object();
    var hold = new Hold();
    hold.startOutside(() -> {
      synchronized (monitor) {
        hold.here();
      }
    });
    var other = createTask(() -> order.add("other"));
    atomically(() -> {
      Thread.yield();
      Thread.ofPlatform().daemon().start(hold::release);
      synchronized (monitor) {
        order.add("region");
      }
    });
    other.await();
    order.assertIs("region", "other");
  }

  /**
   * Read, log, write, where others write as well. Whenever another coroutine came between the read
   * and the write, the region has failed. How often the two threads that log get in the way is
   * chance; in every 50th round a coroutine holds the logger until another coroutine has run.
   */
  @Test
  @Timeout(50)
  void everyStepThatAContendedLoggerTearsIsReported() throws Exception {
    boolean mounted = Asyncio.carrier() == CarrierKind.MOUNTED;
    var stop = new AtomicBoolean();
    Hold[] hold = {new Hold()};
    boolean[] inside = {false};
    int[] shared = {0};
    int[] reported = {0};
    int[] torn = {0};
    try (var log = new SharedLog(() -> hold[0].here())) {
      run(() -> {
        var other = createTask(() -> {
          while (!stop.get()) {
            shared[0]++;
            if (inside[0]) {
              hold[0].release();
            }
            yieldNow();
          }
        });
        for (int i = 0; i < 2; i++) {
          Thread.ofPlatform().daemon().start(() -> {
            while (!stop.get()) {
              log.logger.info("by others");
              LockSupport.parkNanos(1);
            }
          });
        }
        for (int i = 0; i < 10_000; i++) {
          if (mounted && i % 50 == 0) {
            hold[0] = new Hold();
            hold[0].start(log.handler::flush);
          }
          boolean[] changed = {false};
          boolean failed = false;
          inside[0] = true;
          try {
            atomically(() -> {
              int read = shared[0];
              log.logger.info("by a coroutine");
              changed[0] = shared[0] != read;
              shared[0] = read + 1;
            });
          } catch (IllegalStateException told) {
            failed = true;
            reported[0]++;
          }
          inside[0] = false;
          if (changed[0]) {
            torn[0]++;
            assertTrue(failed, "others ran in it, and it ended well");
          }
          if (i % 4 == 0) {
            yieldNow();
          }
        }
        stop.set(true);
        other.await();
      });
    } finally {
      stop.set(true);
    }
    if (mounted) {
      assertTrue(torn[0] >= 10_000 / 50, () -> "torn: " + torn[0]);
      assertTrue(reported[0] >= torn[0]);
    } else {
      assertEquals(0, torn[0] + reported[0]);
    }
  }

  /**
   * A coroutine, or a thread, that stops in the middle of what it does until it is told to go on. A
   * lock that a thread outside has holds the loop; one that a coroutine has hands it over.
   */
  private static final class Hold {
    private final CountDownLatch held = new CountDownLatch(1);
    private final CountDownLatch release = new CountDownLatch(1);
    private volatile Thread thread;

    void start(Runnable work) throws InterruptedException {
      createTask(() -> {
        thread = Thread.currentThread();
        work.run();
      });
      held.await();
    }

    void startOutside(Runnable work) throws InterruptedException {
      thread = Thread.ofPlatform().daemon().unstarted(work);
      thread.start();
      held.await();
    }

    void here() {
      if (Thread.currentThread() != thread) {
        return;
      }
      held.countDown();
      try {
        release.await();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }

    void release() {
      release.countDown();
    }
  }

  /** A logger whose one handler is the JDK's, with the lock that this takes for each record. */
  private static final class SharedLog implements AutoCloseable {
    final Logger logger = Logger.getLogger("asyncio.test.shared");
    final StreamHandler handler;

    SharedLog(Runnable whenFlushed) {
      var nowhere = new OutputStream() {
        @Override
        public void write(int oneByte) {}

        @Override
        public void write(byte[] bytes, int offset, int length) {}

        @Override
        public void flush() {
          whenFlushed.run();
        }
      };
      var message = new Formatter() {
        @Override
        public String format(LogRecord record) {
          return record.getMessage();
        }
      };
      handler = new StreamHandler(nowhere, message);
      handler.setLevel(INFO);
      logger.setUseParentHandlers(false);
      logger.addHandler(handler);
      logger.info("makes the handler open its stream");
    }

    @Override
    public void close() {
      logger.removeHandler(handler);
    }
  }
}
