package asyncio;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a {@link Asyncio#staggeredRace} ended.
 *
 * @param value what the winner returned; null when no body won
 * @param index the place of the winner among the bodies; -1 when no body won
 * @param errors one for each body that was started, in order: why it did not win, null for the
 *     winner. A body that was overtaken has a {@link CancelledError}, unless it failed while it
 *     cleaned up.
 * @param <T> the result
 */
public record Race<T extends @Nullable Object>(
    @Nullable T value, int index, List<@Nullable Throwable> errors) {
  /** Whether a body won. */
  public boolean won() {
    return index >= 0;
  }
}
