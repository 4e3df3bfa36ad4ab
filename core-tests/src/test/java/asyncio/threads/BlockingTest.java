package asyncio.threads;

import static asyncio.Asyncio.blocking;
import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.currentTask;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.timeout;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Cancelling.assertCancelled;
import static java.time.Duration.ZERO;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import asyncio.Action;
import asyncio.Asyncio;
import asyncio.CancelledError;
import asyncio.Event;
import asyncio.EventLoop;
import asyncio.Task;
import asyncio.TaskGroup;
import asyncio.TimeoutException;
import asyncio.support.Latches;
import asyncio.support.Only;
import asyncio.support.Order;
import asyncio.testing.AsyncTest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.SynchronousQueue;
import org.junit.jupiter.api.Test;

/** {@code blocking(body)}: foreign waits on both carriers. */
class BlockingTest {
  private final Order order = new Order();

  @AsyncTest
  void givesResultAndFailureBare() throws Exception {
    assertEquals(4, blocking(() -> 4));
    var failure = new IOException("x");
    assertSame(
        failure,
        assertThrows(
            IOException.class,
            () -> blocking(() -> {
              throw failure;
            })));
    yieldNow();
  }

  @AsyncTest
  void othersRunMeanwhile() throws Exception {
    var latch = new CountDownLatch(1);
    var other = createTask(() -> {
      yieldNow();
      latch.countDown();
    });
    blocking(() -> latch.await());
    other.await();
  }

  @AsyncTest
  void twoCoroutinesMeetInForeignCode() {
    var rendezvous = new SynchronousQueue<String>();
    var taker = createTask(() -> blocking(rendezvous::take));
    var giver = createTask(() -> blocking(() -> rendezvous.put("x")));
    assertEquals("x", taker.await());
    giver.await();
  }

