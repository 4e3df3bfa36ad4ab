package asyncio;

/** Serves one client of a {@link Server}. */
@FunctionalInterface
public interface ConnectionHandler {
  /**
   * Serves {@code client}, in its own task. When it returns, the connection is flushed and closed;
   * whatever it throws goes to the loop's exception handler, and the server goes on.
   */
  void handle(Connection client) throws Exception;
}
