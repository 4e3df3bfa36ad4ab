package asyncio;

import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * A step that held its loop too long, as the watchdog saw it.
 *
 * @param task the name of the task, or what else it was, such as a callback
 * @param started when it began, to the watchdog's precision: a quarter of the loop's {@linkplain
 *     EventLoop#slowCallbackDuration threshold}, or better
 * @param held how long it lasted, to the same precision; if it is still running, how long until the
 *     watchdog last looked
 * @param stack where it was when it was last reported, innermost frame first
 */
public record SlowStep(String task, Instant started, Duration held, List<StackTraceElement> stack) {
  /** Keeps a copy of the stack. */
  public SlowStep {
    stack = List.copyOf(stack);
  }
}
