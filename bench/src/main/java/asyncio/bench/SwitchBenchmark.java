package asyncio.bench;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.gather;
import static asyncio.Asyncio.yieldNow;

import asyncio.Task;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;

/** Switches between coroutines that do nothing else. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(value = 1, jvmArgsAppend = "--add-opens=java.base/java.lang=ALL-UNNAMED")
public class SwitchBenchmark {
  private static final int SWITCHES = 100_000;

  @Benchmark
  @OperationsPerInvocation(SWITCHES)
  public void twoTasks(OnLoop loop) {
    tasks(loop, 2);
  }

  @Benchmark
  @OperationsPerInvocation(SWITCHES)
  public void hundredTasks(OnLoop loop) {
    tasks(loop, 100);
  }

  private static void tasks(OnLoop loop, int count) {
    loop.runner.run(() -> {
      List<Task<Void>> tasks = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        tasks.add(createTask(() -> yieldOften(SWITCHES / count)));
      }
      gather(tasks);
    });
  }

  private static void yieldOften(int times) {
    for (int i = 0; i < times; i++) {
      yieldNow();
    }
  }

  /** Two virtual threads that unpark each other and park. */
  @Benchmark
  @OperationsPerInvocation(SWITCHES)
  public void barePark() {
    var bare = new BareThreads();
    Thread[] threads = new Thread[2];
    for (int i = 0; i < 2; i++) {
      int other = 1 - i;
      threads[i] = bare.unstarted(() -> {
        for (int n = 0; n < SWITCHES / 2; n++) {
          LockSupport.unpark(threads[other]);
          LockSupport.park();
        }
        LockSupport.unpark(threads[other]);
      });
    }
    threads[0].start();
    threads[1].start();
    bare.run();
  }

  /** Two virtual threads that yield. */
  @Benchmark
  @OperationsPerInvocation(SWITCHES)
  public void bareYield() {
    var bare = new BareThreads();
    for (int i = 0; i < 2; i++) {
      bare.unstarted(() -> {
            for (int n = 0; n < SWITCHES / 2; n++) {
              Thread.yield();
            }
          })
          .start();
    }
    bare.run();
  }
}
