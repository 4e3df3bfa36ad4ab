package asyncio;

/**
 * How coroutines are run. Both carriers run the same programs; {@link Asyncio#carrier()} returns
 * which one is used.
 */
public enum CarrierKind {
  /**
   * The event loop's thread itself carries its coroutines. The fastest, and a blocking call of the
   * JDK inside a coroutine suspends only that coroutine. Needs {@code --add-opens
   * java.base/java.lang=ALL-UNNAMED}, or the line {@code Add-Opens: java.base/java.lang} in the
   * manifest of an application jar.
   */
  MOUNTED,

  /**
   * Coroutines are ordinary virtual threads that hand a baton to each other. Needs no flag; a
   * blocking call of the JDK stalls the loop, as in Python, unless it is wrapped in {@link
   * Asyncio#blocking}.
   */
  PORTABLE
}
