package asyncio.threads;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.currentTask;
import static asyncio.Asyncio.gather;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.toThread;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Cancelling.assertCancelled;
import static asyncio.support.Texts.assertContains;
import static asyncio.support.Texts.assertStartsWith;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Asyncio;
import asyncio.CancelledError;
import asyncio.Coroutine;
import asyncio.Event;
import asyncio.EventLoop;
import asyncio.Future;
import asyncio.Task;
import asyncio.conformance.Covers;
import asyncio.support.Failure;
import asyncio.support.Only;
import asyncio.support.Reports;
import asyncio.testing.AsyncTest;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ToThreadTest {
  @AsyncTest
  void runsTheBodyOnAPlatformThreadOfTheLoop() {
    Thread helper = toThread(Thread::currentThread);
    assertNotSame(Thread.currentThread(), helper);
    assertFalse(helper.isVirtual());
    assertTrue(helper.isDaemon());
    assertStartsWith(helper.getName(), runningLoop().name());
  }

  @AsyncTest
  @Covers({"test_threads.ToThreadTests.to_thread", "test_threads.ToThreadTests.to_thread_exception"
  })
  void givesResultAndFailureBare() {
    assertEquals(5, toThread(() -> 5));
    assertNull(toThread(() -> (Object) null));
    var failure = new IOException("x");
    assertSame(
        failure,
        assertThrows(
            IOException.class,
            () -> toThread(() -> {
              throw failure;
            })));
    var ran = new AtomicBoolean();
    toThread(() -> ran.set(true));
    assertTrue(ran.get());
  }

  @AsyncTest
  @Covers({
    "test_threads.ToThreadTests.to_thread_args_kwargs",
    "test_threads.ToThreadTests.to_thread_once"
  })
  void aBodyIsCalledOnceWithWhatItsLambdaCaptured() {
    var calls = new AtomicInteger();
    int first = 40;
    int second = 2;
    assertEquals(42, toThread(() -> {
      calls.incrementAndGet();
      return Math.addExact(first, second);
    }));
    assertEquals(1, calls.get());
  }

  @AsyncTest
  void othersRunMeanwhile() throws InterruptedException {
    var release = new CountDownLatch(1);
    createTask(release::countDown);
    toThread(() -> release.await());
  }

  @AsyncTest
  void theVirtualClockIsHeldMeanwhile() throws InterruptedException {
    var release = new CountDownLatch(1);
    runningLoop().callLater(ofSeconds(1), () -> {});
    new Thread(release::countDown).start();
    toThread(() -> release.await());
    assertEquals(Duration.ZERO, runningLoop().time());
  }

  @AsyncTest
  @Covers("test_threads.ToThreadTests.to_thread_concurrent")
  void bodiesRunAtTheSameTime() throws Exception {
    var together = new CyclicBarrier(4);
    Coroutine<Integer, Exception> meet = together::await;
    assertEquals(
        4,
        gather(
                () -> toThread(meet),
                () -> toThread(meet),
                () -> toThread(meet),
                () -> toThread(meet))
            .size());
  }

  @AsyncTest
  void theBodyIsNoCoroutine() throws Exception {
    EventLoop loop = runningLoop();
    String message = toThread(() -> {
      assertNull(currentTask());
      assertThrows(IllegalStateException.class, () -> sleep(ofSeconds(1)));
      return assertThrows(IllegalStateException.class, () -> createTask(() -> 1))
          .getMessage();
    });
    assertContains(message, "runCoroutineThreadsafe");
    assertEquals(6, toThread(() -> Asyncio.runCoroutineThreadsafe(() -> 6, loop).get()));
  }

  @AsyncTest
  void aCancelEndsTheWaitAtOnceAndTheBodyGoesOn() throws InterruptedException {
    var begun = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    var ended = new CountDownLatch(1);
    var interrupted = new AtomicBoolean();
    var task = createTask(() -> toThread(() -> {
      begun.countDown();
      try {
        release.await();
      } catch (InterruptedException e) {
        interrupted.set(true);
      }
      ended.countDown();
    }));
    yieldNow();
    toThread(() -> begun.await());
    task.cancel("enough");
    assertCancelled("enough", task);
    assertEquals(1, ended.getCount());
    release.countDown();
    toThread(() -> ended.await());
    assertFalse(interrupted.get());
  }

  @AsyncTest
  void aResultNobodyReceivesIsClosed() throws InterruptedException {
    var begun = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    var closed = new Event();
    EventLoop loop = runningLoop();
    AutoCloseable resource = () -> loop.callSoonThreadsafe(closed::set);
    var task = createTask(() -> toThread(() -> {
      begun.countDown();
      release.await();
      return resource;
    }));
    yieldNow();
    toThread(() -> begun.await());
    task.cancel();
    assertThrows(CancelledError.class, task::await);
    release.countDown();
    closed.await();
  }

  @AsyncTest
  void aFailureNobodyReceivesIsDropped() throws InterruptedException {
    var reports = new Reports();
    runningLoop().setExceptionHandler(reports);
    var begun = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    var task = createTask(() -> toThread(() -> {
      begun.countDown();
      release.await();
      throw new Failure("too late");
    }));
    yieldNow();
    toThread(() -> begun.await());
    task.cancel();
    assertThrows(CancelledError.class, task::await);
    release.countDown();
    toThread(() -> {});
    yieldNow();
    reports.assertNone();
  }

  @AsyncTest
  void aBodyThatHasNotBegunWhenItIsCancelledNeverBegins() throws InterruptedException {
    var release = new CountDownLatch(1);
    List<Task<?>> busy = new ArrayList<>();
    int helpers = Math.min(32, Runtime.getRuntime().availableProcessors() + 4);
    var begun = new CountDownLatch(helpers);
    for (int i = 0; i < helpers; i++) {
      busy.add(createTask(() -> toThread(() -> {
        begun.countDown();
        release.await();
      })));
    }
    yieldNow();
    var ran = new AtomicBoolean();
    var queued = createTask(() -> toThread(() -> ran.set(true)));
    yieldNow();
    begun.await();
    queued.cancel();
    assertThrows(CancelledError.class, queued::await);
    release.countDown();
    for (Task<?> task : busy) {
      task.await();
    }
    toThread(() -> {});
    assertFalse(ran.get());
  }

  @AsyncTest
  void moreBodiesThanThreadsAllRun() {
    int[] done = {0};
    List<Task<?>> tasks = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      tasks.add(createTask(() -> {
        int value = toThread(() -> 1);
        done[0] += value;
      }));
    }
    for (Task<?> task : tasks) {
      task.await();
    }
    assertEquals(200, done[0]);
  }

  @AsyncTest
  void aBodyThatLeavesItsThreadInterruptedHarmsNobody() {
    // All helpers are busy, so that the interrupted ones take the bodies that queue behind.
    int helpers = Math.min(32, Runtime.getRuntime().availableProcessors() + 4);
    var release = new CountDownLatch(1);
    List<Task<?>> busy = new ArrayList<>();
    List<Task<Boolean>> queued = new ArrayList<>();
    for (int i = 0; i < helpers; i++) {
      busy.add(createTask(() -> toThread(() -> {
        release.await();
        Thread.currentThread().interrupt();
      })));
    }
    for (int i = 0; i < 4 * helpers; i++) {
      queued.add(createTask(() -> toThread(() -> Thread.currentThread().isInterrupted())));
    }
    yieldNow();
    release.countDown();
    busy.forEach(Task::await);
    for (Task<Boolean> task : queued) {
      assertFalse(task.await());
    }
  }

  @AsyncTest
  void aDeliveredResultWinsOverACancel() throws InterruptedException {
    // The task is cancelled after its helper has delivered and before it goes on.
    var future = new Future<Integer>();
    var task = createTask(() -> future.await());
    yieldNow();
    future.setResult(toThread(() -> 3));
    task.cancel();
    assertEquals(3, task.await());
  }

  @AsyncTest
  void aResultDeliveredToACancelledAndFinishedCallIsClosedOnce() throws InterruptedException {
    int[] closed = {0};
    var wasClosed = new Event();
    var begun = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    var task = createTask(() -> toThread(() -> {
      begun.countDown();
      release.await();
      AutoCloseable resource = () -> {
        closed[0]++;
        wasClosed.set();
      };
      return resource;
    }));
    yieldNow();
    toThread(() -> begun.await());
    task.cancel();
    yieldNow();
    release.countDown();
    wasClosed.await(); // closed in a task of the loop
    for (int i = 0; i < 20; i++) {
      yieldNow();
    }
    assertEquals(1, closed[0]);
  }

  /** A virtual thread inherits the scheduler of the virtual thread that starts it. */
  @AsyncTest
  void aVirtualThreadStartedInAHelperIsNotOnOurLoop() throws Exception {
    Only.mounted("on the portable carrier all virtual threads share the JDK's scheduler");
    String text = toThread(() -> {
      var seen = new java.util.concurrent.LinkedBlockingQueue<String>();
      Thread.startVirtualThread(() -> seen.add(Thread.currentThread().toString()));
      return seen.take();
    });
    assertContains(text, "ForkJoinPool");
  }

  @Test
  void outsideALoopItIsAnError() {
    assertThrows(IllegalStateException.class, () -> toThread(() -> 1));
  }

  @Test
  void helpersEndWithTheirLoop() {
    String name = Asyncio.run(() -> {
      toThread(() -> {});
      return runningLoop().name();
    });
    assertTrue(Thread.getAllStackTraces().keySet().stream()
        .noneMatch(thread -> thread.getName().startsWith(name + "-")));
  }

  private interface Caller {
    Future<?> call(Coroutine<Object, ?> body);
  }

  /** What a body knows that is given up before a thread has begun it. */
  private static WeakReference<Object> givenUp(Caller caller) {
    var known = new Object();
    var future = caller.call(() -> known);
    assertTrue(future.cancel());
    return new WeakReference<>(known);
  }

  private static void assertCollected(WeakReference<Object> known) {
    for (int i = 0; i < 100 && known.get() != null; i++) {
      System.gc();
      yieldNow();
    }
    assertNull(known.get());
  }

  @AsyncTest
  void aBodyThatIsGivenUpBeforeItBeginsIsKeptByNobody() throws Exception {
    EventLoop loop = runningLoop();
    var free = new CountDownLatch(1);
    List<Future<?>> busy = new ArrayList<>();
    for (int i = 0; i < 64; i++) { // more than there are threads
      busy.add(loop.runInExecutor(() -> free.await()));
    }
    try (var one = Executors.newSingleThreadExecutor()) {
      var begun = new Event();
      busy.add(loop.runInExecutor(one, () -> {
        loop.callSoonThreadsafe(begun::set);
        free.await();
      }));
      begun.await(); // an executor that is closed before it gets the body refuses it
      assertCollected(givenUp(loop::runInExecutor));
      assertCollected(givenUp(body -> loop.runInExecutor(one, body)));
      free.countDown();
    }
    gather(busy);
  }
}
