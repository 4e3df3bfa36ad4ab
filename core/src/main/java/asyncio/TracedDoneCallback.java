package asyncio;

import asyncio.internal.util.CreationSite;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A callback that knows where it was added: debug mode. */
final class TracedDoneCallback<T extends @Nullable Object> extends DoneCallback<T> {
  private final CreationSite addedAt = CreationSite.here();

  TracedDoneCallback(
      Future<T> future, Consumer<? super Future<T>> callback, @Nullable Context context) {
    super(future, callback, context);
  }

  @Override
  CreationSite addedAt() {
    return addedAt;
  }
}
