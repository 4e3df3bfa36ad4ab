package asyncio.tasks;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.currentTask;
import static asyncio.Asyncio.newEventLoop;
import static asyncio.Asyncio.run;
import static asyncio.Asyncio.runCoroutineThreadsafe;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.toThread;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import asyncio.CancelledError;
import asyncio.Context;
import asyncio.ContextVar;
import asyncio.Coroutine;
import asyncio.EventLoop;
import asyncio.Future;
import asyncio.Runner;
import asyncio.Task;
import asyncio.TaskFactory;
import asyncio.TaskGroup;
import asyncio.TaskOptions;
import asyncio.conformance.Covers;
import asyncio.support.Failure;
import asyncio.support.Reports;
import asyncio.testing.AsyncTest;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** TaskOptions, and factories that users write. */
class TaskFactoryTest {
  private final List<String> made = new ArrayList<>();

  private <T extends @Nullable Object> Task<T> noting(
      EventLoop loop, Coroutine<T, ?> body, TaskOptions options) {
    made.add(options.name() == null ? "unnamed" : options.name());
    return TaskFactory.PLAIN.create(
        loop,
        () -> {
          made.add("begins");
          return body.run();
        },
        options);
  }

  private <T extends @Nullable Object> Task<T> failing(
      EventLoop loop, Coroutine<T, ?> body, TaskOptions options) {
    throw new Failure("no tasks today");
  }

  @SuppressWarnings("NullAway") // what a user without it may write
  private <T extends @Nullable Object> Task<T> forgetting(
      EventLoop loop, Coroutine<T, ?> body, TaskOptions options) {
    return null;
  }

  @AsyncTest
  @Covers({
    "test_tasks.BaseTaskTests.context_4",
    "test_tasks.BaseTaskTests.context_5",
    "test_tasks.BaseTaskTests.context_6",
    "test_tasks.BaseTaskTests.get_context"
  })
  void optionsSayNameContextAndStart() {
    var options = TaskOptions.defaults();
    assertNull(options.name());
    assertNull(options.context());
    assertNull(options.eagerStart());
    Context context = new Context();
    var changed = options.withName("n").withContext(context).withEagerStart(false);
    assertEquals("n", changed.name());
    assertSame(context, changed.context());
    assertEquals(false, changed.eagerStart());
    assertNull(options.name());

    var task = createTask(changed, () -> Objects.requireNonNull(currentTask()).context());
    assertEquals("n", task.name());
    assertFalse(task.isDone());
    assertSame(context, task.await());
    assertSame(context, task.context());
  }

  @AsyncTest
  @Covers("test_taskgroups.BaseTestTaskGroup.taskgroup_task_context")
  void loopsAndGroupsTakeOptions() throws Exception {
    var named = TaskOptions.defaults().withName("n");
    assertEquals("n", runningLoop().createTask(named, () -> 1).name());
    assertEquals("n", runningLoop().createTask(named, () -> {}).name());
    var group = new TaskGroup();
    group.run(() -> {
      Context context = new Context();
      var variable = new ContextVar<>("v", 0);
      var options = named.withContext(context);
      for (int i = 1; i <= 2; i++) {
        int value = i;
        var child = group.createTask(options, () -> {
          sleep(ofSeconds(1));
          variable.set(value);
        });
        assertEquals("n", child.name());
        assertSame(context, child.context());
        child.await();
        assertEquals(value, context.run(() -> variable.get()));
        assertEquals(0, variable.get());
      }
    });
  }

  @AsyncTest
  @Covers({
    "test_base_events.BaseEventLoopTests.create_named_task_with_custom_factory",
    "test_base_events.BaseEventLoopTests.create_task",
    "test_base_events.BaseEventLoopTests.set_task_factory"
  })
  void aFactoryOfYourOwnMakesAllTasksWithTheirOptions() throws Exception {
    EventLoop loop = runningLoop();
    loop.setTaskFactory(this::noting);
    var task = createTask("first", () -> 5);
    assertEquals(List.of("first"), made);
    assertEquals("first", task.name());
    assertEquals(5, task.await());
    var group = new TaskGroup();
    group.run(() -> group.createTask(() -> made.add("in the group")));
    assertEquals(List.of("first", "begins", "unnamed", "begins", "in the group"), made);
    loop.setTaskFactory(TaskFactory.PLAIN);
    createTask(() -> 1).await();
    assertEquals(5, made.size());
  }

  @Test
  void theMainTaskIsNotMadeByTheFactory() {
    try (var runner = new Runner()) {
      runner.loop().setTaskFactory(this::noting);
      assertEquals(5, runner.run(() -> createTask("only", () -> 5).await()));
    }
    assertEquals(List.of("only", "begins"), made);
  }

