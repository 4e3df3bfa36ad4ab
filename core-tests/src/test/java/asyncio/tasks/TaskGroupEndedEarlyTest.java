package asyncio.tasks;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.currentTask;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import asyncio.Asyncio;
import asyncio.CancelledError;
import asyncio.TaskGroup;
import asyncio.testing.AsyncTest;
import java.util.List;

/** A group that is ended by its own {@code cancel}. */
class TaskGroupEndedEarlyTest extends TaskGroupFixture {

  @AsyncTest
  void cancelEndsTasksAndBodyWithoutAnError() {
    String result = group.run(() -> {
      group.createTask(() -> sleepOrTell("a"));
      group.createTask(() -> {
        sleep(ofSeconds(1));
        group.cancel();
      });
      sleepOrTell("body");
      return "never";
    });
    assertEquals(null, result);
    order.assertIs("a cancelled", "body cancelled");
    assertEquals(ofSeconds(1), runningLoop().time());
    assertEquals(0, currentTask().cancelling());
    yieldNow();
  }

  @AsyncTest
  void cancelWhileTheGroupWaitsForItsTasksKeepsTheBodysResult() {
    runningLoop().callLater(ofSeconds(1), group::cancel);
    String result = group.run(() -> {
      group.createTask(() -> sleepOrTell("a"));
      return "result";
    });
    assertEquals("result", result);
    order.assertIs("a cancelled");
    assertEquals(0, currentTask().cancelling());
    yieldNow();
  }

  @AsyncTest
  void cancelInTheBodyStrikesAtItsNextWait() {
    group.run(() -> {
      group.cancel();
      order.add("goes on");
      yieldNow();
      order.add("never");
    });
    assertEquals("result", returnsAfterCancel(new TaskGroup()));
    order.assertIs("goes on");
    assertEquals(0, currentTask().cancelling());
    yieldNow();
  }

  private static String returnsAfterCancel(TaskGroup ended) {
    return ended.run(() -> {
      ended.cancel();
      return "result";
    });
  }

  @AsyncTest
  void cancelOfATaskThatCancelsItsGroupItself() {
    group.run(() -> {
      group.createTask(() -> {
        group.cancel();
        order.add("goes on");
        yieldNow();
        order.add("never");
      });
    });
    order.assertIs("goes on");
  }

  @AsyncTest
  void cancelTwiceIsAsOnce() {
    group.run(() -> {
      group.createTask(() -> {
        try {
          sleep(ofDays(1));
        } finally {
          sleep(ofSeconds(1));
          order.add("cleaned up");
        }
      });
      yieldNow();
      group.cancel();
      group.cancel();
      try {
        yieldNow();
      } finally {
        group.cancel();
      }
    });
    order.assertIs("cleaned up");
    assertEquals(0, currentTask().cancelling());
    yieldNow();
  }

  @AsyncTest
  void cancelAfterTheGroupHasEndedDoesNothing() {
    group.run(() -> {});
    group.cancel();
    yieldNow();
    assertEquals(0, currentTask().cancelling());
  }

  @AsyncTest
  void cancelBeforeTheGroupRunsStrikesAtTheBodysFirstWait() {
    group.cancel();
    group.run(() -> {
      order.add("begins");
      sleep(ofDays(1));
      order.add("never");
    });
    order.assertIs("begins");
    assertEquals(0, currentTask().cancelling());
    yieldNow();
  }

  @AsyncTest
  void noNewTaskAfterCancel() {
    group.run(() -> {
      group.cancel();
      var error = assertThrows(IllegalStateException.class, () -> group.createTask(() -> 1));
      assertContains(error.getMessage(), "shutting down");
    });
  }

  @AsyncTest
  void failuresAfterCancelAreThrown() {
    var thrown = groupFails(() -> {
      group.createTask(() -> {
        try {
          sleep(ofDays(1));
        } finally {
          fail("child");
        }
      });
      yieldNow();
      group.cancel();
      try {
        yieldNow();
      } finally {
        fail("body");
      }
    });
    assertEquals(List.of("child", "body"), messages(thrown));
    assertEquals(0, currentTask().cancelling());
    yieldNow();
  }

  @AsyncTest
  void aCancelFromOutsidePassesAGroupThatWasCancelled() {
    var task = createTask(() -> group.run(() -> {
      try {
        sleep(ofDays(1));
      } finally {
        sleep(ofDays(1));
      }
    }));
    yieldNow();
    group.cancel();
    yieldNow();
    task.cancel("outside");
    assertEquals("outside", assertThrows(CancelledError.class, task::await).getMessage());
    assertEquals(1, task.cancelling());
  }

  @AsyncTest
  void aCancelFromOutsideIsNotLostWhileACancelledGroupWaitsForItsTasks() {
    var task = createTask(() -> {
      group.run(() -> {
        group.createTask(() -> {
          try {
            sleep(ofDays(1));
          } finally {
            sleep(ofSeconds(2));
            order.add("cleaned up");
          }
        });
        yieldNow();
        group.cancel();
      });
      order.add("never");
    });
    sleep(ofSeconds(1));
    task.cancel("outside");
    assertEquals("outside", assertThrows(CancelledError.class, task::await).getMessage());
    order.assertIs("cleaned up");
    assertEquals(1, task.cancelling());
  }

  @AsyncTest
  void aGroupInACleanUpEndsQuietlyWhenItIsCancelled() {
    var task = createTask(() -> {
      try {
        sleep(ofDays(1));
      } finally {
        group.run(() -> {
          group.createTask(() -> sleepOrTell("a"));
          yieldNow();
          group.cancel();
          yieldNow();
        });
        sleep(ofSeconds(1));
        order.add("cleaned up");
      }
    });
    yieldNow();
    task.cancel("outside");
    assertEquals("outside", assertThrows(CancelledError.class, task::await).getMessage());
    order.assertIs("a cancelled", "cleaned up");
    assertEquals(1, task.cancelling());
  }

  @AsyncTest
  void aGroupThatFailsInACleanUpDoesNotCancelTheRestOfIt() {
    var task = createTask(() -> {
      try {
        sleep(ofDays(1));
      } finally {
        groupFails(() -> {
          group.createTask(() -> fail("child"));
          sleep(ofDays(1));
        });
        sleep(ofSeconds(1));
        order.add("cleaned up");
      }
    });
    yieldNow();
    task.cancel("outside");
    assertThrows(CancelledError.class, task::await);
    order.assertIs("cleaned up");
    assertEquals(1, task.cancelling());
  }

  @AsyncTest
  void cancelOfAnOuterGroupEndsTheInnerOne() {
    var inner = new TaskGroup();
    group.run(() -> {
      inner.run(() -> {
        inner.createTask(() -> sleepOrTell("inner"));
        inner.createTask(() -> group.cancel());
      });
      order.add("never");
    });
    order.assertIs("inner cancelled");
    assertEquals(0, currentTask().cancelling());
    yieldNow();
  }

  @AsyncTest
  void cancelOnAForeignThreadIsAnError() {
    group.run(() ->
        assertThrows(IllegalStateException.class, () -> Asyncio.toThread(() -> group.cancel())));
  }
}
