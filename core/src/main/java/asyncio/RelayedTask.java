package asyncio;

import asyncio.internal.task.AbstractFuture;
import asyncio.internal.task.Futures;
import asyncio.internal.task.Listener;
import asyncio.internal.util.Sneaky;
import org.jspecify.annotations.Nullable;

/**
 * A task that the loop's task factory creates later, on the loop, and the future that represents it
 * on other threads: the outcome goes from the task to the future, a cancel the other way.
 */
final class RelayedTask<T extends @Nullable Object> extends Listener {
  private final EventLoop loop;
  private final Coroutine<T, ?> body;
  private final Future<T> future;

  private RelayedTask(EventLoop loop, Coroutine<T, ?> body) {
    this.loop = loop;
    this.body = body;
    this.future = new Future<>(loop.scheduler);
  }

  static <T extends @Nullable Object> Future<T> start(EventLoop loop, Coroutine<T, ?> body) {
    var relayed = new RelayedTask<T>(loop, body);
    loop.callSoonThreadsafe(relayed::create);
    return relayed.future;
  }

  private void create() {
    if (future.isDone()) {
      return; // cancelled before the task was created
    }
    Task<T> task;
    try {
      task = loop.createTask(TaskOptions.defaults(), body);
    } catch (Throwable failure) {
      Futures.fail(future, failure);
      throw Sneaky.rethrow(failure); // the factory is broken: its owner must learn of it too
    }
    var passCancelOn = new Listener() {
      @Override
      protected void done(AbstractFuture<?> outer) {
        if (!task.isDone()) {
          Futures.cancel(task, "the future of runCoroutineThreadsafe was cancelled");
        }
      }
    };
    Futures.listen(future, passCancelOn); // the task's first step may have cancelled it
    Futures.listen(task, this);
  }

  @Override
  @SuppressWarnings("unchecked") // it listens to its own task
  protected void done(AbstractFuture<?> ended) {
    var task = (Task<T>) ended;
    if (Futures.succeeded(task)) {
      if (!Futures.finish(future, task.result())) {
        loop.discard(task.result());
      }
    } else if (task.isCancelled()) {
      Futures.endCancelled(future, Futures.failureForReceiver(task));
    } else {
      Futures.fail(future, Futures.failureForReceiver(task));
    }
  }
}
