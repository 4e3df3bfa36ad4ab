package asyncio.tasks;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.currentTask;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Cancelling.sleepAndCleanUp;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import asyncio.CancelledError;
import asyncio.ExceptionGroup;
import asyncio.Future;
import asyncio.TaskGroup;
import asyncio.conformance.Covers;
import asyncio.testing.AsyncTest;
import java.util.List;

/** A group in a group. */
class NestedTaskGroupsTest extends TaskGroupFixture {

  @AsyncTest
  void nestedGroupsNestTheirFailures() {
    var inner = new TaskGroup();
    var thrown = groupFails(() -> {
      group.createTask(() -> fail("outer child"));
      inner.run(() -> {
        inner.createTask(() -> sleepAndCleanUp(() -> fail("inner child")));
        sleep(ofDays(1));
      });
    });
    assertEquals(2, thrown.exceptions().size(), thrown::toString);
    assertEquals("outer child", thrown.exceptions().get(0).getMessage());
    assertEquals(
        List.of("inner child"), messages((ExceptionGroup) thrown.exceptions().get(1)));
    assertEquals(0, currentTask().cancelling());
    yieldNow();
  }

  @AsyncTest
  @Covers("test_taskgroups.BaseTestTaskGroup.nested_groups_both_cancelled")
  void twoNestedGroupsThatFailTogetherKeepTheCountBalanced() {
    var inner = new TaskGroup();
    groupFails(() -> {
      group.createTask(() -> fail("outer child"));
      inner.run(() -> {
        inner.createTask(() -> fail("inner child"));
        sleep(ofDays(1));
      });
    });
    assertEquals(0, currentTask().cancelling());
    yieldNow();
    sleep(ofSeconds(1));
  }

  @AsyncTest
  @Covers("test_taskgroups.BaseTestTaskGroup.nested_groups_both_cancelled")
  void anInnerGroupThatFailsBesideTheOuterLeavesTheOutersCancelPending() {
    var inner = new TaskGroup();
    var thrown = groupFails(() -> {
      group.createTask(() -> fail("outer child"));
      assertThrows(
          ExceptionGroup.class,
          () -> inner.run(() -> {
            inner.createTask(() -> fail("inner child"));
            sleep(ofDays(1));
          }));
      order.add("inner group handled");
      sleep(ofSeconds(1));
      order.add("never");
    });
    assertEquals(List.of("outer child"), messages(thrown));
    order.assertIs("inner group handled");
    assertEquals(0, currentTask().cancelling());
    yieldNow();
  }

  @AsyncTest
  @Covers("test_taskgroups.BaseTestTaskGroup.cancels_task_if_created_during_creation")
  void aTaskMadeByATaskThatHasJustBegunCancelsItWhenItFails() {
    var thrown = groupFails(() -> {
      group.createTask(() -> {
        group.createTask(() -> fail("third"));
        assertThrows(CancelledError.class, () -> {
          for (int i = 0; i < 5; i++) {
            yieldNow();
          }
        });
        order.add("second cancelled");
      });
    });
    assertEquals(List.of("third"), messages(thrown));
    order.assertIs("second cancelled");
  }

  @AsyncTest
  void aFailureOfAnInnerGroupThatIsHandledLeavesTheOuterAlone() {
    var inner = new TaskGroup();
    group.run(() -> {
      group.createTask(() -> {
        sleep(ofSeconds(2));
        order.add("outer child done");
      });
      assertThrows(
          ExceptionGroup.class, () -> inner.run(() -> inner.createTask(() -> fail("inner"))));
      sleep(ofSeconds(1));
    });
    order.assertIs("outer child done");
  }

  @AsyncTest
  @Covers("test_taskgroups.BaseTestTaskGroup.cancelling_level_preserved")
  void theCancelCountOfTheParentIsKept() {
    var task = createTask(() -> {
      try {
        sleep(ofDays(1));
      } catch (CancelledError first) {
        assertEquals(1, currentTask().cancelling());
        groupFails(() -> {
          group.createTask(() -> fail("child"));
          sleep(ofDays(1));
        });
        assertEquals(1, currentTask().cancelling());
        throw first;
      }
    });
    yieldNow();
    task.cancel();
    assertThrows(CancelledError.class, task::await);
    assertEquals(1, task.cancelling());
  }

  @AsyncTest
  @Covers("test_taskgroups.BaseTestTaskGroup.cancellation_does_not_leak_out_of_tg")
  void cancelDoesNotLeakOutOfAGroup() {
    for (int i = 0; i < 3; i++) {
      var each = new TaskGroup();
      assertThrows(
          ExceptionGroup.class,
          () -> each.run(() -> {
            each.createTask(() -> fail("child"));
            yieldNow();
          }));
      yieldNow();
    }
    assertEquals(0, currentTask().cancelling());
  }

  @AsyncTest
  void aFailureInTheStepInWhichTheBodyEndsLeavesNoCancelBehind() {
    var future = new Future<Void>();
    groupFails(() -> {
      group.createTask(() -> {
        future.setResult(null);
        fail("child");
      });
      future.await();
    });
    assertEquals(0, currentTask().cancelling());
    yieldNow();
  }
}
