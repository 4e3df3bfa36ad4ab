package asyncio.internal.loop;

/** The watchdog's word that time has passed, at a moment that the test chooses. */
public final class Ticks {
  private Ticks() {}

  /** As if the step that runs had lasted for long. */
  public static void now() {
    Loop loop = Loop.require("a tick");
    loop.tick(loop.steps());
    Loop.longSteps(true);
  }
}
