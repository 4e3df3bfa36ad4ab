package asyncio.internal.log;

/**
 * The library's loggers, one per part. Never used on a loop's own thread, because a logger takes
 * locks.
 */
public final class Logs {
  /** Steps that hold a loop too long. */
  public static final Log WATCHDOG = Log.named("asyncio.watchdog");

  /** Life of loops: start, carrier, end, survivors. */
  public static final Log LOOP = Log.named("asyncio.loop");

  /** Failures that nobody else receives. */
  public static final Log TASK = Log.named("asyncio.task");

  /** Connections. */
  public static final Log NET = Log.named("asyncio.net");

  private Logs() {}
}
