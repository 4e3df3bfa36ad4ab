package asyncio.diagnosis;

import static asyncio.Asyncio.captureCallGraph;
import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.gather;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.shield;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.timeout;
import static asyncio.Asyncio.waitUntil;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertStartsWith;
import static java.time.Duration.ofDays;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Asyncio;
import asyncio.CallGraphOptions;
import asyncio.Event;
import asyncio.FrameCallGraphEntry;
import asyncio.Future;
import asyncio.FutureCallGraph;
import asyncio.Task;
import asyncio.TaskGroup;
import asyncio.conformance.Covers;
import asyncio.testing.AsyncTest;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Who awaits whom, as a task itself can ask. */
class CallGraphTest {
  private static FutureCallGraph asked;

  private static void ask() {
    asked = captureCallGraph();
  }

  private static String name(FutureCallGraph graph) {
    return ((Task<?>) graph.future()).name();
  }

  /** The methods of this class among the frames, innermost first; of lambdas, where they stand. */
  private static List<String> methods(FutureCallGraph graph) {
    return graph.callStack().stream()
        .map(FrameCallGraphEntry::frame)
        .filter(frame -> frame.getClassName().equals(CallGraphTest.class.getName()))
        .map(frame -> frame.getMethodName().replaceAll("lambda\\$(.*)\\$\\d+", "$1"))
        .toList();
  }

  private static List<String> awaiters(FutureCallGraph graph) {
    return graph.awaitedBy().stream().map(CallGraphTest::name).toList();
  }

  @AsyncTest
  @Covers("test_graph.CallStackTestBase.stack_tgroup")
  void throughATaskGroup() {
    var main = Asyncio.currentTask();
    main.setName("main");
    var group = new TaskGroup();
    group.run(() -> group.createTask("child", () -> inner()));
    assertEquals("child", name(asked));
    assertEquals(List.of("ask", "inner", "throughATaskGroup"), methods(asked));
    assertEquals(List.of("main"), awaiters(asked));
    assertEquals("throughATaskGroup", methods(asked.awaitedBy().getFirst()).getFirst());
    assertEquals(List.of(), asked.awaitedBy().getFirst().awaitedBy());
  }

  private static void inner() {
    yieldNow(); // whoever awaits this task waits by then
    ask();
  }

  @AsyncTest
  @Covers("test_graph.CallStackTestBase.stack_gather")
  void throughGather() {
    createTask(
            "gatherer",
            () -> gather(List.of(createTask("one", () -> inner()), createTask("two", () -> {}))))
        .await();
    assertEquals("one", name(asked));
    assertEquals(List.of("gatherer"), awaiters(asked));
    assertEquals(1, asked.awaitedBy().getFirst().awaitedBy().size());
  }

  @AsyncTest
  @Covers("test_graph.CallStackTestBase.stack_shield")
  void throughShield() {
    createTask("shielding", () -> shield(createTask("shielded", () -> inner()))).await();
    assertEquals("shielded", name(asked));
    assertEquals(List.of("shielding"), awaiters(asked));
  }

  @AsyncTest
  @Covers("test_graph.CallStackTestBase.stack_timeout")
  void throughATimeout() {
    createTask(
            "limited",
            () -> timeout(ofDays(1), () -> createTask("awaited", () -> inner()).await()))
        .await();
    assertEquals("awaited", name(asked));
    assertEquals(List.of("limited"), awaiters(asked));
  }

  @AsyncTest
  @Covers("test_graph.CallStackTestBase.stack_wait")
  void throughWaitUntil() {
    createTask(
            "waiting",
            () -> waitUntil(Asyncio.ALL_COMPLETED, List.of(createTask("awaited", () -> inner()))))
        .await();
    assertEquals("awaited", name(asked));
    assertEquals(List.of("waiting"), awaiters(asked));
  }

  @AsyncTest
  @Covers("test_graph.CallStackTestBase.stack_task")
  void throughATaskThatIsAwaitedByHand() {
    var task = createTask("awaited", () -> inner());
    createTask("first", () -> task.await());
    createTask("second", () -> task.await());
    task.await();
    assertEquals("awaited", name(asked));
    assertEquals(3, asked.awaitedBy().size());
    assertEquals(
        List.of("first", "second"),
        awaiters(asked).stream().filter(name -> !name.startsWith("Task-")).toList());
  }

