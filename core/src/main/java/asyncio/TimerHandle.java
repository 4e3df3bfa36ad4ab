package asyncio;

import java.time.Duration;

/** A callback that was scheduled for a time. */
public sealed interface TimerHandle extends Handle permits TimerCallback {
  /** When it is due, as {@link EventLoop#time} counts. */
  Duration when();
}
