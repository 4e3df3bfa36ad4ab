package asyncio;

/** A loop that has been quiet for a second, at a moment that the test chooses. */
public final class Quiet {
  private Quiet() {}

  /** Looks for tasks that wait for ever, as the loop does then. On the loop. */
  public static void lookNow(EventLoop loop) {
    Deadlocks.quiet(loop);
  }
}
