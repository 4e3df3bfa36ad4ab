package asyncio;

import org.jspecify.annotations.Nullable;

/**
 * How a future or task ended, as a value to look at.
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
 * @param <T> the result
 */
public sealed interface Outcome<T extends @Nullable Object> {
  /** It returned {@code value}. */
  record Success<T extends @Nullable Object>(T value) implements Outcome<T> {}

  /** It failed with {@code failure}, checked or not. */
  record Failure<T extends @Nullable Object>(Throwable failure) implements Outcome<T> {}

  /** It was cancelled; {@code signal} is how it ended. */
  record Cancelled<T extends @Nullable Object>(CancelledError signal) implements Outcome<T> {}
}
