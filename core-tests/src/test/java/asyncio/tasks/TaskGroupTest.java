package asyncio.tasks;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.currentTask;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Cancelling.assertCancelled;
import static asyncio.support.Cancelling.sleepAndCleanUp;
import static java.time.Duration.ZERO;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Action;
import asyncio.Asyncio;
import asyncio.CancelledError;
import asyncio.Coroutine;
import asyncio.EventLoop;
import asyncio.ExceptionContext;
import asyncio.ExceptionGroup;
import asyncio.Future;
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
import org.junit.jupiter.api.Timeout;

class TaskGroupTest {
  private final List<String> order = new ArrayList<>();
  private final TaskGroup group = new TaskGroup();

  /** For tests that run a loop of their own; EagerTaskGroupTest sets another. */
  TaskFactory factory = TaskFactory.PLAIN;

  private void runALoop(Action<?> body) throws Exception {
    Asyncio.run(
        () -> {
          runningLoop().setTaskFactory(factory);
          body.run();
        });
  }

  private void sleepOrTell(String name) {
    try {
      sleep(ofDays(1));
    } catch (CancelledError cancelled) {
      order.add(name + " cancelled");
      throw cancelled;
    }
  }

  private static void fail(String message) {
    throw new Failure(message);
  }

  private static List<String> messages(ExceptionGroup failures) {
    return failures.exceptions().stream().map(Throwable::getMessage).toList();
  }

  // ---- success ----

  @AsyncTest
  @Covers("test_taskgroups.BaseTestTaskGroup.taskgroup_01")
  void theGroupWaitsForAllAndGivesTheBodysResult() {
    String result =
        group.run(
            () -> {
              group.createTask(
                  () -> {
                    sleep(ofSeconds(1));
                    order.add("a");
                  });
              group.createTask(
                  () -> {
                    sleep(ofSeconds(2));
                    order.add("b");
                  });
              return "result";
            });
    assertEquals("result", result);
    assertEquals(List.of("a", "b"), order);
    assertEquals(ofSeconds(2), runningLoop().time());
  }

  @AsyncTest
  void anEmptyGroupEndsAtOnce() {
    createTask(() -> order.add("other"));
    assertEquals(1, group.run(() -> 1));
    assertEquals(List.of(), order);
  }

