package asyncio.failures;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.gather;
import static asyncio.Asyncio.runCoroutineThreadsafe;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.staggeredRace;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;
import static asyncio.support.Texts.assertStartsWith;
import static java.time.Duration.ofDays;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Asyncio;
import asyncio.CancelledError;
import asyncio.Coroutine;
import asyncio.EventLoop;
import asyncio.ExceptionGroup;
import asyncio.Task;
import asyncio.TaskFactory;
import asyncio.TaskGroup;
import asyncio.TaskOptions;
import asyncio.testing.AsyncTest;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;

/** Tasks and failures that stand in each other deeper than any stack is. */
class DeepStructuresTest {
  private static final int DEPTH = 3_000;

  private int cleaned;

  /** One level: runs the next one inside, or waits for ever. */
  private interface Level {
    void enter(int left) throws Exception;
  }

  private void cancelReachesTheBottom(Level level, boolean twice) throws Exception {
    cleaned = 0;
    var top = createTask(() -> level.enter(DEPTH));
    for (int i = 0; i < 3 * DEPTH && runningLoop().allTasks().size() < 2; i++) {
      yieldNow();
    }
    yieldUntilQuiet();
    assertTrue(top.cancel("enough"));
    if (twice) {
      assertTrue(top.cancel("enough"));
    }
    assertThrows(CancelledError.class, top::await);
    assertEquals(DEPTH + 1, cleaned);
    assertEquals(1, runningLoop().allTasks().size());
  }

  private static void yieldUntilQuiet() {
    for (int before = -1, now = 0; before != now; now = runningLoop().allTasks().size()) {
      before = now;
      yieldNow();
      yieldNow();
      yieldNow();
    }
  }

  private void bottom() {
    sleep(ofDays(1));
  }

  private void gathering(int left) throws Exception {
    try {
      if (left == 0) {
        bottom();
      } else {
        gather(() -> gathering(left - 1), this::bottom);
      }
    } finally {
      cleaned++;
    }
  }

  private void racing(int left) {
    try {
      if (left == 0) {
        bottom();
      } else {
        staggeredRace(List.<Coroutine<Integer, Exception>>of(() -> {
          racing(left - 1);
          return 1;
        }));
      }
    } finally {
      cleaned++;
    }
  }

  private void grouping(int left) {
    try {
      if (left == 0) {
        bottom();
      } else {
        var group = new TaskGroup();
        group.run(() -> {
          group.createTask(() -> grouping(left - 1));
        });
      }
    } finally {
      cleaned++;
    }
  }

  private void relaying(int left) {
    try {
      if (left == 0) {
        bottom();
      } else {
        runCoroutineThreadsafe(() -> relaying(left - 1), runningLoop()).await();
      }
    } finally {
      cleaned++;
    }
  }

  @AsyncTest
  void aCancelReachesTheBottomOfGathersInGathers() throws Exception {
    cancelReachesTheBottom(this::gathering, false);
  }

  @AsyncTest
  void aSecondCancelReachesItToo() throws Exception {
    cancelReachesTheBottom(this::gathering, true);
  }

  @AsyncTest
  void aCancelReachesTheBottomOfRacesInRaces() throws Exception {
    cancelReachesTheBottom(this::racing, false);
  }

  @AsyncTest
  void aCancelReachesTheBottomOfGroupsInGroups() throws Exception {
    cancelReachesTheBottom(this::grouping, false);
  }

  @AsyncTest
  void aCancelReachesTheBottomOfFuturesThatFollowTasks() throws Exception {
    runningLoop().setTaskFactory(new TaskFactory() {
      @Override
      public <T> Task<T> create(EventLoop loop, Coroutine<T, ?> body, TaskOptions options) {
        return TaskFactory.PLAIN.create(loop, body, options);
      }
    });
    cancelReachesTheBottom(this::relaying, false);
  }

  @AsyncTest
  void aCancelGoesDownEachWayButOnceWhereManyLeadToTheSame() {
    Task<?> lowest = createTask(this::bottom);
    for (int level = 0; level < 60; level++) {
      Task<?> below = lowest;
      Task<?> left = createTask(() -> below.await());
      Task<?> right = createTask(() -> below.await());
      lowest = createTask(() -> gather(List.of(left, right)));
    }
    yieldUntilQuiet();
    yieldNow();
    Task<?> top = lowest;
    assertTrue(top.cancel());
    assertThrows(CancelledError.class, top::await);
    assertEquals(1, top.cancelling());
    assertEquals(1, runningLoop().allTasks().size());
  }

  @AsyncTest
  void eachCancelIsARequestOfItsOwnForEveryTask() {
    var counts = new ArrayList<Integer>();
    List<Task<?>> inner = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      inner.add(createTask(() -> {
        try {
          bottom();
        } catch (CancelledError first) {
          try {
            bottom();
          } finally {
            counts.add(Asyncio.currentTask().cancelling());
          }
        }
      }));
    }
    var outer = createTask(() -> gather(inner));
    yieldNow();
    yieldNow();
    outer.cancel();
    yieldNow();
    assertFalse(outer.isDone());
    outer.cancel();
    assertThrows(CancelledError.class, outer::await);
    assertEquals(List.of(2, 2), counts);
  }

  @AsyncTest
  void groupsOfFailuresAreDividedAndPrintedHoweverDeepTheyStandInEachOther() {
    var group = new ExceptionGroup("level 0", List.of(new IOException("deepest")));
    for (int level = 1; level < 10_000; level++) {
      group = new ExceptionGroup("level " + level, List.of(group, new IllegalStateException()));
    }
    assertNotNull(group.subgroup(IOException.class));
    assertNull(group.subgroup(InterruptedException.class));
    var split = group.split(failure -> failure instanceof IllegalStateException);
    assertNotNull(split.matching());
    assertNotNull(split.rest());
    var text = new StringWriter();
    group.printStackTrace(new PrintWriter(text));
    assertStartsWith(text.toString(), group.toString());
    assertContains(text.toString(), "deepest");
  }
}
