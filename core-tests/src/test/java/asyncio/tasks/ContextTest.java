package asyncio.tasks;

import static asyncio.Asyncio.blocking;
import static asyncio.Asyncio.copyContext;
import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.currentTask;
import static asyncio.Asyncio.gather;
import static asyncio.Asyncio.runCoroutineThreadsafe;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.timeout;
import static asyncio.Asyncio.toThread;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Action;
import asyncio.Asyncio;
import asyncio.Context;
import asyncio.ContextVar;
import asyncio.EventLoop;
import asyncio.Handle;
import asyncio.Runner;
import asyncio.TaskGroup;
import asyncio.conformance.Covers;
import asyncio.support.Failure;
import asyncio.testing.AsyncTest;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.FutureTask;
import java.util.concurrent.SynchronousQueue;
import org.junit.jupiter.api.Test;

/** ContextVar and Context: who sees what, where. */
class ContextTest {
  private static final ContextVar<String> USER = new ContextVar<>("user", "nobody");
  private static final ContextVar<Integer> DEPTH = new ContextVar<>("depth");

  private final List<String> seen = new ArrayList<>();

  // ---- variables ----

  @AsyncTest
  void aVariableWithoutValueIsAnErrorThatCoaches() {
    var error = assertThrows(NoSuchElementException.class, DEPTH::get);
    assertContains(error.getMessage(), "ContextVar 'depth' has no value");
    assertEquals(7, DEPTH.get(7));
    assertEquals("nobody", USER.get());
    assertEquals("somebody", USER.get("somebody"));
    assertEquals("user", USER.name());
  }

  @AsyncTest
  void aTokenBringsBackWhatWasThereBefore() {
    var first = USER.set("ann");
    var second = USER.set("bob");
    assertEquals("bob", USER.get());
    assertTrue(second.hadValue());
    assertEquals("ann", second.oldValue());
    assertSame(USER, second.variable());
    USER.reset(second);
    assertEquals("ann", USER.get());
    assertFalse(first.hadValue());
    assertThrows(NoSuchElementException.class, first::oldValue);
    USER.reset(first);
    assertEquals("nobody", USER.get());
    assertFalse(copyContext().contains(USER));
  }

  @AsyncTest
  void aTokenIsAScope() {
    try (var _ = USER.set("ann")) {
      sleep(ofSeconds(1));
      try (var inner = USER.set("bob")) {
        assertEquals("bob", USER.get());
        USER.reset(inner);
        assertEquals("ann", USER.get());
      }
      assertEquals("ann", USER.get());
    }
    assertEquals("nobody", USER.get());
  }

  @AsyncTest
  void aTokenIsForOneUseOneVariableAndOneContext() {
    var other = new ContextVar<String>("other");
    var token = USER.set("ann");
    assertThrows(IllegalArgumentException.class, () -> other.reset(token));
    createTask(() -> assertThrows(IllegalStateException.class, () -> USER.reset(token)))
        .await();
    new Context().run(() -> assertThrows(IllegalStateException.class, token::close));
    USER.reset(token);
    var again = assertThrows(IllegalStateException.class, () -> USER.reset(token));
    assertContains(again.getMessage(), "already been used");
  }

  @AsyncTest
  void nullIsAValue() {
    var variable = new ContextVar<String>("nullable");
    var token = variable.set(null);
    assertNull(variable.get());
    assertNull(variable.get("other"));
    assertTrue(copyContext().contains(variable));
    variable.reset(token);
    assertThrows(NoSuchElementException.class, variable::get);
    assertNull(new ContextVar<>("null by default", (String) null).get());
  }