  @AsyncTest
  void whatAFactoryThrowsIsThrownWhereTheTaskIsMade() {
    runningLoop().setTaskFactory(this::failing);
    assertThrows(Failure.class, () -> createTask(() -> 1));
    runningLoop().setTaskFactory(this::forgetting);
    var error = assertThrows(NullPointerException.class, () -> createTask(() -> 1));
    assertContains(error.getMessage(), "task factory");
    assertEquals(1, runningLoop().allTasks().size());
  }

  @AsyncTest
  void aFactoryIsCalledOnItsLoopOnly() throws Exception {
    EventLoop loop = runningLoop();
    toThread(() -> assertThrows(
        IllegalStateException.class,
        () -> TaskFactory.PLAIN.create(loop, () -> 1, TaskOptions.defaults())));
  }

  // ---- from other threads ----

  @AsyncTest
  void tasksFromOtherThreadsAreMadeByTheFactory() throws Exception {
    EventLoop loop = runningLoop();
    loop.setTaskFactory(this::noting);
    assertEquals(5, toThread(() -> runCoroutineThreadsafe(() -> 5, loop).get()));
    assertEquals(List.of("unnamed", "begins"), made);
    var failed = assertThrows(
        ExecutionException.class,
        () -> toThread(() -> runCoroutineThreadsafe(
                () -> {
                  throw new Failure("x");
                },
                loop)
            .get()));
    assertEquals("x", Objects.requireNonNull(failed.getCause()).getMessage());
    loop.setTaskFactory(TaskFactory.EAGER);
    assertEquals(6, toThread(() -> runCoroutineThreadsafe(() -> 6, loop).get()));
  }

  @AsyncTest
  void cancellingTheFutureCancelsTheTaskOfTheFactory() throws Exception {
    EventLoop loop = runningLoop();
    loop.setTaskFactory(this::noting);
    var started = new Future<String>();
    Future<String> outer = toThread(() -> runCoroutineThreadsafe(
        () -> {
          started.setResult("started");
          try {
            sleep(ofSeconds(9));
          } finally {
            made.add("unwound");
          }
          return "never";
        },
        loop));
    started.await();
    toThread(() -> outer.cancel());
    assertThrows(CancellationException.class, () -> toThread(() -> outer.get()));
    yieldNow();
    assertEquals(List.of("unnamed", "begins", "unwound"), made);
    assertEquals(1, loop.allTasks().size());
  }

  @AsyncTest
  @Covers("test_tasks.RunCoroutineThreadsafeTests.run_coroutine_threadsafe_task_factory_exception")
  void aFailureOfTheFactoryReachesTheCallerAndTheHandler() throws Exception {
    EventLoop loop = runningLoop();
    var reports = new Reports();
    loop.setExceptionHandler(reports);
    loop.setTaskFactory(this::failing);
    var failed = assertThrows(
        ExecutionException.class,
        () -> toThread(() -> runCoroutineThreadsafe(() -> 5, loop).get()));
    assertEquals("no tasks today", Objects.requireNonNull(failed.getCause()).getMessage());
    assertEquals("no tasks today", reports.only().exception().getMessage());
  }

  private @Nullable Task<?> stranger;

  @SuppressWarnings({"unchecked", "NullAway"})
  private <T extends @Nullable Object> Task<T> mistaken(
      EventLoop loop, Coroutine<T, ?> body, TaskOptions options) {
    return (Task<T>) stranger;
  }

  @Test
  void aTaskOfAnotherLoopIsRefused() {
    EventLoop other = newEventLoop();
    other.runUntilComplete(() -> stranger = createTask(() -> "stranger"));
    run(() -> {
      runningLoop().setTaskFactory(this::mistaken);
      var error = assertThrows(IllegalStateException.class, () -> createTask(() -> "mine"));
      assertContains(error.getMessage(), "another event loop");
      var group = new TaskGroup();
      group.run(() -> assertThrows(IllegalStateException.class, () -> group.createTask(() -> "b")));
    });
    other.runUntilComplete(() -> {});
    other.close();
  }

  @AsyncTest
  void aCancelFromTheFirstStepOfAnEagerTaskReachesItThroughTheThreadsafeFuture() {
    runningLoop().setTaskFactory(TaskFactory.EAGER);
    List<Future<?>> handle = new ArrayList<>();
    handle.add(runCoroutineThreadsafe(
        () -> {
          handle.getFirst().cancel();
          try {
            sleep(ofSeconds(10));
          } catch (CancelledError cancelled) {
            made.add("cancelled");
            throw cancelled;
          }
        },
        runningLoop()));
    sleep(ofSeconds(1));
    assertEquals(List.of("cancelled"), made);
  }
}
