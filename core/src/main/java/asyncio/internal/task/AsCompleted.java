package asyncio.internal.task;

import asyncio.TimeoutException;
import asyncio.WaitKind;
import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.scheduler.Timer;
import asyncio.internal.scheduler.Waiter;
import asyncio.internal.scheduler.WaiterList;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * Futures in the order of their completion. All its iterators share one state, so a second loop
 * over it continues where the first one was left. Loop-confined.
 *
 * <p>Java does not tell an iterator that its loop was left by {@code break}. So the futures refer
 * to the iteration weakly, through one {@link Registration} for all of them; registering again in
 * each {@link #next} would cost the square of their number. Once the iteration is unreachable, the
 * registration is an empty shell, which a future drops when it is done or when other listeners
 * register.
 */
public final class AsCompleted<F extends AbstractFuture<?>> implements Iterable<F> {
  private final Scheduler scheduler;

  /** All of them, for reports. */
  private final UnfinishedFutures futures;

  private final ArrayDeque<F> completed = new ArrayDeque<>();
  private final WaiterList waiters = new WaiterList();
  private final @Nullable Duration limit;
  private final long deadline;
  private int pending;

  /** How many have not been returned, less those that a {@link #next} is waiting for. */
  private int left;

  /**
   * Begins to follow {@code futures}.
   *
   * @param limit for all of them together; null for none
   */
  public AsCompleted(Scheduler scheduler, Iterable<? extends F> futures, @Nullable Duration limit) {
    this.scheduler = scheduler;
    this.limit = limit;
    this.deadline = limit == null ? Long.MAX_VALUE : scheduler.deadline(limit);
    List<F> distinct = FutureSet.listen(
        FutureSet.copy("asCompleted()", scheduler, futures), new Registration(this));
    this.futures = new UnfinishedFutures(distinct);
    this.left = distinct.size();
    for (F future : distinct) {
      if (future.isDone()) {
        completed.add(future);
      } else {
        pending++;
      }
    }
  }

  private static final class Registration extends Listener {
    private final WeakReference<AsCompleted<?>> iteration;

    Registration(AsCompleted<?> iteration) {
      this.iteration = new WeakReference<>(iteration);
    }

    @Override
    protected void done(AbstractFuture<?> future) {
      AsCompleted<?> told = iteration.get();
      if (told != null) {
        told.done(future);
      }
    }

    @Override
    protected @Nullable Fiber awaitedBy() {
      AsCompleted<?> told = iteration.get();
      Waiter first = told == null ? null : told.waiters.peek();
      return first == null ? null : first.fiber();
    }

    @Override
    protected boolean isAbandoned() {
      return iteration.get() == null;
    }
  }

  @SuppressWarnings("unchecked") // it registered with an F
  private void done(AbstractFuture<?> future) {
    pending--;
    for (Waiter first = waiters.poll(); first != null; first = waiters.poll()) {
      if (first.wake()) {
        ((Turn<F>) first).given = (F) future;
        return;
      }
    }
    completed.add((F) future);
  }

  @Override
  public Iterator<F> iterator() {
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return left > 0;
      }

      @Override
      public F next() {
        return AsCompleted.this.next();
      }
    };
  }

  private F next() {
    scheduler.checkOnLoop("next() of asCompleted()");
    Current.returnsAtOnce("next() of asCompleted()");
    if (left == 0) {
      throw new NoSuchElementException("asCompleted() has no more futures.");
    }
    left--;
    F given = completed.poll();
    if (given == null && deadline > scheduler.time()) {
      try {
        given = awaitNext();
      } catch (Throwable cancelled) {
        left++; // it is left for the next call
        throw cancelled;
      }
    }
    if (given == null) {
      throw new TimeoutException(
          "The time limit of " + limit + " ran out; futures still pending: " + pending + ".");
    }
    return given;
  }

  /** Waits for the next future that is done; null if the time limit runs out first. */
  private @Nullable F awaitNext() {
    var turn = new Turn<F>(this);
    if (limit != null) {
      scheduler.timers().addDeadline(turn.deadline, deadline);
    }
    try {
      waiters.awaitValue(turn);
    } finally {
      scheduler.timers().removeDeadline(turn.deadline);
    }
    // One may have completed between the end of the limit and this step.
    return turn.given != null ? turn.given : completed.poll();
  }

  /** A {@link #next} that is waiting. */
  private static final class Turn<F extends AbstractFuture<?>> extends Waiter {
    private final AsCompleted<F> all;

    @Nullable
    F given;

    final Timer deadline = new Timer() {
      @Override
      protected void fire() {
        wake();
      }
    };

    Turn(AsCompleted<F> all) {
      super(WaitKind.TASK, "next() of asCompleted()");
      this.all = all;
    }

    @Override
    public Iterator<?> targets() {
      return all.futures.iterator();
    }

    @Override
    public boolean endsByTargetsOnly() {
      return all.limit == null;
    }
  }
}
