package asyncio;

import static asyncio.internal.util.Stacks.REPORTED_TASKS;

import asyncio.WaitGraph.Node;
import asyncio.WaitGraph.State;
import asyncio.WaitGraph.Waiting;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.Sleep;
import asyncio.internal.scheduler.Wait;
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
final class GraphBuilder {
  private final EventLoop loop;
  private final List<Task<?>> tasks;
  private final Map<Object, Integer> ids = new HashMap<>();

  private GraphBuilder(EventLoop loop, List<Task<?>> tasks) {
    this.loop = loop;
    this.tasks = tasks;
    for (Task<?> task : tasks) {
      ids.put(task, ids.size());
    }
  }

  static WaitGraph graph(EventLoop loop) {
    return graph(loop, loop.allTasks());
  }

  /** Includes only these tasks: a loop may have a million, and each costs microseconds. */
  static WaitGraph graph(EventLoop loop, List<Task<?>> tasks) {
    return new GraphBuilder(loop, tasks).build();
  }

  /** What a report shows: the oldest tasks and {@code matter}, however many there are. */
  static WaitGraph reported(EventLoop loop, List<Task<?>> matter) {
    return graph(loop, shown(loop, matter));
  }

  /**
   * The oldest, and those that matter, but no more of each than a report shows; in the order in
   * which they were made as long as these are all.
   */
  static List<Task<?>> shown(EventLoop loop, List<Task<?>> matter) {
    Set<Task<?>> shown = new LinkedHashSet<>();
    if (loop.tasks.size() > REPORTED_TASKS
        && loop.thread.awaited() instanceof Task<?> main
        && !main.isDone()) {
      shown.add(main);
    }
    Task<?> oldest = loop.tasks.first();
    while (oldest != null && shown.size() < REPORTED_TASKS) {
      shown.add(oldest);
      oldest = oldest.following;
    }
    shown.addAll(matter.subList(0, Math.min(REPORTED_TASKS, matter.size())));
    return List.copyOf(shown);
  }

  /** Tasks that stand in foreign code, oldest first, no more than a report shows. */
  static List<Task<?>> inForeignCode(EventLoop loop) {
    List<Task<?>> found = new ArrayList<>();
    int left = Math.min(REPORTED_TASKS, loop.scheduler.foreignWaits());
    for (Task<?> task = loop.tasks.first(); task != null && left > 0; task = task.following) {
      if (task.fiber().inForeignCode()) {
        found.add(task);
        left--;
      }
    }
    return found;
  }

  private WaitGraph build() {
    List<Node> nodes = new ArrayList<>(tasks.size());
    for (Task<?> task : tasks) {
      nodes.add(node(task, nodes.size()));
    }
    int more = loop.tasks.size() - nodes.size();
    return new WaitGraph(loop.name(), loop.carrier(), nodes, more, circles(nodes));
  }

  private Node node(Task<?> task, int id) {
    Fiber fiber = task.fiber();
    Thread thread = fiber.thread();
    List<StackTraceElement> stack = thread == null ? List.of() : TaskStack.of(thread);
    boolean foreign = fiber.inForeignCode();
    boolean runs = loop.scheduler.currentFiber() == fiber;
    State state = runs ? State.RUNNING : foreign || fiber.isWaiting() ? State.WAITING : State.READY;
    Waiting waiting = null;
    if (foreign) {
      StackTraceElement call = Frames.calledByUser(stack);
      String what = "the blocking call " + (call == null ? "of foreign code" : Frames.text(call));
      waiting = new Waiting(WaitKind.FOREIGN, what, List.of(), null);
    } else if (fiber.isWaiting() && fiber.waitsFor() != null) {
      waiting = waiting(fiber.waitsFor());
    }
    boolean main = loop.thread.awaited() == task;
    return new Node(id, task.name(), main, state, waiting, Frames.userLine(stack), stack);
  }

  private Waiting waiting(Wait wait) {
    Set<Integer> targets = new LinkedHashSet<>();
    for (Iterator<?> all = wait.targets(); all.hasNext(); ) {
      Integer id = ids.get(all.next());
      if (id != null) {
        targets.add(id);
      }
    }
    return new Waiting(wait.kind(), wait.describe(), List.copyOf(targets), left(wait));
  }

  private @Nullable Duration left(Wait wait) {
    if (wait instanceof Sleep sleep && sleep.isPending()) {
      return Duration.ofNanos(
          Math.max(0, loop.scheduler.timers().due(sleep) - loop.scheduler.time()));
    }
    return null;
  }

  /** All cycles that a depth-first walk of the graph finds. */
  private static List<List<Integer>> circles(List<Node> nodes) {
    List<List<Integer>> circles = new ArrayList<>();
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
          circles.add(List.copyOf(path.subList(path.lastIndexOf(target), path.size())));
        } else if (!seen[target]) {
          enter(nodes.get(target), seen, onPath, path, open);
        }
      }
    }
    return circles;
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
