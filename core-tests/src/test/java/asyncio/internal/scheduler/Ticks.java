package asyncio.internal.scheduler;

/** The watchdog's word that time has passed, at a moment that the test chooses. */
public final class Ticks {
  private Ticks() {}

  /** As if the step that runs had lasted for long. */
  public static void now() {
    Scheduler scheduler = Current.require("a tick");
    scheduler.tick(scheduler.steps());
    Current.longSteps(true);
  }
}
