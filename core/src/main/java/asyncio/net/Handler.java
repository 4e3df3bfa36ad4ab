package asyncio.net;

/** Serves one client of a {@link Server}. */
@FunctionalInterface
public interface Handler {
  /**
   * Talks to {@code client}, in a task of its own. When it returns, the connection is flushed and
   * closed; what it throws goes to the loop's exception handler, and the server goes on.
   */
  void handle(Connection client) throws Exception;
}
