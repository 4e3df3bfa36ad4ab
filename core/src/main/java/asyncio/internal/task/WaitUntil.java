package asyncio.internal.task;

import asyncio.ReturnWhen;
import asyncio.WaitKind;
import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.LoopAction;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.scheduler.Timer;
import asyncio.internal.scheduler.Waiter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.SequencedSet;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/** Waits for several futures and leaves them alone, whatever happens. Loop-confined. */
public final class WaitUntil extends Listener {
  private final Fiber fiber;
  private final ReturnWhen mode;
  private final Waiter waiter;
  private List<? extends AbstractFuture<?>> futures = List.of();
  private UnfinishedFutures pending = new UnfinishedFutures(List.of());
  private boolean limited;
  private int left;
  private boolean over;

  private WaitUntil(Fiber fiber, ReturnWhen mode) {
    this.fiber = fiber;
    this.mode = mode;
    this.waiter = new OneWait();
  }

  private final class OneWait extends Waiter {
    OneWait() {
      super(WaitUntil.this.fiber, WaitKind.TASK, "waitUntil()");
    }

    @Override
    public String describe() {
      return mode + " of " + futures.size() + ", " + left + " pending";
    }

    @Override
    public Iterator<?> targets() {
      return pending.iterator();
    }

    @Override
    public boolean endsByTargetsOnly() {
      return !limited;
    }
  }

  /**
   * Waits, and tells {@code told} which futures are done and which are pending.
   *
   * @param limit null for none
   */
  public static <F extends AbstractFuture<?>, R> R await(
      ReturnWhen mode,
      Iterable<? extends F> futures,
      @Nullable Duration limit,
      BiFunction<SequencedSet<F>, SequencedSet<F>, R> told) {
    Fiber fiber = Current.requireTask("waitUntil()");
    Objects.requireNonNull(mode, "mode");
    List<F> given = FutureSet.copy("waitUntil()", fiber.scheduler(), futures);
    if (given.isEmpty()) {
      throw new IllegalArgumentException(
          "waitUntil() was given no futures: there would be nothing to wait for.");
    }
    var wait = new WaitUntil(fiber, mode);
    List<F> all = FutureSet.listen(given, wait);
    wait.futures = all;
    wait.pending = new UnfinishedFutures(all);
    wait.limited = limit != null;
    wait.await(limit);
    if (wait.left == 0) { // the most common end
      return told.apply(FutureSet.of(all), FutureSet.of(List.of()));
    }
    List<F> done = new ArrayList<>();
    List<F> pending = new ArrayList<>();
    for (F future : all) {
      (future.isDone() ? done : pending).add(future);
    }
    return told.apply(FutureSet.of(done), FutureSet.of(pending));
  }

  private void await(@Nullable Duration limit) {
    left = futures.size();
    var deadline = new Deadline();
    try {
      for (AbstractFuture<?> future : futures) {
        if (future.isDone()) {
          done(future);
        }
      }
      if (over) {
        fiber.breathe();
        return;
      }
      if (limit != null) {
        start(deadline, limit);
      }
      waiter.awaitPermit();
    } finally {
      fiber.scheduler().timers().removeDeadline(deadline);
      if (left > 0) {
        for (AbstractFuture<?> future : futures) {
          future.removeListener(this);
        }
      }
    }
  }

  private void start(Deadline deadline, Duration limit) {
    Scheduler scheduler = fiber.scheduler();
    if (limit.isPositive()) {
      scheduler.timers().addDeadline(deadline, scheduler.deadline(limit));
    } else {
      scheduler.add(LoopAction.of(waiter::wake));
    }
  }

  private final class Deadline extends Timer {
    @Override
    protected void fire() {
      waiter.wake();
    }
  }

  @Override
  protected void done(AbstractFuture<?> future) {
    left--;
    over |= switch (mode) {
      case FIRST_COMPLETED -> true;
      case FIRST_EXCEPTION -> left == 0 || future.failed();
      case ALL_COMPLETED -> left == 0;
    };
    if (over) {
      waiter.wake();
    }
  }

  @Override
  protected Fiber awaitedBy() {
    return fiber;
  }
}
