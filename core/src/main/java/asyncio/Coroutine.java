package asyncio;

import org.jspecify.annotations.Nullable;

/**
 * A body that returns a result: what a task, a scope or a helper runs. Plain sequential code that
 * may wait.
 *
 * @param <T> the type of the result
 * @param <X> the checked exception it throws; javac infers it, and infers none for a body that
 *     throws no checked exception
 */
@FunctionalInterface
public interface Coroutine<T extends @Nullable Object, X extends Exception> {
  /** Runs the body. */
  T run() throws X;
}
