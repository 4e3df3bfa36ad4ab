package asyncio.internal.task;

import asyncio.CancelledError;
import asyncio.Coroutine;
import asyncio.DeadlockException;
import asyncio.Race;
import asyncio.WaitKind;
import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.LoopAction;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.scheduler.Timer;
import asyncio.internal.scheduler.Wait;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Starts bodies one after the other until one succeeds. The caller's coroutine starts them and
 * waits in between. Loop-confined.
 *
 * <pre>
 *   RACING --a body succeeds--> WON -------all have ended--> over
 *   RACING --cancel()---------> CANCELLED -all have ended--> over
 *   RACING ------all have ended, and none is left to start--> over
 *   any --a body could not be started, or a wait failed--> BROKEN --all have ended--> over
 * </pre>
 */
public final class StaggeredRace<T extends @Nullable Object> extends Listener implements Wait {
  private enum State {
    RACING,
    WON,
    CANCELLED,
    BROKEN
  }

  private final Fiber fiber;
  private final TaskHost host;
  private final List<Coroutine<? extends T, ?>> bodies;
  private final @Nullable Duration delay;

  /** The running bodies, with their indices. */
  private final Map<AbstractFuture<?>, Integer> running = new LinkedHashMap<>();

  private final List<@Nullable Throwable> errors = new ArrayList<>();
  private @Nullable AbstractFuture<?> winner;
  private int winnerIndex = -1;

  /** Whether the next body may start before all have ended. */
  private boolean nextsTurn;

  private State state = State.RACING;
  private final PassedCancel passed;

  private StaggeredRace(
      Fiber fiber,
      Collection<? extends Coroutine<? extends T, ?>> bodies,
      @Nullable Duration delay) {
    this.fiber = fiber;
    this.host = TaskHost.of(fiber.scheduler());
    this.passed = new PassedCancel(fiber.scheduler());
    this.bodies = List.copyOf(bodies);
    this.delay = delay;
  }

  /**
   * Runs the race.
   *
   * @param delay after which the next body starts; null to wait until the one before has ended
   */
  public static <T extends @Nullable Object> Race<T> run(
      Collection<? extends Coroutine<? extends T, ?>> bodies, @Nullable Duration delay) {
    Fiber fiber = Current.requireTask("staggeredRace()");
    return new StaggeredRace<T>(fiber, bodies, delay).run();
  }

  @SuppressWarnings("unchecked") // the winner ran a body of this race
  private Race<T> run() {
    try {
      while (hasMore()) {
        startNext();
      }
      fiber.suspend(this);
    } catch (Throwable failed) {
      try {
        endAfterFailure(failed);
      } catch (Throwable hindered) {
        hindered.addSuppressed(failed);
        throw hindered;
      }
      throw failed;
    }
    if (state == State.CANCELLED) {
      throw fiber.cancelledError(fiber.cancelMessage());
    }
    @Nullable T value = winner == null ? null : (T) winner.result();
    return new Race<>(value, winnerIndex, Collections.unmodifiableList(errors));
  }

  /**
   * Ends the other bodies before the caller gets the failure: one could not be started, or waited
   * for.
   */
  private void endAfterFailure(Throwable failed) {
    State before = state;
    state = State.BROKEN;
    if (winner != null) {
      host.discard(winner.result());
    }
    // Only once: a second request would cut their clean-up short. But after a deadlock they may be
    // stuck in it for ever.
    if (before == State.RACING || failed instanceof DeadlockException) {
      cancelAll("the race that started it failed");
    }
    try {
      fiber.suspend(this);
    } finally {
      running.keySet().forEach(task -> task.removeListener(this));
    }
  }

  private boolean hasMore() {
    return state == State.RACING && errors.size() < bodies.size();
  }

  /** Starts a body and waits until it is the next one's turn. */
  private void startNext() {
    int index = errors.size();
    errors.add(null);
    AbstractFuture<?> task = host.createTask(bodies.get(index));
    running.put(task, index);
    nextsTurn = false;
    if (task.isDone()) {
      done(task);
    } else {
      task.addListener(this);
    }
    if (state != State.RACING && !task.isDone()) { // meanwhile: a task factory may wait
      task.cancelOnLoop("the race is over"); // the others have been cancelled already
    }
    var timer = new Delay();
    if (delay != null && hasMore()) {
      timer.start(delay);
    }
    try {
      fiber.suspend(this);
    } finally {
      fiber.scheduler().timers().removeSleeper(timer);
    }
  }

  private final class Delay extends Timer {
    private final int started = errors.size();

    void start(Duration duration) {
      Scheduler scheduler = fiber.scheduler();
      if (duration.isPositive()) {
        scheduler.timers().addSleeper(this, scheduler.deadline(duration));
      } else {
        scheduler.add(LoopAction.of(this::fire));
      }
    }

    @Override
    protected void fire() {
      if (started == errors.size()) {
        turnToNext();
      }
    }
  }

  private void turnToNext() {
    nextsTurn = true;
    wakeIfOver();
  }

  private void wakeIfOver() {
    if (isOver()) {
      fiber.wake(this); // if it is in this wait, and not in one of a task factory
    }
  }

  @Override
  protected void done(AbstractFuture<?> task) {
    Integer index = running.remove(task);
    if (index == null) {
      throw new AssertionError("a task of another race: a bug, please report it");
    }
    if (!task.succeeded()) {
      errors.set(index, task.failureForReceiver());
    } else if (state == State.RACING) {
      state = State.WON;
      winner = task;
      winnerIndex = index;
      cancelAll("another body has won the race");
    } else {
      errors.set(index, new CancelledError("it returned after the race was over"));
      host.discard(task.result());
    }
    if (index == errors.size() - 1) {
      nextsTurn = true;
    }
    wakeIfOver();
  }

  @Override
  protected Fiber awaitedBy() {
    return fiber;
  }

  private void cancelAll(@Nullable String message) {
    passed.to(running.keySet(), message);
  }

  @Override
  public boolean isOver() {
    return running.isEmpty() || (nextsTurn && hasMore());
  }

  @Override
  public boolean cancel(@Nullable String message) {
    if (running.isEmpty()) {
      return false;
    }
    cancelAll(message);
    if (state == State.WON || state == State.BROKEN) {
      // Neither the value nor the failure is lost; the cancellation is delivered at the caller's
      // next wait.
      return false;
    }
    state = State.CANCELLED;
    return true;
  }

  @Override
  public String describe() {
    return "staggered race of " + bodies.size();
  }

  @Override
  public WaitKind kind() {
    return WaitKind.TASK;
  }

  @Override
  public Iterator<?> targets() {
    return running.keySet().iterator();
  }

  @Override
  public boolean mustGoOn() {
    return true;
  }

  @Override
  public boolean endsByTargetsOnly() {
    return delay == null || !hasMore();
  }
}
