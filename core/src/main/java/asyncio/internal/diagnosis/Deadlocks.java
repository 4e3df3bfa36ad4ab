package asyncio.internal.diagnosis;

import static asyncio.internal.util.Stacks.REPORTED_TASKS;

import asyncio.DeadlockException;
import asyncio.WaitGraph;
import asyncio.WaitKind;
import asyncio.internal.log.Logs;
import asyncio.internal.scheduler.Callback;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.scheduler.Wait;
import asyncio.internal.task.AbstractFuture;
import asyncio.internal.task.Futures;
import asyncio.internal.task.TaskFiber;
import asyncio.internal.task.TaskHost;
import asyncio.internal.util.Stacks;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Detects tasks that wait for ever and reports them. Called by the loop when it has nothing else to
 * do. Reports are made in a callback, because a loop's own thread may not log. Loop-confined.
 *
 * <p>A task is <i>stuck</i> if only other tasks can end its wait, and all of those are stuck. A
 * lock whose holder has ended can't end a wait either. A task may wait for several tasks of which
 * one would suffice: so everything reachable from it must be stuck, and none of it may have a time
 * limit. The search goes depth first and stops at the first task that is not stuck, which nearly
 * always comes immediately. What led there is not walked again in the same search.
 *
 * <p>A callback may release a lock too. So if locks are waited for, callbacks due soon after a
 * cycle is found get one chance to release one before the cycle counts. Callbacks due much later do
 * not: a program may well have one that is due tomorrow.
 *
 * <p>Some waits give way: a server's close waits for handlers, and what a handler waits for may
 * close the server. Of those that wait for the same handlers, all that are in a cycle end well
 * together, and nobody gets an error. They are walked through once, however many they are, and no
 * time limit excuses them, because their end harms nobody.
 *
 * <p>Reports cover only some tasks, however many there are; and a failure in here affects nothing
 * else.
 */
public final class Deadlocks {
  /** A callback due within this time counts as due soon. */
  private static final long SOON_NANOS = 1_000_000_000;

  private static final String NO_REPORT = " The wait graph could not be built.";

  private Deadlocks() {}

  // ---- cycles ----

  /** On the loop's own thread. */
  public static void lookForCircles(Scheduler scheduler, List<Fiber> suspects) {
    Set<TaskFiber> free = null;
    TaskFiber stuck = null;
    // Latest first: if there is a cycle, one of these closed it.
    int left = suspects.size();
    while (stuck == null && --left >= 0) {
      Fiber fiber = suspects.get(left);
      if (!fiber.isWaiting()) {
        continue;
      }
      TaskFiber suspect = TaskFiber.of(fiber);
      if (suspect == null || !waitsForTasksOnly(suspect)) {
        continue;
      }
      if (free == null) {
        free = new HashSet<>();
      }
      switch (look(suspect, free)) {
        case FREE -> {}
        case EXCUSED -> free.add(suspect); // looked at again when the timer has fired
        case STUCK -> stuck = suspect;
      }
    }
    if (stuck == null) {
      return;
    }
    // The error for this one may free the others.
    suspects.subList(0, left).forEach(Fiber::suspect);
    TaskFiber found = stuck;
    scheduler.add(
        new Callback() {
          @Override
          protected void call() {
            try {
              fail(scheduler, found);
            } catch (Throwable noMemory) {
              failBriefly(scheduler, found);
            }
          }
        });
  }

  private enum Finding {
    FREE,
    /** Stuck, but a timer may end that. */
    EXCUSED,
    STUCK
  }

  private static Finding look(TaskFiber suspect, Set<TaskFiber> free) {
    Set<TaskFiber> seen = new HashSet<>();
    List<TaskFiber> path = new ArrayList<>();
    Deque<Iterator<?>> open = new ArrayDeque<>();
    Set<Object> shared = new HashSet<>(0);
    TaskFiber next = suspect;
    while (true) {
      if (next != null && seen.add(next)) {
        if (free.contains(next) || !waitsForTasksOnly(next)) {
          free.add(next);
          free.addAll(path);
          return Finding.FREE;
        }
        path.add(next);
        open.push(targets(next, shared));
      }
      Iterator<?> targets = open.peek();
      if (targets == null) {
        // Only where there is one that might, the rest of this matters.
        boolean givesWay = !shared.isEmpty() && !anyHopeless(seen) && givesWay(suspect);
        return !givesWay && excuse(suspect, seen) ? Finding.EXCUSED : Finding.STUCK;
      }
      if (!targets.hasNext()) {
        open.pop();
        path.removeLast();
        next = null;
      } else {
        next = TaskFiber.of(targets.next());
        if (next == null || next.scheduler() != suspect.scheduler()) {
          free.addAll(path);
          return Finding.FREE;
        }
      }
    }
  }

