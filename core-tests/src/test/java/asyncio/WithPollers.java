package asyncio;

import asyncio.internal.scheduler.Poller;
import asyncio.internal.scheduler.Scheduler;
import java.io.IOException;

/** Runs tests of internal packages on a loop with a poller of theirs. */
public final class WithPollers {
  private WithPollers() {}

  /** Opens a poller. */
  public interface Opener {
    Poller open(Scheduler scheduler) throws IOException;
  }

  /** Runs {@code body} as the main task of a loop whose poller is {@code poller}. */
  public static <X extends Exception> void run(Opener poller, Action<X> body) throws X {
    run(Clock.system(), poller, body);
  }

  /** Runs {@code body} as {@link #run(Opener, Action)} does, by a clock of its own. */
  public static <X extends Exception> void run(Clock clock, Opener poller, Action<X> body)
      throws X {
    RunOptions options = RunOptions.defaults().withClock(clock).withPollers(poller::open);
    try (var runner = new Runner(options)) {
      runner.run(body);
    }
  }
}
