package asyncio;

/**
 * A body without a result.
 *
 * @param <X> the checked exception it throws; javac infers it, and infers none for a body that
 *     throws no checked exception
 */
@FunctionalInterface
public interface Action<X extends Exception> {
  /** Runs the body. */
  void run() throws X;
}
