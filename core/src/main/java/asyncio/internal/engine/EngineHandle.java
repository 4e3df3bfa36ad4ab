package asyncio.internal.engine;

import asyncio.WaitKind;
import asyncio.internal.scheduler.Owner;

/** Something open in an engine, on which operations are started. Loop-confined. */
public interface EngineHandle extends AutoCloseable {
  /** Returns what a coroutine waits for here, for reports and for the search for deadlocks. */
  WaitKind waitKind();

  /**
   * Returns whether this is a file: its end may be followed by more, and what failed may be tried
   * again.
   */
  default boolean isFile() {
    return false;
  }

  /** Sets what the user has to close so that this is closed, for reports. */
  void belongsTo(Owner owner);

  /**
   * Closes the handle immediately. Operations that wait on it end with ClosedChannelException,
   * as does a write under way. Does nothing if it is closed.
   */
  @Override
  void close();
}
