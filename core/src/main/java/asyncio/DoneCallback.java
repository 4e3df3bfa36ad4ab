package asyncio;

import asyncio.internal.scheduler.Callback;
import asyncio.internal.util.CreationSite;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A callback of {@link Future#addDoneCallback}. */
class DoneCallback<T extends @Nullable Object> extends Future.Listener {
  private final Future<T> future;
  final Consumer<? super Future<T>> callback;
  private final @Nullable Context context;

  DoneCallback(Future<T> future, Consumer<? super Future<T>> callback, @Nullable Context context) {
    this.future = future;
    this.callback = callback;
    this.context = context;
  }

  @Nullable CreationSite addedAt() {
    return null;
  }

  @Override
  final void done(Future<?> done) {
    future.loop.scheduler.add(
        new Callback() {
          @Override
          protected void call() {
            callback.accept(future);
          }

          @Override
          protected @Nullable Context runsIn() {
            return context;
          }

          @Override
          public @Nullable CreationSite origin() {
            return addedAt();
          }
        });
  }
}
