package asyncio.bench;

import static asyncio.Asyncio.yieldNow;

import asyncio.Runner;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** What an operation costs a loop while others are open. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(value = 1, jvmArgsAppend = "--add-opens=java.base/java.lang=ALL-UNNAMED")
public class LoopsBenchmark {
  private static final int YIELDS = 50_000;

  /** So many open loops, of which that of the benchmark is the last; the others are idle. */
  @State(Scope.Thread)
  public static class Loops {
    @Param({"1", "64", "1000"})
    int open;

    private final List<Runner> runners = new ArrayList<>();

    @Setup(Level.Trial)
    public void open() {
      for (int i = 0; i < open; i++) {
        var runner = new Runner();
        runner.run(() -> {});
        runners.add(runner);
      }
    }

    @TearDown(Level.Trial)
    public void close() {
      runners.forEach(Runner::close);
    }
  }

  @Benchmark
  @OperationsPerInvocation(YIELDS)
  public void yieldOnTheLast(Loops loops) {
    loops.runners.getLast().run(() -> {
      for (int i = 0; i < YIELDS; i++) {
        yieldNow();
      }
    });
  }
}
