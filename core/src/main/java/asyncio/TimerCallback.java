package asyncio;

import asyncio.internal.scheduler.Loop;
import asyncio.internal.scheduler.LoopAction;
import asyncio.internal.scheduler.Timer;
import java.time.Duration;

/** A user callback that waits for its time. */
final class TimerCallback extends Timer implements TimerHandle {
  private final Loop loop;
  private final long time;
  private final CallbackHandle callback;

  TimerCallback(Loop loop, long time, CallbackHandle callback) {
    this.loop = loop;
    this.time = time;
    this.callback = callback;
  }

  @Override
  protected void fire() {
    loop.add(callback);
  }

  @Override
  protected boolean callsBack() {
    return true;
  }

  @Override
  public void cancel() {
    callback.cancel();
    if (loop.isOnLoop()) {
      loop.removeSleeper(this);
    } else {
      loop.trySend(LoopAction.of(() -> loop.removeSleeper(this)));
    }
  }

  @Override
  public boolean isCancelled() {
    return callback.isCancelled();
  }

  @Override
  public Context context() {
    return callback.context();
  }

  @Override
  public Duration when() {
    return Duration.ofNanos(time);
  }

  @Override
  public String toString() {
    return "TimerHandle[" + callback.state() + ", when=" + when() + "]";
  }
}
