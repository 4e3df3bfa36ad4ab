package asyncio.bench;

import static asyncio.Asyncio.ALL_COMPLETED;
import static asyncio.Asyncio.asCompleted;
import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.waitUntil;

import asyncio.Task;
import java.util.ArrayList;
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
import org.openjdk.jmh.annotations.State;

/** Waits for tasks that return a number at once, in two ways; the time is for each task. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(value = 1, jvmArgsAppend = "--add-opens=java.base/java.lang=ALL-UNNAMED")
@State(Scope.Thread)
public class WaitBenchmark {
  private static final int TASKS = 100_000;

  @Param({"10", "1000", "100000"})
  int size;

  private List<Task<Integer>> makeTasks() {
    List<Task<Integer>> tasks = new ArrayList<>(size);
    for (int i = 0; i < size; i++) {
      tasks.add(createTask(() -> 1));
    }
    return tasks;
  }

  @Benchmark
  @OperationsPerInvocation(TASKS)
  public int waitForAll(OnLoop loop) {
    return loop.runner.run(() -> {
      int sum = 0;
      for (int i = 0; i < TASKS / size; i++) {
        sum += waitUntil(ALL_COMPLETED, makeTasks()).done().size();
      }
      return sum;
    });
  }

  @Benchmark
  @OperationsPerInvocation(TASKS)
  public int takeAsCompleted(OnLoop loop) {
    return loop.runner.run(() -> {
      int sum = 0;
      for (int i = 0; i < TASKS / size; i++) {
        for (Task<Integer> task : asCompleted(makeTasks())) {
          sum += task.result();
        }
      }
      return sum;
    });
  }
}