  private static boolean anyHopeless(Set<TaskFiber> stuck) {
    return stuck.stream().anyMatch(task -> wait(task).whyItNeverEnds() != null);
  }

  private static boolean givesWay(TaskFiber stuck) {
    return givingWay(circle(stuck)) != null;
  }

  /**
   * Whether a timer may end what is stuck: a time limit of one of the tasks or, if locks are waited
   * for, a callback, which may release one. Timers set by now get their chance; later ones, of a
   * callback that renews its timer, are no excuse.
   */
  private static boolean excuse(TaskFiber suspect, Set<TaskFiber> stuck) {
    Set<Fiber> fibers = new HashSet<>();
    boolean locks = false;
    for (TaskFiber task : stuck) {
      fibers.add(task);
      locks |= wait(task).kind() == WaitKind.LOCK;
    }
    Scheduler scheduler = suspect.scheduler();
    long until = scheduler.timers().lastDeadlineOf(fibers);
    if (locks && !suspect.isOverdue()) {
      until = Math.max(until, scheduler.timers().lastCallback(scheduler.time() + SOON_NANOS));
    }
    if (until == Long.MIN_VALUE) {
      return false;
    }
    scheduler.stallDetector().excuse(suspect, until);
    return true;
  }

  /**
   * Whether {@code task} waits, and only its targets, of which there is at least one, can end the
   * wait.
   */
  private static boolean waitsForTasksOnly(TaskFiber task) {
    Fiber fiber = task;
    Wait wait = fiber.waitsFor();
    return fiber.isWaiting()
        && wait != null
        && (wait.whyItNeverEnds() != null
            || (wait.endsByTargetsOnly() && wait.targets().hasNext()));
  }

  /** What a task that is stuck waits for is another task. */
  private static TaskFiber taskOf(Object target) {
    return Objects.requireNonNull(TaskFiber.of(target), "a task that is stuck waits for tasks");
  }

  private static Wait wait(TaskFiber task) {
    return Objects.requireNonNull(task.waitsFor(), "a task that is stuck waits");
  }

  private static Iterator<?> targets(TaskFiber task) {
    Wait wait = wait(task);
    return wait.whyItNeverEnds() == null ? wait.targets() : Collections.emptyIterator();
  }

  /** As {@link #targets(Task)}, but of those that many have in common only the first time. */
  private static Iterator<?> targets(TaskFiber task, Set<Object> shared) {
    Object with = wait(task).givesWayWith();
    return with == null || shared.add(with) ? targets(task) : Collections.emptyIterator();
  }

  /** In a callback: steps have run since the cycle was found. */
  private static void fail(Scheduler scheduler, TaskFiber suspect) {
    if (!waitsForTasksOnly(suspect)) {
      return;
    }
    if (look(suspect, new HashSet<>()) != Finding.STUCK) {
      return;
    }
    TaskFiber hopeless = hopeless(suspect);
    if (hopeless != null) {
      failHopeless(scheduler, hopeless);
      return;
    }
    List<TaskFiber> circle = circle(suspect);
    TaskFiber givingWay = givingWay(circle);
    if (givingWay != null) {
      giveWay(givingWay);
      return;
    }
    Collections.rotate(circle, -circle.indexOf(victim(circle, suspect)));
    TaskFiber victim = circle.getFirst();
    List<TaskFiber> told = circle.subList(0, Math.min(REPORTED_TASKS, circle.size()));
    List<TaskFiber> shown = GraphBuilder.shown(scheduler, told);
    WaitGraph graph = GraphBuilder.graph(scheduler, shown);
    List<Integer> ids = told.stream().map(shown::indexOf).toList();
    boolean locks = ids.stream().anyMatch(id -> isForLock(graph.tasks().get(id)));
    String message =
        victim.describe()
            + " would wait for ever: "
            + (circle.size() == 1
                ? "it waits for itself."
                : "tasks wait for each other in a circle.")
            + circleText(graph, ids, circle.size() - told.size())
            + System.lineSeparator()
            + advice(circle.size(), locks)
            + " All tasks:"
            + System.lineSeparator()
            + graph.toString(REPORTED_TASKS);
    scheduler.stallDetector().fail(victim, error(message, graph, victim));
  }

  private static @Nullable TaskFiber givingWay(List<TaskFiber> circle) {
    for (TaskFiber task : circle) {
      if (wait(task).givesWayWith() != null) {
        return task;
      }
    }
    return null;
  }

