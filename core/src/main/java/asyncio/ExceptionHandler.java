package asyncio;

/** Receives the failures of a loop that nobody else received. Called on the loop; must not wait. */
@FunctionalInterface
public interface ExceptionHandler {
  /** Handles one failure. What this method throws is logged together with the failure. */
  void handle(EventLoop loop, ExceptionContext context);
}
