package asyncio.internal.scheduler;

import asyncio.internal.util.CreationSite;
import java.util.Collection;
import java.util.List;

/**
 * What the user has to close so that a handle is closed, for the report of what a run left open. A
 * handle keeps it and the engine lists it, so nothing has to be registered and unregistered: an
 * accepted connection pays only for writing one field. Loop-confined.
 */
public abstract class Owner {
  private final CreationSite madeAt;

  /** Creates an owner that was created at {@code madeAt}. */
  protected Owner(CreationSite madeAt) {
    this.madeAt = madeAt;
  }

  /** Whether nobody has closed it or begun to. */
  public abstract boolean isLeft();

  /** Returns what it is, in a few words. */
  public abstract String describe();

  /** Returns the tasks that are part of it and end with it. */
  public Collection<?> tasks() {
    return List.of();
  }

  /** Returns where it was created. */
  public final CreationSite madeAt() {
    return madeAt;
  }
}
