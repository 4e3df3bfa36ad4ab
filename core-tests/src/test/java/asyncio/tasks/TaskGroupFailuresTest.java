package asyncio.tasks;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.currentTask;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Cancelling.sleepAndCleanUp;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Action;
import asyncio.CancelledError;
import asyncio.ExceptionGroup;
import asyncio.Task;
import asyncio.conformance.Covers;
import asyncio.support.Reports;
import asyncio.testing.AsyncTest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A failure of a task or of the body ends the group, and is in what it throws. */
class TaskGroupFailuresTest extends TaskGroupFixture {
  private void assertThrownBare(Throwable fatal, Action<?> body) {
    assertSame(fatal, assertThrows(fatal.getClass(), () -> runALoop(body)));
  }

  // ---- a child fails or is cancelled ----

  @AsyncTest
  @Covers("test_taskgroups.BaseTestTaskGroup.taskgroup_03")
  void aChildThatIsCancelledOnItsOwnDoesNotFailTheGroup() {
    group.run(() -> {
      var child = group.createTask(() -> sleepOrTell("child"));
      group.createTask(() -> {
        sleep(ofSeconds(1));
        order.add("sibling done");
      });
      yieldNow();
      child.cancel();
    });
    order.assertIs("child cancelled", "sibling done");
  }

  @AsyncTest
  @Covers("test_taskgroups.BaseTestTaskGroup.taskgroup_04")
  void aFailureCancelsTheSiblingsAndTheBody() {
    var thrown = groupFails(() -> {
      group.createTask(() -> sleepOrTell("a"));
      group.createTask(() -> {
        sleep(ofSeconds(1));
        fail("child");
      });
      group.createTask(() -> sleepOrTell("b"));
      sleepOrTell("body");
    });
    assertEquals(List.of("child"), messages(thrown));
    order.assertIsInAnyOrder("a cancelled", "b cancelled", "body cancelled");
    assertEquals(ofSeconds(1), runningLoop().time());
    assertEquals(0, currentTask().cancelling());
    yieldNow();
  }

  @AsyncTest
  @Covers("test_taskgroups.BaseTestTaskGroup.cancel_children_on_child_error")
  void aFailureWhileTheGroupWaitsForItsTasksCancelsTheSiblings() {
    var thrown = groupFails(() -> {
      group.createTask(() -> sleepOrTell("a"));
      group.createTask(() -> {
        sleep(ofSeconds(1));
        fail("child");
      });
    });
    assertEquals(List.of("child"), messages(thrown));
    order.assertIs("a cancelled");
    assertEquals(0, currentTask().cancelling());
    yieldNow();
  }

  @AsyncTest
  void theVeryFailureObjectsAreInTheGroupAndSuppressed() {
    var failure = new IOException("x");
    var thrown = groupFails(() -> {
      group.createTask(() -> {
        throw failure;
      });
    });
    assertSame(failure, thrown.exceptions().getFirst());
    assertSame(failure, thrown.getSuppressed()[0]);
  }

  @AsyncTest
  void failuresOfSeveralChildrenAreAllKept() {
    var thrown = groupFails(() -> {
      for (String name : List.of("b", "c")) {
        group.createTask(() -> sleepAndCleanUp(() -> fail(name)));
      }
      yieldNow();
      group.createTask(() -> fail("a"));
    });
    assertEquals(List.of("a", "b", "c"), messages(thrown));
  }

  @AsyncTest
  void anAssertionErrorIsAnOrdinaryFailure() {
    var thrown = groupFails(() -> {
      group.createTask(() -> {
        throw new AssertionError("child");
      });
    });
    assertInstanceOf(AssertionError.class, thrown.exceptions().getFirst());
  }

  @AsyncTest
  void failuresInAGroupAreNotReportedAgain() {
    var reports = new Reports();
    runningLoop().setExceptionHandler(reports);
    groupFails(() -> group.createTask(() -> fail("child")));
    System.gc();
    yieldNow();
    reports.assertNone();
  }

  /** Without a stack, so that very many cost little. */
  private static final class OneOfMany extends RuntimeException {
    private static final long serialVersionUID = 1L;

    OneOfMany() {
      super("one of many", null, false, false);
    }
  }

