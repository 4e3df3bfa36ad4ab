package asyncio.tasks;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.currentTask;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Cancelling.assertCancelled;
import static asyncio.support.Cancelling.sleepAndCleanUp;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import asyncio.CancelledError;
import asyncio.ExceptionGroup;
import asyncio.conformance.Covers;
import asyncio.testing.AsyncTest;
import java.util.List;

/** A group whose task is cancelled from outside. */
class TaskGroupCancelTest extends TaskGroupFixture {

  @AsyncTest
  @Covers({
    "test_taskgroups.BaseTestTaskGroup.cancellation",
    "test_taskgroups.BaseTestTaskGroup.taskgroup_07"
  })
  void aCancelFromOutsideCancelsTheTasksWaitsAndKeepsItsMessage() {
    var task = createTask(() -> group.run(() -> {
      group.createTask(() -> sleepAndCleanUp(() -> {
        sleep(ofSeconds(1));
        order.add("child cleaned up");
      }));
      sleepOrTell("body");
    }));
    sleep(ofSeconds(1));
    task.cancel("outside");
    assertCancelled("outside", task);
    order.assertIs("body cancelled", "child cleaned up");
    assertEquals(1, task.cancelling());
  }

  @AsyncTest
  @Covers("test_taskgroups.BaseTestTaskGroup.taskgroup_22")
  void aCancelFromOutsideWhileTheGroupWaitsForItsTasks() {
    var task = createTask(() -> group.run(() -> {
      group.createTask(() -> sleepOrTell("a"));
      group.createTask(() -> sleepOrTell("b"));
    }));
    sleep(ofSeconds(1));
    task.cancel("outside");
    assertCancelled("outside", task);
    order.assertIs("a cancelled", "b cancelled");
  }

  @AsyncTest
  void aSecondCancelWhileTheGroupIsEndingDoesNotCutTheTasksCleanUpShort() {
    var task = createTask(() -> group.run(() -> {
      group.createTask(() -> sleepAndCleanUp(() -> {
        sleep(ofSeconds(2));
        order.add("cleaned up");
      }));
    }));
    sleep(ofSeconds(1));
    task.cancel("one");
    sleep(ofSeconds(1));
    task.cancel("two");
    assertThrows(CancelledError.class, task::await);
    order.assertIs("cleaned up");
  }

  @AsyncTest
  void failuresBeatACancelFromOutsideWhichStrikesAtTheNextWait() {
    var task = createTask(() -> {
      try {
        group.run(() -> {
          group.createTask(() -> sleepAndCleanUp(() -> fail("child")));
          sleep(ofDays(1));
        });
      } catch (ExceptionGroup failures) {
        order.add(failures.exceptions().getFirst().getMessage());
        assertEquals(1, currentTask().cancelling());
      }
      sleep(ofDays(1));
      order.add("never");
    });
    sleep(ofSeconds(1));
    task.cancel("outside");
    assertCancelled("outside", task);
    order.assertIs("child");
    assertEquals(1, task.cancelling());
  }

  @AsyncTest
  void aFailureOfTheBodyBeatsACancelThatComesWhileTheTasksEnd() {
    var task = createTask(() -> {
      var failures = groupFails(() -> {
        group.createTask(() -> sleepAndCleanUp(() -> sleep(ofSeconds(1))));
        yieldNow();
        fail("body");
      });
      order.addAll(messages(failures));
      sleepOrTell("next wait");
    });
    sleep(ofSeconds(1).dividedBy(2));
    task.cancel("outside");
    assertCancelled("outside", task);
    order.assertIs("body", "next wait cancelled");
  }

  @AsyncTest
  @Covers("test_taskgroups.BaseTestTaskGroup.error_and_cancel")
  void aCancelInTheTurnOfAChildsFailureIsNotLost() {
    var task = createTask(() -> {
      try {
        group.run(() -> {
          group.createTask(() -> {
            sleep(ofSeconds(1));
            fail("child");
          });
          sleep(ofDays(1));
        });
      } catch (ExceptionGroup failures) {
        order.add("failures");
      }
      yieldNow();
      order.add("never");
    });
    runningLoop().callLater(ofSeconds(1), () -> task.cancel("outside"));
    assertThrows(CancelledError.class, task::await);
    order.assertIs("failures");
  }

  @AsyncTest
  @Covers("test_taskgroups.BaseTestTaskGroup.taskgroup_17")
  void aCancelOfAnEmptyGroupsBody() {
    var task = createTask(() -> group.run(() -> sleepOrTell("body")));
    yieldNow();
    task.cancel("outside");
    assertCancelled("outside", task);
    order.assertIs("body cancelled");
  }

  @AsyncTest
  @Covers("test_taskgroups.BaseTestTaskGroup.taskgroup_18")
  void aBodyThatTurnsACancelIntoAFailureFailsTheGroup() {
    var task = createTask(() -> group.run(() -> {
      try {
        sleep(ofDays(1));
      } catch (CancelledError cancelled) {
        fail("instead");
      }
    }));
    yieldNow();
    task.cancel();
    assertEquals(List.of("instead"), messages(assertThrows(ExceptionGroup.class, task::await)));
  }

  @AsyncTest
  void aBodyThatSleepsInItsCancelHandlerIsWaitedFor() {
    var thrown = groupFails(() -> {
      group.createTask(() -> fail("child"));
      sleepAndCleanUp(() -> {
        sleep(ofSeconds(1));
        order.add("body cleaned up");
      });
    });
    assertEquals(List.of("child"), messages(thrown));
    order.assertIs("body cleaned up");
  }

  @AsyncTest
  void aCancelWhileTheBodySleepsInItsCancelHandler() {
    var task = createTask(() -> {
      try {
        group.run(() -> {
          group.createTask(() -> {
            sleep(ofSeconds(3));
            fail("child");
          });
          try {
            sleep(ofDays(1));
          } catch (CancelledError cancelled) {
            try {
              sleep(ofSeconds(9));
            } finally {
              order.add("at " + runningLoop().time().toSeconds());
            }
            throw cancelled;
          }
        });
      } catch (ExceptionGroup failures) {
        order.addAll(messages(failures));
      }
      yieldNow();
      order.add("never");
    });
    sleep(ofSeconds(1));
    task.cancel("outside");
    assertThrows(CancelledError.class, task::await);
    order.assertIs("at 3", "child");
    assertEquals(1, task.cancelling());
  }
}
