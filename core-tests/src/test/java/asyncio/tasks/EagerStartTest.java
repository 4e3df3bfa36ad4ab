package asyncio.tasks;

import static asyncio.Asyncio.blocking;
import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.currentTask;
import static asyncio.Asyncio.gather;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;
import static asyncio.support.Texts.assertStartsWith;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.CancelledError;
import asyncio.Context;
import asyncio.ContextVar;
import asyncio.EventLoop;
import asyncio.ExceptionGroup;
import asyncio.Future;
import asyncio.Task;
import asyncio.TaskFactory;
import asyncio.TaskGroup;
import asyncio.TaskOptions;
import asyncio.conformance.Covers;
import asyncio.support.Failure;
import asyncio.support.Only;
import asyncio.support.Order;
import asyncio.testing.AsyncTest;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;

/** Tasks whose first step runs before their creator goes on. */
class EagerStartTest {
  private static final TaskOptions EAGER = TaskOptions.defaults().withEagerStart(true);

  private final Order order = new Order();

  // ---- the first step ----

  @AsyncTest
  @Covers({
    "test_eager_task_factory.DefaultTaskFactoryEagerStart.eager_start_true_with_default_factory",
    "test_eager_task_factory.EagerTaskFactoryLoopTests.eager_completion",
    "test_tasks.BaseTaskTests.eager_start_true"
  })
  void aTaskThatWaitsForNothingIsDoneWhenItsCreatorGoesOn() {
    runningLoop().callSoon(() -> order.add("ready before"));
    var task = createTask(EAGER, () -> {
      order.add("task");
      return 5;
    });
    order.add("creator");
    assertTrue(task.isDone());
    assertEquals(5, task.result());
    order.assertIs("task", "creator");
    yieldNow();
    order.assertIs("task", "creator", "ready before");
  }

  @AsyncTest
  @Covers("test_eager_task_factory.EagerTaskFactoryLoopTests.block_after_eager_step")
  void aTaskThatWaitsGoesOnLater() {
    runningLoop().callSoon(() -> order.add("ready before"));
    var future = new Future<String>();
    var task = createTask(EAGER, () -> {
      order.add("first step");
      order.add(future.await());
      return 5;
    });
    order.add("creator");
    assertFalse(task.isDone());
    future.setResult("second step");
    assertEquals(5, task.await());
    order.assertIs("first step", "creator", "ready before", "second step");
  }

  @AsyncTest
  void yieldingEndsTheFirstStepToo() {
    var task = createTask(EAGER, () -> {
      order.add("first step");
      yieldNow();
      order.add("second step");
    });
    order.add("creator");
    task.await();
    order.assertIs("first step", "creator", "second step");
  }

  @AsyncTest
  void awaitingWhatIsDoneDoesNotEndTheFirstStep() {
    var done = new Future<Integer>();
    done.setResult(1);
    var task = createTask(EAGER, () -> done.await() + createTask(EAGER, () -> 2).await());
    assertEquals(3, task.result());
  }

  @AsyncTest
  void aParkInForeignCodeEndsTheFirstStep() {
    var release = new CountDownLatch(1);
    var task = createTask(EAGER, () -> {
      order.add("first step");
      blocking(() -> release.await());
      order.add("second step");
    });
    order.add("creator");
    assertFalse(task.isDone());
    release.countDown();
    task.await();
    order.assertIs("first step", "creator", "second step");
  }

  @AsyncTest
  void eagerTasksNest() {
    var task = createTask(EAGER, () -> {
      order.add("child");
      createTask(EAGER, () -> {
        order.add("grandchild");
        yieldNow();
        order.add("grandchild again");
      });
      order.add("child again");
      yieldNow();
      order.add("child at last");
    });
    order.add("creator");
    task.await();
    order.assertIs(
        "child", "grandchild", "child again", "creator", "grandchild again", "child at last");
  }

  private static int nested(int depth) {
    return depth == 0 ? 0 : 1 + createTask(EAGER, () -> nested(depth - 1)).result();
  }

  @AsyncTest
  void eagerTasksNestDeeperThanAStack() {
    assertEquals(5_000, nested(5_000));
  }

  // ---- in a callback ----

  @AsyncTest
  void aCallbackGoesOnAfterTheFirstStepOfTheTaskItMakes() {
    EventLoop loop = runningLoop();
    loop.callSoon(() -> {
      order.add("callback");
      var task = createTask(EAGER, () -> {
        order.add("task in " + Objects.requireNonNull(currentTask()).name());
        sleep(ofSeconds(1));
        order.add("task again");
      });
      task.setName("renamed");
      assertNull(currentTask());
      assertThrows(IllegalStateException.class, () -> sleep(ofSeconds(1)));
      order.add("callback again");
    });
    loop.callSoon(() -> order.add("next callback"));
    yieldNow();
    sleep(ofSeconds(2));
    order.assertIs("callback", order.get(1), "callback again", "next callback", "task again");
    assertStartsWith(order.get(1), "task in Task-");
  }

