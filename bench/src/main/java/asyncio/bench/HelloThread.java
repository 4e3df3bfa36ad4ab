package asyncio.bench;

import java.io.IOException;
import java.nio.channels.Selector;

/** What an event loop can't do without: one virtual thread and a selector. */
final class HelloThread {
  private HelloThread() {}

  public static void main(String[] args) throws IOException, InterruptedException {
    try (Selector selector = Selector.open()) {
      Thread.startVirtualThread(() -> System.out.println("hello")).join();
    }
  }
}