  /** Ends the waits for the same targets that these wait for in turn; all of them are stuck. */
  private static void giveWay(TaskFiber stuck) {
    Object with = wait(stuck).givesWayWith();
    List<Wait> found = new ArrayList<>();
    Set<TaskFiber> seen = new HashSet<>();
    Set<Object> shared = new HashSet<>();
    Deque<TaskFiber> open = new ArrayDeque<>();
    targets(stuck).forEachRemaining(target -> open.push(taskOf(target)));
    while (!open.isEmpty()) {
      TaskFiber task = open.pop();
      if (!seen.add(task)) {
        continue;
      }
      if (wait(task).givesWayWith() == with) {
        found.add(wait(task));
      } else {
        targets(task, shared).forEachRemaining(target -> open.push(taskOf(target)));
      }
    }
    found.forEach(Wait::giveWay);
  }

  /**
   * A task that waits for something nobody can give any more, and that {@code stuck} waits for
   * directly or indirectly.
   */
  private static @Nullable TaskFiber hopeless(TaskFiber stuck) {
    Set<TaskFiber> seen = new HashSet<>();
    Set<Object> shared = new HashSet<>(0);
    Deque<TaskFiber> open = new ArrayDeque<>(List.of(stuck));
    while (!open.isEmpty()) {
      TaskFiber task = open.pop();
      if (wait(task).whyItNeverEnds() != null) {
        return task;
      }
      if (seen.add(task)) {
        targets(task, shared).forEachRemaining(target -> open.push(taskOf(target)));
      }
    }
    return null;
  }