  /** Where each is compared with all before it, this is 5 thousand million comparisons. */
  @AsyncTest
  @Timeout(10)
  void manyFailuresOfOneTurnAreAllCollectedOnce() {
    int children = 100_000;
    var thrown = groupFails(() -> {
      for (int i = 0; i < children; i++) {
        group.createTask(() -> {
          throw new OneOfMany();
        });
      }
    });
    assertEquals(children, thrown.exceptions().size());
  }

  // ---- the body fails ----

  @AsyncTest
  @Covers("test_taskgroups.BaseTestTaskGroup.taskgroup_09")
  void aFailureOfTheBodyCancelsTheTasksAndJoinsTheGroup() {
    var failure = new IOException("body");
    var thrown = groupFails(() -> {
      group.createTask(() -> sleepOrTell("a"));
      yieldNow();
      throw failure;
    });
    assertEquals(List.of(failure), thrown.exceptions());
    order.assertIs("a cancelled");
  }

  @AsyncTest
  @Covers("test_taskgroups.BaseTestTaskGroup.taskgroup_10")
  void aFailureOfTheBodyRightAfterItMadeTasksCancelsThem() {
    List<Task<?>> tasks = new ArrayList<>();
    var failure = new IOException("body");
    var thrown = groupFails(() -> {
      tasks.add(group.createTask(() -> sleepOrTell("a")));
      tasks.add(group.createTask(() -> sleepOrTell("b")));
      throw failure;
    });
    assertEquals(List.of(failure), thrown.exceptions());
    assertEquals(2, tasks.size());
    assertTrue(tasks.stream().allMatch(Task::isCancelled), tasks::toString);
  }

  @AsyncTest
  void aFailureOfTheBodyBeforeATaskBeganNeverStartsIt() {
    groupFails(() -> {
      group.createTask(() -> order.add("began"));
      fail("body");
    });
    order.assertIsEmpty();
  }

  @AsyncTest
  void failuresOfBodyAndChildrenComeTogether() {
    var thrown = groupFails(() -> {
      group.createTask(() -> sleepAndCleanUp(() -> fail("child")));
      yieldNow();
      fail("body");
    });
    assertEquals(List.of("child", "body"), messages(thrown));
  }

  @AsyncTest
  @Covers("test_taskgroups.BaseTestTaskGroup.taskgroup_19")
  void aBodyThatTurnsTheGroupsCancelIntoAFailureAddsIt() {
    var thrown = groupFails(() -> {
      group.createTask(() -> fail("child"));
      try {
        sleep(ofDays(1));
      } catch (CancelledError cancelled) {
        fail("body");
      }
    });
    assertEquals(List.of("child", "body"), messages(thrown));
    assertEquals(0, currentTask().cancelling());
    yieldNow();
  }

  @AsyncTest
  void aFailingCloseInTheBodyIsReportedAndTheCountIsBalanced() {
    var thrown = groupFails(() -> {
      group.createTask(() -> fail("child"));
      try (AutoCloseable _ = () -> fail("close")) {
        sleep(ofDays(1));
      }
    });
    assertEquals("child", thrown.exceptions().getFirst().getMessage());
    assertEquals(0, currentTask().cancelling());
    yieldNow();
  }

  @AsyncTest
  @Covers("test_taskgroups.BaseTestTaskGroup.taskgroup_context_manager_exit_raises")
  void aFailingReleaseInTheBodyJoinsTheGroupAndTheCountIsBalanced() {
    var thrown = groupFails(() -> {
      group.createTask(() -> fail("child"));
      try {
        sleep(ofDays(1));
      } finally {
        fail("release");
      }
    });
    assertEquals(List.of("child", "release"), messages(thrown));
    assertEquals(0, currentTask().cancelling());
    yieldNow();
  }

