package asyncio.bench.echo;

import static asyncio.Asyncio.run;
import static asyncio.Asyncio.startServer;

import asyncio.AsyncFiles;
import asyncio.Asyncio;
import asyncio.Connection;
import asyncio.ConnectionHandler;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;

/**
 * Sends a file to each connection: {@code FileServer FILE sendfile} has the system send it, {@code
 * FileServer FILE copy} reads and writes it.
 */
final class FileServer {
  private FileServer() {}

  public static void main(String[] args) throws IOException {
    Path path = Path.of(args[0]);
    ConnectionHandler handler = args[1].equals("sendfile")
        ? client -> client.writer().sendFile(path)
        : client -> copy(path, client);
    run(() -> {
      try (var server = startServer(handler, "127.0.0.1", 0)) {
        String carrier = Asyncio.carrier().toString().toLowerCase(Locale.ROOT);
        System.out.println(server.port() + " this library, " + carrier + ", " + args[1]);
        server.serveForever();
      }
    });
  }

  private static void copy(Path path, Connection client) throws IOException {
    try (var file = AsyncFiles.open(path)) {
      for (byte[] data = file.reader().read(256 * 1024);
          data.length > 0;
          data = file.reader().read(256 * 1024)) {
        client.writer().send(data);
      }
    }
  }
}
