package asyncio.bench;

import java.lang.reflect.Constructor;
import java.util.ArrayDeque;
import java.util.concurrent.Executor;

/**
 * Virtual threads on the calling platform thread, with the least scheduler that can be: a queue.
 * What asyncio adds is measured against them.
 */
final class BareThreads {
  private final ArrayDeque<Runnable> queue = new ArrayDeque<>();
  private final Thread.Builder.OfVirtual builder;

  BareThreads() {
    try {
      Constructor<?> constructor = Class.forName("java.lang.ThreadBuilders$VirtualThreadBuilder")
          .getDeclaredConstructor(Executor.class);
      constructor.setAccessible(true);
      Executor scheduler = queue::add;
      builder = (Thread.Builder.OfVirtual) constructor.newInstance(scheduler);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(
          "needs --add-opens java.base/java.lang=ALL-UNNAMED and a JDK that has this constructor",
          e);
    }
  }

  Thread unstarted(Runnable body) {
    return builder.unstarted(body);
  }

  /** Runs whatever is queued until nothing is. */
  void run() {
    for (Runnable next = queue.poll(); next != null; next = queue.poll()) {
      next.run();
    }
  }
}
