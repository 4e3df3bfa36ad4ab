package asyncio.tasks;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.currentTask;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.yieldNow;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Asyncio;
import asyncio.Task;
import asyncio.conformance.Covers;
import asyncio.support.Failure;
import asyncio.support.Only;
import asyncio.testing.AsyncTest;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;

class TaskStackTest {
  private static List<String> methods(Task<?> task) {
    return task.stackTrace().stream().map(StackTraceElement::getMethodName).toList();
  }

  private static void outer() {
    inner();
  }

  private static void inner() {
    sleep(ofSeconds(1));
  }

  @AsyncTest
  @Covers({"test_pep492.CoroutineTests.task_print_stack", "test_tasks.BaseTaskTests.get_stack"})
  void aSuspendedTaskShowsWhereItWaits() {
    var task = createTask(() -> outer());
    yieldNow();
    assertEquals(List.of("sleep", "inner", "outer"), methods(task).subList(0, 3));
    StackTraceElement top = task.stackTrace().getFirst();
    assertEquals("asyncio.Asyncio", top.getClassName());
    for (StackTraceElement frame : task.stackTrace()) {
      assertTrue(frame.getClassName().matches("asyncio\\.(tasks\\.)?[A-Z].*"), frame::toString);
    }
    task.await();
  }

  @AsyncTest
  void aTaskThatAwaitsAnotherShowsItsOwnFrames() {
    var inner = createTask(() -> sleep(ofSeconds(1)));
    var task = createTask(() -> inner.await());
    yieldNow();
    assertTrue(methods(task).contains("await"), () -> methods(task).toString());
    assertTrue(!methods(task).contains("sleep"), () -> methods(task).toString());
    task.await();
  }

  @AsyncTest
  void aTaskThatIsReadyShowsWhereItGoesOn() {
    var task = createTask(() -> yieldNow());
    yieldNow();
    assertEquals("yieldNow", methods(task).getFirst());
    task.await();
    // Nothing was disturbed: it ended once, and others go on.
    yieldNow();
    assertTrue(task.isDone());
  }

  @AsyncTest
  void theRunningTaskShowsWhereItStands() {
    assertTrue(
        methods(currentTask()).contains("theRunningTaskShowsWhereItStands"),
        () -> methods(currentTask()).toString());
  }

  @AsyncTest
  void aTaskInForeignCodeShowsIt() {
    var latch = new CountDownLatch(1);
    var task = createTask(() -> Asyncio.blocking(() -> latch.await()));
    while (task.stackTrace().stream().noneMatch(frame -> frame.getMethodName().equals("await"))) {
      yieldNow();
    }
    latch.countDown();
    task.await();
  }

  @AsyncTest
  @Covers("test_tasks.BaseTaskTests.get_stack")
  void aFailedTaskShowsTheTraceOfItsFailure() {
    var task = createTask(() -> failing());
    yieldNow();
    assertEquals("failing", methods(task).getFirst());
    assertThrows(Failure.class, task::await);
    assertEquals("failing", methods(task).getFirst());
  }

  private static void failing() {
    throw new Failure("x");
  }

  @AsyncTest
  void aTaskThatHasEndedOrNotBegunHasNone() {
    var task = createTask(() -> 1);
    assertEquals(List.of(), task.stackTrace());
    task.await();
    assertEquals(List.of(), task.stackTrace());
    var cancelled = createTask(() -> outer());
    yieldNow();
    cancelled.cancel();
    yieldNow();
    assertTrue(cancelled.isCancelled());
    assertEquals(List.of(), cancelled.stackTrace());
  }

  @AsyncTest
  void askingOftenDisturbsNothing() {
    var task = createTask(() -> {
      int sum = 0;
      for (int i = 0; i < 1_000; i++) {
        yieldNow();
        sum += i;
      }
      return sum;
    });
    int asked = 0;
    while (!task.isDone()) {
      asked += task.stackTrace().isEmpty() ? 0 : 1;
      yieldNow();
    }
    assertEquals(499_500, task.await());
    assertTrue(asked > 900, "asked " + asked);
  }

  @AsyncTest
  void aTaskWhoseBodyIsAMethodOfTheJdkShowsThatMethod() {
    Only.mounted("on the portable carrier the call holds the loop");
    var queue = new LinkedBlockingQueue<String>();
    var task = createTask(queue::take);
    yieldNow();
    assertEquals("take", methods(task).getLast());
    assertEquals(2, Asyncio.waitGraph().tasks().size());
    queue.add("item");
    assertEquals("item", task.await());
  }

  @AsyncTest
  void onAForeignThreadItIsAnError() {
    var task = currentTask();
    assertThrows(
        IllegalStateException.class,
        () -> Asyncio.toThread(() -> task.stackTrace().size()));
  }
}
