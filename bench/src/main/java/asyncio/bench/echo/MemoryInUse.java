package asyncio.bench.echo;

import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.util.function.LongSupplier;

/** Tells, for each line on the standard input, how many bytes this JVM uses after a collection. */
final class MemoryInUse {
  private MemoryInUse() {}

  /**
   * Starts to listen.
   *
   * @param more what is used outside the heap and outside direct buffers
   */
  static void tellOnRequest(LongSupplier more) {
    Thread.ofPlatform().daemon().start(() -> {
      try {
        while (System.in.read() == '\n') {
          System.gc();
          System.gc();
          long direct = ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
              .mapToLong(BufferPoolMXBean::getMemoryUsed)
              .sum();
          long heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
          System.out.println(heap + direct + more.getAsLong());
        }
      } catch (IOException e) {
        // Nobody asks any more.
      }
    });
  }
}
