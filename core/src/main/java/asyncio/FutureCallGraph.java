package asyncio;

import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.task.Futures;
import asyncio.internal.task.TaskFiber;
import asyncio.internal.task.TaskStack;
import asyncio.internal.util.Frames;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A snapshot of where a task is, who awaits it, and who awaits those; see {@link
 * Asyncio#captureCallGraph(Future)}. Its text form begins with the future and ends with the
 * outermost futures that await it.
 *
 * @param future the task or future
 * @param callStack the frames of the task's body, innermost first; empty for a plain future
 * @param awaitedBy the futures that await it, in the order in which they began to
 */
public record FutureCallGraph(
    Future<?> future, List<FrameCallGraphEntry> callStack, List<FutureCallGraph> awaitedBy) {
  /** Copies the lists. */
  public FutureCallGraph {
    Objects.requireNonNull(future, "future");
    callStack = List.copyOf(callStack);
    awaitedBy = List.copyOf(awaitedBy);
  }

  /** Captures the graph of the running task; null in a callback. */
  static @Nullable FutureCallGraph ofCurrent(CallGraphOptions options) {
    Task<?> task = Task.of(Current.require("captureCallGraph()").currentFiber());
    return task == null ? null : new Capture(options).capture(task);
  }

  static FutureCallGraph of(CallGraphOptions options, Future<?> future) {
    Futures.scheduler(future).checkOnLoop("captureCallGraph()");
    return new Capture(options).capture(future);
  }

  /** Captures graphs. On the loop only. */
  private static final class Capture {
    /** A chain may be a hundred thousand tasks long, but a stack is not that deep. */
    private static final int MAX_DEPTH = 500;

    private final CallGraphOptions options;

    /** Those already in the graph: many may await many, and in a cycle. */
    private final Set<Future<?>> seen = new HashSet<>();

    private int depth;

    private Capture(CallGraphOptions options) {
      this.options = options;
    }

    private FutureCallGraph capture(Future<?> future) {
      List<FutureCallGraph> awaitedBy = new ArrayList<>();
      if (seen.add(future) && depth < MAX_DEPTH) {
        depth++;
        for (Fiber fiber : Futures.awaiters(future)) {
          Task<?> awaiter = Task.of(fiber);
          if (awaiter != null) {
            awaitedBy.add(capture(awaiter));
          }
        }
        depth--;
      }
      return new FutureCallGraph(future, stack(future), awaitedBy);
    }

    private List<FrameCallGraphEntry> stack(Future<?> future) {
      TaskFiber fiber = TaskFiber.of(future);
      Thread thread = fiber == null || fiber.hasEnded() ? null : fiber.thread();
      if (thread == null || options.limit() == 0) {
        return List.of();
      }
      List<StackTraceElement> frames = TaskStack.of(thread);
      if (thread == Thread.currentThread()) {
        int callers = Math.max(0, Frames.userIndex(frames)) + options.depth() - 1;
        frames = frames.subList(Math.min(callers, frames.size()), frames.size());
      }
      int size = frames.size();
      int limit = options.limit();
      frames = limit >= 0
          ? frames.subList(0, Math.min(limit, size))
          : frames.subList(Math.max(0, size + limit), size);
      return frames.stream().map(FrameCallGraphEntry::new).toList();
    }
  }

  @Override
  public String toString() {
    var text = new StringBuilder();
    append(text, "");
    return text.toString();
  }

  private void append(StringBuilder text, String indent) {
    text.append(indent).append("* ").append(describe());
    if (!callStack.isEmpty()) {
      line(text, indent).append("  + Call stack:");
      for (FrameCallGraphEntry entry : callStack) {
        line(text, indent).append("  |   ").append(entry);
      }
    }
    if (!awaitedBy.isEmpty()) {
      line(text, indent).append("  + Awaited by:");
      for (FutureCallGraph awaiter : awaitedBy) {
        text.append(System.lineSeparator());
        awaiter.append(text, indent + "     ");
      }
    }
  }

  private static StringBuilder line(StringBuilder text, String indent) {
    return text.append(System.lineSeparator()).append(indent);
  }

  private String describe() {
    return future instanceof Task<?> task ? "Task '" + task.name() + "'" : future.toString();
  }
}
