package asyncio.bench;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.yieldNow;

import asyncio.Barrier;
import asyncio.Condition;
import asyncio.Lock;
import asyncio.Semaphore;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;

/** Locks and their like: taken when free, and handed from task to task. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(value = 1, jvmArgsAppend = "--add-opens=java.base/java.lang=ALL-UNNAMED")
public class LocksBenchmark {
  private static final int ROUNDS = 50_000;

  @Benchmark
  @OperationsPerInvocation(ROUNDS)
  public void lockFree(OnLoop loop) {
    loop.runner.run(() -> {
      var lock = new Lock();
      for (int i = 0; i < ROUNDS; i++) {
        lock.acquire().close();
      }
    });
  }

  /** Two tasks that both want it: each release hands it to the other. */
  @Benchmark
  @OperationsPerInvocation(ROUNDS)
  public void lockHandedOver(OnLoop loop) {
    loop.runner.run(() -> {
      var lock = new Lock();
      var other = createTask(() -> turns(lock));
      turns(lock);
      other.await();
    });
  }

  private static void turns(Lock lock) {
    for (int i = 0; i < ROUNDS / 2; i++) {
      try (var _ = lock.acquire()) {
        yieldNow();
      }
    }
  }

  @Benchmark
  @OperationsPerInvocation(ROUNDS)
  public void semaphoreFree(OnLoop loop) {
    loop.runner.run(() -> {
      var semaphore = new Semaphore(2);
      for (int i = 0; i < ROUNDS; i++) {
        semaphore.acquire().close();
      }
    });
  }

  /** Two tasks that give each other a permit in turn. */
  @Benchmark
  @OperationsPerInvocation(ROUNDS)
  public void semaphoreHandedOver(OnLoop loop) {
    loop.runner.run(() -> {
      var one = new Semaphore(1);
      var two = new Semaphore(0);
      var other = createTask(() -> pass(two, one));
      pass(one, two);
      other.await();
    });
  }

  private static void pass(Semaphore take, Semaphore give) {
    for (int i = 0; i < ROUNDS / 2; i++) {
      take.acquire();
      give.release();
    }
  }

  /** Two tasks that signal each other in turn. */
  @Benchmark
  @OperationsPerInvocation(ROUNDS)
  public int conditionHandedOver(OnLoop loop) {
    return loop.runner.run(() -> {
      var condition = new Condition();
      int[] turn = {0};
      var other = createTask(() -> alternate(condition, turn, 1));
      alternate(condition, turn, 0);
      other.await();
      return turn[0];
    });
  }

  private static void alternate(Condition condition, int[] turn, int mine) {
    try (var _ = condition.acquire()) {
      for (int i = 0; i < ROUNDS / 2; i++) {
        condition.await(() -> turn[0] % 2 == mine);
        turn[0]++;
        condition.signal();
      }
    }
  }

  /** Two tasks that meet again and again. */
  @Benchmark
  @OperationsPerInvocation(ROUNDS)
  public void barrierOfTwo(OnLoop loop) {
    loop.runner.run(() -> {
      var barrier = new Barrier(2);
      var other = createTask(() -> meet(barrier));
      meet(barrier);
      other.await();
    });
  }

  private static void meet(Barrier barrier) {
    for (int i = 0; i < ROUNDS; i++) {
      barrier.await();
    }
  }
}
