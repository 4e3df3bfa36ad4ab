package asyncio;

import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Fiber;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Captures a {@link FutureCallGraph}. On the loop only. */
final class CallGraphs {
  /** A chain may be a hundred thousand tasks long, but a stack is not that deep. */
  private static final int MAX_DEPTH = 500;

  private final CallGraphOptions options;

  /** Those already in the graph: many may await many, and in a cycle. */
  private final Set<Future<?>> seen = new HashSet<>();

  private int depth;

  private CallGraphs(CallGraphOptions options) {
    this.options = options;
  }

  /** Captures the graph of the running task; null in a callback. */
  static @Nullable FutureCallGraph current(CallGraphOptions options) {
    Task<?> task = Task.of(Current.require("captureCallGraph()").currentFiber());
    return task == null ? null : new CallGraphs(options).capture(task);
  }

  static FutureCallGraph of(CallGraphOptions options, Future<?> future) {
    future.loop.scheduler.checkOnLoop("captureCallGraph()");
    return new CallGraphs(options).capture(future);
  }

  private FutureCallGraph capture(Future<?> future) {
    List<FutureCallGraph> awaitedBy = new ArrayList<>();
    if (seen.add(future) && depth < MAX_DEPTH) {
      depth++;
      for (Fiber fiber : future.awaiters()) {
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
    Thread thread = future instanceof Task<?> task && !task.isDone() ? task.fiber().thread() : null;
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
    frames =
        limit >= 0
            ? frames.subList(0, Math.min(limit, size))
            : frames.subList(Math.max(0, size + limit), size);
    return frames.stream().map(FrameCallGraphEntry::new).toList();
  }
}
