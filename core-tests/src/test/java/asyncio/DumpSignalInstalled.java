package asyncio;

/** Whether the signal of {@code -Dasyncio.dumpSignal} is handled already. */
public final class DumpSignalInstalled {
  private DumpSignalInstalled() {}

  public static boolean yet() {
    return DumpSignal.isInstalled();
  }
}