  @AsyncTest
  void manyAtOnce() {
    var latch = new CountDownLatch(100);
    List<Task<?>> tasks = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      tasks.add(createTask(() -> blocking(() -> {
        latch.countDown();
        latch.await();
      })));
    }
    for (Task<?> task : tasks) {
      task.await();
    }
  }

  @AsyncTest
  void theTaskIsWholeAfterwards() throws Exception {
    Task<?> me = currentTask();
    Thread thread = Thread.currentThread();
    blocking(() -> assertSame(thread, Thread.currentThread()));
    assertSame(me, currentTask());
    sleep(ofSeconds(1));
    createTask(() -> order.add("task"));
    yieldNow();
    order.assertIs("task");
  }

  @AsyncTest
  void theVirtualClockIsHeldMeanwhile() throws Exception {
    var latch = new CountDownLatch(1);
    runningLoop().callLater(ofSeconds(1), () -> order.add("timer"));
    Thread.ofPlatform().start(latch::countDown);
    blocking(() -> latch.await());
    assertEquals(ZERO, runningLoop().time());
    order.assertIsEmpty();
  }

  @AsyncTest
  void aCancelInterruptsTheBodyAndEndsTheTask() {
    var task = createTask(() -> blocking(() -> new LinkedBlockingQueue<String>().take()));
    for (int i = 0; i < 5; i++) {
      yieldNow();
    }
    assertFalse(task.isDone());
    task.cancel("enough");
    assertCancelled("enough", task);
  }

  @AsyncTest
  void aCancelStrikesAtTheNextWaitWhenTheBodySwallowsTheInterrupt() {
    var task = createTask(() -> {
      blocking(() -> {
        try {
          new CountDownLatch(1).await();
        } catch (InterruptedException swallowed) {
          return;
        }
      });
      order.add("went on");
      assertFalse(Thread.currentThread().isInterrupted());
      yieldNow();
      order.add("never");
    });
    yieldNow();
    yieldNow();
    task.cancel();
    assertThrows(CancelledError.class, task::await);
    order.assertIs("went on");
    assertEquals(1, task.cancelling());
  }

  @AsyncTest
  void anUninterruptibleBodyDelaysTheCancel() {
    var latch = new CountDownLatch(1);
    var task = createTask(() -> {
      blocking(() -> Latches.awaitUninterruptibly(latch));
      order.add("body ended");
      yieldNow();
      order.add("never");
    });
    yieldNow();
    yieldNow();
    task.cancel();
    for (int i = 0; i < 5; i++) {
      yieldNow();
    }
    assertFalse(task.isDone());
    latch.countDown();
    assertThrows(CancelledError.class, task::await);
    order.assertIs("body ended");
    assertEquals(1, task.cancelling());
  }

  @AsyncTest
  void aCancelStrikesOnceThoughTheBodyLeavesTheInterruptFlagSet() {
    var latch = new CountDownLatch(1);
    var task = createTask(() -> {
      blocking(() -> Latches.awaitUninterruptibly(latch));
      cleanUpWhenCancelled(Asyncio::yieldNow);
    });
    yieldNow();
    yieldNow();
    task.cancel();
    yieldNow(); // the nudge
    latch.countDown();
    assertThrows(CancelledError.class, task::await);
    order.assertIs("cleaned up");
    assertEquals(1, task.cancelling());
  }

  @Test
  void aTimeLimitThatInterruptsItLeavesNoCancelBehind() {
    Asyncio.run(() -> {
      Task<?> me = Objects.requireNonNull(currentTask());
      timeout(ofMillis(1), () -> blocking(this::waitUntilInterrupted)); // its value wins
      for (int i = 0; i < 3; i++) {
        yieldNow();
      }
      assertEquals(0, me.cancelling());
    });
  }

  private void waitUntilInterrupted() {
    try {
      new CountDownLatch(1).await();
    } catch (InterruptedException expected) {
      Thread.currentThread().interrupt();
    }
  }

  @AsyncTest
  void aCancelStrikesOnceWhereItsInterruptEndsAScope() {
    var latch = new CountDownLatch(1);
    List<Action<Exception>> scopes = List.of(
        () -> timeout(ofSeconds(10), () -> blocking(() -> latch.await())),
        () -> new TaskGroup().run(() -> blocking(() -> latch.await())));
    for (Action<Exception> scope : scopes) {
      var task = createTask(() -> cleanUpWhenCancelled(scope));
      yieldNow();
      yieldNow();
      task.cancel();
      assertThrows(CancelledError.class, task::await);
      assertEquals(1, task.cancelling());
    }
    order.assertIs("cleaned up", "cleaned up");
  }

  private <X extends Exception> void cleanUpWhenCancelled(Action<X> body) throws X {
    try {
      body.run();
    } catch (CancelledError cancelled) {
      for (int i = 0; i < 3; i++) {
        yieldNow();
      }
      order.add("cleaned up");
      throw cancelled;
    }
  }

  @Test
  void anExpiredTimeoutEndsIt() {
    Asyncio.run(() -> {
      var error = assertThrows(
          TimeoutException.class,
          () ->
              timeout(ofMillis(2), () -> blocking(() -> new LinkedBlockingQueue<String>().take())));
      assertInstanceOf(InterruptedException.class, error.getCause());
      assertFalse(Thread.currentThread().isInterrupted());
      assertEquals(0, currentTask().cancelling());
      yieldNow();
    });
  }

  @AsyncTest
  void inACallbackItDoesNotHoldTheNextOne() {
    EventLoop loop = runningLoop();
    var latch = new CountDownLatch(1);
    var done = new Event();
    loop.callSoon(() -> {
      order.add("parks");
      try {
        blocking(() -> latch.await());
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
      order.add("goes on");
      done.set();
    });
    loop.callSoon(() -> order.add("next"));
    loop.callSoon(() -> order.add("next but one"));
    yieldNow();
    order.assertIs("parks", "next", "next but one");
    latch.countDown();
    done.await();
    loop.callSoon(() -> order.add("later"));
    yieldNow();
    order.assertIs("parks", "next", "next but one", "goes on", "later");
  }

  @AsyncTest
  void onThePortableCarrierTheBodyIsBesideTheLoop() {
    Only.portable("the mounted carrier only marks a foreign wait");
    var error = assertThrows(IllegalStateException.class, () -> blocking(Asyncio::yieldNow));
    assertEquals(true, error.getMessage().contains("not a coroutine"));
    yieldNow();
  }

  @Test
  void outsideALoopItIsAnError() {
    assertThrows(IllegalStateException.class, () -> blocking(() -> 1));
  }
}
