package asyncio;

import java.time.Duration;

/**
 * A callback that was scheduled for a time. Ordered by that time; two handles are equal only when
 * they are the same one.
 */
public sealed interface TimerHandle extends Handle, Comparable<TimerHandle> permits TimerCallback {
  /** When it is due, as {@link EventLoop#time} counts. <i>Thread</i>: any. */
  Duration when();

  @Override
  default int compareTo(TimerHandle other) {
    return when().compareTo(other.when());
  }
}