  @AsyncTest
  void manyVariablesKeepTheirValues() {
    List<ContextVar<Integer>> variables = new ArrayList<>();
    List<ContextVar.Token<Integer>> tokens = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      var variable = new ContextVar<Integer>("v" + i);
      variables.add(variable);
      tokens.add(variable.set(i));
    }
    for (int i = 0; i < 300; i += 2) {
      tokens.get(i).close();
    }
    Context context = copyContext();
    assertEquals(150, context.size());
    for (int i = 0; i < 300; i++) {
      assertEquals(i % 2 == 1, context.contains(variables.get(i)));
      assertEquals(i % 2 == 1 ? i : -1, variables.get(i).get(-1));
    }
  }

  // ---- contexts ----

  @AsyncTest
  void aContextCanBeRead() {
    USER.set("ann");
    Context context = copyContext();
    DEPTH.set(1);
    assertEquals("ann", context.get(USER));
    assertEquals("ann", context.get(USER, "other"));
    assertEquals(1, context.size());
    assertEquals(Set.of(USER), context.variables());
    assertFalse(context.contains(DEPTH));
    assertThrows(NoSuchElementException.class, () -> context.get(DEPTH));
    assertEquals(5, context.get(DEPTH, 5));
    assertEquals("Context[user=ann]", context.toString());
    assertThrows(NoSuchElementException.class, () -> new Context().get(USER));
  }

  @AsyncTest
  void whatABodySetsStaysInTheContextItRunsIn() throws Exception {
    USER.set("ann");
    Context context = copyContext();
    String inside = context.run(() -> {
      seen.add(USER.get());
      USER.set("bob");
      yieldNow();
      return USER.get();
    });
    assertEquals("bob", inside);
    assertEquals(List.of("ann"), seen);
    assertEquals("ann", USER.get());
    assertEquals("bob", context.get(USER));
    context.run(() -> assertEquals("bob", USER.get()));
    var failure = new Failure("x");
    assertSame(
        failure,
        assertThrows(
            Failure.class,
            () -> context.run(() -> {
              throw failure;
            })));
    assertEquals("ann", USER.get());
  }

  @AsyncTest
  void aContextIsEnteredOnce() {
    Context context = copyContext();
    Context other = new Context();
    context.run(() -> {
      assertThrows(IllegalStateException.class, () -> context.run(() -> {}));
      other.run(() -> assertThrows(IllegalStateException.class, () -> context.run(() -> {})));
      var error = createTask(() -> assertThrows(IllegalStateException.class, () -> other(context)))
          .await();
      assertContains(error.getMessage(), "by Task '" + myName() + "'");
    });
    context.run(() -> {});
    Context own = Objects.requireNonNull(currentTask()).context();
    assertThrows(IllegalStateException.class, () -> own.run(() -> {}));
    other.run(() -> assertThrows(IllegalStateException.class, () -> own.run(() -> {})));
  }

  private static void other(Context context) {
    context.run(() -> {});
  }

  private static String myName() {
    return Objects.requireNonNull(currentTask()).name();
  }

  // ---- tasks ----

  @AsyncTest
  @Covers({
    "test_tasks.BaseTaskTests.context_1",
    "test_tasks.BaseTaskTests.context_4",
    "test_tasks.BaseTaskTests.context_5",
    "test_tasks.BaseTaskTests.context_6"
  })
  void aTaskRunsInACopyOfItsCreatorsContext() {
    USER.set("ann");
    var child = createTask(() -> {
      seen.add(USER.get());
      USER.set("bob");
      var grandchild = createTask(() -> seen.add(USER.get()));
      USER.set("cid");
      yieldNow();
      seen.add(USER.get());
      grandchild.await();
    });
    USER.set("dan");
    child.await();
    assertEquals(List.of("ann", "bob", "cid"), seen);
    assertEquals("dan", USER.get());
  }

  @AsyncTest
  @Covers({
    "test_context.DecimalContextTest.asyncio_task_decimal_context",
    "test_tasks.BaseTaskTests.context_3"
  })
  void contextsFollowTheirTasksThroughEverySwitch() {
    gather(
        () -> {
          for (int i = 0; i < 3; i++) {
            USER.set("a" + i);
            sleep(ofMillis(2));
            assertEquals("a" + i, USER.get());
          }
        },
        () -> {
          for (int i = 0; i < 3; i++) {
            USER.set("b" + i);
            sleep(ofMillis(3));
            assertEquals("b" + i, USER.get());
          }
        });
    assertEquals("nobody", USER.get());
  }

  @AsyncTest
  @Covers("test_tasks.BaseTaskTests.get_context")
  void aTaskKnowsItsContext() {
    var task = createTask(() -> sleep(ofSeconds(1)));
    Context empty = task.context();
    assertEquals(0, empty.size());
    assertSame(empty, task.context());

    var sets = createTask(() -> {
      Context mine = Objects.requireNonNull(currentTask()).context();
      USER.set("ann");
      new Context().run(() -> {
        USER.set("inner");
        assertSame(mine, Objects.requireNonNull(currentTask()).context());
      });
      return mine;
    });
    Context mine = sets.await();
    assertSame(mine, sets.context());
    assertEquals("ann", mine.get(USER));
    assertNotSame(mine, task.context());
  }

  @AsyncTest
  void twoTasksThatShareAContextDoNotTakeWhatAnotherRunsInForTheirOwn() {
    Context shared = new Context();
    var inside = createTask(() -> {
      USER.set("outer");
      shared.run(() -> sleep(ofSeconds(1)));
    });
    yieldNow();
    var handle = runningLoop().callSoon(shared, () -> USER.set("set by a callback"));
    yieldNow();
    assertSame(shared, handle.context());
    assertEquals("set by a callback", shared.get(USER));
    assertEquals("outer", inside.context().get(USER));
    inside.await();
  }

  @AsyncTest
  void scopesKeepTheContextOfTheirTask() throws Exception {
    USER.set("ann");
    timeout(ofSeconds(1), () -> USER.set("in a timeout"));
    assertEquals("in a timeout", USER.get());
    var group = new TaskGroup();
    group.run(() -> {
      USER.set("in a group");
      group.createTask(() -> seen.add(USER.get()));
    });
    assertEquals(List.of("in a group"), seen);
    assertEquals("in a group", USER.get());
  }

  // ---- callbacks ----

  @AsyncTest
  void callbacksRunInACopyOfTheContextTheyWereScheduledIn() {
    EventLoop loop = runningLoop();
    USER.set("ann");
    loop.callSoon(() -> {
      seen.add("soon " + USER.get());
      USER.set("bob");
    });
    loop.callSoon(() -> seen.add("next " + USER.get()));
    loop.callLater(ofSeconds(1), () -> seen.add("later " + USER.get()));
    loop.callAt(ofSeconds(2), () -> seen.add("at " + USER.get()));
    loop.callSoonThreadsafe(() -> seen.add("threadsafe " + USER.get()));
    USER.set("cid");
    sleep(ofSeconds(3));
    assertEquals(List.of("soon ann", "next ann", "threadsafe ann", "later ann", "at ann"), seen);
    assertEquals("cid", USER.get());
  }

  @AsyncTest
  void callbacksRunInTheContextTheyAreGiven() {
    EventLoop loop = runningLoop();
    Context context = new Context();
    context.run(() -> USER.set("given"));
    loop.callSoon(context, () -> seen.add("soon " + USER.get()));
    loop.callLater(context, ofSeconds(1), () -> seen.add("later " + USER.get()));
    loop.callAt(context, ofSeconds(2), () -> seen.add("at " + USER.get()));
    Handle handle =
        loop.callSoonThreadsafe(context, () -> seen.add("threadsafe " + USER.set("changed")));
    assertSame(context, handle.context());
    sleep(ofSeconds(3));
    assertEquals(
        List.of("soon given", "threadsafe Token[ContextVar 'user']", "later changed", "at changed"),
        seen);
    assertEquals("changed", context.get(USER));
  }

  @AsyncTest
  void oneCallbackLeavesNothingToTheNext() {
    EventLoop loop = runningLoop();
    loop.callSoon(() -> USER.set("left over"));
    loop.callSoon(() -> seen.add(USER.get()));
    yieldNow();
    assertEquals(List.of("nobody"), seen);
  }

  @AsyncTest
  void aTaskMadeInACallbackGetsTheCallbacksContext() {
    runningLoop().callSoon(() -> {
      USER.set("ann");
      createTask(() -> seen.add(USER.get()));
    });
    sleep(ofSeconds(1));
    assertEquals(List.of("ann"), seen);
  }

  @AsyncTest
  @Covers("test_tasks.BaseTaskTests.context_2")
  void doneCallbacksRunInTheContextOfTheirRegistrationOrTheOneGiven() {
    var task = createTask(() -> USER.set("the task's"));
    USER.set("ann");
    task.addDoneCallback(done -> seen.add(USER.get()));
    USER.set("bob");
    task.addDoneCallback(done -> seen.add(USER.get()));
    task.addDoneCallback(task.context(), done -> seen.add(USER.get()));
    task.await();
    yieldNow();
    task.addDoneCallback(done -> seen.add("late " + USER.get()));
    yieldNow();
    assertEquals(List.of("ann", "bob", "the task's", "late bob"), seen);
  }

  @AsyncTest
  @Covers("test_futures2.FutureTests.handle_exc_handler_correct_context")
  void theExceptionHandlerRunsInTheContextOfWhatFailed() {
    EventLoop loop = runningLoop();
    loop.setExceptionHandler(
        (_, failed) -> seen.add(failed.exception().getMessage() + " " + USER.get()));
    USER.set("ann");
    loop.callSoon(() -> {
      USER.set("the callback's");
      throw new Failure("callback");
    });
    yieldNow();
    failAfterItsShieldWasCancelled(loop, () -> {
      USER.set("the task's");
      throw new Failure("shielded");
    });
    assertEquals(List.of("callback the callback's", "shielded the task's"), seen);
  }

  private static void failAfterItsShieldWasCancelled(
      EventLoop loop, Action<RuntimeException> body) {
    var task = loop.createTask(() -> {
      sleep(ofSeconds(1));
      body.run();
      return null;
    });
    var shields = createTask(() -> Asyncio.shield(task));
    yieldNow();
    shields.cancel();
    sleep(ofSeconds(2));
  }

  @Test
  @Covers("test_futures2.FutureTests.task_exc_handler_correct_context")
  void aFailureNobodyReceivedIsHandledInTheContextOfItsTask() {
    Asyncio.run(() -> {
      runningLoop().setExceptionHandler((_, _) -> seen.add(USER.get()));
      createTask(() -> {
        USER.set("the task's");
        throw new Failure("x");
      });
      yieldNow();
    });
    assertEquals(List.of("the task's"), seen);
  }

  // ---- threads ----

  @AsyncTest
  @Covers("test_threads.ToThreadTests.to_thread_contextvars")
  void toThreadRunsInACopy() {
    USER.set("ann");
    String there = toThread(() -> {
      String before = USER.get();
      USER.set("changed there");
      return before;
    });
    assertEquals("ann", there);
    assertEquals("ann", USER.get());
    new Context().run(() -> assertEquals("nobody", toThread(() -> USER.get())));
  }

  @AsyncTest
  void blockingRunsInTheContextOfItsTask() throws Exception {
    USER.set("ann");
    blocking(() -> {
      assertEquals("ann", USER.get());
      USER.set("bob");
    });
    assertEquals("bob", USER.get());
  }

  @AsyncTest
  void aThreadThatIsNoCoroutineHasAContextOfItsOwn() throws Exception {
    USER.set("ann");
    EventLoop loop = runningLoop();
    var work = new FutureTask<>(() -> {
      seen.add(USER.get());
      USER.set("the thread's");
      loop.callSoonThreadsafe(() -> seen.add("callback " + USER.get()));
      runCoroutineThreadsafe(() -> seen.add("task " + USER.get()), loop).get();
      return USER.get();
    });
    Thread.ofPlatform().start(work);
    assertEquals("the thread's", blocking(() -> work.get()));
    assertEquals(List.of("nobody", "callback the thread's", "task the thread's"), seen);
    assertEquals("ann", USER.get());
  }

  @AsyncTest
  void aVirtualThreadStartedInACoroutineHasAnEmptyContext() throws Exception {
    USER.set("ann");
    var answers = new SynchronousQueue<String>();
    Thread.startVirtualThread(() -> {
      try {
        answers.put(USER.get());
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    });
    assertEquals("nobody", blocking(() -> answers.take()));
  }

  // ---- runs ----

  @Test
  @Covers("test_runners.RunnerTests.run_keeps_context")
  void theRunsOfARunnerShareOneContext() {
    try (var before = USER.set("the caller's");
        var runner = new Runner()) {
      runner.run(() -> {
        assertEquals("the caller's", USER.get());
        USER.set("first run");
      });
      assertEquals("the caller's", USER.get());
      assertEquals("first run", runner.run(() -> USER.get()));
      Context given = new Context();
      assertEquals("nobody", runner.run(given, () -> USER.get()));
      runner.run(given, () -> USER.set("given"));
      assertEquals("given", given.get(USER));
      assertEquals("first run", runner.run(() -> USER.get()));
      assertTrue(before != null);
    }
    assertEquals("nobody", USER.get());
  }
}