  private static void failHopeless(Scheduler scheduler, TaskFiber victim) {
    WaitGraph graph = GraphBuilder.reported(scheduler, List.of(victim));
    String message =
        victim.describe()
            + " would wait for ever: "
            + wait(victim).whyItNeverEnds()
            + " All tasks:"
            + System.lineSeparator()
            + graph.toString(REPORTED_TASKS);
    scheduler.stallDetector().fail(victim, error(message, graph, victim));
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

  /**
   * The task whose wait closed the cycle, if it is part of it: it has waited for the shortest time.
   * But if there is a choice, no task that must keep waiting, as the owner of a task group must.
   */
  private static TaskFiber victim(List<TaskFiber> circle, TaskFiber suspect) {
    List<TaskFiber> candidates = circle.stream().filter(task -> !wait(task).mustGoOn()).toList();
    if (candidates.isEmpty()) {
      candidates = circle;
    }
    return candidates.contains(suspect) ? suspect : candidates.getLast();
  }

  /** For when there is no memory for the full report. */
  private static void failBriefly(Scheduler scheduler, TaskFiber stuck) {
    try {
      var nothing =
          new WaitGraph(scheduler.name(), scheduler.carrierKind(), List.of(), 0, List.of());
      String message =
          stuck.describe() + " would wait for ever, perhaps in a circle with other tasks.";
      scheduler.stallDetector().fail(stuck, new DeadlockException(message, nothing));
    } catch (Throwable noMemory) {
      // It keeps waiting: looking again immediately would only make the loop spin.
    }
  }

  /** Returns the tasks of a circle, with a line for each, and how many {@code more} it has. */
  private static String circleText(WaitGraph graph, List<Integer> ids, int more) {
    var text = new StringBuilder();
    for (int id : ids) {
      text.append(System.lineSeparator()).append("    ").append(graph.tasks().get(id));
    }
    if (more > 0) {
      text.append(System.lineSeparator()).append("    and ").append(more).append(" more");
    }
    return text.toString();
  }

  private static boolean isForLock(WaitGraph.Node node) {
    WaitGraph.Waiting waiting = node.waitsFor();
    return waiting != null && waiting.kind() == WaitKind.LOCK;
  }

  /** The error has the stack of the task that gets it. */
  private static DeadlockException error(String message, WaitGraph graph, TaskFiber victim) {
    var error = new DeadlockException(message, graph);
    error.setStackTrace(victim.stackTrace().toArray(StackTraceElement[]::new));
    return error;
  }

  /** The tasks that wait for each other, starting from a task that is stuck. */
  private static List<TaskFiber> circle(TaskFiber stuck) {
    List<TaskFiber> path = new ArrayList<>();
    Set<TaskFiber> seen = new HashSet<>();
    TaskFiber task = stuck;
    while (seen.add(task)) {
      path.add(task);
      task = towards(stuck, task);
    }
    return new ArrayList<>(path.subList(path.indexOf(task), path.size()));
  }

  /**
   * The next task of a cycle: {@code stuck} itself if it is a target, otherwise the first target.
   */
  private static TaskFiber towards(TaskFiber stuck, TaskFiber from) {
    TaskFiber first = null;
    for (Iterator<?> targets = targets(from); targets.hasNext(); ) {
      TaskFiber target = taskOf(targets.next());
      if (target == stuck) {
        return stuck;
      }
      first = first == null ? target : first;
    }
    return Objects.requireNonNull(first, "a task that is stuck waits for others");
  }

  // ---- quiet ----

  /** On the loop's own thread. */
  public static void quiet(Scheduler scheduler) {
    AbstractFuture<?> main = TaskHost.of(scheduler).awaited();
    if (main == null || Futures.isDone(main) || TaskHost.of(scheduler).otherThreadsCallIn()) {
      return;
    }
    scheduler.add(
        new Callback() {
          @Override
          protected void call() {
            boolean said = false;
            try {
              said = report(scheduler, main);
            } catch (Throwable failure) {
              said = true;
              Logs.LOOP.log(
                  System.Logger.Level.WARNING, standsStill(scheduler, main) + NO_REPORT, failure);
            } finally {
              scheduler.stallDetector().reported(said);
            }
          }
        });
  }

  /** Returns whether there was something to report. */
  private static boolean report(Scheduler scheduler, AbstractFuture<?> main) {
    List<TaskFiber> foreign = new ArrayList<>();
    int foreignTasks = 0;
    for (TaskFiber fiber : TaskHost.of(scheduler).tasks()) {
      if (endsFromOutside(fiber)) {
        return false;
      }
      if (fiber.inForeignCode()) {
        foreignTasks++;
        if (foreign.size() < REPORTED_TASKS) {
          foreign.add(fiber);
        }
      }
    }
    if (scheduler.foreignWaits() > foreignTasks) {
      return false; // a callback is in foreign code: what it will do is unknown
    }
    List<Thread> strangers = scheduler.strangers();
    for (Thread stranger : strangers) {
      if (ForeignWait.endsByItself(stranger)) {
        return false;
      }
    }
    WaitGraph graph = GraphBuilder.reported(scheduler, foreign);
    if (scheduler.stallDetector().failsAtOnce() && foreign.isEmpty() && strangers.isEmpty()) {
      fail(scheduler, main, graph);
      return true;
    }
    Logs.LOOP.log(System.Logger.Level.WARNING, warning(scheduler, main, graph, strangers));
    return true;
  }

  /** Whether such a wait ends by time, the network or another thread. */
  private static boolean endsFromOutside(WaitKind kind) {
    return kind == WaitKind.TIME
        || kind == WaitKind.SOCKET
        || kind == WaitKind.HELPER
        || kind == WaitKind.STAGE;
  }

  private static boolean endsFromOutside(Fiber fiber) {
    if (fiber.isBlocking()) {
      return true; // it says itself that it blocks; that is enough
    }
    if (fiber.inForeignCode()) {
      Thread thread = fiber.thread();
      return thread == null || ForeignWait.endsByItself(thread);
    }
    Wait wait = fiber.waitsFor();
    return wait != null && endsFromOutside(wait.kind());
  }

  private static String standsStill(Scheduler scheduler, AbstractFuture<?> main) {
    TaskFiber task = TaskFiber.of(main);
    return "The event loop '"
        + scheduler.name()
        + "' has nothing to do, and "
        + (task == null ? "the future that it runs" : task.describe())
        + " has not ended: no task is ready, no timer is set, no helper thread is working, and no"
        + " socket is being waited for.";
  }

  private static String warning(
      Scheduler scheduler, AbstractFuture<?> main, WaitGraph graph, List<Thread> strangers) {
    var text = new StringBuilder(standsStill(scheduler, main));
    text.append(" Only another thread can wake it. What each task waits for:")
        .append(System.lineSeparator())
        .append(graph.toString(REPORTED_TASKS));
    graph.tasks().stream()
        .map(GraphBuilder::foreignStack)
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

  private static void fail(Scheduler scheduler, AbstractFuture<?> main, WaitGraph graph) {
    String message =
        standsStill(scheduler, main)
            + " Nothing can wake it. What each task waits for:"
            + System.lineSeparator()
            + graph.toString(REPORTED_TASKS);
    TaskFiber task = TaskFiber.of(main);
    if (task != null) {
      scheduler.stallDetector().fail(task, error(message, graph, task));
    } else {
      Futures.fail(main, new DeadlockException(message, graph));
    }
  }
}