  @AsyncTest
  @Covers("test_taskgroups.BaseTestTaskGroup.taskgroup_15")
  void aChildThatFailsWhileTheBodyCleansUpAfterACancelBeatsIt() {
    var task = createTask(() -> group.run(() -> {
      group.createTask(() -> {
        try {
          sleep(ofDays(1));
        } finally {
          sleep(ofSeconds(1));
          fail("child");
        }
      });
      group.createTask(() -> {
        sleep(ofSeconds(3));
        fail("crash");
      });
      try {
        sleep(ofDays(1));
      } finally {
        sleep(ofSeconds(5));
        order.add("body cleaned up");
      }
    }));
    sleep(ofSeconds(1));
    task.cancel("outside");
    assertEquals(
        List.of("crash", "child"), messages(assertThrows(ExceptionGroup.class, task::await)));
    assertEquals(1, task.cancelling());
  }

  // ---- errors that are more than failures ----

  @Test
  @Covers("test_taskgroups.BaseTestTaskGroup.taskgroup_20")
  void aFatalErrorOfTheBodyBeatsTheFailureOfAChild() {
    var fatal = new InternalError("by hand");
    assertThrownBare(
        fatal,
        () -> group.run(() -> {
          group.createTask(() -> fail("child"));
          try {
            sleep(ofDays(1));
          } catch (CancelledError cancelled) {
            throw fatal;
          }
        }));
  }

  @Test
  @Covers("test_taskgroups.BaseTestTaskGroup.taskgroup_20a")
  void aFatalErrorOfAChildBeatsTheFailureOfTheBody() {
    var fatal = new InternalError("by hand");
    assertThrownBare(
        fatal,
        () -> group.run(() -> {
          group.createTask(() -> {
            throw fatal;
          });
          try {
            sleep(ofDays(1));
          } catch (CancelledError cancelled) {
            fail("body");
          }
        }));
  }

  @AsyncTest
  @Covers("test_taskgroups.BaseTestTaskGroup.taskgroup_21a")
  void errorsThatAreNotFatalAreFailuresLikeOthers() {
    var thrown = groupFails(() -> {
      group.createTask(() -> fail("child"));
      try {
        sleep(ofDays(1));
      } catch (CancelledError cancelled) {
        throw new LinkageError("body");
      }
    });
    assertEquals(List.of("child", "body"), messages(thrown));
    assertInstanceOf(LinkageError.class, thrown.exceptions().get(1));
  }

  // ---- clean-up that fails while a cancel passes through it ----

  private static void sleepInside(String resource) {
    try (AutoCloseable _ = () -> fail(resource + " not closed")) {
      sleep(ofDays(1));
    } catch (Exception unexpected) {
      throw new AssertionError(unexpected);
    }
  }

  @AsyncTest
  void whatTheBodysCleanUpThrowsAfterAFailureComesWithIt() {
    var failures = groupFails(() -> {
      group.createTask(() -> fail("task"));
      sleepInside("body");
    });
    assertEquals(List.of("task", "body not closed"), messages(failures));
  }

  @AsyncTest
  void whatCleanUpThrowsAfterACancelOfTheGroupIsItsFailure() {
    var failures = groupFails(() -> {
      group.createTask(() -> sleepInside("task"));
      group.createTask(group::cancel);
      sleepInside("body");
    });
    assertEquals(List.of("task not closed", "body not closed"), messages(failures));
  }

  @AsyncTest
  void whatTheCleanUpOfATaskThrowsThatWasCancelledOnItsOwnEndsTheGroup() {
    var failures = groupFails(() -> {
      var task = group.createTask(() -> sleepInside("task"));
      yieldNow();
      task.cancel();
      sleepOrTell("body");
    });
    assertEquals(List.of("task not closed"), messages(failures));
    order.assertIs("body cancelled");
  }

  @AsyncTest
  void whatACleanUpThrewCountsOnceThoughTheBodyAwaitsTheTask() {
    var failures = groupFails(() -> {
      var task = group.createTask(() -> sleepInside("task"));
      group.createTask(() -> fail("other"));
      task.await();
    });
    assertEquals(List.of("other", "task not closed"), messages(failures));
  }

  @AsyncTest
  void aCancelFromOutsideKeepsWhatTheBodysCleanUpThrew() {
    var task = createTask(() -> group.run(() -> sleepInside("body")));
    yieldNow();
    task.cancel("outside");
    var cancelled = assertThrows(CancelledError.class, task::await);
    assertEquals("outside", cancelled.getMessage());
    assertEquals("body not closed", cancelled.getSuppressed()[0].getMessage());
  }
}
