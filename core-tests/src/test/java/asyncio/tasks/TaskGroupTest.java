package asyncio.tasks;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.currentTask;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Cancelling.sleepAndCleanUp;
import static asyncio.support.Texts.assertContains;
import static java.time.Duration.ZERO;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import asyncio.Action;
import asyncio.CancelledError;
import asyncio.Coroutine;
import asyncio.EventLoop;
import asyncio.ExceptionGroup;
import asyncio.Task;
import asyncio.TaskFactory;
import asyncio.TaskGroup;
import asyncio.TaskOptions;
import asyncio.conformance.Covers;
import asyncio.support.Failure;
import asyncio.support.Only;
import asyncio.testing.AsyncTest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What a group runs, and how it may not be used. */
class TaskGroupTest extends TaskGroupFixture {
  // ---- success ----

  @AsyncTest
  @Covers("test_taskgroups.BaseTestTaskGroup.taskgroup_01")
  void theGroupWaitsForAllAndGivesTheBodysResult() {
    String result = group.run(() -> {
      group.createTask(() -> {
        sleep(ofSeconds(1));
        order.add("a");
      });
      group.createTask(() -> {
        sleep(ofSeconds(2));
        order.add("b");
      });
      return "result";
    });
    assertEquals("result", result);
    order.assertIs("a", "b");
    assertEquals(ofSeconds(2), runningLoop().time());
  }

  @AsyncTest
  void anEmptyGroupEndsAtOnce() {
    createTask(() -> order.add("other"));
    assertEquals(1, group.run(() -> 1));
    order.assertIsEmpty();
  }

  @AsyncTest
  void tasksMayBeAwaitedInTheBody() {
    int sum = group.run(() -> {
      var a = group.createTask(() -> 1);
      var b = group.createTask(() -> 2);
      return a.await() + b.await();
    });
    assertEquals(3, sum);
  }

  @AsyncTest
  @Covers("test_taskgroups.BaseTestTaskGroup.taskgroup_24")
  void childrenMayAddChildrenAlsoWhileTheGroupIsEnding() {
    group.run(() -> group.createTask(() -> spawn(5)));
    order.assertIs("5", "4", "3", "2", "1");
  }

  private void spawn(int left) {
    if (left > 0) {
      order.add(String.valueOf(left));
      yieldNow();
      group.createTask(() -> spawn(left - 1));
    }
  }

  @AsyncTest
  @Covers("test_taskgroups.BaseTestTaskGroup.taskgroup_25")
  void endlessSpawningIsStoppedByAFailure() {
    var thrown = groupFails(() -> {
      group.createTask(() -> spawnForEver());
      sleep(ofSeconds(1));
      fail("stop");
    });
    assertEquals(List.of("stop"), messages(thrown));
  }

  private void spawnForEver() {
    sleep(ofSeconds(1).dividedBy(10));
    group.createTask(() -> spawnForEver());
  }

  @AsyncTest
  @Covers({
    "test_taskgroups.BaseTestTaskGroup.taskgroup_02",
    "test_taskgroups.BaseTestTaskGroup.taskgroup_23"
  })
  void manyShortTasks() {
    int[] ran = {0};
    group.run(() -> {
      for (int i = 0; i < 2_000; i++) {
        group.createTask(() -> ran[0]++);
        if (i % 100 == 0) {
          yieldNow();
        }
      }
      yieldNow();
      yieldNow();
      assertEquals("TaskGroup[tasks=0, errors=0]", group.toString());
    });
    assertEquals(2_000, ran[0]);
  }

  @AsyncTest
  @Covers("test_taskgroups.BaseTestTaskGroup.taskgroup_16")
  void aCancelThatComesThroughAnAwaitedTaskIsBeatenByAChildThatFailsMeanwhile() {
    var nested = createTask(() -> group.run(() -> {
      group.createTask(() -> {
        sleep(ofSeconds(3));
        fail("crash");
      });
      try {
        sleep(ofDays(1));
      } catch (CancelledError cancelled) {
        sleep(ofSeconds(5));
        throw cancelled;
      }
    }));
    var outer = createTask(() -> nested.await());
    sleep(ofSeconds(1));
    assertFalse(outer.isDone());
    outer.cancel();
    assertEquals(List.of("crash"), messages(assertThrows(ExceptionGroup.class, outer::await)));
    assertEquals(1, nested.cancelling());
  }

  @AsyncTest
  @Covers({
    "test_taskgroups.BaseTestTaskGroup.name",
    "test_taskgroups.BaseTestTaskGroup.taskgroup_task_name"
  })
  void tasksHaveTheNamesThatWereGiven() {
    group.run(() -> {
      assertEquals("a", group.createTask("a", () -> 1).name());
      assertEquals("self", group.createTask("self", () -> currentTask().name()).await());
      assertEquals("b", group.createTask("b", () -> {}).name());
    });
  }

