package asyncio.bench.echo;

import static asyncio.Asyncio.run;
import static asyncio.Asyncio.startServer;

import asyncio.Asyncio;
import asyncio.Connection;
import asyncio.ConnectionHandler;
import asyncio.ServerOptions;
import asyncio.ServerTls;
import asyncio.TlsIdentity;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;

/**
 * TLS echo in this library: {@code TlsServer CHAIN KEY}; for each line on its standard input it prints
 * how much memory it uses.
 */
final class TlsServer {
  private TlsServer() {}

  public static void main(String[] args) throws IOException {
    var tls = ServerTls.of(TlsIdentity.load(Path.of(args[0]), Path.of(args[1])));
    run(() -> {
      var options = ServerOptions.defaults().withBacklog(4096).withTls(tls);
      ConnectionHandler handler = args.length > 2 ? TlsServer::echoOnce : TlsServer::echo;
      try (var server = startServer(handler, "127.0.0.1", 0, options)) {
        String carrier = Asyncio.carrier().toString().toLowerCase(Locale.ROOT);
        System.out.println(server.port() + " this library, " + carrier);
        MemoryInUse.tellOnRequest(() -> 0);
        server.serveForever();
      }
    });
  }

  /** Without an array of its own: {@code TlsServer CHAIN KEY idle}. */
  private static void echoOnce(Connection client) throws IOException {
    for (byte[] data = client.reader().read(16 * 1024);
        data.length > 0;
        data = client.reader().read(16 * 1024)) {
      client.writer().send(data);
    }
  }

  private static void echo(Connection client) throws IOException {
    byte[] data = new byte[16 * 1024];
    for (int count = client.reader().read(data);
        count >= 0;
        count = client.reader().read(data)) {
      client.writer().write(data, 0, count);
      client.writer().drain();
    }
  }
}
