package asyncio.sync;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Barrier;
import asyncio.BrokenBarrierException;
import asyncio.CancelledError;
import asyncio.Task;
import asyncio.conformance.Covers;
import asyncio.support.Order;
import asyncio.testing.AsyncTest;
import java.util.ArrayList;
import java.util.List;

class BarrierTest {
  private final Order order = new Order();

  private static List<Task<Integer>> comers(Barrier barrier, int n) {
    List<Task<Integer>> tasks = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      tasks.add(createTask(barrier::await));
    }
    return tasks;
  }

  private static void settle() {
    for (int i = 0; i < 5; i++) {
      yieldNow();
    }
  }

  private static void assertBroken(List<? extends Task<?>> tasks) {
    tasks.forEach(task -> assertThrows(BrokenBarrierException.class, task::await));
  }

  // ---- filling ----

  @AsyncTest
  @Covers("test_locks.BarrierTests.barrier_parties")
  void lessThanOnePartyIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> new Barrier(0));
    assertThrows(IllegalArgumentException.class, () -> new Barrier(-5));
    assertEquals(3, new Barrier(3).parties());
  }

  @AsyncTest
  @Covers("test_locks.BarrierTests.barrier")
  void allGoOnWhenTheLastOneHasCome() {
    var barrier = new Barrier(3);
    var two = comers(barrier, 2);
    settle();
    assertEquals(2, barrier.waiting());
    assertFalse(two.get(0).isDone());
    barrier.await();
    two.forEach(Task::await);
    assertEquals(0, barrier.waiting());
    assertFalse(barrier.broken());
  }

  @AsyncTest
  @Covers({
    "test_locks.BarrierTests.filling_one_task",
    "test_locks.BarrierTests.filling_one_task_twice"
  })
  void theLastOneDoesNotSuspend() {
    var barrier = new Barrier(1);
    createTask(() -> order.add("other"));
    assertEquals(0, barrier.await());
    assertEquals(0, barrier.await());
    order.assertIsEmpty();
  }

  @AsyncTest
  @Covers({
    "test_locks.BarrierTests.context_manager",
    "test_locks.BarrierTests.filling_tasks_check_return_value"
  })
  void eachGetsItsPlaceInTheOrderOfComing() {
    var barrier = new Barrier(3);
    var tasks = comers(barrier, 3);
    assertEquals(List.of(0, 1, 2), tasks.stream().map(Task::await).toList());
  }

  @AsyncTest
  void placesAreNotGivenTwiceWhenOneLeavesAndAnotherComes() {
    var barrier = new Barrier(3);
    var tasks = comers(barrier, 2);
    settle();
    tasks.get(0).cancel();
    settle();
    var next = comers(barrier, 1).get(0);
    settle();
    assertEquals(2, barrier.await());
    assertEquals(0, tasks.get(1).await());
    assertEquals(1, next.await());
  }

  @AsyncTest
  @Covers("test_locks.BarrierTests.filling_task_by_task")
  void theyComeOneByOne() {
    var barrier = new Barrier(3);
    List<Task<Integer>> tasks = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      assertEquals(i, barrier.waiting());
      tasks.addAll(comers(barrier, 1));
      settle();
    }
    tasks.forEach(Task::await);
    assertEquals(0, barrier.waiting());
  }

  @AsyncTest
  @Covers("test_locks.BarrierTests.filling_tasks_wait_twice")
  void itIsUsedAgainAndAgain() {
    var barrier = new Barrier(3);
    List<Task<?>> tasks = new ArrayList<>();
    int[] round = {0};
    for (int i = 0; i < 3; i++) {
      tasks.add(createTask(() -> {
        for (int r = 0; r < 5; r++) {
          assertEquals(r, round[0]);
          if (barrier.await() == 2) {
            round[0]++;
          }
          barrier.await();
        }
      }));
    }
    tasks.forEach(Task::await);
    assertEquals(5, round[0]);
    assertEquals("Barrier[filling, waiting:0/3]", barrier.toString());
  }

  @AsyncTest
  void moreThanItIsForMeetInGroups() {
    var barrier = new Barrier(2);
    var tasks = comers(barrier, 5);
    settle();
    assertEquals(4, tasks.stream().filter(Task::isDone).count());
    assertEquals(1, barrier.waiting());
    barrier.await();
    tasks.forEach(Task::await);
  }

  @AsyncTest
  @Covers("test_locks.BarrierTests.filling_tasks_cancel_one")
  void oneThatIsCancelledCountsNoLongerAndTheOthersWaitOn() {
    var barrier = new Barrier(3);
    var tasks = comers(barrier, 2);
    settle();
    tasks.get(0).cancel();
    assertThrows(CancelledError.class, tasks.get(0)::await);
    assertEquals(1, barrier.waiting());
    assertFalse(barrier.broken());
    assertFalse(tasks.get(1).isDone());
    var more = comers(barrier, 2);
    more.forEach(Task::await);
    tasks.get(1).await();
  }

  @AsyncTest
  void oneThatIsCancelledInTheTurnInWhichAllMayGoIsCancelledAndTheOthersGo() {
    var barrier = new Barrier(3);
    var tasks = comers(barrier, 2);
    settle();
    barrier.await();
    tasks.get(0).cancel();
    assertThrows(CancelledError.class, tasks.get(0)::await);
    tasks.get(1).await();
    assertEquals("Barrier[filling, waiting:0/3]", barrier.toString());
  }

  // ---- draining ----

  @AsyncTest
  @Covers("test_locks.BarrierTests.blocking_tasks_while_draining")
  void whoComesWhileOthersLeaveWaitsForTheNextRound() {
    var barrier = new Barrier(2);
    var first = comers(barrier, 1);
    settle();
    var early = createTask(() -> {
      order.add(barrier.toString());
      return barrier.await();
    });
    barrier.await(); // early runs before the first one can leave
    assertEquals(0, barrier.waiting());
    first.get(0).await();
    order.assertIs("Barrier[draining, waiting:0/2]");
    settle();
    assertFalse(early.isDone());
    assertEquals("Barrier[filling, waiting:1/2]", barrier.toString());
    barrier.await();
    assertEquals(0, early.await());
  }

  @AsyncTest
  @Covers("test_locks.BarrierTests.draining_state")
  void whoComesBackAtOnceStandsOutsideUntilTheLastHasLeft() {
    var barrier = new Barrier(3);
    List<Task<?>> tasks = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      String name = "abc".substring(i, i + 1);
      tasks.add(createTask(() -> {
        barrier.await();
        order.add(name + 1 + barrier);
        barrier.await();
        order.add(name + 2);
      }));
    }
    tasks.forEach(Task::await);
    order.assertBeginsWith(
        "c1Barrier[draining, waiting:0/3]",
        "a1Barrier[draining, waiting:0/3]",
        "b1Barrier[filling, waiting:0/3]");
    assertEquals(6, order.size());
  }

  @AsyncTest
  void oneThatIsCancelledOutsideJustLeaves() {
    var barrier = new Barrier(2);
    var first = comers(barrier, 1);
    settle();
    var outside = createTask(barrier::await);
    createTask(() -> {
      order.add(outside.toString());
      outside.cancel();
    });
    barrier.await();
    first.get(0).await();
    assertThrows(CancelledError.class, outside::await);
    assertTrue(order.get(0).toString().contains("a barrier to drain"), order::toString);
    assertEquals("Barrier[filling, waiting:0/2]", barrier.toString());
  }

  // ---- reset ----

  @AsyncTest
  @Covers("test_locks.BarrierTests.reset_barrier")
  void resetOfAnEmptyBarrierChangesNothing() {
    var barrier = new Barrier(2);
    barrier.reset();
    assertEquals("Barrier[filling, waiting:0/2]", barrier.toString());
    var task = comers(barrier, 1);
    barrier.reset(); // it has not come yet
    assertEquals(0, barrier.await());
    assertEquals(1, task.get(0).await());
  }

  @AsyncTest
  @Covers("test_locks.BarrierTests.reset_barrier_while_tasks_waiting")
  void whoWaitsWhenItIsResetIsToldAndItCanBeUsedAgain() {
    var barrier = new Barrier(3);
    var tasks = comers(barrier, 2);
    settle();
    barrier.reset();
    assertEquals("Barrier[resetting, waiting:0/3]", barrier.toString());
    assertFalse(barrier.broken());
    assertBroken(tasks);
    assertEquals("Barrier[filling, waiting:0/3]", barrier.toString());
    comers(barrier, 3).forEach(Task::await);
  }

  @AsyncTest
  @Covers("test_locks.BarrierTests.reset_barrier_while_tasks_waiting_and_waiting_again")
  void whoIsToldOfAResetMayComeAgainAtOnce() {
    var barrier = new Barrier(3);
    List<Task<?>> tasks = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      tasks.add(createTask(() -> {
        assertThrows(BrokenBarrierException.class, barrier::await);
        order.add(barrier.toString());
        barrier.await();
      }));
    }
    settle();
    barrier.reset();
    settle();
    order.assertIs("Barrier[resetting, waiting:0/3]", "Barrier[filling, waiting:0/3]");
    assertEquals(2, barrier.waiting());
    barrier.await();
    tasks.forEach(Task::await);
  }

  @AsyncTest
  @Covers("test_locks.BarrierTests.reset_barrier_when_tasks_half_draining")
  void whoHasNotLeftYetWhenItIsResetIsTold() {
    var barrier = new Barrier(4);
    List<Task<?>> tasks = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      tasks.add(createTask(() -> {
        try {
          barrier.await();
          order.add("passed");
          if (order.size() == 2) {
            barrier.reset();
          }
        } catch (BrokenBarrierException broken) {
          order.add("told");
        }
      }));
    }
    settle();
    barrier.await();
    tasks.forEach(Task::await);
    order.assertIs("passed", "passed", "told");
    assertEquals("Barrier[filling, waiting:0/4]", barrier.toString());
  }

  @AsyncTest
  @Covers("test_locks.BarrierTests.reset_barrier_when_tasks_half_draining_half_blocking")
  void whoStandsOutsideWhenItIsResetHasItsTurnAfterwards() {
    var barrier = new Barrier(3);
    var inside = comers(barrier, 2);
    settle();
    var outside = comers(barrier, 2);
    var resetting = createTask(() -> {
      order.add(outside.get(1).toString());
      barrier.reset();
    });
    barrier.await(); // those outside come, and the reset, before anyone inside can leave
    resetting.await();
    assertTrue(order.get(0).toString().contains("a barrier to drain"), order::toString);
    assertBroken(inside);
    settle();
    assertEquals(2, barrier.waiting());
    barrier.await();
    outside.forEach(Task::await);
  }

  @AsyncTest
  @Covers("test_locks.BarrierTests.reset_barrier_while_tasks_draining")
  void aResetInTheTurnInWhichAllMayGoTellsThemAllAndKeepsNewcomersOutside() {
    var barrier = new Barrier(3);
    var inside = comers(barrier, 2);
    settle();
    assertEquals(2, barrier.await());
    barrier.reset();
    var outside = comers(barrier, 3);
    assertBroken(inside);
    outside.forEach(Task::await);
    assertEquals("Barrier[filling, waiting:0/3]", barrier.toString());
  }

  // ---- abort ----

  @AsyncTest
  @Covers("test_locks.BarrierTests.abort_barrier")
  void abortBreaksItUntilReset() {
    var barrier = new Barrier(3);
    var tasks = comers(barrier, 2);
    settle();
    barrier.abort();
    assertTrue(barrier.broken());
    assertEquals("Barrier[broken, waiting:0/3]", barrier.toString());
    assertBroken(tasks);
    assertBroken(comers(barrier, 3));
    assertTrue(barrier.broken());
    barrier.reset();
    assertFalse(barrier.broken());
    comers(barrier, 3).forEach(Task::await);
  }

  @AsyncTest
  @Covers("test_locks.BarrierTests.abort_barrier_when_tasks_half_draining_half_blocking")
  void abortWhileOthersLeaveTellsThoseInsideAndOutside() {
    var barrier = new Barrier(3);
    var inside = comers(barrier, 2);
    settle();
    var outside = createTask(() -> {
      order.add(barrier.toString());
      barrier.await();
    });
    var aborting = createTask(barrier::abort);
    barrier.await();
    aborting.await();
    assertBroken(inside);
    assertBroken(List.of(outside));
    order.assertIs("Barrier[draining, waiting:0/3]");
  }

  @AsyncTest
  @Covers({
    "test_locks.BarrierTests.abort_barrier_when_exception",
    "test_locks.BarrierTests.abort_barrier_when_exception_then_resetting"
  })
  void aParticipantThatFailsAbortsForTheOthers() {
    var barrier = new Barrier(3);
    var failing = createTask(() -> {
      try {
        throw new ArithmeticException("in its work");
      } catch (ArithmeticException failure) {
        barrier.abort();
        throw failure;
      }
    });
    var others = comers(barrier, 2);
    assertThrows(ArithmeticException.class, failing::await);
    assertBroken(others);
    barrier.reset();
    comers(barrier, 3).forEach(Task::await);
  }

  @AsyncTest
  void anAbortThatIsResetAtOnceStillTellsThoseInside() {
    var barrier = new Barrier(3);
    var inside = comers(barrier, 2);
    settle();
    barrier.abort();
    barrier.reset();
    assertEquals("Barrier[resetting, waiting:0/3]", barrier.toString());
    var next = comers(barrier, 3);
    assertBroken(inside);
    next.forEach(Task::await);
  }

  @AsyncTest
  @Covers("test_locks.BarrierTests.repr")
  void theTextShowsStateAndCount() {
    var barrier = new Barrier(2);
    assertEquals("Barrier[filling, waiting:0/2]", barrier.toString());
    var task = comers(barrier, 1).get(0);
    settle();
    assertEquals("Barrier[filling, waiting:1/2]", barrier.toString());
    assertContains(task.toString(), "waits for a barrier");
    barrier.await();
    task.await();
  }
}
