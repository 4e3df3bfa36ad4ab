package asyncio;

/**
 * What a {@link Runner} does about things that are still open when it closes; see {@link
 * RunOptions#withLeakCheck}.
 */
public enum LeakCheck {
  /** Does nothing. */
  OFF,

  /**
   * Names servers and connections that nobody closed in one record at WARNING, with where they were
   * created. Remaining tasks are cancelled, as always, and named in a record at DEBUG. The default.
   */
  WARN,

  /**
   * Fails closing with a {@link LeakException} that lists servers and connections that nobody
   * closed, tasks that nobody awaited or cancelled, and helper threads that are still working. For
   * tests, and for programs that end everything they begin.
   */
  FAIL
}
