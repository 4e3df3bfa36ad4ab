package asyncio.bench;

import static asyncio.Asyncio.createTask;

import asyncio.LifoQueue;
import asyncio.PriorityQueue;
import asyncio.Queue;
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

/**
 * The kinds of queue: handed over through a queue of one, and filled and emptied. {@code beside}
 * has all three kinds in use in the same JVM, which a queue should not notice.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(value = 1, jvmArgsAppend = "--add-opens=java.base/java.lang=ALL-UNNAMED")
@State(Scope.Thread)
public class QueueKindsBenchmark {
  private static final int ITEMS = 50_000;
  private static final int HELD = 1_000;

  @Param({"fifo", "lifo", "priority"})
  public String kind;

  @Param({"alone", "beside"})
  public String company;

  /** Lets the compiler see the other kinds too. */
  @Setup(Level.Trial)
  public void meetTheOthers(OnLoop loop) {
    if (company.equals("beside")) {
      for (int i = 0; i < 20; i++) {
        for (String other : new String[] {"fifo", "lifo", "priority"}) {
          loop.runner.run(() -> handOver(make(other, 1)));
        }
      }
    }
  }

  private static Queue<Integer> make(String kind, int maxSize) {
    return switch (kind) {
      case "lifo" -> new LifoQueue<>(maxSize);
      case "priority" -> new PriorityQueue<>(maxSize);
      default -> new Queue<>(maxSize);
    };
  }

  @Benchmark
  @OperationsPerInvocation(ITEMS)
  public int capacityOne(OnLoop loop) {
    return loop.runner.run(() -> handOver(make(kind, 1)));
  }

  private static int handOver(Queue<Integer> queue) {
    var sum = createTask(() -> {
      int total = 0;
      for (int i = 0; i < ITEMS; i++) {
        total += queue.get();
      }
      return total;
    });
    for (int i = 0; i < ITEMS; i++) {
      queue.put(i & 127);
    }
    return sum.await();
  }

  /** Items put in and taken out again, a thousand at a time, without a switch. */
  @Benchmark
  @OperationsPerInvocation(ITEMS)
  public int filledAndEmptied(OnLoop loop) {
    return loop.runner.run(() -> {
      Queue<Integer> queue = make(kind, 0);
      int total = 0;
      for (int round = 0; round < ITEMS / HELD; round++) {
        for (int i = 0; i < HELD; i++) {
          queue.put((i * 37) & 127);
        }
        for (int i = 0; i < HELD; i++) {
          total += queue.get();
        }
      }
      return total;
    });
  }
}
