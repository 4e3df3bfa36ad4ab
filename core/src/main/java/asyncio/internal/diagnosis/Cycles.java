package asyncio.internal.diagnosis;

import asyncio.WaitKind;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.scheduler.Wait;
import asyncio.internal.task.TaskFiber;
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
 * Finds tasks that wait for each other, by walking from a task to those that it waits for. On the
 * loop; changes nothing but who is excused for a while.
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
 */
final class Cycles {
  /** A callback due within this time counts as due soon. */
  private static final long SOON_NANOS = 1_000_000_000;

  private Cycles() {}

  // ---- is it stuck? ----

  private enum Finding {
    /** Something else may end its wait, or that of a task it waits for. */
    FREE,
    /** Stuck, but a timer may end that. */
    EXCUSED,
    /** Only tasks that are stuck can end it. */
    STUCK
  }

  /** Returns the index of the last of these coroutines that is stuck; -1 if none is. */
  static int lastStuck(List<Fiber> suspects) {
    Set<TaskFiber> free = new HashSet<>(0);
    // Latest first: if there is a cycle, one of these closed it.
    for (int i = suspects.size() - 1; i >= 0; i--) {
      Fiber fiber = suspects.get(i);
      TaskFiber suspect = fiber.isWaiting() ? TaskFiber.of(fiber) : null;
      if (suspect == null || !waitsForTasksOnly(suspect)) {
        continue;
      }
      Finding finding = look(suspect, free);
      if (finding == Finding.STUCK) {
        return i;
      }
      if (finding == Finding.EXCUSED) {
        free.add(suspect); // looked at again when the timer has fired
      }
    }
    return -1;
  }

  static boolean isStuck(TaskFiber task) {
    return waitsForTasksOnly(task) && look(task, new HashSet<>()) == Finding.STUCK;
  }

  /**
   * Walks from {@code suspect}.
   *
   * @param free tasks known not to be stuck; those that are found are added
   */
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
    return givingWay(cycle(stuck)) != null;
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

  static Wait wait(TaskFiber task) {
    return Objects.requireNonNull(task.waitsFor(), "a task that is stuck waits");
  }

  private static Iterator<?> targets(TaskFiber task) {
    Wait wait = wait(task);
    return wait.whyItNeverEnds() == null ? wait.targets() : Collections.emptyIterator();
  }

  /** As {@link #targets(TaskFiber)}, but of those that many have in common only the first time. */
  private static Iterator<?> targets(TaskFiber task, Set<Object> shared) {
    Object with = wait(task).givesWayWith();
    return with == null || shared.add(with) ? targets(task) : Collections.emptyIterator();
  }

  // ---- who is in the cycle, and who gives way or gets the error ----

  /** The tasks that wait for each other, starting from a task that is stuck. */
  static List<TaskFiber> cycle(TaskFiber stuck) {
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

  /**
   * The task whose wait closed the cycle, if it is part of it: it has waited for the shortest time.
   * But if there is a choice, no task that must keep waiting, as the owner of a task group must.
   */
  static TaskFiber victim(List<TaskFiber> cycle, TaskFiber suspect) {
    List<TaskFiber> candidates =
        cycle.stream().filter(task -> !wait(task).mustGoOn()).toList();
    if (candidates.isEmpty()) {
      candidates = cycle;
    }
    return candidates.contains(suspect) ? suspect : candidates.getLast();
  }

  /**
   * A task that waits for something nobody can give any more, and that {@code stuck} waits for
   * directly or indirectly.
   */
  static @Nullable TaskFiber hopeless(TaskFiber stuck) {
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

  /** A task of the cycle whose wait ends well when it is in one; null if there is none. */
  static @Nullable TaskFiber givingWay(List<TaskFiber> cycle) {
    for (TaskFiber task : cycle) {
      if (wait(task).givesWayWith() != null) {
        return task;
      }
    }
    return null;
  }

  /** Ends the waits for the same targets that these wait for in turn; all of them are stuck. */
  static void giveWay(TaskFiber stuck) {
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
}
