package asyncio;

import asyncio.internal.scheduler.Callback;
import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.util.Stacks;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** The wait graphs of all loops, for someone looking at a process that hangs. Any thread. */
final class Dump {
  /** A loop that does not answer within this time is held by a step. */
  private static final long PATIENCE_NANOS = 1_000_000_000;

  private static final int STACKS = 10;

  /** The answer of a loop that was asked; waits for it until the deadline. */
  private interface Answer {
    String at(long deadline);
  }

  private Dump() {}

  static String text() {
    return text(false);
  }

  /** With the stacks of coroutines in foreign code. */
  static String textWithStacks() {
    return text(true);
  }

  private static String text(boolean withStacks) {
    List<Answer> asked = new ArrayList<>();
    for (Scheduler scheduler : Current.allOpen()) {
      asked.add(ask(EventLoop.of(scheduler), withStacks));
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
  private static String graph(EventLoop loop, boolean withStacks) {
    try {
      WaitGraph graph = GraphBuilder.reported(loop, GraphBuilder.inForeignCode(loop));
      var text = new StringBuilder(graph.toString());
      if (withStacks) {
        graph.tasks().stream()
            .map(WaitGraphText::foreignStack)
            .filter(Objects::nonNull)
            .limit(STACKS)
            .forEach(stack -> text.append(System.lineSeparator()).append(stack));
      }
      return text.toString();
    } catch (Throwable failure) {
      return "Loop '"
          + loop.name()
          + "', "
          + loop.tasks.size()
          + " tasks, of which no graph could be made: "
          + failure.getClass().getName();
    }
  }

  private static Answer ask(EventLoop loop, boolean withStacks) {
    if (loop.scheduler.isOnLoop()) {
      return _ -> graph(loop, withStacks);
    }
    if (!loop.isRunning()) {
      return _ -> "Loop '" + loop.name() + "' is run by nobody now.";
    }
    var answer = new CompletableFuture<String>();
    boolean asked =
        loop.scheduler.trySend(
            new Callback() {
              @Override
              protected void call() {
                answer.complete(graph(loop, withStacks));
              }
            });
    return asked ? deadline -> await(loop, answer, deadline) : _ -> noAnswer(loop);
  }

  private static String await(EventLoop loop, CompletableFuture<String> answer, long deadline) {
    try {
      return answer.get(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
    } catch (java.util.concurrent.TimeoutException held) {
      return heldBy(loop);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return noAnswer(loop);
    } catch (ExecutionException failed) {
      throw new AssertionError(failed);
    }
  }

  private static String noAnswer(EventLoop loop) {
    return "Loop '" + loop.name() + "' gave no answer.";
  }

  private static String heldBy(EventLoop loop) {
    Fiber fiber = loop.scheduler.runningFiber();
    Thread stranger = loop.scheduler.runningStranger();
    Thread thread = stranger != null ? stranger : loop.scheduler.runningThread();
    var text = new StringBuilder("Loop '").append(loop.name()).append("' does not answer: ");
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
