package asyncio;

import asyncio.internal.loop.Callback;
import asyncio.internal.loop.Fiber;
import asyncio.internal.loop.Logs;
import asyncio.internal.loop.Wait;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds out whether tasks wait for ever, and says so. Called by the loop when it has nothing else
 * to do; what is said is said in a callback, since a loop's own thread may not log. Loop-confined.
 *
 * <p>A task is <i>stuck</i> when nothing ends its wait but other tasks, all of them are stuck, and
 * no time limit will cancel one of them. It may wait for several tasks of which one would do: so
 * all that can be reached from it must be stuck. The search ends at the first that is not, as
 * nearly always, and what led there is not walked again in the same search.
 */
final class Deadlocks {
  /** Of so many tasks a report tells; the others are counted. */
  private static final int REPORTED_TASKS = 100;

  private Deadlocks() {}

  // ---- circles ----

  /** On the loop's own thread. */
  static void lookForCircles(EventLoop loop, List<Fiber> suspects) {
    Set<Task<?>> free = new HashSet<>();
    // Those that came last first: where there is a circle, one of them closed it.
    for (Fiber fiber : suspects.reversed()) {
      Task<?> suspect = Task.of(fiber);
      if (suspect != null && isStuck(suspect, free)) {
        loop.kernel.add(
            new Callback() {
              @Override
              protected void call() {
                fail(loop, suspect);
              }
            });
      }
    }
  }

  private static boolean isStuck(Task<?> suspect, Set<Task<?>> free) {
    Map<Task<?>, Task<?>> ledFrom = new HashMap<>();
    Deque<Task<?>> open = new ArrayDeque<>();
    ledFrom.put(suspect, suspect);
    open.add(suspect);
    while (!open.isEmpty()) {
      Task<?> task = open.remove();
      List<Task<?>> targets = free.contains(task) ? null : targetsOnly(task);
      if (targets == null) {
        markFree(task, ledFrom, free);
        return false;
      }
      for (Task<?> target : targets) {
        if (ledFrom.putIfAbsent(target, task) == null) {
          open.add(target);
        }
      }
    }
    for (Task<?> task : ledFrom.keySet()) {
      if (task.loop.kernel.anyTimerStrikes(task.fiber())) {
        return false;
      }
    }
    return true;
  }

  private static void markFree(Task<?> found, Map<Task<?>, Task<?>> ledFrom, Set<Task<?>> free) {
    Task<?> task = found;
    while (free.add(task)) {
      task = ledFrom.getOrDefault(task, task);
    }
  }

  /**
   * The tasks without which the wait of {@code task} can't end; null when something else ends it.
   */
  private static @Nullable List<Task<?>> targetsOnly(Task<?> task) {
    Fiber fiber = task.fiber();
    Wait wait = fiber.waitsFor();
    if (!fiber.isWaiting()
        || wait == null
        || wait.isOver()
        || !wait.endsByTargetsOnly()
        || task.loop.kernel.isSentenced(fiber)) {
      return null;
    }
    List<Task<?>> targets = new ArrayList<>();
    boolean[] others = new boolean[1];
    wait.forEachTarget(
        target -> {
          if (target instanceof Task<?> one && one.loop == task.loop) {
            targets.add(one);
          } else {
            others[0] = true;
          }
        });
    return others[0] || targets.isEmpty() ? null : targets;
  }

  /** In a callback: steps have run since it was found. */
  private static void fail(EventLoop loop, Task<?> suspect) {
    if (!isStuck(suspect, new HashSet<>())) {
      return;
    }
    List<Task<?>> circle = circle(suspect);
    Collections.rotate(circle, -circle.indexOf(victim(circle, suspect)));
    Task<?> victim = circle.getFirst();
    WaitGraph graph = loop.waitGraph();
    List<Task<?>> all = loop.allTasks();
    List<Integer> ids = circle.stream().map(all::indexOf).toList();
    boolean locks = ids.stream().anyMatch(id -> isForLock(graph.tasks().get(id)));
    String message =
        victim.fiber().describe()
            + " would wait for ever: "
            + (circle.size() == 1
                ? "it waits for itself."
                : "tasks wait for each other in a circle.")
            + WaitGraphText.circle(graph, ids)
            + System.lineSeparator()
            + (locks
                ? "Take locks in the same order everywhere, and await no task that needs a lock"
                    + " that you hold."
                : "Let one of them return what the other needs, or await both in a third.")
            + " All tasks:"
            + System.lineSeparator()
            + new WaitGraphText(graph).tree(REPORTED_TASKS);
    loop.kernel.fail(victim.fiber(), error(message, graph, victim));
  }

