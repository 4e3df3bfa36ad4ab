package asyncio;

import asyncio.internal.scheduler.CancelRequest;
import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.LoopAction;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.scheduler.Timer;
import asyncio.internal.util.Durations;
import asyncio.internal.util.Sneaky;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A time limit for a body. If it runs out, the body is cancelled, and {@link TimeoutException} is
 * thrown at the edge of the scope. A timeout can be used once. {@link Asyncio#timeout} is the short
 * form.
 *
 * <pre>{@code
 * var limit = new Timeout(ofSeconds(5));
 * limit.run(() -> {
 *   var head = fetch("c");
 *   limit.reschedule(ofSeconds(30));
 *   fetch("c/body");
 * });
 * }</pre>
 *
 * <pre>
 *   CREATED --run()--> ACTIVE --the body ends--> FINISHED
 *                      ACTIVE --time is up--> EXPIRING --the body ends--> EXPIRED
 * </pre>
 */
public final class Timeout {
  private enum State {
    CREATED,
    ACTIVE,
    EXPIRING,
    EXPIRED,
    FINISHED
  }

  // Loop-confined.
  private State state = State.CREATED;

  /** As given: counted from now, or a time of the loop's clock; null for none. */
  private @Nullable Duration limit;

  private boolean absolute;

  /** The time of the loop's clock at which the limit runs out, once it is known. */
  private @Nullable Duration when;

  private @Nullable Fiber fiber;
  private int cancellingAtEntry;

  /** The cancel request to the body, once the limit has run out. */
  private @Nullable CancelRequest ownCancel;

  private final Deadline deadline = new Deadline();
  private int schedule;

  /**
   * Creates a limit that counts from the start of {@link #run}; nothing happens before.
   *
   * @param limit how long the body may take; zero or less expires at the next turn of the loop
   */
  public Timeout(Duration limit) {
    this.limit = Objects.requireNonNull(limit, "limit");
  }

  private Timeout() {}

  /**
   * Returns a limit at a time of the loop's clock ({@link EventLoop#time}), so that several scopes
   * can share one.
   *
   * @param when the time; one that has passed expires at the next turn of the loop
   */
  public static Timeout at(Duration when) {
    var timeout = new Timeout(when);
    timeout.absolute = true;
    timeout.when = when;
    return timeout;
  }

  /** Returns a scope without a limit until {@link #reschedule} sets one. */
  public static Timeout none() {
    return new Timeout();
  }

  private final class Deadline extends Timer {
    @Override
    protected void fire() {
      expire();
    }

    @Override
    protected @Nullable Fiber cancels() {
      return fiber;
    }
  }

  /**
   * Runs the body within the limit and returns its result.
   *
   * <p><i>Waits</i>: as the body does; after the limit, until the cancelled body has ended.
   *
   * <p><i>If cancelled</i>: a cancellation from elsewhere passes through as {@link CancelledError},
   * even if the limit runs out meanwhile.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @throws TimeoutException if the limit ran out and the body ended because of it
   * @throws IllegalStateException if this scope was used before
   */
  public <T extends @Nullable Object, X extends Exception> T run(Coroutine<T, X> body) throws X {
    enter();
    T value;
    try {
      value = body.run();
    } catch (Throwable failure) {
      throw Sneaky.rethrow(Objects.requireNonNull(leave(failure)));
    }
    leave(null);
    return value;
  }

  /** As {@link #run(Coroutine)}, for a body without a result. */
  public <X extends Exception> void run(Action<X> body) throws X {
    this.<@Nullable Void, X>run(() -> {
      body.run();
      return null;
    });
  }

  private void enter() {
    Fiber current = Current.requireTask("timeout()");
    if (state != State.CREATED) {
      throw new IllegalStateException(
          "This timeout has already been used (" + state + "): create a new one for each scope.");
    }
    state = State.ACTIVE;
    fiber = current;
    cancellingAtEntry = current.cancelling();
    schedule(current);
  }

  /** Ends the scope; returns what it throws in place of {@code failure}. */
  private @Nullable Throwable leave(@Nullable Throwable failure) {
    Fiber current = Objects.requireNonNull(fiber);
    current.scheduler().timers().removeDeadline(deadline);
    schedule++;
    Throwable seen = current.settle(failure);
    if (state != State.EXPIRING) {
      state = State.FINISHED;
      return seen;
    }
    state = State.EXPIRED;
    boolean onlyOurs = current.takeBack(ownCancel) <= cancellingAtEntry;
    if (failure == null || !onlyOurs) {
      return seen;
    }
    if (seen instanceof CancelledError) {
      return new TimeoutException("The time limit " + limitText() + " ran out.", failure);
    }
    suppress(failure);
    if (failure instanceof ExceptionGroup group) {
      group.exceptions().forEach(this::suppress);
    }
    return failure;
  }

  private void suppress(Throwable failure) {
    failure.addSuppressed(new TimeoutException("The time limit " + limitText() + " had run out."));
  }

  private String limitText() {
    return (absolute ? "at " : "of ") + limit + (absolute ? " of the loop's clock" : "");
  }

  /**
   * Moves the deadline.
   *
   * <p><i>Thread</i>: on the loop.
   *
   * @param newLimit counted from now; null for no limit; zero or less expires at the next turn
   * @throws IllegalStateException unless the body is running and the limit has not run out
   */
  public void reschedule(@Nullable Duration newLimit) {
    move("reschedule()", newLimit, false);
  }

  /**
   * Moves the deadline to a time of the loop's clock.
   *
   * <p><i>Thread</i>: on the loop.
   *
   * @param newWhen the time; one that has passed expires at the next turn
   * @throws IllegalStateException unless the body is running and the limit has not run out
   */
  public void rescheduleAt(Duration newWhen) {
    move("rescheduleAt()", Objects.requireNonNull(newWhen, "newWhen"), true);
  }

  private void move(String what, @Nullable Duration newLimit, boolean isAbsolute) {
    Fiber current = fiber;
    if (state != State.ACTIVE || current == null) {
      throw new IllegalStateException(
          "This timeout is " + state + ": it can be rescheduled only while its body runs.");
    }
    current.scheduler().checkOnLoop(what);
    limit = newLimit;
    absolute = isAbsolute;
    current.scheduler().timers().removeDeadline(deadline);
    schedule(current);
  }

  private void schedule(Fiber current) {
    int mine = ++schedule;
    Duration wanted = limit;
    if (wanted == null) {
      when = null;
      return;
    }
    Scheduler scheduler = current.scheduler();
    Duration now = Duration.ofNanos(scheduler.time());
    when = absolute ? wanted : Durations.sum(now, wanted);
    if (absolute ? wanted.compareTo(now) > 0 : wanted.isPositive()) {
      Duration left = absolute ? Durations.sum(wanted, now.negated()) : wanted;
      scheduler.timers().addDeadline(deadline, scheduler.deadline(left));
    } else {
      scheduler.add(LoopAction.of(() -> {
        if (mine == schedule) {
          expire();
        }
      }));
    }
  }

  private void expire() {
    if (state == State.ACTIVE) {
      state = State.EXPIRING;
      ownCancel = new CancelRequest();
      Objects.requireNonNull(fiber).cancel("the time limit " + limitText() + " ran out", ownCancel);
    }
  }

  /**
   * Returns the time of the loop's clock at which the limit runs out, or ran out. Null if there is
   * no limit, or before {@link #run} if the limit counts from there. <i>Thread</i>: on the loop.
   */
  public @Nullable Duration when() {
    return when;
  }

  /** Returns whether the limit has run out. <i>Thread</i>: on the loop. */
  public boolean expired() {
    return state == State.EXPIRING || state == State.EXPIRED;
  }

  @Override
  public String toString() {
    return "Timeout[" + state + ", " + (absolute ? "at " : "") + limit + "]";
  }
}
