package asyncio.internal.scheduler;

import java.util.concurrent.locks.LockSupport;

/** Ends the sleep of a loop, from any thread. */
final class WakeUp implements Runnable {
  private final Scheduler scheduler;

  WakeUp(Scheduler scheduler) {
    this.scheduler = scheduler;
  }

  @Override
  public void run() {
    // Both, in case the loop stands by: the mark of its sleep may be one that a run has left.
    scheduler.standBy.unpark();
    Poller open = scheduler.poller.ifOpen();
    if (open != null) {
      open.wakeup();
    } else {
      LockSupport.unpark(scheduler.thread);
    }
  }
}
