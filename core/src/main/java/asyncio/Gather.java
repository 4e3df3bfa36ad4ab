package asyncio;

import asyncio.internal.loop.Fiber;
import asyncio.internal.loop.Loop;
import asyncio.internal.loop.Sneaky;
import asyncio.internal.loop.Wait;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Waits for several futures; the first failure ends the wait and leaves the others running. */
final class Gather extends Future.Listener implements Wait {
  private final Fiber fiber;
  private final List<? extends Future<?>> children;
  private int left;
  private @Nullable Future<?> failed;
  private boolean cancelRequested;
  private boolean cancelling;

  private Gather(Fiber fiber, List<? extends Future<?>> children) {
    this.fiber = fiber;
    this.children = children;
  }

  static <T extends @Nullable Object> List<T> await(List<? extends Future<? extends T>> futures) {
    var gather = new Gather(Loop.requireTask("gather()"), List.copyOf(futures));
    gather.await();
    List<T> results = new ArrayList<>(futures.size());
    for (Future<? extends T> future : futures) {
      results.add(future.result());
    }
    return results;
  }

  private void await() {
    for (Future<?> child : children) {
      if (child.loop.kernel != fiber.loop()) {
        throw new IllegalArgumentException(
            "gather() was given " + child + " of another event loop, '" + child.loop.name() + "'.");
      }
    }
    for (Future<?> child : children) {
      left++;
      if (child.isDone()) {
        done(child);
      } else {
        child.addListener(this);
      }
    }
    try {
      fiber.suspend(this);
    } finally {
      for (Future<?> child : children) {
        child.removeListener(this);
        // The first failure speaks for all; those of the others are dropped, as asyncio does.
        child.markRetrieved();
      }
    }
    if (cancelRequested) {
      throw fiber.delivered(fiber.cancelMessage());
    }
    if (failed != null) {
      throw Sneaky.rethrow(failed.failureForReceiver());
    }
  }

  @Override
  void done(Future<?> child) {
    left--;
    if (failed == null && !child.succeeded()) {
      failed = child;
    }
    if (isOver()) {
      fiber.wake();
    }
  }

  @Override
  public boolean isOver() {
    return left == 0 || (failed != null && !cancelRequested);
  }

  @Override
  public boolean cancel(@Nullable String message) {
    if (left == 0) {
      return false;
    }
    if (cancelling) {
      return true; // a child awaits, in the end, the task that gathers it
    }
    cancelRequested = true;
    cancelling = true;
    // One request each, though a future may stand twice.
    for (Future<?> child : new LinkedHashSet<>(children)) {
      if (!child.isDone()) {
        child.cancelOnLoop(message);
      }
    }
    cancelling = false;
    return true;
  }

  @Override
  public String describe() {
    return "gather of " + children.size();
  }
}
