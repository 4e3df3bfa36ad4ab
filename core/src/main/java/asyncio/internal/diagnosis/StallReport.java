package asyncio.internal.diagnosis;

import static asyncio.internal.util.Stacks.REPORTED_TASKS;

import asyncio.DeadlockException;
import asyncio.WaitGraph;
import asyncio.WaitGraph.Node;
import asyncio.WaitGraph.Waiting;
import asyncio.WaitKind;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.task.AbstractFuture;
import asyncio.internal.task.TaskFiber;
import asyncio.internal.util.Stacks;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The errors and warnings about tasks that wait for ever. They show some tasks, however many there
 * are. On the loop, in a callback.
 */
final class StallReport {
  private StallReport() {}

  // ---- cycles ----

  /** The error for the first of the tasks of a cycle. */
  static DeadlockException ofCycle(Scheduler scheduler, List<TaskFiber> cycle) {
    TaskFiber victim = cycle.getFirst();
    List<TaskFiber> told = cycle.subList(0, Math.min(REPORTED_TASKS, cycle.size()));
    List<TaskFiber> shown = GraphBuilder.shown(scheduler, told);
    WaitGraph graph = GraphBuilder.graph(scheduler, shown);
    List<Integer> ids = told.stream().map(shown::indexOf).toList();
    boolean locks = ids.stream().anyMatch(id -> isForLock(graph.tasks().get(id)));
    String message = victim.describe()
        + " would wait for ever: "
        + (cycle.size() == 1 ? "it waits for itself." : "tasks wait for each other in a cycle.")
        + cycleText(graph, ids, cycle.size() - told.size())
        + System.lineSeparator()
        + advice(cycle.size(), locks)
        + " All tasks:"
        + System.lineSeparator()
        + graph.toString(REPORTED_TASKS);
    return error(message, graph, victim);
  }

  /** Returns the tasks of a cycle, with a line for each, and how many {@code more} it has. */
  private static String cycleText(WaitGraph graph, List<Integer> ids, int more) {
    var text = new StringBuilder();
    for (int id : ids) {
      text.append(System.lineSeparator()).append("    ").append(graph.tasks().get(id));
    }
    if (more > 0) {
      text.append(System.lineSeparator()).append("    and ").append(more).append(" more");
    }
    return text.toString();
  }

  private static boolean isForLock(Node node) {
    Waiting waiting = node.waitsFor();
    return waiting != null && waiting.kind() == WaitKind.LOCK;
  }

  private static String advice(int size, boolean locks) {
    if (locks) {
      return "Acquire locks in the same order everywhere, and never await a task that needs a lock"
          + " you hold.";
    }
    return size == 1
        ? "Await it from another task: createTask(() -> …)."
        : "Let one of them return what the other needs, or await both from a third.";
  }

  /** The error for a task that waits for something nobody can give any more. */
  static DeadlockException ofHopeless(Scheduler scheduler, TaskFiber victim) {
    WaitGraph graph = GraphBuilder.reported(scheduler, List.of(victim));
    String message = victim.describe()
        + " would wait for ever: "
        + Cycles.wait(victim).whyItNeverEnds()
        + " All tasks:"
        + System.lineSeparator()
        + graph.toString(REPORTED_TASKS);
    return error(message, graph, victim);
  }

  /** For when there is no memory for the full report. */
  static DeadlockException brief(Scheduler scheduler, TaskFiber stuck) {
    var nothing = new WaitGraph(scheduler.name(), scheduler.carrierKind(), List.of(), 0, List.of());
    return new DeadlockException(
        stuck.describe() + " would wait for ever, perhaps in a cycle with other tasks.", nothing);
  }

  /** The error has the stack of the task that gets it. */
  private static DeadlockException error(String message, WaitGraph graph, TaskFiber victim) {
    var error = new DeadlockException(message, graph);
    error.setStackTrace(victim.stackTrace().toArray(StackTraceElement[]::new));
    return error;
  }

  // ---- a loop that stands still ----

  static String stalled(Scheduler scheduler, AbstractFuture<?> main) {
    TaskFiber task = TaskFiber.of(main);
    return "The event loop '"
        + scheduler.name()
        + "' has nothing to do, and "
        + (task == null ? "the future that it runs" : task.describe())
        + " has not ended: no task is ready, no timer is set, no helper thread is working, and no"
        + " socket is being waited for.";
  }

  static String warning(
      Scheduler scheduler, AbstractFuture<?> main, WaitGraph graph, List<Thread> strangers) {
    var text = new StringBuilder(stalled(scheduler, main));
    text.append(" Only another thread can wake it. What each task waits for:")
        .append(System.lineSeparator())
        .append(graph.toString(REPORTED_TASKS));
    graph.tasks().stream()
        .map(StallReport::foreignStack)
        .filter(Objects::nonNull)
        .limit(REPORTED_TASKS)
        .forEach(stack -> text.append(System.lineSeparator()).append(stack));
    for (Thread stranger : strangers.subList(0, Math.min(REPORTED_TASKS, strangers.size()))) {
      text.append(System.lineSeparator())
          .append("The virtual thread ")
          .append(Stacks.nameOf(stranger))
          .append(", which was started in a coroutine of this loop, has this stack:");
      Stacks.appendShort(text, stranger.getStackTrace());
    }
    text.append(System.lineSeparator())
        .append(
            "-Dasyncio.deadlock=fail makes the main task fail instead; if other threads call in by"
                + " design, say so with RunOptions.withCallsFromOtherThreads(true).");
    return text.toString();
  }

  /** The error for the main task, or the future that the loop runs for. */
  static DeadlockException ofStall(Scheduler scheduler, AbstractFuture<?> main, WaitGraph graph) {
    String message = stalled(scheduler, main)
        + " Nothing can wake it. What each task waits for:"
        + System.lineSeparator()
        + graph.toString(REPORTED_TASKS);
    TaskFiber task = TaskFiber.of(main);
    return task == null ? new DeadlockException(message, graph) : error(message, graph, task);
  }

  /** Returns the stack of a task in foreign code; null if it is not in foreign code. */
  static @Nullable String foreignStack(Node node) {
    Waiting waiting = node.waitsFor();
    if (waiting == null || waiting.kind() != WaitKind.FOREIGN) {
      return null;
    }
    var text = new StringBuilder(node.name()).append(" is in foreign code:");
    Stacks.appendShort(text, node.stack().toArray(new StackTraceElement[0]));
    return text.toString();
  }
}
