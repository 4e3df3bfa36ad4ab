package asyncio.internal.loop;

/**
 * The library's loggers, one for each part. Never used on a loop's own thread: a logger takes
 * locks.
 */
public final class Logs {
  /** Steps that hold a loop too long. */
  static final System.Logger WATCHDOG = System.getLogger("asyncio.watchdog");

  /** Life of loops: start, carrier, end, survivors. */
  public static final System.Logger LOOP = System.getLogger("asyncio.loop");

  /** Failures that nobody else receives. */
  public static final System.Logger TASK = System.getLogger("asyncio.task");

  /** Connections. */
  public static final System.Logger NET = System.getLogger("asyncio.net");

  private Logs() {}
}
