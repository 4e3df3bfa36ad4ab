package asyncio.internal.engine;

import asyncio.internal.scheduler.Owner;
import java.net.SocketAddress;

/** Something open in an engine, to start operations on. Loop-confined. */
public interface EngineHandle {
  /** Where it is bound. */
  SocketAddress localAddress();

  /** Says what the user has to close so that this is closed, for reports. */
  void belongsTo(Owner owner);

  /**
   * Closes it at once. Operations that wait on it end with ClosedChannelException; a write is
   * dropped without a word. Does nothing when it is closed.
   */
  void close();
}