  // ---- misuse ----

  @AsyncTest
  @Covers({
    "test_taskgroups.BaseTestTaskGroup.taskgroup_already_entered",
    "test_taskgroups.BaseTestTaskGroup.taskgroup_double_enter"
  })
  void aGroupIsUsedOnce() {
    group.run(() -> assertThrows(IllegalStateException.class, () -> group.run(() -> 1)));
    assertThrows(IllegalStateException.class, () -> group.run(() -> 1));
  }

  @AsyncTest
  @Covers({
    "test_taskgroups.BaseTestTaskGroup.taskgroup_finished",
    "test_taskgroups.BaseTestTaskGroup.taskgroup_not_entered"
  })
  void noTaskBeforeTheGroupRunsAndNoneAfter() {
    assertThrows(IllegalStateException.class, () -> group.createTask(() -> 1));
    group.run(() -> {});
    var error = assertThrows(IllegalStateException.class, () -> group.createTask(() -> 1));
    assertContains(error.getMessage(), "ended");
  }

  @AsyncTest
  @Covers("test_taskgroups.BaseTestTaskGroup.taskgroup_no_create_task_after_failure")
  void noNewTaskAfterAFailure() {
    groupFails(() -> {
      group.createTask(() -> fail("child"));
      sleepAndCleanUp(() -> {
        var error = assertThrows(IllegalStateException.class, () -> group.createTask(() -> 1));
        order.add(error.getMessage());
      });
    });
    assertContains(order.get(0), "shutting down");
  }

  private <T extends @Nullable Object> Task<T> slowly(
      EventLoop loop, Coroutine<T, ?> body, TaskOptions options) {
    sleep(ofSeconds(5));
    return TaskFactory.PLAIN.create(loop, body, options);
  }

  @AsyncTest
  void aTaskThatIsMadeTooLateByASlowFactoryNeverBegins() {
    var late = createTask(() -> {
      runningLoop().setTaskFactory(this::slowly);
      var task = group.createTask(() -> fail("late"));
      assertThrows(CancelledError.class, task::await);
    });
    group.run(() -> sleep(ofSeconds(1)));
    sleep(ofSeconds(9));
    assertEquals(ofSeconds(10), runningLoop().time());
    late.await();
  }

  @Test
  @Covers("test_taskgroups.BaseTestTaskGroup.taskgroup_without_parent_task")
  void outsideATaskAGroupIsAnError() {
    assertThrows(IllegalStateException.class, () -> group.run(() -> 1));
  }

  @AsyncTest
  void nullBodiesAreRefused() {
    group.run(() -> {
      assertThrows(
          NullPointerException.class,
          () -> group.createTask((Coroutine<Object, RuntimeException>) null));
      assertThrows(
          NullPointerException.class, () -> group.createTask((Action<RuntimeException>) null));
    });
  }

  @AsyncTest
  void theTextShowsTheState() {
    group.run(() -> {
      group.createTask(() -> 1);
      assertEquals("TaskGroup[tasks=1, errors=0]", group.toString());
    });
    assertEquals("TaskGroup[tasks=0, errors=0, ended]", group.toString());
    assertFalse(group.toString().isEmpty());
  }

  @AsyncTest
  void aBodyThatAwaitsTheTaskThatFailsAddsNothing() {
    for (Exception failure : List.of(new IllegalStateException("x"), new IOException("y"))) {
      var each = new TaskGroup();
      var thrown = groupFails(
          each,
          () -> each.createTask(() -> {
                yieldNow();
                throw failure;
              })
              .await());
      assertEquals(List.of(failure), thrown.exceptions());
    }
  }

  // ---- where the end can't wait ----

  private static final class EndsAGroupInItsInitialiser {
    static final List<Task<?>> CHILDREN = new ArrayList<>();

    static {
      var group = new TaskGroup();
      group.run(() -> {
        CHILDREN.add(group.createTask(() -> sleep(ofDays(1))));
        throw new Failure("body");
      });
    }
  }

  @AsyncTest
  void aGroupThatCantWaitForItsTasksCancelsThemAndLosesNoFailure() {
    Only.mounted("on the portable carrier a wait in a class initialiser works");
    var task = createTask(() -> EndsAGroupInItsInitialiser.CHILDREN.clear());
    var thrown = assertThrows(ExceptionInInitializerError.class, task::await);
    var pinned = assertInstanceOf(IllegalStateException.class, thrown.getCause());
    assertEquals(1, pinned.getSuppressed().length);
    assertEquals("body", pinned.getSuppressed()[0].getMessage());
    yieldNow();
    assertEquals(1, runningLoop().allTasks().size());
    assertEquals(ZERO, runningLoop().time());
  }
}
