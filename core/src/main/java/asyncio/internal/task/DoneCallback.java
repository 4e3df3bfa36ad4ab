package asyncio.internal.task;

import asyncio.internal.scheduler.Callback;
import asyncio.internal.scheduler.FiberContext;
import asyncio.internal.util.CreationSite;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A user callback that is scheduled when its future is done. */
public class DoneCallback<F extends AbstractFuture<?>> extends Listener {
  private final F future;
  final Consumer<? super F> callback;
  private final @Nullable FiberContext context;

  private DoneCallback(F future, Consumer<? super F> callback, @Nullable FiberContext context) {
    this.future = future;
    this.callback = callback;
    this.context = context;
  }

  /** Creates a callback, in debug mode one that knows where it was added. */
  public static <F extends AbstractFuture<?>> DoneCallback<F> of(
      F future, Consumer<? super F> callback, @Nullable FiberContext context) {
    return future.scheduler.debug
        ? new Traced<>(future, callback, context)
        : new DoneCallback<>(future, callback, context);
  }

  private static final class Traced<F extends AbstractFuture<?>> extends DoneCallback<F> {
    private final CreationSite addedAt = CreationSite.here();

    Traced(F future, Consumer<? super F> callback, @Nullable FiberContext context) {
      super(future, callback, context);
    }

    @Override
    CreationSite addedAt() {
      return addedAt;
    }
  }

  @Nullable
  CreationSite addedAt() {
    return null;
  }

  @Override
  protected final void done(AbstractFuture<?> done) {
    future.scheduler.add(new Callback() {
      @Override
      protected void call() {
        callback.accept(future);
      }

      @Override
      protected @Nullable FiberContext runsIn() {
        return context;
      }

      @Override
      public @Nullable CreationSite origin() {
        return addedAt();
      }
    });
  }
}
