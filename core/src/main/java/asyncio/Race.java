package asyncio;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The outcome of an {@link Asyncio#staggeredRace}.
 *
 * @param value the result of the winner; null if no body won
 * @param index the index of the winner among the bodies; -1 if no body won
 * @param errors one element for each body that was started, in order: why it did not win, or null
 *     for the winner. A body that lost to another has a {@link CancelledError}, unless it failed
 *     during its clean-up.
 * @param <T> the type of the result
 */
public record Race<T extends @Nullable Object>(
    @Nullable T value, int index, List<@Nullable Throwable> errors) {
  /** Returns whether a body won. */
  public boolean won() {
    return index >= 0;
  }
}
