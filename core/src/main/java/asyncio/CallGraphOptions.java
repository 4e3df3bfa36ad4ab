package asyncio;

/**
 * How much {@link Asyncio#captureCallGraph(CallGraphOptions, Future)} takes. Immutable: each {@code
 * with…} gives changed options.
 *
 * @param depth where the stack of the running task begins: 1 with the caller, 2 with its caller
 * @param limit how many frames of each stack: the innermost ones if positive, the outermost ones if
 *     negative, none if 0
 */
public record CallGraphOptions(int depth, int limit) {
  private static final CallGraphOptions DEFAULTS = new CallGraphOptions(1, Integer.MAX_VALUE);

  /** Checks the numbers. */
  public CallGraphOptions {
    if (depth < 1) {
      throw new IllegalArgumentException(
          "The depth is 1 for the caller, 2 for its caller, and so on; got " + depth);
    }
  }

  /** All frames, from the caller's on. */
  public static CallGraphOptions defaults() {
    return DEFAULTS;
  }

  /** With another depth. */
  public CallGraphOptions withDepth(int newDepth) {
    return new CallGraphOptions(newDepth, limit);
  }

  /** With another limit. */
  public CallGraphOptions withLimit(int newLimit) {
    return new CallGraphOptions(depth, newLimit);
  }
}
