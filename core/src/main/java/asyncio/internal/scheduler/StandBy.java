package asyncio.internal.scheduler;

import asyncio.CarrierKind;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * What the loop's thread does between two runs. The loop stands still then, but virtual threads
 * that others started in its coroutines must continue, because somebody may wait for them. Runs
 * what they have to do now; if there is nothing, sleeps until there is, or until this thread is
 * unparked. On a thread from {@link Scheduler#newThread} that is not driving the loop.
 *
 * <p><b>Why no wake-up is lost.</b> Only the loop's own thread takes from the inbox, here as in a
 * run, and it sleeps only behind the mark that the inbox guards (see {@link Inbox}); {@link
 * #thread} is written before that mark, and the sender that finds the mark reads it afterwards. A
 * caller that wants a run unparks this thread once its job is visible; a permit is sticky. So
 * either may come at any time, and the caller of this class checks for both again after each
 * return.
 *
 * <p><b>Why the loop's state stays its own.</b> Only this thread touches it, and none of the loop's
 * coroutines runs: their steps are kept, in order, for the next run.
 */
final class StandBy {
  private final Scheduler scheduler;

  /** The thread that stands by, while it does. Read by any thread. */
  private volatile @Nullable Thread thread;

  /** Whether the entries that the last run left in the ready queue have been examined. */
  private boolean leftoversSeen;

  StandBy(Scheduler scheduler) {
    this.scheduler = scheduler;
  }

  /** Notes that a run begins, whose leftovers must be examined once it has ended. */
  void runBegins() {
    leftoversSeen = false;
  }

  /** Ends the sleep. Any thread. */
  void unpark() {
    LockSupport.unpark(thread);
  }

  void run() {
    if (scheduler.carrierKind() == CarrierKind.PORTABLE) {
      LockSupport.park(scheduler); // there, the JVM runs those virtual threads
      Thread.interrupted();
      return;
    }
    if (!leftoversSeen) {
      leftoversSeen = true;
      for (int left = scheduler.ready.size(); left > 0; left--) {
        Step step = scheduler.ready.poll();
        if (step != null) {
          runOrKeep(step);
        }
      }
      return; // they may have used up the permit of a caller whose job came meanwhile
    }
    thread = Thread.currentThread();
    if (scheduler.inbox.prepareToSleep()) {
      LockSupport.park(scheduler);
      Thread.interrupted(); // a set flag would turn park into a spin
    }
    thread = null;
    Step step = scheduler.inbox.takeAll();
    try {
      while (step != null) {
        step = runOrKeep(step);
      }
    } catch (Throwable noMemory) {
      if (step != null) {
        scheduler.inbox.giveBack(step);
      }
      throw noMemory;
    }
  }

  /** Returns the step that followed {@code step}, from which it is unlinked unless this fails. */
  private @Nullable Step runOrKeep(Step step) {
    if (!scheduler.carrier.isForeign(step)) {
      scheduler.ready.add(step);
      return step.unlink();
    }
    Step following = step.unlink(); // before it runs, which may add it again
    scheduler.runStep(step);
    return following;
  }
}
