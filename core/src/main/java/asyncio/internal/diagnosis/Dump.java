package asyncio.internal.diagnosis;

import asyncio.WaitGraph;
import asyncio.internal.scheduler.Callback;
import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.task.TaskHost;
import asyncio.internal.util.Stacks;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** The wait graphs of all loops, for someone looking at a process that hangs. Any thread. */
public final class Dump {
  /** A loop that does not answer within this time is held by a step. */
  private static final long PATIENCE_NANOS = 1_000_000_000;

  private static final int STACKS = 10;

  /** The answer of a loop that was asked; waits for it until the deadline. */
  private interface Answer {
    String at(long deadline);
  }

  private Dump() {}

  /** Returns the graphs of all open loops. */
  public static String text() {
    return text(false);
  }

  /** With the stacks of coroutines in foreign code. */
  public static String textWithStacks() {
    return text(true);
  }

  private static String text(boolean withStacks) {
    List<Answer> asked = new ArrayList<>();
    for (Scheduler scheduler : Current.allOpen()) {
      asked.add(ask(scheduler, withStacks));
    }
    // One deadline for all, counted from the last request: many loops may be held.
    long deadline = System.nanoTime() + PATIENCE_NANOS;
    return asked.isEmpty()
        ? "No event loop is open."
        : asked.stream()
            .map(answer -> answer.at(deadline))
            .collect(Collectors.joining(System.lineSeparator()));
  }

  /**
   * Covers the oldest tasks and those in foreign code: a loop may have a million, whose stacks
   * would hold it for seconds and fill the memory. If the memory does not suffice even so, that
   * must not end the loop.
   */
  private static String graph(Scheduler scheduler, boolean withStacks) {
    try {
      WaitGraph graph = GraphBuilder.reported(scheduler, GraphBuilder.inForeignCode(scheduler));
      var text = new StringBuilder(graph.toString());
      if (withStacks) {
        graph.tasks().stream()
            .map(StallReport::foreignStack)
            .filter(Objects::nonNull)
            .limit(STACKS)
            .forEach(stack -> text.append(System.lineSeparator()).append(stack));
      }
      return text.toString();
    } catch (Throwable failure) {
      return "Loop '"
          + scheduler.name()
          + "', "
          + TaskHost.of(scheduler).tasks().size()
          + " tasks; their graph could not be built: "
          + failure.getClass().getName();
    }
  }

  private static Answer ask(Scheduler scheduler, boolean withStacks) {
    if (scheduler.isOnLoop()) {
      return _ -> graph(scheduler, withStacks);
    }
    if (!scheduler.isDriven()) {
      return _ -> "Loop '" + scheduler.name() + "' is not running.";
    }
    var answer = new CompletableFuture<String>();
    boolean asked = scheduler.trySend(new Callback() {
      @Override
      protected void call() {
        answer.complete(graph(scheduler, withStacks));
      }
    });
    return asked ? deadline -> await(scheduler, answer, deadline) : _ -> noAnswer(scheduler);
  }

  private static String await(
      Scheduler scheduler, CompletableFuture<String> answer, long deadline) {
    try {
      return answer.get(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
    } catch (java.util.concurrent.TimeoutException held) {
      return heldBy(scheduler);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return noAnswer(scheduler);
    } catch (ExecutionException failed) {
      throw new AssertionError(failed);
    }
  }

  private static String noAnswer(Scheduler scheduler) {
    return "Loop '" + scheduler.name() + "' did not answer.";
  }

  private static String heldBy(Scheduler scheduler) {
    Fiber fiber = scheduler.runningFiber();
    Thread stranger = scheduler.runningStranger();
    Thread thread = stranger != null ? stranger : scheduler.runningThread();
    var text = new StringBuilder("Loop '").append(scheduler.name()).append("' does not answer: ");
    String who = fiber == null ? "something" : fiber.describe();
    if (fiber == null && stranger != null) {
      who = "the virtual thread " + Stacks.nameOf(stranger) + ", which was started in a coroutine,";
    }
    text.append(who).append(" holds it.");
    if (thread != null) {
      Stacks.append(text, thread.getStackTrace());
    }
    return text.toString();
  }
}