  /**
   * The one whose wait closed the circle, if it stands in it: it has waited for the least time. But
   * never the owner of a task group, which has to wait for its tasks whatever happens.
   */
  private static Task<?> victim(List<Task<?>> circle, Task<?> suspect) {
    List<Task<?>> candidates =
        circle.stream()
            .filter(task -> !(task.fiber().waitsFor() instanceof TaskGroup.Emptied))
            .toList();
    if (candidates.contains(suspect)) {
      return suspect;
    }
    return candidates.isEmpty() ? circle.getLast() : candidates.getLast();
  }

  private static boolean isForLock(WaitGraph.Node node) {
    WaitGraph.Waiting waiting = node.waitsFor();
    return waiting != null && waiting.kind() == WaitKind.LOCK;
  }

  /** Its stack is the one of the task that gets it. */
  private static DeadlockException error(String message, WaitGraph graph, Task<?> victim) {
    var error = new DeadlockException(message, graph);
    error.setStackTrace(victim.stackTrace().toArray(StackTraceElement[]::new));
    return error;
  }

  /** Who waits for each other, starting from a task that is stuck. */
  private static List<Task<?>> circle(Task<?> stuck) {
    List<Task<?>> path = new ArrayList<>();
    Set<Task<?>> seen = new HashSet<>();
    Task<?> task = stuck;
    while (seen.add(task)) {
      path.add(task);
      List<Task<?>> targets = targetsOnly(task);
      if (targets == null) {
        throw new AssertionError("a task that is stuck waits for none: a bug, please report it");
      }
      task = targets.contains(stuck) ? stuck : targets.getFirst();
    }
    return new ArrayList<>(path.subList(path.indexOf(task), path.size()));
  }

  // ---- quiet ----

  /** On the loop's own thread. */
  static boolean isQuiet(EventLoop loop) {
    Future<?> main = loop.awaited();
    if (main == null || main.isDone()) {
      return false;
    }
    loop.kernel.add(
        new Callback() {
          @Override
          protected void call() {
            boolean said = false;
            try {
              said = report(loop, main);
            } finally {
              loop.kernel.quietReported(said);
            }
          }
        });
    return true;
  }

  /** Returns whether it had something to say. */
  private static boolean report(EventLoop loop, Future<?> main) {
    for (Task<?> task : loop.allTasks()) {
      if (endsFromOutside(task.fiber())) {
        return false;
      }
    }
    WaitGraph graph = loop.waitGraph();
    boolean foreign = loop.allTasks().stream().anyMatch(task -> task.fiber().inForeignCode());
    if (loop.kernel.standstillFails() && !foreign) {
      fail(loop, main, graph);
      return true;
    }
    Logs.LOOP.log(System.Logger.Level.WARNING, warning(loop, main, graph));
    return true;
  }

  private static boolean endsFromOutside(Fiber fiber) {
    if (fiber.inForeignCode()) {
      Thread thread = fiber.thread();
      return thread == null || ForeignWait.endsByItself(thread);
    }
    Wait wait = fiber.waitsFor();
    return wait != null && wait.kind().endsFromOutside();
  }

  private static String standsStill(EventLoop loop, Future<?> main) {
    return "The event loop '"
        + loop.name()
        + "' has nothing to do, and "
        + (main instanceof Task<?> task ? task.fiber().describe() : "the future it runs for")
        + " has not ended: no task is ready, no timer is set, no helper thread works, no socket is"
        + " waited for.";
  }

  private static String warning(EventLoop loop, Future<?> main, WaitGraph graph) {
    var text = new StringBuilder(standsStill(loop, main));
    text.append(" Only another thread could make it go on. Who waits for what:")
        .append(System.lineSeparator())
        .append(new WaitGraphText(graph).tree(REPORTED_TASKS));
    graph.tasks().stream()
        .map(WaitGraphText::foreignStack)
        .limit(REPORTED_TASKS)
        .forEach(
            stack -> {
              if (stack != null) {
                text.append(System.lineSeparator()).append(stack);
              }
            });
    text.append(System.lineSeparator())
        .append("With -Dasyncio.deadlock=fail the main task fails instead.");
    return text.toString();
  }

  private static void fail(EventLoop loop, Future<?> main, WaitGraph graph) {
    String message =
        standsStill(loop, main)
            + " Nothing can make it go on. Who waits for what:"
            + System.lineSeparator()
            + new WaitGraphText(graph).tree(REPORTED_TASKS);
    if (main instanceof Task<?> task) {
      loop.kernel.fail(task.fiber(), error(message, graph, task));
    } else {
      main.fail(new DeadlockException(message, graph));
    }
  }
}
