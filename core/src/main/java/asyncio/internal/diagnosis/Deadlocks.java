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
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;

/**
 * What is done about tasks that wait for ever. When to look is decided by the loop's {@link
 * asyncio.internal.scheduler.StallDetector}, which calls this; what is a cycle, by {@link Cycles};
 * the words are those of {@link StallReport}. Reports are made in a callback, because a loop's own
 * thread may not log. A failure in here affects nothing else. Loop-confined.
 */
public final class Deadlocks {
  private static final String NO_REPORT = " The wait graph could not be built.";

  private Deadlocks() {}

  // ---- cycles ----

  /** On the loop's own thread. */
  public static void lookForCycles(Scheduler scheduler, List<Fiber> suspects) {
    int at = Cycles.lastStuck(suspects);
    if (at < 0) {
      return;
    }
    // The error for this one may free the others.
    suspects.subList(0, at).forEach(Fiber::suspect);
    TaskFiber found = Objects.requireNonNull(TaskFiber.of(suspects.get(at)));
    scheduler.add(new Callback() {
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

  /** In a callback: steps have run since the cycle was found. */
  private static void fail(Scheduler scheduler, TaskFiber suspect) {
    if (!Cycles.isStuck(suspect)) {
      return;
    }
    TaskFiber hopeless = Cycles.hopeless(suspect);
    if (hopeless != null) {
      scheduler.stallDetector().fail(hopeless, StallReport.ofHopeless(scheduler, hopeless));
      return;
    }
    List<TaskFiber> cycle = Cycles.cycle(suspect);
    TaskFiber givingWay = Cycles.givingWay(cycle);
    if (givingWay != null) {
      Cycles.giveWay(givingWay);
      return;
    }
    TaskFiber victim = Cycles.victim(cycle, suspect);
    Collections.rotate(cycle, -cycle.indexOf(victim));
    scheduler.stallDetector().fail(victim, StallReport.ofCycle(scheduler, cycle));
  }

  private static void failBriefly(Scheduler scheduler, TaskFiber stuck) {
    try {
      scheduler.stallDetector().fail(stuck, StallReport.brief(scheduler, stuck));
    } catch (Throwable noMemory) {
      // It keeps waiting: looking again immediately would only make the loop spin.
    }
  }

  // ---- quiet ----

  /** On the loop's own thread. */
  public static void quiet(Scheduler scheduler) {
    AbstractFuture<?> main = TaskHost.of(scheduler).awaited();
    if (main == null || Futures.isDone(main) || TaskHost.of(scheduler).otherThreadsCallIn()) {
      return;
    }
    scheduler.add(new Callback() {
      @Override
      protected void call() {
        boolean said = false;
        try {
          said = report(scheduler, main);
        } catch (Throwable failure) {
          said = true;
          Logs.LOOP.log(
              System.Logger.Level.WARNING,
              StallReport.stalled(scheduler, main) + NO_REPORT,
              failure);
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
    Logs.LOOP.log(
        System.Logger.Level.WARNING, StallReport.warning(scheduler, main, graph, strangers));
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

  private static void fail(Scheduler scheduler, AbstractFuture<?> main, WaitGraph graph) {
    DeadlockException error = StallReport.ofStall(scheduler, main, graph);
    TaskFiber task = TaskFiber.of(main);
    if (task != null) {
      scheduler.stallDetector().fail(task, error);
    } else {
      Futures.fail(main, error);
    }
  }
}
