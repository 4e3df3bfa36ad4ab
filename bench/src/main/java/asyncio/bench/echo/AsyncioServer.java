package asyncio.bench.echo;

import static asyncio.Asyncio.run;
import static asyncio.Asyncio.startServer;

import asyncio.Asyncio;
import asyncio.Connection;
import asyncio.ConnectionHandler;
import asyncio.ServerOptions;
import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.Locale;

/**
 * TCP echo in this library: {@code AsyncioServer own-array} reads into one array for each
 * connection, {@code AsyncioServer buffer} into one direct buffer, and without an argument each read
 * gives a new array. For each line on its standard input it
 * prints how many bytes all its threads have allocated so far; {@code AsyncioServer memory} prints
 * instead how many are in use.
 */
final class AsyncioServer {
  private AsyncioServer() {}

  public static void main(String[] args) throws IOException {
    run(() -> {
      // TCP_NODELAY is the default.
      var options = ServerOptions.defaults().withBacklog(4096);
      String style = args.length > 0 ? args[0] : "";
      ConnectionHandler handler = switch (style) {
        case "own-array" -> AsyncioServer::echoOwnArray;
        case "buffer" -> AsyncioServer::echoBuffer;
        default -> AsyncioServer::echo;
      };
      try (var server = startServer(handler, "127.0.0.1", 0, options)) {
        System.out.println(server.port()
            + " this library, "
            + Asyncio.carrier().toString().toLowerCase(Locale.ROOT)
            + (style.isEmpty() ? "" : ", " + style.replace('-', ' ')));
        if (style.equals("memory")) {
          MemoryInUse.tellOnRequest(() -> 0);
        } else {
          Thread.ofPlatform().daemon().start(AsyncioServer::tellAllocations);
        }
        server.serveForever();
      }
    });
  }

  private static void echo(Connection client) throws IOException {
    var reader = client.reader();
    var writer = client.writer();
    for (byte[] data = reader.read(64 * 1024); data.length > 0; data = reader.read(64 * 1024)) {
      writer.write(data);
      writer.drain();
    }
  }

  private static void echoOwnArray(Connection client) throws IOException {
    var reader = client.reader();
    var writer = client.writer();
    byte[] data = new byte[16 * 1024];
    for (int count = reader.read(data); count >= 0; count = reader.read(data)) {
      writer.write(data, 0, count);
      writer.drain();
    }
  }

  private static void echoBuffer(Connection client) throws IOException {
    var reader = client.reader();
    var writer = client.writer();
    var data = ByteBuffer.allocateDirect(16 * 1024);
    while (reader.read(data.clear()) >= 0) {
      writer.send(data.flip());
    }
  }

  private static void tellAllocations() {
    var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    try {
      while (System.in.read() == '\n') {
        System.out.println(threads.getTotalThreadAllocatedBytes());
      }
    } catch (IOException e) {
      // Nobody asks any more.
    }
  }
}
