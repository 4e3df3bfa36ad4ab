package asyncio.internal.scheduler;

import org.jspecify.annotations.Nullable;

/** What is to be done when the step that runs ends, before the next one. Confined to the loop. */
public final class AfterSteps {
  private final Scheduler scheduler;

  /** The one that was added last. */
  private @Nullable AfterStep first;

  AfterSteps(Scheduler scheduler) {
    this.scheduler = scheduler;
  }

  /** Calls {@code what} once when the step that runs ends. */
  public void add(AfterStep what) {
    if (!what.registered) {
      what.registered = true;
      what.nextAtEnd = first;
      first = what;
    }
  }

  /** The step has ended. */
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
        // Never into the coroutine whose step ends: it may have nothing to do with it.
        scheduler.fatal(failure);
      }
      one = following;
    }
  }
}
