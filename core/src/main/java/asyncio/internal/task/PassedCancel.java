package asyncio.internal.task;

import asyncio.internal.scheduler.CancelWave;
import asyncio.internal.scheduler.Scheduler;
import java.util.Collection;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Passes the cancel requests received by a wait for several futures on to those futures.
 * Loop-confined.
 */
final class PassedCancel extends CancelWave.Branch {
  private final CancelWave wave;
  private Iterator<? extends AbstractFuture<?>> left = Collections.emptyIterator();
  private @Nullable String message;

  PassedCancel(Scheduler scheduler) {
    this.wave = scheduler.cancelWave();
  }

  /** Sends each future one request, at most once per wave. */
  void to(Collection<? extends AbstractFuture<?>> futures, @Nullable String why) {
    if (!wave.hasReached(this)) {
      left = List.copyOf(futures).iterator();
      message = why;
      wave.passOn(this);
    }
  }

  @Override
  protected boolean cancelNext() {
    if (!left.hasNext()) {
      return false;
    }
    AbstractFuture<?> next = left.next();
    if (!next.isDone()) {
      next.cancelOnLoop(message);
    }
    return true;
  }
}
