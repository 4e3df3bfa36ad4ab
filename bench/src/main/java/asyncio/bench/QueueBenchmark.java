package asyncio.bench;

import static asyncio.Asyncio.createTask;

import asyncio.Queue;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;

/** Items handed from task to task. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(value = 1, jvmArgsAppend = "--add-opens=java.base/java.lang=ALL-UNNAMED")
public class QueueBenchmark {
  private static final int ITEMS = 50_000;
  private static final Integer ITEM = 1;

  /** A producer and a consumer with a queue of one between them. */
  @Benchmark
  @OperationsPerInvocation(ITEMS)
  public int capacityOne(OnLoop loop) {
    return loop.runner.run(() -> {
      var queue = new Queue<Integer>(1);
      var sum = createTask(() -> take(queue));
      for (int i = 0; i < ITEMS; i++) {
        queue.put(ITEM);
      }
      return sum.await();
    });
  }

  private static int take(Queue<Integer> queue) {
    int sum = 0;
    for (int i = 0; i < ITEMS; i++) {
      sum += queue.get();
    }
    return sum;
  }

  /** One item that goes to and fro through two unbounded queues: a hand-over is half a round. */
  @Benchmark
  @OperationsPerInvocation(ITEMS)
  public int unbounded(OnLoop loop) {
    return loop.runner.run(() -> {
      var there = new Queue<Integer>();
      var back = new Queue<Integer>();
      var other = createTask(() -> pass(there, back));
      there.put(ITEM);
      return pass(back, there) + other.await();
    });
  }

  private static int pass(Queue<Integer> from, Queue<Integer> to) {
    int sum = 0;
    for (int i = 0; i < ITEMS / 2; i++) {
      Integer item = from.get();
      sum += item;
      to.put(item);
    }
    return sum;
  }
}
