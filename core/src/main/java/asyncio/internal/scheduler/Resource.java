package asyncio.internal.scheduler;

import asyncio.internal.util.CreationSite;

/**
 * Something open that is not the poller's, such as a file: the loop reports it if it was left open,
 * and closes it when it closes. Loop-confined.
 */
public final class Resource extends Owner {
  private final Scheduler scheduler;
  private final String what;
  private final Runnable whenLoopCloses;
  private boolean left = true;

  /**
   * Creates a resource that is opened here.
   *
   * @param what what it is, for reports
   * @param whenLoopCloses closes it, and does not wait
   */
  public Resource(Scheduler scheduler, String what, Runnable whenLoopCloses) {
    super(CreationSite.here(scheduler.debug));
    this.scheduler = scheduler;
    this.what = what;
    this.whenLoopCloses = whenLoopCloses;
    scheduler.opened(this);
  }

  /** Records that the user has closed it, which may take a while. */
  public void closing() {
    left = false;
  }

  /** Records that it is closed. */
  public void closed() {
    left = false;
    scheduler.closed(this);
  }

  void loopClosed() {
    whenLoopCloses.run();
  }

  @Override
  public boolean isLeft() {
    return left;
  }

  @Override
  public String describe() {
    return what;
  }
}
