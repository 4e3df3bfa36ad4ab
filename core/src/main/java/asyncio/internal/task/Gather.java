package asyncio.internal.task;

import asyncio.CancelledError;
import asyncio.Outcome;
import asyncio.WaitKind;
import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.Wait;
import asyncio.internal.util.Sneaky;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Waits for several futures. The first failure ends the wait and leaves the others running, unless
 * outcomes are collected.
 */
public final class Gather extends Listener implements Wait {
  private final Fiber fiber;
  private final List<? extends AbstractFuture<?>> children;
  private final UnfinishedFutures pending;
  private final boolean collectsOutcomes;
  private int left;
  private @Nullable AbstractFuture<?> failed;
  private boolean cancelRequested;
  private @Nullable PassedCancel passed;

  private Gather(
      Fiber fiber, List<? extends AbstractFuture<?>> children, boolean collectsOutcomes) {
    this.fiber = fiber;
    this.children = children;
    this.pending = new UnfinishedFutures(children);
    this.collectsOutcomes = collectsOutcomes;
  }

  /** Waits for all, and returns their results. */
  public static <T extends @Nullable Object> List<T> await(
      List<? extends AbstractFuture<? extends T>> futures) {
    List<? extends AbstractFuture<? extends T>> all = List.copyOf(futures);
    new Gather(Current.requireTask("gather()"), all, false).await();
    List<T> results = new ArrayList<>(all.size());
    for (AbstractFuture<? extends T> future : all) {
      results.add(future.result());
    }
    return results;
  }

  /** Waits for all, and returns how each has ended. */
  public static <T extends @Nullable Object> List<Outcome<T>> awaitOutcomes(
      List<? extends AbstractFuture<? extends T>> futures) {
    List<? extends AbstractFuture<? extends T>> all = List.copyOf(futures);
    new Gather(Current.requireTask("gatherOutcomes()"), all, true).await();
    List<Outcome<T>> outcomes = new ArrayList<>(all.size());
    for (AbstractFuture<? extends T> future : all) {
      outcomes.add(outcome(future));
    }
    return outcomes;
  }

  private static <T extends @Nullable Object> Outcome<T> outcome(
      AbstractFuture<? extends T> future) {
    if (future.succeeded()) {
      return new Outcome.Success<>(future.result());
    }
    // A future that occurs twice gives the same object twice: nothing is thrown here.
    Throwable failure = future.isCancelled() ? future.failureForReceiver() : future.exception();
    return failure instanceof CancelledError signal
        ? new Outcome.Cancelled<>(signal)
        : new Outcome.Failure<>(Objects.requireNonNull(failure));
  }

  private void await() {
    for (AbstractFuture<?> child : children) {
      if (child.scheduler != fiber.scheduler()) {
        throw new IllegalArgumentException("gather() was given "
            + child
            + ", which belongs to another event loop, '"
            + child.scheduler.name()
            + "'. wrapFuture(future) creates a future of this loop that follows it.");
      }
    }
    if (fiber.stepIsLong() && children.stream().allMatch(AbstractFuture::isDone)) {
      fiber.breatheBeforeValue(); // may be cancelled, so before the failures count as received
    }
    for (AbstractFuture<?> child : children) {
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
      for (AbstractFuture<?> child : children) {
        child.removeListener(this);
        // The first failure speaks for all; those of the others are dropped, as in asyncio.
        if (isOver()) {
          child.markRetrieved();
        }
      }
    }
    if (cancelRequested) {
      throw fiber.cancelledError(fiber.cancelMessage());
    }
    if (failed != null) {
      throw Sneaky.rethrow(failed.failureForReceiver());
    }
  }

  @Override
  protected void done(AbstractFuture<?> child) {
    left--;
    if (failed == null && !collectsOutcomes && !child.succeeded()) {
      failed = child;
    }
    if (isOver()) {
      fiber.wake(this);
    }
  }

  @Override
  protected Fiber awaitedBy() {
    return fiber;
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
    cancelRequested = true;
    PassedCancel passing = passed;
    if (passing == null) {
      passing = new PassedCancel(fiber.scheduler());
      passed = passing;
    }
    // One request each, although a future may occur twice.
    passing.to(new LinkedHashSet<>(children), message);
    return true;
  }

  @Override
  public String describe() {
    return "gather of " + children.size();
  }

  @Override
  public WaitKind kind() {
    return WaitKind.TASK;
  }

  @Override
  public Iterator<?> targets() {
    return pending.iterator();
  }

  @Override
  public boolean endsByTargetsOnly() {
    return true;
  }
}
