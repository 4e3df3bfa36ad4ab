package asyncio.bench;

import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.yieldNow;

import asyncio.EventLoop;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** Adds a timer and cancels it, as a timeout that does not expire does, among others that wait. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(value = 1, jvmArgsAppend = "--add-opens=java.base/java.lang=ALL-UNNAMED")
@State(Scope.Thread)
public class TimersBenchmark {
  private static final int TIMERS = 50_000;
  private static final Runnable NOTHING = () -> {};

  @Param({"10", "10000", "1000000"})
  int pending;

  private Duration[] delays;

  /** Delays of one to two hours at random, so that a timer lands anywhere among the others. */
  private Duration[] delays(OnLoop loop) {
    if (delays == null) {
      Random random = new Random(1);
      delays = new Duration[1 << 16];
      for (int i = 0; i < delays.length; i++) {
        delays[i] = Duration.ofNanos(random.nextLong(3_600_000_000_000L, 7_200_000_000_000L));
      }
      loop.runner.run(() -> {
        for (int i = 0; i < pending; i++) {
          runningLoop().callLater(delays[i & (delays.length - 1)], NOTHING);
        }
      });
    }
    return delays;
  }

  @Benchmark
  @OperationsPerInvocation(TIMERS)
  public void addAndCancel(OnLoop state) {
    Duration[] some = delays(state);
    state.runner.run(() -> {
      EventLoop loop = runningLoop();
      for (int i = 0; i < TIMERS; i++) {
        loop.callLater(some[i], NOTHING).cancel();
        if (i % 1000 == 0) {
          yieldNow();
        }
      }
    });
  }
}
