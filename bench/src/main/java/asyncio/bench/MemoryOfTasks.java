package asyncio.bench;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.gather;
import static asyncio.Asyncio.run;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.yieldNow;

import asyncio.Task;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * A program of its own: {@code MemoryOfTasks COUNT SECONDS} lets as many tasks sleep at once,
 * longer where that is too short to measure, prints the bytes of heap that each takes, and fails
 * unless all of them wake, in order.
 */
final class MemoryOfTasks {
  private static int wokenTooEarly;
  private static int woken;
  private static boolean inOrder = true;

  private MemoryOfTasks() {}

  public static void main(String[] args) {
    for (int i = 0; i < 40; i++) {
      bytesOfEach(20_000, Duration.ofMillis(100), () -> 0); // warms up
    }
    int count = Integer.parseInt(args[0]);
    Duration delay = Duration.ofSeconds(Long.parseLong(args[1]));
    double bytes = bytesOfEach(count, delay, MemoryOfTasks::usedHeap);
    for (int i = 0; wokenTooEarly > 0; i++) {
      if (i == 5) {
        throw new IllegalStateException(
            wokenTooEarly + " tasks woke before the memory was measured, after " + delay);
      }
      delay = delay.multipliedBy(2);
      bytes = bytesOfEach(count, delay, MemoryOfTasks::usedHeap);
    }
    System.out.println(bytes);
  }

  private static double bytesOfEach(int count, Duration delay, LongSupplier heap) {
    woken = 0;
    long bytes = run(() -> {
      List<Task<Void>> tasks = new ArrayList<>(count);
      long before = heap.getAsLong();
      for (int i = 0; i < count; i++) {
        int number = i;
        tasks.add(createTask(() -> sleepAndCount(delay, number)));
      }
      yieldNow(); // all of them begin to sleep
      yieldNow();
      long after = heap.getAsLong();
      wokenTooEarly = woken;
      gather(tasks);
      return after - before;
    });
    if (woken != count || !inOrder) {
      throw new IllegalStateException(
          woken + " of " + count + " tasks woke, " + (inOrder ? "in order" : "out of order"));
    }
    return (double) bytes / count;
  }

  private static void sleepAndCount(Duration delay, int number) {
    sleep(delay);
    inOrder &= woken == number;
    woken++;
  }

  private static long usedHeap() {
    System.gc();
    System.gc();
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }
}
