package asyncio;

/**
 * What a {@link Runner} does about things that are still open when it closes; see {@link
 * RunOptions#withLeakCheck}.
 */
public enum LeakCheck {
  /** Nothing. */
  OFF,

  /**
   * Servers and connections that nobody closed are named in one record at WARNING, with where they
   * were made. Tasks that were left are cancelled, as ever, and named in a record at DEBUG. The
   * default.
   */
  WARN,

  /**
   * Closing fails with a {@link LeakException} that lists servers and connections that nobody
   * closed, tasks that nobody awaited or cancelled, and helper threads that still work. For tests,
   * and for programs that end all they begin.
   */
  FAIL
}
