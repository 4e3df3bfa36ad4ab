package asyncio;

import asyncio.internal.util.Sneaky;
import org.jspecify.annotations.Nullable;

/**
 * A task that the loop's task factory creates later, on the loop, and the future that represents it
 * on other threads: the outcome goes from the task to the future, a cancel the other way.
 */
final class RelayedTask<T extends @Nullable Object> extends Future.Listener {
  private final EventLoop loop;
  private final Coroutine<T, ?> body;
  private final Future<T> future;

  private RelayedTask(EventLoop loop, Coroutine<T, ?> body) {
    this.loop = loop;
    this.body = body;
    this.future = new Future<>(loop);
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
      future.fail(failure);
      throw Sneaky.rethrow(failure); // the factory is broken: its owner must learn of it too
    }
    var passCancelOn =
        new Future.Listener() {
          @Override
          void done(Future<?> outer) {
            if (!task.isDone()) {
              task.cancelOnLoop("the future of runCoroutineThreadsafe was cancelled");
            }
          }
        };
    if (future.isDone()) { // cancelled by the task's first step
      passCancelOn.done(future);
    } else {
      future.addListener(passCancelOn);
    }
    if (task.isDone()) {
      done(task);
    } else {
      task.addListener(this);
    }
  }

  @Override
  @SuppressWarnings("unchecked") // it listens to its own task
  void done(Future<?> ended) {
    var task = (Task<T>) ended;
    if (task.succeeded()) {
      if (!future.finish(task.result())) {
        loop.discard(task.result());
      }
    } else if (task.isCancelled()) {
      future.endCancelled(task.failureForReceiver());
    } else {
      future.fail(task.failureForReceiver());
    }
  }
}
