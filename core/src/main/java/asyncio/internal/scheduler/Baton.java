package asyncio.internal.scheduler;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;

/**
 * The part of a coroutine that a carrier hands the baton to. At most one of a loop's coroutines has
 * it; that one runs, and all others wait here or in foreign code.
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

  /** Set by whoever resumes the coroutine, taken by the coroutine. Release and acquire. */
  @SuppressWarnings("unused") // through RESUMED
  private boolean resumed;

  /**
   * The step in which the watchdog saw a wait of this coroutine's own hold the loop's thread, as
   * {@link Scheduler#steps} (which is odd then) shortened to an int; 0 for none.
   */
  volatile int pinnedInStep;

  Baton(Scheduler scheduler) {
    this.scheduler = scheduler;
  }

  /** Returns the error for a wait of its own that pinned the loop's thread. */
  abstract IllegalStateException pinned();

  /** Called if its thread was interrupted while it was suspended. Loop only. */
  abstract void interruptedWhileSuspended();

  /**
   * Notes that the watchdog saw a wait of its own hold the loop's thread in step {@code number}.
   */
  public final void pinnedIn(long number) {
    pinnedInStep = (int) number;
  }

  /** Gives it the baton. Its thread must be unparked afterwards. */
  public final void giveResumed() {
    RESUMED.setRelease(this, true);
  }

  /** Whether the baton was given and has not been taken yet. Any thread. */
  public final boolean isResumed() {
    return (boolean) RESUMED.getAcquire(this);
  }

  /** Takes the baton if it was given. Called by the coroutine itself. */
  public final boolean takeResumed() {
    if ((boolean) RESUMED.getAcquire(this)) {
      RESUMED.set(this, false);
      return true;
    }
    return false;
  }

  /**
   * As {@link #awaitResumed}, but stays mounted: waiting at a monitor needs no free stack. Checks
   * every millisecond. If this is the JVM's only thread for virtual threads, the loop stands still,
   * and the watchdog reports it.
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
        // It does not have the baton, so it keeps waiting.
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Parks the current thread, which is this coroutine's, until it is given the baton. An interrupt
   * is kept until it runs again, as if it had arrived in foreign code.
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

  /** Tells the loop of an interrupt; returns false if there was no memory for that. */
  private boolean tellOfInterrupt() {
    try {
      scheduler.inbox.add(LoopAction.of(this::interruptedWhileSuspended));
      return true;
    } catch (Throwable noMemory) {
      return false;
    }
  }

  /**
   * Parks the current thread, which is this coroutine's, until it is given the baton. The JDK may
   * submit a step twice, and foreign code may leave a permit behind, so only the baton counts.
   */
  public final void awaitResumed() {
    while (!takeResumed()) {
      // No blocker object: it would cost two writes per switch, and the loop itself knows who waits
      // for what.
      LockSupport.park();
      // Only in that very step: if the operating system had merely preempted a loop that was about
      // to leave the step, this is a later step, which may well have the baton.
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
