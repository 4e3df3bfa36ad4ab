package asyncio.bench;

import static asyncio.Asyncio.gather;

import asyncio.Coroutine;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Gathers tasks that return a number at once; the time is for each of them. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(value = 1, jvmArgsAppend = "--add-opens=java.base/java.lang=ALL-UNNAMED")
@State(Scope.Thread)
public class GatherBenchmark {
  private static final int TASKS = 100_000;

  @Param({"10", "1000", "100000"})
  int size;

  private Coroutine<Integer, RuntimeException>[] bodies;

  @Setup
  @SuppressWarnings({"unchecked", "rawtypes"}) // arrays know no type arguments
  public void makeBodies() {
    Coroutine<Integer, RuntimeException> body = () -> 1;
    bodies = Collections.nCopies(size, body).toArray(new Coroutine[size]);
  }

  @Benchmark
  @OperationsPerInvocation(TASKS)
  public int gatherAll(OnLoop loop) {
    return loop.runner.run(() -> {
      int sum = 0;
      for (int i = 0; i < TASKS / size; i++) {
        List<Integer> results = gather(bodies);
        sum += results.size();
      }
      return sum;
    });
  }
}
