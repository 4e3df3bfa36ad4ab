package asyncio;

import asyncio.internal.scheduler.LoopAction;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.scheduler.Timer;
import java.time.Duration;

/** A user callback that waits for its time. */
final class TimerCallback extends Timer implements TimerHandle {
  private final Scheduler scheduler;
  private final long time;
  private final CallbackHandle callback;

  TimerCallback(Scheduler scheduler, long time, CallbackHandle callback) {
    this.scheduler = scheduler;
    this.time = time;
    this.callback = callback;
  }

  @Override
  protected void fire() {
    scheduler.add(callback);
  }

  @Override
  protected boolean callsBack() {
    return true;
  }

  @Override
  public void cancel() {
    callback.cancel();
    if (scheduler.isOnLoop()) {
      scheduler.timers().removeSleeper(this);
    } else {
      scheduler.trySend(LoopAction.of(() -> scheduler.timers().removeSleeper(this)));
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
