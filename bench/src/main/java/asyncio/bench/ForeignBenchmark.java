package asyncio.bench;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.yieldNow;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;

/** Waits in code of others, between two tasks of one loop. On the mounted carrier alone. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(value = 1, jvmArgsAppend = "--add-opens=java.base/java.lang=ALL-UNNAMED")
public class ForeignBenchmark {
  private static final int ROUNDS = 1_000;

  private interface Work {
    void run() throws InterruptedException;
  }

  /** A lock of the JDK that each has across a wait of ours while the other wants it. */
  @Benchmark
  @OperationsPerInvocation(ROUNDS)
  public void lockAcrossAWait(OnLoop loop) throws InterruptedException {
    var lock = new ReentrantLock();
    both(loop, () -> {
      lock.lock();
      try {
        yieldNow();
      } finally {
        lock.unlock();
      }
    });
  }

  /** As above, with a monitor. */
  @Benchmark
  @OperationsPerInvocation(ROUNDS)
  public void monitorAcrossAWait(OnLoop loop) throws InterruptedException {
    var monitor = new Object();
    both(loop, () -> {
      synchronized (monitor) {
        yieldNow();
      }
    });
  }

  /** An item through a queue of the JDK. */
  @Benchmark
  @OperationsPerInvocation(ROUNDS)
  public void blockingQueue(OnLoop loop) throws InterruptedException {
    var queue = new ArrayBlockingQueue<Integer>(1);
    loop.runner.run(() -> {
      var producer = createTask(() -> repeat(ROUNDS, () -> queue.put(1)));
      repeat(ROUNDS, queue::take);
      producer.await();
    });
  }

  private static void both(OnLoop loop, Work work) throws InterruptedException {
    loop.runner.run(() -> {
      var other = createTask(() -> repeat(ROUNDS / 2, work));
      repeat(ROUNDS / 2, work);
      other.await();
    });
  }

  private static void repeat(int times, Work work) throws InterruptedException {
    for (int i = 0; i < times; i++) {
      work.run();
    }
  }
}
