package asyncio;

/**
 * How coroutines are run. Both run the same programs; {@link Asyncio#carrier()} tells which one it
 * is.
 */
public enum CarrierKind {
  /**
   * The event loop's thread carries its coroutines itself. Fastest, and a blocking call of the JDK
   * inside a coroutine suspends that coroutine only. Needs {@code --add-opens
   * java.base/java.lang=ALL-UNNAMED}, or the line {@code Add-Opens: java.base/java.lang} in the
   * manifest of an application jar.
   */
  MOUNTED,

  /**
   * Coroutines are ordinary virtual threads that hand a baton to each other. Needs no flag; a
   * blocking call of the JDK stalls its loop, as in Python, unless it is wrapped in {@link
   * Asyncio#blocking}.
   */
  PORTABLE
}
