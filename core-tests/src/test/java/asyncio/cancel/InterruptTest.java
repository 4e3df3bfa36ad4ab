package asyncio.cancel;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.currentTask;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Cancelling.assertCancelled;
import static java.time.Duration.ofDays;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import asyncio.Asyncio;
import asyncio.CancelledError;
import asyncio.Event;
import asyncio.EventLoop;
import asyncio.Future;
import asyncio.Queue;
import asyncio.support.Order;
import asyncio.testing.AsyncTest;
import java.util.List;
import java.util.concurrent.CompletionException;

/** Interrupts at our own waits: the same on both carriers. */
class InterruptTest {
  private final Order order = new Order();

  @AsyncTest
  void aSetFlagAtAWaitIsClearedAndCountsAsARequest() {
    Thread.currentThread().interrupt();
    var error = assertThrows(CancelledError.class, Asyncio::yieldNow);
    assertEquals("interrupted", error.getMessage());
    assertFalse(Thread.currentThread().isInterrupted());
    assertEquals(1, currentTask().cancelling());
    assertEquals(0, currentTask().uncancel());
    yieldNow();
  }

  @AsyncTest
  void aSetFlagStrikesAtEveryKindOfWait() {
    List<Runnable> waits = List.of(
        () -> sleep(ofDays(1)),
        () -> new Future<Integer>().await(),
        () -> new Event().await(),
        () -> new Queue<Integer>().get(),
        () -> Asyncio.gather(List.of(new Future<Integer>())),
        () -> Asyncio.shield(new Future<Integer>()));
    for (Runnable wait : waits) {
      Thread.currentThread().interrupt();
      assertThrows(CancelledError.class, wait::run);
      assertFalse(Thread.currentThread().isInterrupted());
      currentTask().uncancel();
    }
  }

  @AsyncTest(otherThreads = true)
  void anInterruptOfASuspendedTaskCancelsIt() {
    var thread = new Thread[1];
    var task = createTask(() -> {
      thread[0] = Thread.currentThread();
      new Event().await();
    });
    yieldNow();
    thread[0].interrupt();
    assertCancelled("interrupted", task);
    assertEquals(1, task.cancelling());
  }

  @AsyncTest
  void aTaskThatIsInterruptedManyTimesStaysWhole() {
    var thread = new Thread[1];
    int[] caught = {0};
    var task = createTask(() -> {
      thread[0] = Thread.currentThread();
      while (caught[0] < 10) {
        try {
          new Event().await();
        } catch (CancelledError cancelled) {
          caught[0]++;
        }
      }
      return caught[0];
    });
    yieldNow();
    for (int i = 1; i <= 10; i++) {
      thread[0].interrupt();
      // On the portable carrier its thread notices on its own time.
      while (caught[0] < i) {
        yieldNow();
      }
    }
    assertEquals(10, task.await());
  }

  @AsyncTest
  void anInterruptedExceptionWithoutARequestIsAnOrdinaryFailure() {
    var task = createTask(() -> {
      throw new InterruptedException("by hand");
    });
    assertInstanceOf(
        InterruptedException.class,
        assertThrows(CompletionException.class, task::await).getCause());
    assertFalse(task.isCancelled());
  }

  @AsyncTest
  void anInterruptedTaskThatReturnsInItsStepKeepsItsValue() {
    var task = createTask(() -> {
      Thread.currentThread().interrupt();
      return 1;
    });
    assertEquals(1, task.await());
  }

  @AsyncTest
  void aFlagSetInACallbackHarmsNoOtherCallback() {
    EventLoop loop = Asyncio.runningLoop();
    loop.callSoon(() -> Thread.currentThread().interrupt());
    loop.callSoon(() -> order.add("flag " + Thread.currentThread().isInterrupted()));
    yieldNow();
    order.assertIs("flag false");
    sleep(ofDays(1));
  }
}
