package asyncio.internal.scheduler;

import asyncio.internal.util.CreationSite;
import java.util.Collection;
import java.util.List;

/**
 * What the user has to close so that a handle is closed, for the report of what a run left open. A
 * handle keeps it and the engine lists it, so that nobody has to register and take back anything:
 * an accepted connection pays the write of one field. Loop-confined.
 */
public abstract class Owner {
  private final CreationSite madeAt;

  /** Something that was made at {@code madeAt}. */
  protected Owner(CreationSite madeAt) {
    this.madeAt = madeAt;
  }

  /** Whether nobody has closed it, nor begun to. */
  public abstract boolean isLeft();

  /** What it is, in a few words. */
  public abstract String describe();

  /** The tasks that are a part of it, and end with it. */
  public Collection<?> tasks() {
    return List.of();
  }

  /** Where it was made. */
  public final CreationSite madeAt() {
    return madeAt;
  }
}
