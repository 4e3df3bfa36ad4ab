package asyncio.aot;

import static asyncio.Asyncio.*;
import static java.time.Duration.*;

import java.io.IOException;

/**
 * Goes once through what most programs use, so that `./asyncio run` finds its classes loaded and
 * linked in the AOT cache. Ends after 20 s whatever happens; a run without a cache is only slower.
 */
final class AotTraining {
  private AotTraining() {}

  public static void main(String[] args) throws IOException {
    Thread.ofPlatform().daemon().start(AotTraining::giveUp);
    run(() -> {
      var slow = createTask(() -> {
        sleep(ofMillis(20));
        return "world";
      });
      var server = startServer(
          client -> {
            client.writer().write(client.reader().readLine() + "\n");
            client.writer().drain();
          },
          "127.0.0.1",
          0);
      try (server) {
        timeout(ofSeconds(5), () -> ask(server.port()));
      }
      IO.println(gather(() -> slow.await(), () -> "hello"));
    });
  }

  private static void ask(int port) throws IOException {
    try (var connection = openConnection("127.0.0.1", port)) {
      connection.writer().write("hello\n");
      connection.writer().drain();
      IO.println(connection.reader().readLine());
    }
  }

  private static void giveUp() {
    try {
      Thread.sleep(20_000);
    } catch (InterruptedException e) {
      // ends now
    }
    Runtime.getRuntime().halt(1); // an orderly exit would write a cache
  }
}
