package asyncio.internal.scheduler;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * Where other threads leave steps for a loop, with the guarded wake-up of a sleeping loop. This is
 * the only way for other threads to hand it work.
 *
 * <p><b>One word carries all the facts</b>: what was left, whether the loop sleeps, and where:
 *
 * <pre>
 *   head = null      the loop is awake, nothing was left
 *   head = ASLEEP    nothing was left, and the loop sleeps or is about to: the next sender must wake it
 *   head = HOLDING   as ASLEEP, but in the middle of a step: parked, and not in the engine
 *   head = a step    steps were left, newest first; the loop is awake or being woken
 *   head = CLOSED    for ever: senders are refused
 *
 *   sender:  CAS(null or step -> own step)   no wake-up: the loop looks here before it sleeps
 *            CAS(ASLEEP -> own step)         and wakes the loop: exactly one sender does
 *            CAS(HOLDING -> own step)        and unparks the loop: exactly one sender does
 *   loop:    CAS(null -> ASLEEP or HOLDING)  fails if anything was left: then it does not sleep
 *            swap(anything -> null)          takes all, and is awake
 * </pre>
 *
 * <p><b>Why no wake-up is lost.</b> All transitions are atomic changes of one variable, so they
 * have a total order. Consider a send and the loop's attempt to sleep: if the send comes first, the
 * loop's CAS from null fails and it does not sleep. If the loop's CAS comes first, the send finds
 * its mark, which says where the loop is, and wakes it there. There is no third case, and no fence
 * to reason about; the usual pair of a queue and a "sleeping" flag needs a store-load fence on both
 * sides. {@code wake} must be sticky (an unpark, a selector's wake-up): it may come before the loop
 * really blocks.
 *
 * <p>A stack that is only pushed to, and taken as a whole, has no ABA problem.
 */
public final class Inbox {
  private static final VarHandle HEAD;

  static {
    try {
      HEAD = MethodHandles.lookup().findVarHandle(Inbox.class, "head", Step.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private static final Step ASLEEP = new Mark();
  private static final Step HOLDING = new Mark();
  private static final Step CLOSED = new Mark();

  private static final class Mark extends Step {
    @Override
    public void run(Scheduler scheduler) {
      throw new AssertionError("a mark of the inbox was run: a bug, please report it");
    }
  }

  private final Runnable wake;
  private final Runnable unpark;

  @SuppressWarnings("unused") // through HEAD
  private volatile @Nullable Step head;

  /**
   * Creates an open inbox.
   *
   * @param wake wakes the loop, from any thread; called by exactly one sender for each sleep
   * @param unpark does the same for a loop that parks in the middle of a step
   */
  public Inbox(Runnable wake, Runnable unpark) {
    this.wake = wake;
    this.unpark = unpark;
  }

  /**
   * Leaves a step for the loop and wakes it if it sleeps. Any thread.
   *
   * @return false if the inbox is closed
   */
  public boolean add(Step step) {
    while (true) {
      Step seen = head;
      if (seen == CLOSED) {
        return false;
      }
      step.next = seen == ASLEEP || seen == HOLDING ? null : seen;
      if (HEAD.compareAndSet(this, seen, step)) {
        if (seen == ASLEEP) {
          wake.run();
        } else if (seen == HOLDING) {
          unpark.run();
        }
        return true;
      }
    }
  }

  /** Whether nothing was left, as in a closed inbox. Any thread. */
  public boolean isEmpty() {
    Step seen = head;
    return seen == null || seen == ASLEEP || seen == HOLDING || seen == CLOSED;
  }

  /** Whether everything that arrives is refused. Any thread. */
  boolean isClosed() {
    return head == CLOSED;
  }

  /**
   * Marks that the loop is about to sleep. Returns false if something was left: then it must not
   * sleep. Loop only.
   */
  public boolean prepareToSleep() {
    return HEAD.compareAndSet(this, (Step) null, ASLEEP);
  }

  /**
   * As {@link #prepareToSleep}, for a loop that parks in the middle of a step and leaves the engine
   * alone. Loop only.
   */
  public boolean prepareToHold() {
    return HEAD.compareAndSet(this, (Step) null, HOLDING);
  }

  /**
   * Takes all steps, oldest first, linked by {@code next}; the loop counts as awake. Loop only, and
   * not after {@link #close}: that would open the inbox again.
   */
  public @Nullable Step takeAll() {
    return oldestFirst((Step) HEAD.getAndSet(this, (Step) null));
  }

  /** Puts back steps that were taken but could not be kept. Loop only. */
  public void giveBack(Step oldest) {
    Step step = oldest;
    while (step != null) {
      Step following = step.next;
      add(step);
      step = following;
    }
  }

  /** Takes what is left and refuses everything that arrives later. Loop only. */
  @Nullable
  Step close() {
    return oldestFirst((Step) HEAD.getAndSet(this, CLOSED));
  }

  private static @Nullable Step oldestFirst(@Nullable Step newest) {
    if (newest == null || newest == ASLEEP || newest == HOLDING || newest == CLOSED) {
      return null;
    }
    Step oldestSoFar = null;
    Step step = newest;
    while (step != null) {
      Step older = step.next;
      step.next = oldestSoFar;
      oldestSoFar = step;
      step = older;
    }
    return oldestSoFar;
  }
}
