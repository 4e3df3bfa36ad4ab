package asyncio;

import asyncio.internal.loop.Fiber;
import asyncio.internal.loop.Loop;
import asyncio.internal.loop.LoopAction;
import asyncio.internal.loop.Timer;
import asyncio.internal.loop.Waiter;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Objects;
import java.util.SequencedSet;
import org.jspecify.annotations.Nullable;

/** Waits for several futures and leaves them alone, whatever happens. Loop-confined. */
final class WaitUntil extends Future.Listener {
  private final Fiber fiber;
  private final ReturnWhen mode;
  private final Waiter waiter;
  private int left;
  private boolean over;

  private WaitUntil(Fiber fiber, ReturnWhen mode, int left) {
    this.fiber = fiber;
    this.mode = mode;
    this.left = left;
    this.waiter = new Waiter(fiber, mode + " of " + left);
  }

  static <F extends Future<?>> Waited<F> await(
      ReturnWhen mode, Iterable<? extends F> futures, @Nullable Duration limit) {
    Fiber fiber = Loop.requireTask("waitUntil()");
    Objects.requireNonNull(mode, "mode");
    SequencedSet<F> all = distinct("waitUntil()", fiber.loop(), futures);
    if (all.isEmpty()) {
      throw new IllegalArgumentException(
          "waitUntil() was given no futures: there would be nothing to wait for.");
    }
    var wait = new WaitUntil(fiber, mode, all.size());
    wait.await(all, limit);
    if (wait.left == 0) {
      // As most waits end: a second set of all of them would cost as much as the wait itself.
      return new Waited<>(
          Collections.unmodifiableSequencedSet(all),
          Collections.unmodifiableSequencedSet(new LinkedHashSet<>()));
    }
    SequencedSet<F> done = new LinkedHashSet<>();
    SequencedSet<F> pending = new LinkedHashSet<>();
    for (F future : all) {
      (future.isDone() ? done : pending).add(future);
    }
    return new Waited<>(
        Collections.unmodifiableSequencedSet(done), Collections.unmodifiableSequencedSet(pending));
  }

  /** The futures once each, in the order of the arguments; all of them must be of {@code loop}. */
  static <F extends Future<?>> SequencedSet<F> distinct(
      String who, Loop loop, Iterable<? extends F> futures) {
    SequencedSet<F> all = new LinkedHashSet<>();
    for (F future : futures) {
      if (future.loop.kernel != loop) {
        throw new IllegalArgumentException(
            who
                + " was given "
                + future
                + " of another event loop, '"
                + future.loop.name()
                + "'. wrapFuture(future) makes one of this loop that follows it.");
      }
      all.add(future);
    }
    return all;
  }

  private void await(SequencedSet<? extends Future<?>> futures, @Nullable Duration limit) {
    for (Future<?> future : futures) {
      if (future.isDone()) {
        done(future);
      }
    }
    if (over) {
      return;
    }
    for (Future<?> future : futures) {
      if (!future.isDone()) {
        future.addListener(this);
      }
    }
    var deadline = new Deadline();
    if (limit != null) {
      start(deadline, limit);
    }
    try {
      waiter.awaitPermit();
    } finally {
      fiber.loop().removeDeadline(deadline);
      if (left > 0) {
        for (Future<?> future : futures) {
          future.removeListener(this);
        }
      }
    }
  }

  private void start(Deadline deadline, Duration limit) {
    Loop loop = fiber.loop();
    if (limit.isPositive()) {
      loop.addDeadline(deadline, Durations.deadline(loop, limit));
    } else {
      loop.add(LoopAction.of(waiter::wake));
    }
  }

  private final class Deadline extends Timer {
    @Override
    protected void fire() {
      waiter.wake();
    }
  }

  @Override
  void done(Future<?> future) {
    left--;
    over |=
        switch (mode) {
          case FIRST_COMPLETED -> true;
          case FIRST_EXCEPTION -> left == 0 || future.failed();
          case ALL_COMPLETED -> left == 0;
        };
    if (over) {
      waiter.wake();
    }
  }
}
