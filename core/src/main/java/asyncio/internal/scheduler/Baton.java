package asyncio.internal.scheduler;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;

/**
 * The part of a coroutine that a carrier hands the baton to. Of a loop's coroutines, one at most
 * has it; that one runs, and all others wait here or in foreign code.
 */
abstract class Baton extends Step {
  private static final VarHandle RESUMED;

  static {
    try {
      RESUMED = MethodHandles.lookup().findVarHandle(Baton.class, "resumed", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  // Immutable.
  final Scheduler scheduler;

  /** Set by who resumes, taken by the coroutine. Release and acquire. */
  @SuppressWarnings("unused") // through RESUMED
  private boolean resumed;

  /**
   * The step ({@link Scheduler#steps}, which is odd, shortened) in which the watchdog saw an own
   * wait of this coroutine hold the loop's thread; 0 for none.
   */
  volatile int pinnedInStep;

  Baton(Scheduler scheduler) {
    this.scheduler = scheduler;
  }

  /** The error for a wait of its own that pinned the loop's thread. */
  abstract IllegalStateException pinned();

  /** Its thread was interrupted while it was suspended. Loop only. */
  abstract void interruptedWhileSuspended();

  /** An own wait of it holds the loop's thread in step {@code number}, as the watchdog saw. */
  public final void pinnedIn(long number) {
    pinnedInStep = (int) number;
  }

  /** Gives the baton. Its thread is to be unparked afterwards. */
  public final void giveResumed() {
    RESUMED.setRelease(this, true);
  }

  /** Whether the baton was given and is not taken yet. Any thread. */
  public final boolean isResumed() {
    return (boolean) RESUMED.getAcquire(this);
  }

  /** Takes the baton if it was given. By the coroutine itself. */
  public final boolean takeResumed() {
    if ((boolean) RESUMED.getAcquire(this)) {
      RESUMED.set(this, false);
      return true;
    }
    return false;
  }

  /**
   * As {@link #awaitResumed}, but stays mounted: waiting at a monitor needs no free stack. Looks
   * every millisecond. Where the JVM has that one thread for virtual threads, the loop stands
   * still, and the watchdog says so.
   */
  public final void awaitResumedMounted() {
    boolean interrupted = false;
    while (!takeResumed()) {
      try {
        synchronized (this) {
          wait(1);
        }
      } catch (InterruptedException flagWasSet) {
        interrupted |= !tellOfInterrupt();
      } catch (Throwable noMemory) {
        // It has no baton, so it waits on.
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Parks the current thread, which is this coroutine's, until it is given the baton. An interrupt
   * is left to the time when it runs again: as one that came in foreign code.
   */
  public final void awaitResumedLater() {
    boolean interrupted = false;
    while (!takeResumed()) {
      try {
        LockSupport.park();
      } catch (StackOverflowError cannotUnmount) {
        awaitResumedMounted();
        break;
      }
      interrupted |= Thread.interrupted();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Returns false when there was no memory for it. */
  private boolean tellOfInterrupt() {
    try {
      scheduler.inbox.add(LoopAction.of(this::interruptedWhileSuspended));
      return true;
    } catch (Throwable noMemory) {
      return false;
    }
  }

  /**
   * Parks the current thread, which is this coroutine's, until it is given the baton. A step may be
   * resubmitted and a permit left over by foreign code, so only the baton counts.
   */
  public final void awaitResumed() {
    while (!takeResumed()) {
      // No blocker object: it would cost two writes a switch, and the loop itself knows who waits
      // for what.
      LockSupport.park();
      // Only in that very step: where the operating system had merely taken the processor from a
      // loop that was about to leave it, this is a later step, which perhaps has the baton.
      int seen = pinnedInStep;
      if (seen != 0) {
        pinnedInStep = 0;
        if (seen == (int) scheduler.steps()) {
          throw pinned();
        }
      }
      // A set flag would turn park into a spin. Nobody but the loop may act on it: another thread
      // may hold the baton.
      if (Thread.interrupted() && !tellOfInterrupt()) {
        awaitResumedLater();
        return;
      }
    }
  }
}
