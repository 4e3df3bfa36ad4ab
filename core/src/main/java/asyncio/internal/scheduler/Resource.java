package asyncio.internal.scheduler;

import asyncio.internal.util.CreationSite;

/**
 * Something open that is not the poller's, such as a file: the loop closes it when it closes, and
 * reports it as left open. Loop-confined.
 */
public abstract class Resource extends Owner {
  /** Creates a resource that was opened at {@code madeAt}. */
  protected Resource(CreationSite madeAt) {
    super(madeAt);
  }

  /** Closes it at once, because its loop has closed. */
  public abstract void loopClosed();
}
