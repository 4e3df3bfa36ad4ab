package asyncio.internal.scheduler;

import java.util.concurrent.locks.LockSupport;

/** Ends the park of a loop that holds a step open, from any thread. */
final class Unpark implements Runnable {
  private final Scheduler scheduler;

  Unpark(Scheduler scheduler) {
    this.scheduler = scheduler;
  }

  @Override
  public void run() {
    LockSupport.unpark(scheduler.thread);
  }
}