  @AsyncTest
  void tasksMayBeAwaitedInTheBody() {
    int sum =
        group.run(
            () -> {
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
    assertEquals(List.of("5", "4", "3", "2", "1"), order);
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
    var thrown =
        assertThrows(
            ExceptionGroup.class,
            () ->
                group.run(
                    () -> {
                      group.createTask(() -> spawnForEver());
                      sleep(ofSeconds(1));
                      fail("stop");
                    }));
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
    group.run(
        () -> {
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
    var nested =
        createTask(
            () ->
                group.run(
                    () -> {
                      group.createTask(
                          () -> {
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
    group.run(
        () -> {
          assertEquals("a", group.createTask("a", () -> 1).name());
          assertEquals("self", group.createTask("self", () -> currentTask().name()).await());
          assertEquals("b", group.createTask("b", () -> {}).name());
        });
  }

  // ---- a child fails or is cancelled ----

  @AsyncTest
  @Covers("test_taskgroups.BaseTestTaskGroup.taskgroup_03")
  void aChildThatIsCancelledOnItsOwnDoesNotFailTheGroup() {
    group.run(
        () -> {
          var child = group.createTask(() -> sleepOrTell("child"));
          group.createTask(
              () -> {
                sleep(ofSeconds(1));
                order.add("sibling done");
              });
          yieldNow();
          child.cancel();
        });
    assertEquals(List.of("child cancelled", "sibling done"), order);
  }

  @AsyncTest
  @Covers("test_taskgroups.BaseTestTaskGroup.taskgroup_04")
  void aFailureCancelsTheSiblingsAndTheBody() {
    var thrown =
        assertThrows(
            ExceptionGroup.class,
            () ->
                group.run(
                    () -> {
                      group.createTask(() -> sleepOrTell("a"));
                      group.createTask(
                          () -> {
                            sleep(ofSeconds(1));
                            fail("child");
                          });
                      group.createTask(() -> sleepOrTell("b"));
                      sleepOrTell("body");
                    }));
    assertEquals(List.of("child"), messages(thrown));
    assertEquals(3, order.size(), order::toString);
    assertTrue(
        order.containsAll(List.of("a cancelled", "b cancelled", "body cancelled")),
        order::toString);
    assertEquals(ofSeconds(1), runningLoop().time());
    assertEquals(0, currentTask().cancelling());
    yieldNow();
  }

  @AsyncTest
  @Covers("test_taskgroups.BaseTestTaskGroup.cancel_children_on_child_error")
  void aFailureWhileTheGroupWaitsForItsTasksCancelsTheSiblings() {
    var thrown =
        assertThrows(
            ExceptionGroup.class,
            () ->
                group.run(
                    () -> {
                      group.createTask(() -> sleepOrTell("a"));
                      group.createTask(
                          () -> {
                            sleep(ofSeconds(1));
                            fail("child");
                          });
                    }));
    assertEquals(List.of("child"), messages(thrown));
    assertEquals(List.of("a cancelled"), order);
    assertEquals(0, currentTask().cancelling());
    yieldNow();
  }

  @AsyncTest
  void theVeryFailureObjectsAreInTheGroupAndSuppressed() {
    var failure = new IOException("x");
    var thrown =
        assertThrows(
            ExceptionGroup.class,
            () ->
                group.run(
                    () -> {
                      group.createTask(
                          () -> {
                            throw failure;
                          });
                    }));
    assertSame(failure, thrown.exceptions().getFirst());
    assertSame(failure, thrown.getSuppressed()[0]);
  }

  @AsyncTest
  void failuresOfSeveralChildrenAreAllKept() {
    var thrown =
        assertThrows(
            ExceptionGroup.class,
            () ->
                group.run(
                    () -> {
                      for (String name : List.of("b", "c")) {
                        group.createTask(() -> sleepAndCleanUp(() -> fail(name)));
                      }
                      yieldNow();
                      group.createTask(() -> fail("a"));
                    }));
    assertEquals(List.of("a", "b", "c"), messages(thrown));
  }

  @AsyncTest
  void anAssertionErrorIsAnOrdinaryFailure() {
    var thrown =
        assertThrows(
            ExceptionGroup.class,
            () ->
                group.run(
                    () -> {
                      group.createTask(
                          () -> {
                            throw new AssertionError("child");
                          });
                    }));
    assertInstanceOf(AssertionError.class, thrown.exceptions().getFirst());
  }

  @AsyncTest
  void failuresInAGroupAreNotReportedAgain() {
    List<ExceptionContext> reports = new ArrayList<>();
    runningLoop().setExceptionHandler((loop, context) -> reports.add(context));
    assertThrows(
        ExceptionGroup.class, () -> group.run(() -> group.createTask(() -> fail("child"))));
    System.gc();
    yieldNow();
    assertEquals(List.of(), reports);
  }

  // ---- the body fails ----

  @AsyncTest
  @Covers("test_taskgroups.BaseTestTaskGroup.taskgroup_09")
  void aFailureOfTheBodyCancelsTheTasksAndJoinsTheGroup() {
    var failure = new IOException("body");
    var thrown =
        assertThrows(
            ExceptionGroup.class,
            () ->
                group.run(
                    () -> {
                      group.createTask(() -> sleepOrTell("a"));
                      yieldNow();
                      throw failure;
                    }));
    assertEquals(List.of(failure), thrown.exceptions());
    assertEquals(List.of("a cancelled"), order);
  }

  @AsyncTest
  @Covers("test_taskgroups.BaseTestTaskGroup.taskgroup_10")
  void aFailureOfTheBodyRightAfterItMadeTasksCancelsThem() {
    List<Task<?>> tasks = new ArrayList<>();
    var failure = new IOException("body");
    var thrown =
        assertThrows(
            ExceptionGroup.class,
            () ->
                group.run(
                    () -> {
                      tasks.add(group.createTask(() -> sleepOrTell("a")));
                      tasks.add(group.createTask(() -> sleepOrTell("b")));
                      throw failure;
                    }));
    assertEquals(List.of(failure), thrown.exceptions());
    assertEquals(2, tasks.size());
    assertTrue(tasks.stream().allMatch(Task::isCancelled), tasks::toString);
  }

  @AsyncTest
  void aFailureOfTheBodyBeforeATaskBeganNeverStartsIt() {
    assertThrows(
        ExceptionGroup.class,
        () ->
            group.run(
                () -> {
                  group.createTask(() -> order.add("began"));
                  fail("body");
                }));
    assertEquals(List.of(), order);
  }

  @AsyncTest
  void failuresOfBodyAndChildrenComeTogether() {
    var thrown =
        assertThrows(
            ExceptionGroup.class,
            () ->
                group.run(
                    () -> {
                      group.createTask(() -> sleepAndCleanUp(() -> fail("child")));
                      yieldNow();
                      fail("body");
                    }));
    assertEquals(List.of("child", "body"), messages(thrown));
  }

  @AsyncTest
  @Covers("test_taskgroups.BaseTestTaskGroup.taskgroup_19")
  void aBodyThatTurnsTheGroupsCancelIntoAFailureAddsIt() {
    var thrown =
        assertThrows(
            ExceptionGroup.class,
            () ->
                group.run(
                    () -> {
                      group.createTask(() -> fail("child"));
                      try {
                        sleep(ofDays(1));
                      } catch (CancelledError cancelled) {
                        fail("body");
                      }
                    }));
    assertEquals(List.of("child", "body"), messages(thrown));
    assertEquals(0, currentTask().cancelling());
    yieldNow();
  }

  @AsyncTest
  void aFailingCloseInTheBodyIsReportedAndTheCountIsBalanced() {
    var thrown =
        assertThrows(
            ExceptionGroup.class,
            () ->
                group.run(
                    () -> {
                      group.createTask(() -> fail("child"));
                      try (AutoCloseable _ = () -> fail("close")) {
                        sleep(ofDays(1));
                      }
                    }));
    assertEquals("child", thrown.exceptions().getFirst().getMessage());
    assertEquals(0, currentTask().cancelling());
    yieldNow();
  }

  @AsyncTest
  @Covers("test_taskgroups.BaseTestTaskGroup.taskgroup_context_manager_exit_raises")
  void aFailingReleaseInTheBodyJoinsTheGroupAndTheCountIsBalanced() {
    var thrown =
        assertThrows(
            ExceptionGroup.class,
            () ->
                group.run(
                    () -> {
                      group.createTask(() -> fail("child"));
                      try {
                        sleep(ofDays(1));
                      } finally {
                        fail("release");
                      }
                    }));
    assertEquals(List.of("child", "release"), messages(thrown));
    assertEquals(0, currentTask().cancelling());
    yieldNow();
  }

  @AsyncTest
  @Covers("test_taskgroups.BaseTestTaskGroup.taskgroup_15")
  void aChildThatFailsWhileTheBodyCleansUpAfterACancelBeatsIt() {
    var task =
        createTask(
            () ->
                group.run(
                    () -> {
                      group.createTask(
                          () -> {
                            try {
                              sleep(ofDays(1));
                            } finally {
                              sleep(ofSeconds(1));
                              fail("child");
                            }
                          });
                      group.createTask(
                          () -> {
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
    assertSame(
        fatal,
        assertThrows(
            InternalError.class,
            () ->
                runALoop(
                    () ->
                        group.run(
                            () -> {
                              group.createTask(() -> fail("child"));
                              try {
                                sleep(ofDays(1));
                              } catch (CancelledError cancelled) {
                                throw fatal;
                              }
                            }))));
  }

  @Test
  @Covers("test_taskgroups.BaseTestTaskGroup.taskgroup_20a")
  void aFatalErrorOfAChildBeatsTheFailureOfTheBody() {
    var fatal = new InternalError("by hand");
    assertSame(
        fatal,
        assertThrows(
            InternalError.class,
            () ->
                runALoop(
                    () ->
                        group.run(
                            () -> {
                              group.createTask(
                                  () -> {
                                    throw fatal;
                                  });
                              try {
                                sleep(ofDays(1));
                              } catch (CancelledError cancelled) {
                                fail("body");
                              }
                            }))));
  }

  @AsyncTest
  @Covers("test_taskgroups.BaseTestTaskGroup.taskgroup_21a")
  void errorsThatAreNotFatalAreFailuresLikeOthers() {
    var thrown =
        assertThrows(
            ExceptionGroup.class,
            () ->
                group.run(
                    () -> {
                      group.createTask(() -> fail("child"));
                      try {
                        sleep(ofDays(1));
                      } catch (CancelledError cancelled) {
                        throw new LinkageError("body");
                      }
                    }));
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
    var failures =
        assertThrows(
            ExceptionGroup.class,
            () ->
                group.run(
                    () -> {
                      group.createTask(() -> fail("task"));
                      sleepInside("body");
                    }));
    assertEquals(List.of("task", "body not closed"), messages(failures));
  }

  @AsyncTest
  void whatCleanUpThrowsAfterACancelOfTheGroupIsItsFailure() {
    var failures =
        assertThrows(
            ExceptionGroup.class,
            () ->
                group.run(
                    () -> {
                      group.createTask(() -> sleepInside("task"));
                      group.createTask(group::cancel);
                      sleepInside("body");
                    }));
    assertEquals(List.of("task not closed", "body not closed"), messages(failures));
  }

  @AsyncTest
  void whatTheCleanUpOfATaskThrowsThatWasCancelledOnItsOwnEndsTheGroup() {
    var failures =
        assertThrows(
            ExceptionGroup.class,
            () ->
                group.run(
                    () -> {
                      var task = group.createTask(() -> sleepInside("task"));
                      yieldNow();
                      task.cancel();
                      sleepOrTell("body");
                    }));
    assertEquals(List.of("task not closed"), messages(failures));
    assertEquals(List.of("body cancelled"), order);
  }

  @AsyncTest
  void whatACleanUpThrewCountsOnceThoughTheBodyAwaitsTheTask() {
    var failures =
        assertThrows(
            ExceptionGroup.class,
            () ->
                group.run(
                    () -> {
                      var task = group.createTask(() -> sleepInside("task"));
                      group.createTask(() -> fail("other"));
                      task.await();
                    }));
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

  // ---- cancelled from outside ----

  @AsyncTest
  @Covers({
    "test_taskgroups.BaseTestTaskGroup.cancellation",
    "test_taskgroups.BaseTestTaskGroup.taskgroup_07"
  })
  void aCancelFromOutsideCancelsTheTasksWaitsAndKeepsItsMessage() {
    var task =
        createTask(
            () ->
                group.run(
                    () -> {
                      group.createTask(
                          () ->
                              sleepAndCleanUp(
                                  () -> {
                                    sleep(ofSeconds(1));
                                    order.add("child cleaned up");
                                  }));
                      sleepOrTell("body");
                    }));
    sleep(ofSeconds(1));
    task.cancel("outside");
    assertCancelled("outside", task);
    assertEquals(List.of("body cancelled", "child cleaned up"), order);
    assertEquals(1, task.cancelling());
  }

  @AsyncTest
  @Covers("test_taskgroups.BaseTestTaskGroup.taskgroup_22")
  void aCancelFromOutsideWhileTheGroupWaitsForItsTasks() {
    var task =
        createTask(
            () ->
                group.run(
                    () -> {
                      group.createTask(() -> sleepOrTell("a"));
                      group.createTask(() -> sleepOrTell("b"));
                    }));
    sleep(ofSeconds(1));
    task.cancel("outside");
    assertCancelled("outside", task);
    assertEquals(List.of("a cancelled", "b cancelled"), order);
  }

  @AsyncTest
  void aSecondCancelWhileTheGroupIsEndingDoesNotCutTheTasksCleanUpShort() {
    var task =
        createTask(
            () ->
                group.run(
                    () -> {
                      group.createTask(
                          () ->
                              sleepAndCleanUp(
                                  () -> {
                                    sleep(ofSeconds(2));
                                    order.add("cleaned up");
                                  }));
                    }));
    sleep(ofSeconds(1));
    task.cancel("one");
    sleep(ofSeconds(1));
    task.cancel("two");
    assertThrows(CancelledError.class, task::await);
    assertEquals(List.of("cleaned up"), order);
  }

  @AsyncTest
  void failuresBeatACancelFromOutsideWhichStrikesAtTheNextWait() {
    var task =
        createTask(
            () -> {
              try {
                group.run(
                    () -> {
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
    assertEquals(List.of("child"), order);
    assertEquals(1, task.cancelling());
  }

  @AsyncTest
  void aFailureOfTheBodyBeatsACancelThatComesWhileTheTasksEnd() {
    var task =
        createTask(
            () -> {
              var failures =
                  assertThrows(
                      ExceptionGroup.class,
                      () ->
                          group.run(
                              () -> {
                                group.createTask(() -> sleepAndCleanUp(() -> sleep(ofSeconds(1))));
                                yieldNow();
                                fail("body");
                              }));
              order.addAll(messages(failures));
              sleepOrTell("next wait");
            });
    sleep(ofSeconds(1).dividedBy(2));
    task.cancel("outside");
    assertCancelled("outside", task);
    assertEquals(List.of("body", "next wait cancelled"), order);
  }

  @AsyncTest
  @Covers("test_taskgroups.BaseTestTaskGroup.error_and_cancel")
  void aCancelInTheTurnOfAChildsFailureIsNotLost() {
    var task =
        createTask(
            () -> {
              try {
                group.run(
                    () -> {
                      group.createTask(
                          () -> {
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
    assertEquals(List.of("failures"), order);
  }

  @AsyncTest
  @Covers("test_taskgroups.BaseTestTaskGroup.taskgroup_17")
  void aCancelOfAnEmptyGroupsBody() {
    var task = createTask(() -> group.run(() -> sleepOrTell("body")));
    yieldNow();
    task.cancel("outside");
    assertCancelled("outside", task);
    assertEquals(List.of("body cancelled"), order);
  }

  @AsyncTest
  @Covers("test_taskgroups.BaseTestTaskGroup.taskgroup_18")
  void aBodyThatTurnsACancelIntoAFailureFailsTheGroup() {
    var task =
        createTask(
            () ->
                group.run(
                    () -> {
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
    var thrown =
        assertThrows(
            ExceptionGroup.class,
            () ->
                group.run(
                    () -> {
                      group.createTask(() -> fail("child"));
                      sleepAndCleanUp(
                          () -> {
                            sleep(ofSeconds(1));
                            order.add("body cleaned up");
                          });
                    }));
    assertEquals(List.of("child"), messages(thrown));
    assertEquals(List.of("body cleaned up"), order);
  }

  @AsyncTest
  void aCancelWhileTheBodySleepsInItsCancelHandler() {
    var task =
        createTask(
            () -> {
              try {
                group.run(
                    () -> {
                      group.createTask(
                          () -> {
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
    assertEquals(List.of("at 3", "child"), order);
    assertEquals(1, task.cancelling());
  }

  // ---- nesting ----

  @AsyncTest
  void nestedGroupsNestTheirFailures() {
    var inner = new TaskGroup();
    var thrown =
        assertThrows(
            ExceptionGroup.class,
            () ->
                group.run(
                    () -> {
                      group.createTask(() -> fail("outer child"));
                      inner.run(
                          () -> {
                            inner.createTask(() -> sleepAndCleanUp(() -> fail("inner child")));
                            sleep(ofDays(1));
                          });
                    }));
    assertEquals(2, thrown.exceptions().size(), thrown::toString);
    assertEquals("outer child", thrown.exceptions().get(0).getMessage());
    assertEquals(List.of("inner child"), messages((ExceptionGroup) thrown.exceptions().get(1)));
    assertEquals(0, currentTask().cancelling());
    yieldNow();
  }

  @AsyncTest
  @Covers("test_taskgroups.BaseTestTaskGroup.nested_groups_both_cancelled")
  void twoNestedGroupsThatFailTogetherKeepTheCountBalanced() {
    var inner = new TaskGroup();
    assertThrows(
        ExceptionGroup.class,
        () ->
            group.run(
                () -> {
                  group.createTask(() -> fail("outer child"));
                  inner.run(
                      () -> {
                        inner.createTask(() -> fail("inner child"));
                        sleep(ofDays(1));
                      });
                }));
    assertEquals(0, currentTask().cancelling());
    yieldNow();
    sleep(ofSeconds(1));
  }

  @AsyncTest
  @Covers("test_taskgroups.BaseTestTaskGroup.nested_groups_both_cancelled")
  void anInnerGroupThatFailsBesideTheOuterLeavesTheOutersCancelPending() {
    var inner = new TaskGroup();
    var thrown =
        assertThrows(
            ExceptionGroup.class,
            () ->
                group.run(
                    () -> {
                      group.createTask(() -> fail("outer child"));
                      assertThrows(
                          ExceptionGroup.class,
                          () ->
                              inner.run(
                                  () -> {
                                    inner.createTask(() -> fail("inner child"));
                                    sleep(ofDays(1));
                                  }));
                      order.add("inner group handled");
                      sleep(ofSeconds(1));
                      order.add("never");
                    }));
    assertEquals(List.of("outer child"), messages(thrown));
    assertEquals(List.of("inner group handled"), order);
    assertEquals(0, currentTask().cancelling());
    yieldNow();
  }

  @AsyncTest
  @Covers("test_taskgroups.BaseTestTaskGroup.cancels_task_if_created_during_creation")
  void aTaskMadeByATaskThatHasJustBegunCancelsItWhenItFails() {
    var thrown =
        assertThrows(
            ExceptionGroup.class,
            () ->
                group.run(
                    () -> {
                      group.createTask(
                          () -> {
                            group.createTask(() -> fail("third"));
                            assertThrows(
                                CancelledError.class,
                                () -> {
                                  for (int i = 0; i < 5; i++) {
                                    yieldNow();
                                  }
                                });
                            order.add("second cancelled");
                          });
                    }));
    assertEquals(List.of("third"), messages(thrown));
    assertEquals(List.of("second cancelled"), order);
  }

  @AsyncTest
  void aFailureOfAnInnerGroupThatIsHandledLeavesTheOuterAlone() {
    var inner = new TaskGroup();
    group.run(
        () -> {
          group.createTask(
              () -> {
                sleep(ofSeconds(2));
                order.add("outer child done");
              });
          assertThrows(
              ExceptionGroup.class, () -> inner.run(() -> inner.createTask(() -> fail("inner"))));
          sleep(ofSeconds(1));
        });
    assertEquals(List.of("outer child done"), order);
  }

  @AsyncTest
  @Covers("test_taskgroups.BaseTestTaskGroup.cancelling_level_preserved")
  void theCancelCountOfTheParentIsKept() {
    var task =
        createTask(
            () -> {
              try {
                sleep(ofDays(1));
              } catch (CancelledError first) {
                assertEquals(1, currentTask().cancelling());
                assertThrows(
                    ExceptionGroup.class,
                    () ->
                        group.run(
                            () -> {
                              group.createTask(() -> fail("child"));
                              sleep(ofDays(1));
                            }));
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
          () ->
              each.run(
                  () -> {
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
    assertThrows(
        ExceptionGroup.class,
        () ->
            group.run(
                () -> {
                  group.createTask(
                      () -> {
                        future.setResult(null);
                        fail("child");
                      });
                  future.await();
                }));
    assertEquals(0, currentTask().cancelling());
    yieldNow();
  }

  // ---- ended early ----

  @AsyncTest
  void cancelEndsTasksAndBodyWithoutAnError() {
    String result =
        group.run(
            () -> {
              group.createTask(() -> sleepOrTell("a"));
              group.createTask(
                  () -> {
                    sleep(ofSeconds(1));
                    group.cancel();
                  });
              sleepOrTell("body");
              return "never";
            });
    assertEquals(null, result);
    assertEquals(List.of("a cancelled", "body cancelled"), order);
    assertEquals(ofSeconds(1), runningLoop().time());
    assertEquals(0, currentTask().cancelling());
    yieldNow();
  }

  @AsyncTest
  void cancelWhileTheGroupWaitsForItsTasksKeepsTheBodysResult() {
    runningLoop().callLater(ofSeconds(1), group::cancel);
    String result =
        group.run(
            () -> {
              group.createTask(() -> sleepOrTell("a"));
              return "result";
            });
    assertEquals("result", result);
    assertEquals(List.of("a cancelled"), order);
    assertEquals(0, currentTask().cancelling());
    yieldNow();
  }

  @AsyncTest
  void cancelInTheBodyStrikesAtItsNextWait() {
    group.run(
        () -> {
          group.cancel();
          order.add("goes on");
          yieldNow();
          order.add("never");
        });
    assertEquals("result", returnsAfterCancel(new TaskGroup()));
    assertEquals(List.of("goes on"), order);
    assertEquals(0, currentTask().cancelling());
    yieldNow();
  }

  private static String returnsAfterCancel(TaskGroup ended) {
    return ended.run(
        () -> {
          ended.cancel();
          return "result";
        });
  }

  @AsyncTest
  void cancelOfATaskThatCancelsItsGroupItself() {
    group.run(
        () -> {
          group.createTask(
              () -> {
                group.cancel();
                order.add("goes on");
                yieldNow();
                order.add("never");
              });
        });
    assertEquals(List.of("goes on"), order);
  }

  @AsyncTest
  void cancelTwiceIsAsOnce() {
    group.run(
        () -> {
          group.createTask(
              () -> {
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
    assertEquals(List.of("cleaned up"), order);
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
    group.run(
        () -> {
          order.add("begins");
          sleep(ofDays(1));
          order.add("never");
        });
    assertEquals(List.of("begins"), order);
    assertEquals(0, currentTask().cancelling());
    yieldNow();
  }

  @AsyncTest
  void noNewTaskAfterCancel() {
    group.run(
        () -> {
          group.cancel();
          var error = assertThrows(IllegalStateException.class, () -> group.createTask(() -> 1));
          assertTrue(error.getMessage().contains("shutting down"), error.getMessage());
        });
  }

  @AsyncTest
  void failuresAfterCancelAreThrown() {
    var thrown =
        assertThrows(
            ExceptionGroup.class,
            () ->
                group.run(
                    () -> {
                      group.createTask(
                          () -> {
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
                    }));
    assertEquals(List.of("child", "body"), messages(thrown));
    assertEquals(0, currentTask().cancelling());
    yieldNow();
  }

  @AsyncTest
  void aCancelFromOutsidePassesAGroupThatWasCancelled() {
    var task =
        createTask(
            () ->
                group.run(
                    () -> {
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
    var task =
        createTask(
            () -> {
              group.run(
                  () -> {
                    group.createTask(
                        () -> {
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
    assertEquals(List.of("cleaned up"), order);
    assertEquals(1, task.cancelling());
  }

  @AsyncTest
  void aGroupInACleanUpEndsQuietlyWhenItIsCancelled() {
    var task =
        createTask(
            () -> {
              try {
                sleep(ofDays(1));
              } finally {
                group.run(
                    () -> {
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
    assertEquals(List.of("a cancelled", "cleaned up"), order);
    assertEquals(1, task.cancelling());
  }

  @AsyncTest
  void aGroupThatFailsInACleanUpDoesNotCancelTheRestOfIt() {
    var task =
        createTask(
            () -> {
              try {
                sleep(ofDays(1));
              } finally {
                assertThrows(
                    ExceptionGroup.class,
                    () ->
                        group.run(
                            () -> {
                              group.createTask(() -> fail("child"));
                              sleep(ofDays(1));
                            }));
                sleep(ofSeconds(1));
                order.add("cleaned up");
              }
            });
    yieldNow();
    task.cancel("outside");
    assertThrows(CancelledError.class, task::await);
    assertEquals(List.of("cleaned up"), order);
    assertEquals(1, task.cancelling());
  }

  @AsyncTest
  void cancelOfAnOuterGroupEndsTheInnerOne() {
    var inner = new TaskGroup();
    group.run(
        () -> {
          inner.run(
              () -> {
                inner.createTask(() -> sleepOrTell("inner"));
                inner.createTask(() -> group.cancel());
              });
          order.add("never");
        });
    assertEquals(List.of("inner cancelled"), order);
    assertEquals(0, currentTask().cancelling());
    yieldNow();
  }

  @AsyncTest
  void cancelOnAForeignThreadIsAnError() {
    group.run(
        () ->
            assertThrows(
                IllegalStateException.class, () -> Asyncio.toThread(() -> group.cancel())));
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
    assertTrue(error.getMessage().contains("ended"), error.getMessage());
  }

  @AsyncTest
  @Covers("test_taskgroups.BaseTestTaskGroup.taskgroup_no_create_task_after_failure")
  void noNewTaskAfterAFailure() {
    assertThrows(
        ExceptionGroup.class,
        () ->
            group.run(
                () -> {
                  group.createTask(() -> fail("child"));
                  sleepAndCleanUp(
                      () -> {
                        var error =
                            assertThrows(
                                IllegalStateException.class, () -> group.createTask(() -> 1));
                        order.add(error.getMessage());
                      });
                }));
    assertTrue(order.getFirst().contains("shutting down"), order.getFirst());
  }

  private <T extends @Nullable Object> Task<T> slowly(
      EventLoop loop, Coroutine<T, ?> body, TaskOptions options) {
    sleep(ofSeconds(5));
    return TaskFactory.PLAIN.create(loop, body, options);
  }

  @AsyncTest
  void aTaskThatIsMadeTooLateByASlowFactoryNeverBegins() {
    var late =
        createTask(
            () -> {
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
    group.run(
        () -> {
          assertThrows(
              NullPointerException.class,
              () -> group.createTask((Coroutine<Object, RuntimeException>) null));
          assertThrows(
              NullPointerException.class, () -> group.createTask((Action<RuntimeException>) null));
        });
  }

  @AsyncTest
  void theTextShowsTheState() {
    group.run(
        () -> {
          group.createTask(() -> 1);
          assertEquals("TaskGroup[tasks=1, errors=0]", group.toString());
        });
    assertEquals("TaskGroup[tasks=0, errors=0, ended]", group.toString());
    assertFalse(group.toString().isEmpty());
  }

  @AsyncTest
  void aBodyThatAwaitsTheTaskThatFailsAddsNothing() {
    for (Exception failure : List.of(new IllegalStateException("x"), new IOException("y"))) {
      var group = new TaskGroup();
      var thrown =
          assertThrows(
              ExceptionGroup.class,
              () ->
                  group.run(
                      () ->
                          group
                              .createTask(
                                  () -> {
                                    yieldNow();
                                    throw failure;
                                  })
                              .await()));
      assertEquals(List.of(failure), thrown.exceptions());
    }
  }

  // ---- where the end can't wait ----

  private static final class EndsAGroupInItsInitialiser {
    static final List<Task<?>> CHILDREN = new ArrayList<>();

    static {
      var group = new TaskGroup();
      group.run(
          () -> {
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
    var thrown =
        assertThrows(
            ExceptionGroup.class,
            () ->
                group.run(
                    () -> {
                      for (int i = 0; i < children; i++) {
                        group.createTask(
                            () -> {
                              throw new OneOfMany();
                            });
                      }
                    }));
    assertEquals(children, thrown.exceptions().size());
  }
}
