package asyncio.internal.diagnosis;

/** A machine that has too much to do, as the watchdog sees it. */
public final class Processors implements AutoCloseable {
  private Processors() {}

  /** Until it is closed, no thread gets a processor. */
  public static Processors noneLeft() {
    CpuTime.standsStill = true;
    return new Processors();
  }

  @Override
  public void close() {
    CpuTime.standsStill = false;
  }
}
