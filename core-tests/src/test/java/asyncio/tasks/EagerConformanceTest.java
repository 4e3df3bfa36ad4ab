package asyncio.tasks;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.gather;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.staggeredRace;
import static java.time.Duration.ZERO;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Coroutine;
import asyncio.Future;
import asyncio.Race;
import asyncio.Task;
import asyncio.TaskFactory;
import asyncio.TaskGroup;
import asyncio.conformance.Covers;
import asyncio.support.Failure;
import asyncio.support.Order;
import asyncio.testing.AsyncTest;
import java.util.ArrayList;
import java.util.List;

/** All tasks of a loop start eagerly: what does not wait takes no turn of the loop. */
class EagerConformanceTest {
  private final Order order = new Order();

  /** What would run in the next turn does not run meanwhile. */
  private void withoutATurn(Runnable body) {
    runningLoop().setTaskFactory(TaskFactory.EAGER);
    runningLoop().callSoon(() -> order.add("a turn"));
    body.run();
    order.assertIsEmpty();
    assertEquals(1, runningLoop().allTasks().size());
  }

  @AsyncTest
  @Covers("test_eager_task_factory.EagerTaskFactoryLoopTests.await_future_during_eager_step")
  void aResultSetInTheFirstStepIsThereForTheCreator() {
    withoutATurn(() -> {
      var future = new Future<String>();
      var task = createTask(() -> future.setResult("set in the first step"));
      assertTrue(task.isDone());
      assertEquals("set in the first step", future.result());
      assertEquals("set in the first step", future.await());
    });
  }

  private static int chain(int left) {
    return left == 0 ? 0 : 1 + createTask(() -> chain(left - 1)).await();
  }

  @AsyncTest
  @Covers("test_eager_task_factory.BaseTaskCountingTests.awaitables_chain")
  void aChainOfEagerTasksCostsNoTurn() {
    withoutATurn(() -> assertEquals(100, chain(100)));
  }

  private static int groups(int width, int depth) {
    if (depth == 0) {
      return 1;
    }
    var group = new TaskGroup();
    List<Task<Integer>> children = group.run(() -> {
      List<Task<Integer>> made = new ArrayList<>();
      for (int i = 0; i < width; i++) {
        made.add(group.createTask(() -> groups(width, depth - 1)));
      }
      return made;
    });
    return children.stream().mapToInt(Task::result).sum();
  }

  @AsyncTest
  @Covers("test_eager_task_factory.BaseTaskCountingTests.recursive_taskgroups")
  void groupsOfEagerTasksThatDoNotWaitCostNoTurn() {
    withoutATurn(() -> assertEquals(64, groups(4, 3)));
  }

  private static int gathers(int width, int depth) {
    if (depth == 0) {
      return 1;
    }
    List<Task<Integer>> children = new ArrayList<>();
    for (int i = 0; i < width; i++) {
      children.add(createTask(() -> gathers(width, depth - 1)));
    }
    return gather(children).stream().mapToInt(Integer::intValue).sum();
  }

  @AsyncTest
  @Covers("test_eager_task_factory.BaseTaskCountingTests.recursive_gather")
  void gathersOfEagerTasksThatDoNotWaitCostNoTurn() {
    withoutATurn(() -> assertEquals(64, gathers(4, 3)));
  }

  private Coroutine<String, RuntimeException> winner(String name) {
    return () -> {
      order.add(name);
      return name;
    };
  }

  @AsyncTest
  @Covers("test_eager_task_factory.EagerTaskFactoryLoopTests.staggered_race_with_eager_tasks")
  void aStaggeredRaceOfEagerTasksIsWonByTheFirstThatSucceeds() {
    runningLoop().setTaskFactory(TaskFactory.EAGER);
    Coroutine<String, RuntimeException> slow = () -> {
      order.add("slow");
      sleep(ofDays(1));
      return "slow";
    };
    Coroutine<String, RuntimeException> fails = () -> {
      order.add("fails");
      throw new Failure("x");
    };
    Race<String> race =
        staggeredRace(List.of(slow, fails, winner("winner"), winner("never")), ofSeconds(1));
    assertEquals("winner", race.value());
    assertEquals(2, race.index());
    order.assertIs("slow", "fails", "winner");
    assertEquals(ofSeconds(1), runningLoop().time());
    assertEquals(1, runningLoop().allTasks().size());
  }

  @AsyncTest
  @Covers(
      "test_eager_task_factory.EagerTaskFactoryLoopTests.staggered_race_with_eager_tasks_no_delay")
  void aRaceOfEagerTasksWithoutADelayIsOverBeforeTheSecondStarts() {
    runningLoop().setTaskFactory(TaskFactory.EAGER);
    Coroutine<String, RuntimeException> fails = () -> {
      order.add("fails");
      throw new Failure("x");
    };
    Race<String> race = staggeredRace(List.of(fails, winner("winner"), winner("never")), ofDays(1));
    assertEquals("winner", race.value());
    assertEquals(1, race.index());
    order.assertIs("fails", "winner");
    assertEquals(ZERO, runningLoop().time());
  }
}
