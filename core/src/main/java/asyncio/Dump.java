package asyncio;

import asyncio.internal.loop.Callback;
import asyncio.internal.loop.Fiber;
import asyncio.internal.loop.Loop;
import asyncio.internal.loop.Stacks;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** The wait graphs of all loops, for somebody who looks at a process that hangs. Any thread. */
final class Dump {
  /** A loop that does not answer in this time is held by a step. */
  private static final long PATIENCE_MILLIS = 1_000;

  private Dump() {}

  static String text() {
    List<String> parts = new ArrayList<>();
    for (Loop kernel : Loop.allOpen()) {
      parts.add(text(EventLoop.of(kernel)));
    }
    return parts.isEmpty()
        ? "No event loop is open."
        : parts.stream().collect(Collectors.joining(System.lineSeparator()));
  }

  private static String text(EventLoop loop) {
    if (loop.kernel.isOnLoop()) {
      return graph(loop);
    }
    if (!loop.isRunning()) {
      return "Loop '" + loop.name() + "' is run by nobody now.";
    }
    var answer = new CompletableFuture<String>();
    boolean asked =
        loop.kernel.trySend(
            new Callback() {
              @Override
              protected void call() {
                answer.complete(graph(loop));
              }
            });
    try {
      if (asked) {
        return answer.get(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
      }
    } catch (java.util.concurrent.TimeoutException held) {
      return heldBy(loop);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException failed) {
      throw new AssertionError(failed);
    }
    return "Loop '" + loop.name() + "' gave no answer.";
  }

  /** Of a loop with very many tasks there may be too little memory for it: no reason to end one. */
  private static String graph(EventLoop loop) {
    try {
      return loop.waitGraph().toString();
    } catch (Throwable failure) {
      return "Loop '"
          + loop.name()
          + "', "
          + loop.taskCount()
          + " tasks, of which no graph could be made: "
          + failure.getClass().getName();
    }
  }

  private static String heldBy(EventLoop loop) {
    Fiber fiber = loop.kernel.runningFiber();
    Thread stranger = loop.kernel.runningStranger();
    Thread thread = stranger != null ? stranger : loop.kernel.runningThread();
    var text = new StringBuilder("Loop '").append(loop.name()).append("' does not answer: ");
    String who = fiber == null ? "something" : fiber.describe();
    if (fiber == null && stranger != null) {
      who = "the virtual thread '" + stranger.getName() + "', which was started in a coroutine,";
    }
    text.append(who).append(" holds it.");
    if (thread != null) {
      Stacks.append(text, thread.getStackTrace());
    }
    return text.toString();
  }
}
