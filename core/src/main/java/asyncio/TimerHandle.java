package asyncio;

import java.time.Duration;

/**
 * A callback scheduled for a time. Ordered by that time; two handles are equal only if they are the
 * same object.
 */
public sealed interface TimerHandle extends Handle, Comparable<TimerHandle> permits TimerCallback {
  /** Returns when it is due, on the clock of {@link EventLoop#time}. <i>Thread</i>: any. */
  Duration when();

  @Override
  default int compareTo(TimerHandle other) {
    return when().compareTo(other.when());
  }
}
