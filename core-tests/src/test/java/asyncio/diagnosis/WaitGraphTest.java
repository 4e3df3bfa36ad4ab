package asyncio.diagnosis;

import static asyncio.Asyncio.blocking;
import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.gather;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.toThread;
import static asyncio.Asyncio.waitGraph;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;
import static asyncio.support.Texts.assertEndsWith;
import static asyncio.support.Texts.assertStartsWith;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Asyncio;
import asyncio.Barrier;
import asyncio.Condition;
import asyncio.Event;
import asyncio.Future;
import asyncio.Lock;
import asyncio.Queue;
import asyncio.Semaphore;
import asyncio.Task;
import asyncio.TaskGroup;
import asyncio.WaitGraph;
import asyncio.WaitGraph.Node;
import asyncio.WaitGraph.State;
import asyncio.WaitGraph.Waiting;
import asyncio.WaitKind;
import asyncio.internal.exit.DumpSignal;
import asyncio.support.ChildJvm;
import asyncio.testing.AsyncTest;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class WaitGraphTest {
  private static Node node(String name) {
    return node(waitGraph(), name);
  }

  private static Node node(WaitGraph graph, String name) {
    return graph.tasks().stream()
        .filter(node -> node.name().equals(name))
        .findFirst()
        .get();
  }

  private static Waiting waiting(String name) {
    Node node = node(name);
    assertEquals(State.WAITING, node.state());
    return assertNotNullWaiting(node.waitsFor());
  }

  private static Waiting assertNotNullWaiting(Waiting waiting) {
    assertNotNull(waiting);
    return waiting;
  }

  @AsyncTest
  void eachKindOfWaitIsTold() {
    var lock = new Lock();
    var condition = new Condition();
    var future = new Future<String>();
    createTask("holder", () -> {
      try (var _ = lock.acquire()) {
        new Event().await();
      }
    });
    createTask("lock", () -> lock.acquire());
    createTask("semaphore", () -> new Semaphore(0).acquire());
    createTask("condition", () -> {
      try (var _ = condition.acquire()) {
        condition.await();
      }
    });
    createTask("barrier", () -> new Barrier(2).await());
    createTask("getter", () -> new Queue<String>().get());
    var full = new Queue<String>(1);
    full.putNowait("x");
    createTask("putter", () -> full.put("y"));
    createTask("joiner", () -> full.join());
    createTask("future", () -> future.await());
    createTask("stage", () -> Asyncio.await(new CompletableFuture<String>()));
    createTask("sleeper", () -> sleep(ofMillis(2_500)));
    yieldNow();
    assertEquals(WaitKind.EVENT, waiting("holder").kind());
    assertEquals(
        new Waiting(
            WaitKind.LOCK, "a lock held by holder", List.of(node("holder").id()), null),
        waiting("lock"));
    assertEquals(WaitKind.SEMAPHORE, waiting("semaphore").kind());
    assertEquals(WaitKind.CONDITION, waiting("condition").kind());
    assertEquals(WaitKind.BARRIER, waiting("barrier").kind());
    assertEquals(
        new Waiting(WaitKind.QUEUE, "an item in a queue", List.of(), null), waiting("getter"));
    assertEquals("room in a queue", waiting("putter").what());
    assertEquals("the unfinished items of a queue", waiting("joiner").what());
    assertEquals(
        new Waiting(WaitKind.FUTURE, "Future[pending]", List.of(), null), waiting("future"));
    assertEquals(WaitKind.STAGE, waiting("stage").kind());
    assertEquals(
        new Waiting(WaitKind.TIME, "sleep", List.of(), ofMillis(2_500)), waiting("sleeper"));
    sleep(ofSeconds(1));
    assertEquals(ofMillis(1_500), waiting("sleeper").left());
    Asyncio.runningLoop().allTasks().stream()
        .filter(task -> task != Asyncio.currentTask())
        .forEach(Task::cancel);
  }

  @AsyncTest
  void awaitGatherShieldAndGroupsLeadToTheirTasks() {
    var inner = createTask("inner", () -> sleep(ofDays(1)));
    var other = createTask("other", () -> sleep(ofDays(1)));
    createTask("awaits", () -> inner.await());
    createTask("gathers", () -> gather(List.of(inner, other)));
    createTask("shields", () -> Asyncio.shield(inner));
    createTask("until", () -> Asyncio.waitUntil(Asyncio.FIRST_COMPLETED, List.of(other, inner)));
    createTask("completed", () -> {
      for (var _ : Asyncio.asCompleted(List.of(inner))) {}
    });
    var group = new TaskGroup();
    createTask("group", () -> group.run(() -> group.createTask("child", () -> inner.await())));
    yieldNow();
    yieldNow();
    var graph = waitGraph();
    int in = node(graph, "inner").id();
    int out = node(graph, "other").id();
    for (String one : List.of("awaits", "shields", "completed", "child")) {
      assertEquals(List.of(in), node(graph, one).waitsFor().tasks(), one);
      assertEquals(WaitKind.TASK, node(graph, one).waitsFor().kind(), one);
    }
    assertEquals(List.of(in, out), node(graph, "gathers").waitsFor().tasks());
    assertEquals(List.of(out, in), node(graph, "until").waitsFor().tasks());
    assertEquals(
        List.of(node(graph, "child").id()), node(graph, "group").waitsFor().tasks());
    inner.cancel();
    other.cancel();
  }

  @AsyncTest
  void statesAndLinesAreTold() {
    var ready = createTask("ready", () -> {});
    var graph = waitGraph();
    Node main = graph.tasks().getFirst();
    assertTrue(main.main());
    assertEquals(State.RUNNING, main.state());
    assertNull(main.waitsFor());
    assertEquals("statesAndLinesAreTold", main.at().getMethodName());
    Node other = node(graph, "ready");
    assertEquals(State.READY, other.state());
    assertNull(other.at());
    assertEquals(List.of(), other.stack());
    ready.await();
    var sleeper = createTask("sleeper", WaitGraphTest::sleepsHere);
    yieldNow();
    assertEquals("sleepsHere", node("sleeper").at().getMethodName());
    assertEquals("sleep", node("sleeper").stack().getFirst().getMethodName());
    sleeper.cancel();
  }

  private static void sleepsHere() {
    sleep(ofDays(1));
  }

  @AsyncTest
  void helpersAndForeignWaitsAreTold() {
    var latch = new CountDownLatch(1);
    var helper = createTask("helper", () -> toThread(() -> latch.await()));
    var foreign = createTask("foreign", () -> blocking(() -> latch.await()));
    yieldNow();
    assertEquals(WaitKind.HELPER, waiting("helper").kind());
    Waiting waiting = waiting("foreign");
    assertEquals(WaitKind.FOREIGN, waiting.kind());
    while (!waiting("foreign").what().contains("CountDownLatch.await")) {
      Thread.onSpinWait(); // on the portable carrier it gets there beside the loop
    }
    latch.countDown();
    gather(List.of(helper, foreign));
  }

  @Test
  void socketsAreToldWithTheirSide() throws Exception {
    Asyncio.run(() -> {
      var server = asyncio.Asyncio.startServer(client -> client.reader().read(1), "127.0.0.1", 0);
      var connection = asyncio.Asyncio.openConnection("127.0.0.1", server.port());
      var reader = createTask("reader", () -> connection.reader().read(1));
      yieldNow();
      yieldNow();
      var graph = waitGraph();
      assertEquals(WaitKind.SOCKET, node(graph, "reader").waitsFor().kind());
      assertEquals(
          "data from 127.0.0.1:" + server.port(),
          node(graph, "reader").waitsFor().what());
      assertEquals(
          "a client on 127.0.0.1:" + server.port(),
          node(graph, "server 127.0.0.1:" + server.port()).waitsFor().what());
      reader.cancel();
      connection.abort();
      server.close();
    });
  }

  // ---- text ----

  /** Without the places in this file. */
  private static String text(WaitGraph graph) {
    return graph
        .toString()
        .replaceAll(" at asyncio\\.[^\n]*", "")
        .replaceAll("Loop '[^']*'", "Loop 'x'")
        .replaceAll("Task-\\d+", "Task-N");
  }

  @AsyncTest
  void theTreeShowsWhoWaitsBelowWhom() {
    var leaf = createTask("leaf", () -> sleep(ofMillis(1_500)));
    var left = createTask("left", () -> leaf.await());
    var right = createTask("right", () -> leaf.await());
    var top = createTask("top", () -> gather(List.of(left, right)));
    yieldNow();
    assertEquals("""
        Loop 'x', 5 tasks
        Task-N (main) runs
        top waits for gather of 2
        ├─ left waits for leaf
        │  └─ leaf sleeps, 1.5 s left
        └─ right waits for leaf
           └─ leaf, see above\
        """, text(waitGraph()));
    top.await();
  }

  private static List<Task<?>> cycle() {
    var a = new Lock();
    var b = new Lock();
    List<Task<?>> tasks = new ArrayList<>();
    tasks.add(createTask("a", () -> {
      try (var _ = a.acquire()) {
        yieldNow();
        b.acquire().close();
      }
    }));
    tasks.add(createTask("b \"quoted\" \\", () -> {
      try (var _ = b.acquire()) {
        yieldNow();
        a.acquire().close();
      }
    }));
    yieldNow();
    yieldNow();
    return tasks;
  }

  @AsyncTest
  void aCycleIsShownOnce() {
    var tasks = cycle();
    assertEquals("""
        Loop 'x', 3 tasks
        Task-N (main) runs
        a waits for a lock held by b "quoted" \\
        └─ b "quoted" \\ waits for a lock held by a
           └─ a: a cycle, see above\
        """, text(waitGraph()));
    assertEquals(List.of(List.of(1, 2)), waitGraph().cycles());
    Asyncio.gatherOutcomes(tasks);
  }

  @AsyncTest
  void asMermaidAndGraphvizCyclesAreRed() {
    var tasks = cycle();
    var graph = waitGraph();
    String mermaid = graph.toMermaid();
    assertStartsWith(mermaid, "flowchart TD\n  t0[\"");
    assertContains(
        mermaid,
        "b #quot;quoted#quot; \\<br/>waits for a lock held by a",
        "  t1 --> t2\n  t2 --> t1\n  linkStyle 0 stroke:red\n");
    String dot = graph.toGraphviz();
    assertStartsWith(dot, "digraph \"asyncio-");
    assertContains(
        dot,
        "[label=\"b \\\"quoted\\\" \\\\\\nwaits for a lock held by a\\n",
        "  t1 -> t2 [color=red]\n  t2 -> t1 [color=red]\n}");
    Asyncio.gatherOutcomes(tasks);
  }

  @AsyncTest
  void asJsonItSaysTheSame() {
    var sleeper = createTask("s\n\"\\", () -> sleep(ofSeconds(1)));
    yieldNow();
    String json = waitGraph().toJson();
    assertStartsWith(json, "{\"loop\":\"asyncio-");
    assertContains(
        json,
        "\"name\":\"s\\u000a\\\"\\\\\",\"main\":false,\"state\":\"WAITING\"",
        "\"waitsFor\":{\"kind\":\"TIME\",\"what\":\"sleep\",\"tasks\":[],\"left\":\"PT1S\"}");
    assertEndsWith(json, "],\"more\":0,\"cycles\":[]}");
    sleeper.await();
  }

  @AsyncTest
  void aVeryLongChainHasATree() {
    Task<?> last = createTask(() -> sleep(ofSeconds(1)));
    for (int i = 0; i < 1_000; i++) {
      Task<?> before = last;
      last = createTask(() -> before.await());
    }
    yieldNow();
    String text = waitGraph().toString();
    assertTrue(text.lines().count() >= 1_000, text);
    assertTrue(text.lines().allMatch(line -> line.length() < 400), text);
    last.await();
  }

  @AsyncTest
  void aDumpHasAllLoops() throws Exception {
    var dumps = new ArrayList<String>();
    var other = Thread.ofPlatform()
        .start(() -> Asyncio.run(() -> {
          createTask("of the other loop", () -> sleep(ofDays(1)));
          yieldNow();
          dumps.add(Asyncio.dump());
        }));
    toThread(() -> other.join());
    assertTrue(dumps.getFirst().contains("of the other loop sleeps"), dumps::toString);
    assertTrue(
        dumps.getFirst().contains("(main) waits for a call on a helper thread"), dumps::toString);
  }

  @AsyncTest
  void aDumpOfVeryManyTasksShowsTheOldestAndThoseInForeignCodeAndCountsTheOthers()
      throws Exception {
    var latch = new CountDownLatch(1);
    for (int i = 0; i < 1_000; i++) {
      createTask("napper " + i, () -> sleep(ofSeconds(1)));
    }
    var late = createTask("late", () -> blocking(() -> latch.await()));
    yieldNow();
    String name = "Loop '" + runningLoop().name() + "', ";
    List<String> lines = Asyncio.dump().lines().toList();
    int begin = 0;
    while (!lines.get(begin).startsWith(name)) {
      begin++;
    }
    List<String> ours = lines.subList(begin, begin + 103);
    assertEquals(name + "1002 tasks", ours.getFirst());
    assertTrue(ours.get(1).contains("(main) runs"), ours::toString);
    assertTrue(ours.get(2).startsWith("napper 0 sleeps"), ours::toString);
    assertTrue(ours.get(101).startsWith("late waits for the blocking call "), ours::toString);
    assertEquals("and 901 more", ours.get(102));
    assertEquals(1_002, waitGraph().tasks().size());
    latch.countDown();
    late.await();
  }

  static final class WaitsForASignal {
    public static void main(String[] arguments) {
      Asyncio.run(() -> {
        createTask("napper", () -> sleep(ofDays(1)));
        while (!DumpSignal.isInstalled()) {
          sleep(ofMillis(1)); // the watchdog does it when it first looks
        }
        System.out.println("ready");
        sleep(ofDays(1));
      });
    }
  }

  @Test
  void theSignalThatWasAskedForPrintsADump() throws Exception {
    try (var child = new ChildJvm(WaitsForASignal.class, "-Dasyncio.dumpSignal=USR1")) {
      child.awaitLine("ready");
      child.signal("USR1");
      String line = child.awaitLineWith("napper sleeps");
      assertContains(line, " s left at asyncio.diagnosis.WaitGraphTest$WaitsForASignal.");
      assertTrue(
          child.lines().stream().anyMatch(one -> one.startsWith("\"asyncio-watchdog\" ")),
          () -> child.lines().toString());
      assertTrue(child.isAlive());
    }
  }

  @Test
  void aSignalThatTheJvmKeepsIsRefusedInOneWarning() throws Exception {
    try (var child = new ChildJvm(WaitsForASignal.class, "-Dasyncio.dumpSignal=QUIT", "-Xrs")) {
      String warning = child.awaitLineWith("WARNING");
      assertContains(warning, "-Dasyncio.dumpSignal=QUIT has no effect: ");
      assertTrue(child.isAlive());
    }
  }

  @Test
  void outsideALoopItIsAnError() {
    assertThrows(IllegalStateException.class, Asyncio::waitGraph);
    assertNotNull(Asyncio.dump());
  }
}
