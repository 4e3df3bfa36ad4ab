package asyncio;

/**
 * The program was asked to end, by Ctrl-C (SIGINT) or by SIGTERM. Thrown out of {@code run} after
 * cleanup; if nobody catches it, the process exits with {@link #exitCode()}.
 */
public final class KeyboardInterrupt extends Error {
  private static final long serialVersionUID = 1L;

  private final int exitCode;

  /** Creates the exception for a signal, such as {@code INT}. */
  public KeyboardInterrupt(String signal, int exitCode) {
    super("SIG" + signal);
    this.exitCode = exitCode;
  }

  /** Returns the exit code a shell expects: 130 after Ctrl-C, 143 after SIGTERM. */
  public int exitCode() {
    return exitCode;
  }
}
