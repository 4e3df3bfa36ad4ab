package asyncio.internal.scheduler;

import asyncio.CarrierKind;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Between two runs the loop stands still, but virtual threads that others started in its coroutines
 * go on: somebody may wait for them. Runs what they have to do now; where there is nothing, sleeps
 * until there is, or until this thread is unparked. On a thread of {@link Scheduler#newThread} that
 * does not drive the loop now.
 *
 * <p><b>Why no wake-up is lost.</b> The loop's own thread alone takes from the inbox, here as in a
 * run, and sleeps only behind the mark that the inbox guards (see {@link Inbox}); {@link #thread}
 * is written before that mark, and the sender who finds the mark reads it after. A caller with a
 * run unparks this thread when its job is there to be seen; a permit is sticky. So each of the two
 * may come at any time, and whoever comes back from here looks at both again.
 *
 * <p><b>Why the loop's state stays its own.</b> Only this thread touches it, and none of its
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

  /** A run begins, whose leftovers are to be examined when it has ended. */
  void runBegins() {
    leftoversSeen = false;
  }

  /** Ends the sleep. Any thread. */
  void unpark() {
    LockSupport.unpark(thread);
  }

  void run() {
    if (scheduler.carrierKind() == CarrierKind.PORTABLE) {
      LockSupport.park(scheduler); // there the JVM runs them
      Thread.interrupted();
      return;
    }
    if (!leftoversSeen) {
      leftoversSeen = true;
      for (int left = scheduler.ready.size(); left > 0; left--) {
        runOrKeep(scheduler.ready.poll());
      }
    }
    thread = Thread.currentThread();
    if (scheduler.inbox.prepareToSleep()) {
      LockSupport.park(scheduler);
      Thread.interrupted(); // a set flag would turn park into a spin
    }
    thread = null;
    Step step = scheduler.inbox.takeAll();
    while (step != null) {
      Step following = step.unlink();
      runOrKeep(step);
      step = following;
    }
  }

  private void runOrKeep(@Nullable Step step) {
    if (step == null) {
      return;
    }
    if (scheduler.carrier.isForeign(step)) {
      scheduler.runStep(step);
    } else {
      scheduler.ready.add(step);
    }
  }
}
