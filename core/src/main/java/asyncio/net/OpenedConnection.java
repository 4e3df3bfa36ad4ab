package asyncio.net;

import asyncio.internal.scheduler.Owner;
import asyncio.internal.util.CreationSite;

/**
 * A connection opened by the program itself, for the report of what was left open. A connection
 * that a server accepted belongs to that server.
 */
final class OpenedConnection extends Owner {
  private final Connection connection;

  OpenedConnection(Connection connection, CreationSite openedAt) {
    super(openedAt);
    this.connection = connection;
  }

  @Override
  public boolean isLeft() {
    return !connection.isClosing();
  }

  @Override
  public String describe() {
    return "connection with " + connection.link().peer;
  }
}