  @AsyncTest
  @Covers("test_graph.CallStackTestBase.stack_future")
  void ofAPlainFuture() {
    var future = new Future<String>();
    var awaiting = createTask("awaiting", () -> future.await());
    yieldNow();
    FutureCallGraph graph = captureCallGraph(future);
    assertEquals(future, graph.future());
    assertEquals(List.of(), graph.callStack());
    assertEquals(List.of("awaiting"), awaiters(graph));
    assertEquals("ofAPlainFuture", methods(graph.awaitedBy().getFirst()).getFirst());
    String text = Asyncio.formatCallGraph(future);
    assertStartsWith(text, """
        * Future[pending]
          + Awaited by:
             * Task 'awaiting'
               + Call stack:
               |   asyncio.Future.await(Future.java:\
        """);
    future.setResult("done");
    awaiting.await();
  }

  @AsyncTest
  void depthAndLimitCutTheStack() {
    outer(CallGraphOptions.defaults());
    assertEquals(List.of("middle", "outer", "depthAndLimitCutTheStack"), methods(asked));
    outer(CallGraphOptions.defaults().withDepth(2));
    assertEquals(List.of("outer", "depthAndLimitCutTheStack"), methods(asked));
    outer(CallGraphOptions.defaults().withLimit(2));
    assertEquals(List.of("middle", "outer"), methods(asked));
    outer(CallGraphOptions.defaults().withLimit(0));
    assertEquals(List.of(), asked.callStack());
    outer(CallGraphOptions.defaults().withLimit(-1));
    assertEquals(1, asked.callStack().size());
    outer(CallGraphOptions.defaults().withDepth(1_000));
    assertEquals(List.of(), asked.callStack());
    assertThrows(
        IllegalArgumentException.class, () -> CallGraphOptions.defaults().withDepth(0));
  }

  private static void outer(CallGraphOptions options) {
    middle(options);
  }

  private static void middle(CallGraphOptions options) {
    asked = captureCallGraph(options);
  }

  @AsyncTest
  void tasksThatAwaitEachOtherHaveAnEnd() {
    List<Task<?>> tasks = new ArrayList<>();
    tasks.add(createTask("a", () -> tasks.get(1).await()));
    tasks.add(createTask("b", () -> tasks.get(0).await()));
    yieldNow();
    FutureCallGraph graph = captureCallGraph(tasks.get(0));
    assertEquals(List.of("b"), awaiters(graph));
    FutureCallGraph again = graph.awaitedBy().getFirst().awaitedBy().getFirst();
    assertEquals("a", name(again));
    assertEquals(List.of(), again.awaitedBy());
    Asyncio.gatherOutcomes(tasks);
  }

  @AsyncTest
  void layersThatAwaitEachOtherAreFollowedOnce() {
    var end = new Event();
    List<Task<?>> layer = List.of(createTask("leaf", () -> end.await()));
    var leaf = layer.getFirst();
    for (int i = 0; i < 30; i++) {
      var below = layer;
      layer = List.of(createTask(() -> gather(below)), createTask(() -> gather(below)));
    }
    yieldNow();
    assertEquals(2, captureCallGraph(leaf).awaitedBy().size()); // and this line is come to at all
    end.set();
    gather(layer);
  }

  @AsyncTest
  void aVeryLongChainIsCut() {
    var leaf = createTask("leaf", () -> sleep(ofDays(1)));
    Task<?> last = leaf;
    for (int i = 0; i < 5_000; i++) {
      Task<?> before = last;
      last = createTask(() -> before.await());
    }
    yieldNow();
    assertTrue(Asyncio.formatCallGraph(leaf).lines().count() > 500);
    leaf.cancel();
  }

  @AsyncTest
  void inACallbackThereIsNone() {
    var answers = new ArrayList<String>();
    runningLoop().callSoon(() -> answers.add(captureCallGraph() + Asyncio.formatCallGraph()));
    yieldNow();
    assertEquals(List.of("null"), answers);
  }

  @AsyncTest
  void itIsPrintedAsLines() {
    var bytes = new ByteArrayOutputStream();
    Asyncio.printCallGraph(new PrintStream(bytes, true, StandardCharsets.UTF_8));
    String text = bytes.toString(StandardCharsets.UTF_8);
    assertStartsWith(text, "* Task 'Task-");
    assertTrue(text.lines().skip(1).findFirst().get().equals("  + Call stack:"), text);
    var task = createTask("sleeper", () -> sleep(ofDays(1)));
    yieldNow();
    bytes.reset();
    Asyncio.printCallGraph(task, new PrintStream(bytes, true, StandardCharsets.UTF_8));
    assertStartsWith(bytes.toString(StandardCharsets.UTF_8), "* Task 'sleeper'");
    task.cancel();
    assertEquals(
        0,
        captureCallGraph(task).awaitedBy().stream().collect(Collectors.toList()).size());
  }

  @Test
  void outsideALoopItIsAnError() {
    assertThrows(IllegalStateException.class, () -> captureCallGraph());
    assertNull(Asyncio.currentTask());
  }
}
