package asyncio.internal.scheduler;

import org.jspecify.annotations.Nullable;

/** What to do when the current step ends, before the next one begins. Confined to the loop. */
public final class AfterSteps {
  private final Scheduler scheduler;

  /** The one that was added last. */
  private @Nullable AfterStep first;

  AfterSteps(Scheduler scheduler) {
    this.scheduler = scheduler;
  }

  /** Calls {@code what} once, when the current step ends. */
  public void add(AfterStep what) {
    if (!what.registered) {
      what.registered = true;
      what.nextAtEnd = first;
      first = what;
    }
  }

  /** Runs what was added; the step has ended. */
  void run() {
    AfterStep one = first;
    if (one == null) {
      return;
    }
    first = null;
    while (one != null) {
      AfterStep following = one.nextAtEnd;
      one.nextAtEnd = null;
      one.registered = false;
      try {
        one.stepEnded();
      } catch (Throwable failure) {
        // Never thrown into the coroutine whose step ends: that may have nothing to do with it.
        scheduler.fatal(failure);
      }
      one = following;
    }
  }
}
