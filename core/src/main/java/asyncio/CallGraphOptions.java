package asyncio;

/**
 * How much {@link Asyncio#captureCallGraph(CallGraphOptions, Future)} captures. Immutable: each
 * {@code with…} method returns changed options.
 *
 * @param depth where the stack of the running task begins: 1 is the caller, 2 is its caller
 * @param limit the number of frames of each stack: the innermost ones if positive, the outermost
 *     ones if negative, none if 0
 */
public record CallGraphOptions(int depth, int limit) {
  private static final CallGraphOptions DEFAULTS = new CallGraphOptions(1, Integer.MAX_VALUE);

  /** Checks the depth. */
  public CallGraphOptions {
    if (depth < 1) {
      throw new IllegalArgumentException(
          "The depth is 1 for the caller, 2 for its caller, and so on; got " + depth);
    }
  }

  /** Returns the default options: all frames, starting with the caller. */
  public static CallGraphOptions defaults() {
    return DEFAULTS;
  }

  /** Returns these options with another depth. */
  public CallGraphOptions withDepth(int newDepth) {
    return new CallGraphOptions(newDepth, limit);
  }

  /** Returns these options with another limit. */
  public CallGraphOptions withLimit(int newLimit) {
    return new CallGraphOptions(depth, newLimit);
  }
}