  @AsyncTest
  void callbacksGoOnWhenAFirstStepStandsInForeignCode() {
    EventLoop loop = runningLoop();
    var release = new CountDownLatch(1);
    loop.callSoon(() -> {
      createTask(EAGER, () -> blocking(() -> release.await()));
      order.add("callback");
    });
    loop.callSoon(() -> order.add("next"));
    loop.callSoon(release::countDown);
    yieldNow();
    order.assertIs("callback", "next");
  }

  // ---- who am I ----

  @AsyncTest
  @Covers({
    "test_eager_task_factory.EagerTaskFactoryLoopTests.all_tasks_with_blocking",
    "test_eager_task_factory.EagerTaskFactoryLoopTests.all_tasks_with_eager_completion",
    "test_eager_task_factory.EagerTaskFactoryLoopTests.current_task"
  })
  void currentTaskNameAndAllTasksAreRightInTheFirstStep() {
    Task<?> me = currentTask();
    var task = createTask(EAGER.withName("quick"), () -> {
      Task<?> self = Objects.requireNonNull(currentTask());
      assertEquals("quick", self.name());
      assertEquals(List.of(Objects.requireNonNull(me), self), runningLoop().allTasks());
      return self;
    });
    assertSame(task, task.result());
    assertSame(me, currentTask());
    assertEquals(1, runningLoop().allTasks().size());
    var waits = createTask(EAGER, () -> sleep(ofSeconds(1)));
    assertEquals(List.of(Objects.requireNonNull(me), waits), runningLoop().allTasks());
  }

  @AsyncTest
  @Covers({
    "test_eager_task_factory.EagerTaskFactoryLoopTests.context_vars",
    "test_tasks.BaseTaskTests.context_4",
    "test_tasks.BaseTaskTests.context_5",
    "test_tasks.BaseTaskTests.context_6"
  })
  void theFirstStepRunsInAContextOfItsOwn() {
    var variable = new ContextVar<String>("v");
    variable.set("creator");
    var task = createTask(EAGER, () -> {
      String before = variable.get();
      variable.set("task");
      yieldNow();
      return before + ", " + variable.get();
    });
    assertEquals("creator", variable.get());
    assertEquals("creator, task", task.await());
    Context given = new Context();
    createTask(EAGER.withContext(given), () -> variable.set("given"));
    assertEquals("given", given.get(variable));
    assertEquals("creator", variable.get());
  }

  // ---- failures and cancels ----

  @AsyncTest
  void aFailureInTheFirstStepIsTheTasksOwn() {
    var failure = new Failure("x");
    var task = createTask(EAGER, () -> {
      throw failure;
    });
    assertTrue(task.isDone());
    assertSame(failure, assertThrows(Failure.class, task::await));
  }

  @AsyncTest
  @Covers("test_eager_task_factory.EagerTaskFactoryLoopTests.cancellation_after_eager_completion")
  void cancellingAfterItIsDoneDoesNothing() {
    var task = createTask(EAGER, () -> 5);
    assertFalse(task.cancel());
    assertEquals(5, task.await());
  }

  @AsyncTest
  @Covers("test_eager_task_factory.EagerTaskFactoryLoopTests.cancellation_after_eager_step_blocks")
  void cancellingAfterTheFirstStepStrikesWhereItWaits() {
    var task = createTask(EAGER, () -> sleep(ofSeconds(1)));
    assertTrue(task.cancel("enough"));
    var cancelled = assertThrows(CancelledError.class, task::await);
    assertEquals("enough", cancelled.getMessage());
    assertTrue(task.isCancelled());
  }

  @AsyncTest
  void aCancelOfTheCreatorStrikesAtItsNextWait() {
    var creator = createTask(() -> {
      Task<?> self = Objects.requireNonNull(currentTask());
      createTask(EAGER, () -> self.cancel("by the child"));
      order.add("creator goes on");
      sleep(ofSeconds(1));
      order.add("never");
    });
    var cancelled = assertThrows(CancelledError.class, creator::await);
    assertEquals("by the child", cancelled.getMessage());
    order.assertIs("creator goes on");
  }

  @AsyncTest
  void aCreatorThatIsCancelledInItsLastStepEndsCancelled() {
    var creator = createTask(() -> {
      Task<?> self = Objects.requireNonNull(currentTask());
      createTask(EAGER, () -> self.cancel());
      return 5;
    });
    assertThrows(CancelledError.class, creator::await);
  }

