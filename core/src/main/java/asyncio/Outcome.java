package asyncio;

import org.jspecify.annotations.Nullable;

/**
 * The outcome of a future or task, as a value.
 *
 * <pre>{@code
 * for (var outcome : gatherOutcomes(pages)) {
 *   switch (outcome) {
 *     case Outcome.Success(var page) -> show(page);
 *     case Outcome.Failure(var failure) -> IO.println(failure);
 *     case Outcome.Cancelled(var signal) -> IO.println("cancelled");
 *   }
 * }
 * }</pre>
 *
 * @param <T> the type of the result
 */
public sealed interface Outcome<T extends @Nullable Object> {
  /** The outcome of one that returned {@code value}. */
  record Success<T extends @Nullable Object>(T value) implements Outcome<T> {}

  /** The outcome of one that failed with {@code failure}, a checked exception or not. */
  record Failure<T extends @Nullable Object>(Throwable failure) implements Outcome<T> {}

  /** The outcome of one that was cancelled; {@code signal} is the error it ended with. */
  record Cancelled<T extends @Nullable Object>(CancelledError signal) implements Outcome<T> {}
}
