package asyncio.internal.engine;

import java.net.SocketAddress;

/** The address of an end of a connection in memory. It is a name, and nothing can connect to it. */
public final class MemoryAddress extends SocketAddress {
  private static final long serialVersionUID = 1L;

  private final String name;

  /** Creates an address that prints as {@code name}. */
  public MemoryAddress(String name) {
    this.name = name;
  }

  @Override
  public String toString() {
    return name;
  }
}