  @AsyncTest
  void aTaskMayAwaitItsCreator() {
    var creator = createTask(() -> {
      Task<?> self = Objects.requireNonNull(currentTask());
      return createTask(EAGER, () -> self.await());
    });
    assertSame(creator.await(), creator.await().await());
  }

  @AsyncTest
  void aFirstStepInAClassInitialiserIsAnErrorThatNamesIt() {
    Only.mounted("on the portable carrier the loop has a thread of its own to go on with");
    var task = createTask("initialises", () -> StartsInItsInitialiser.VALUE);
    var thrown = assertThrows(ExceptionInInitializerError.class, task::await);
    var error = assertInstanceOf(IllegalStateException.class, thrown.getCause());
    assertContains(error.getMessage(), "initialises");
    yieldNow();
    assertEquals(1, runningLoop().allTasks().size());
  }

  private static final class StartsInItsInitialiser {
    static final int VALUE = createTask(EAGER, () -> 1).result();
  }

  @AsyncTest
  void aYieldInAClassInitialiserIsAnErrorToo() {
    Only.mounted("on the portable carrier the loop has a thread of its own to go on with");
    var task = createTask(() -> YieldsInItsInitialiser.VALUE);
    var thrown = assertThrows(ExceptionInInitializerError.class, task::await);
    assertInstanceOf(IllegalStateException.class, thrown.getCause());
    yieldNow();
  }

  private static final class YieldsInItsInitialiser {
    static final int VALUE;

    static {
      yieldNow();
      VALUE = 1;
    }
  }

  // ---- groups ----

  @AsyncTest
  void aGroupTakesTasksThatFinishAtOnce() throws Exception {
    var group = new TaskGroup();
    int sum = group.run(() -> {
      var a = group.createTask(EAGER, () -> 1);
      var b = group.createTask(EAGER.withName("b"), () -> order.add("b"));
      var c = group.createTask(EAGER, () -> sleep(ofSeconds(1)));
      assertTrue(a.isDone() && b.isDone() && !c.isDone());
      return a.result();
    });
    assertEquals(1, sum);
    assertEquals(ofSeconds(1), runningLoop().time());
  }

  @AsyncTest
  void aGroupTakesTasksThatFailAtOnce() {
    var group = new TaskGroup();
    var failures = assertThrows(
        ExceptionGroup.class,
        () -> group.run(() -> {
          var sleeper = group.createTask(EAGER, () -> sleep(ofSeconds(9)));
          group.createTask(EAGER, () -> {
            throw new Failure("at once");
          });
          order.add("body goes on");
          assertFalse(sleeper.isDone());
          sleep(ofSeconds(1));
          order.add("never");
        }));
    assertEquals("at once", failures.exceptions().getFirst().getMessage());
    order.assertIs("body goes on");
    assertEquals(0, Objects.requireNonNull(currentTask()).cancelling());
  }

  // ---- the factory ----

  @AsyncTest
  @Covers({
    "test_eager_task_factory.EagerTaskFactoryLoopTests.eager_start_false",
    "test_eager_task_factory.EagerTaskFactoryLoopTests.eager_task_factory_set",
    "test_tasks.BaseTaskTests.eager_start_false"
  })
  void theEagerFactoryStartsAllTasksEagerly() {
    EventLoop loop = runningLoop();
    assertSame(TaskFactory.PLAIN, loop.taskFactory());
    loop.setTaskFactory(TaskFactory.EAGER);
    assertSame(TaskFactory.EAGER, loop.taskFactory());
    assertTrue(createTask(() -> 1).isDone());
    assertTrue(createTask("named", () -> 1).isDone());
    assertTrue(loop.createTask(() -> 1).isDone());
    assertEquals(List.of(1, 2), gather(() -> 1, () -> 2));
    var lazy = createTask(TaskOptions.defaults().withEagerStart(false), () -> 1);
    assertFalse(lazy.isDone());
    assertEquals(1, lazy.await());
    assertThrows(
        Failure.class,
        () -> gather(() -> sleep(ofSeconds(1)), () -> {
          throw new Failure("at once");
        }));
  }

  @AsyncTest
  void aGroupWhoseLastTaskFailsInItsFirstStepFails() {
    var group = new TaskGroup();
    var failures = assertThrows(
        ExceptionGroup.class,
        () -> group.run(() -> {
          group.createTask(EAGER, () -> {
            throw new Failure("first step");
          });
        }));
    assertEquals("first step", failures.exceptions().getFirst().getMessage());
  }
}
