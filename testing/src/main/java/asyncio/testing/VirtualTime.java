package asyncio.testing;

import asyncio.Action;
import asyncio.Coroutine;
import asyncio.ExceptionHandler;
import asyncio.RunOptions;
import asyncio.Runner;
import org.jspecify.annotations.Nullable;

/** Runs coroutines as {@link asyncio.Asyncio#run} does, with a {@link VirtualClock}. */
public final class VirtualTime {
  private VirtualTime() {}

  /**
   * Runs {@code main} on a new event loop with its own virtual clock, and returns its result; any
   * exception is thrown unchanged.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link asyncio.Asyncio#run}.
   *
   * @throws AssertionError if something held the clock too long, or nothing could happen any more
   */
  public static <T extends @Nullable Object, X extends Exception> T run(Coroutine<T, X> main)
      throws X {
    return run(new VirtualClock(), main);
  }

  /** Runs {@code main} as {@link #run(Coroutine)} does, for a body without a result. */
  public static <X extends Exception> void run(Action<X> main) throws X {
    run(new VirtualClock(), main);
  }

  /** Runs {@code main} as {@link #run(Coroutine)} does, with a clock that no other loop uses. */
  public static <T extends @Nullable Object, X extends Exception> T run(
      VirtualClock clock, Coroutine<T, X> main) throws X {
    return run(clock, null, main);
  }

  private static <T extends @Nullable Object, X extends Exception> T run(
      VirtualClock clock, @Nullable ExceptionHandler handler, Coroutine<T, X> main) throws X {
    try (var runner = new Runner(RunOptions.defaults().withClock(clock))) {
      clock.tells(runner.loop());
      runner.loop().setExceptionHandler(handler);
      return runner.run(main);
    }
  }

  /**
   * Runs {@code main} as {@link #run(VirtualClock, Coroutine)} does, for a body without a result.
   */
  public static <X extends Exception> void run(VirtualClock clock, Action<X> main) throws X {
    run(clock, null, main);
  }

  /**
   * As {@link #run(VirtualClock, Action)}, with the exception handler that the loop begins with.
   */
  static <X extends Exception> void run(
      VirtualClock clock, @Nullable ExceptionHandler handler, Action<X> main) throws X {
    VirtualTime.<@Nullable Void, X>run(clock, handler, () -> {
      main.run();
      return null;
    });
  }
}
