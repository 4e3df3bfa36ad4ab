package asyncio.internal.engine;

import asyncio.internal.scheduler.Owner;
import java.net.SocketAddress;

/** Something open in an engine, on which operations are started. Loop-confined. */
public interface EngineHandle {
  /** Returns the address it is bound to. */
  SocketAddress localAddress();

  /** Sets what the user has to close so that this is closed, for reports. */
  void belongsTo(Owner owner);

  /**
   * Closes the handle immediately. Operations that wait on it end with ClosedChannelException; a
   * write is dropped silently. Does nothing if it is closed.
   */
  void close();
}
