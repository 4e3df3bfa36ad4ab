package asyncio.bench;

import static asyncio.Asyncio.createTask;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;

/** Starts a coroutine that returns a number, and waits for it: two switches and a coroutine. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(value = 1, jvmArgsAppend = "--add-opens=java.base/java.lang=ALL-UNNAMED")
public class SpawnBenchmark {
  private static final int SPAWNS = 50_000;

  @Benchmark
  @OperationsPerInvocation(SPAWNS)
  public int task(OnLoop loop) {
    return loop.runner.run(() -> {
      int sum = 0;
      for (int i = 0; i < SPAWNS; i++) {
        int number = i;
        sum += createTask(() -> number).await();
      }
      return sum;
    });
  }

  @Benchmark
  @OperationsPerInvocation(SPAWNS)
  public int bare() {
    var bare = new BareThreads();
    int[] sum = new int[1];
    bare.unstarted(() -> {
          Thread parent = Thread.currentThread();
          for (int i = 0; i < SPAWNS; i++) {
            int number = i;
            bare.unstarted(() -> {
                  sum[0] += number;
                  LockSupport.unpark(parent);
                })
                .start();
            LockSupport.park();
          }
        })
        .start();
    bare.run();
    return sum[0];
  }
}
