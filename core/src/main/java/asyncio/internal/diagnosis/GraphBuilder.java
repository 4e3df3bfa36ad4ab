package asyncio.internal.diagnosis;

import static asyncio.internal.util.Stacks.REPORTED_TASKS;

import asyncio.FrameCallGraphEntry;
import asyncio.WaitGraph;
import asyncio.WaitGraph.Node;
import asyncio.WaitGraph.State;
import asyncio.WaitGraph.Waiting;
import asyncio.WaitKind;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.scheduler.Sleep;
import asyncio.internal.scheduler.Wait;
import asyncio.internal.task.TaskFiber;
import asyncio.internal.task.TaskHost;
import asyncio.internal.task.TaskStack;
import asyncio.internal.util.Frames;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Builds the {@link WaitGraph} of a loop. On the loop only. */
public final class GraphBuilder {
  private final Scheduler scheduler;
  private final TaskHost host;
  private final List<TaskFiber> tasks;
  private final Map<@Nullable TaskFiber, Integer> ids = new HashMap<>();

  private GraphBuilder(Scheduler scheduler, List<TaskFiber> tasks) {
    this.scheduler = scheduler;
    this.host = TaskHost.of(scheduler);
    this.tasks = tasks;
    for (TaskFiber task : tasks) {
      ids.put(task, ids.size());
    }
  }

  /** Includes all tasks. */
  public static WaitGraph graph(Scheduler scheduler) {
    return graph(scheduler, TaskHost.of(scheduler).tasks().toList());
  }

  /** Includes only these tasks: a loop may have a million, and each costs microseconds. */
  static WaitGraph graph(Scheduler scheduler, List<TaskFiber> tasks) {
    return new GraphBuilder(scheduler, tasks).build();
  }

  /** What a report shows: the oldest tasks and {@code matter}, however many there are. */
  static WaitGraph reported(Scheduler scheduler, List<TaskFiber> matter) {
    return graph(scheduler, shown(scheduler, matter));
  }

  /**
   * The oldest, and those that matter, but no more of each than a report shows; in the order in
   * which they were made as long as these are all.
   */
  static List<TaskFiber> shown(Scheduler scheduler, List<TaskFiber> matter) {
    Set<TaskFiber> shown = new LinkedHashSet<>();
    TaskHost host = TaskHost.of(scheduler);
    TaskFiber main = TaskFiber.of(host.awaited());
    if (host.tasks().size() > REPORTED_TASKS && main != null && !main.hasEnded()) {
      shown.add(main);
    }
    for (TaskFiber oldest : host.tasks()) {
      if (shown.size() >= REPORTED_TASKS) {
        break;
      }
      shown.add(oldest);
    }
    shown.addAll(matter.subList(0, Math.min(REPORTED_TASKS, matter.size())));
    return List.copyOf(shown);
  }

  /** Tasks that stand in foreign code, oldest first, no more than a report shows. */
  static List<TaskFiber> inForeignCode(Scheduler scheduler) {
    List<TaskFiber> found = new ArrayList<>();
    int left = Math.min(REPORTED_TASKS, scheduler.foreignWaits());
    for (TaskFiber task : TaskHost.of(scheduler).tasks()) {
      if (left == 0) {
        break;
      }
      if (task.inForeignCode()) {
        found.add(task);
        left--;
      }
    }
    return found;
  }

  private WaitGraph build() {
    List<Node> nodes = new ArrayList<>(tasks.size());
    for (TaskFiber task : tasks) {
      nodes.add(node(task, nodes.size()));
    }
    int more = host.tasks().size() - nodes.size();
    return new WaitGraph(scheduler.name(), scheduler.carrierKind(), nodes, more, cycles(nodes));
  }

  private Node node(TaskFiber task, int id) {
    Thread thread = task.thread();
    List<StackTraceElement> stack = thread == null ? List.of() : TaskStack.of(thread);
    boolean foreign = task.inForeignCode();
    boolean runs = scheduler.currentFiber() == task;
    State state = runs ? State.RUNNING : foreign || task.isWaiting() ? State.WAITING : State.READY;
    Waiting waiting = null;
    if (foreign) {
      StackTraceElement call = Frames.calledByUser(stack);
      String what = "the blocking call "
          + (call == null ? "of foreign code" : new FrameCallGraphEntry(call).toString());
      waiting = new Waiting(WaitKind.FOREIGN, what, List.of(), null);
    } else if (task.isWaiting() && task.waitsFor() != null) {
      waiting = waiting(task.waitsFor());
    }
    boolean main = TaskFiber.of(host.awaited()) == task;
    return new Node(id, task.label(), main, state, waiting, Frames.userLine(stack), stack);
  }

  private Waiting waiting(Wait wait) {
    Set<Integer> targets = new LinkedHashSet<>();
    for (Iterator<?> all = wait.targets(); all.hasNext(); ) {
      Integer id = ids.get(TaskFiber.of(all.next()));
      if (id != null) {
        targets.add(id);
      }
    }
    return new Waiting(wait.kind(), wait.describe(), List.copyOf(targets), left(wait));
  }

  private @Nullable Duration left(Wait wait) {
    if (wait instanceof Sleep sleep && sleep.isPending()) {
      return Duration.ofNanos(Math.max(0, scheduler.timers().due(sleep) - scheduler.time()));
    }
    return null;
  }

  /** All cycles that a depth-first walk of the graph finds. */
  private static List<List<Integer>> cycles(List<Node> nodes) {
    List<List<Integer>> cycles = new ArrayList<>();
    boolean[] seen = new boolean[nodes.size()];
    boolean[] onPath = new boolean[nodes.size()];
    List<Integer> path = new ArrayList<>();
    Deque<Iterator<Integer>> open = new ArrayDeque<>();
    for (Node start : nodes) {
      if (seen[start.id()]) {
        continue;
      }
      enter(start, seen, onPath, path, open);
      while (!open.isEmpty()) {
        Iterator<Integer> targets = open.peek();
        if (!targets.hasNext()) {
          open.pop();
          onPath[path.removeLast()] = false;
          continue;
        }
        int target = targets.next();
        if (onPath[target]) {
          cycles.add(List.copyOf(path.subList(path.lastIndexOf(target), path.size())));
        } else if (!seen[target]) {
          enter(nodes.get(target), seen, onPath, path, open);
        }
      }
    }
    return cycles;
  }

  private static void enter(
      Node node,
      boolean[] seen,
      boolean[] onPath,
      List<Integer> path,
      Deque<Iterator<Integer>> open) {
    seen[node.id()] = true;
    onPath[node.id()] = true;
    path.add(node.id());
    Waiting waiting = node.waitsFor();
    open.push(waiting == null ? List.<Integer>of().iterator() : waiting.tasks().iterator());
  }
}
