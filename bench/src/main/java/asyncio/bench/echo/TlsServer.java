package asyncio.bench.echo;

import static asyncio.Asyncio.run;
import static asyncio.Asyncio.startServer;

import asyncio.Asyncio;
import asyncio.Connection;
import asyncio.ServerOptions;
import asyncio.ServerTls;
import asyncio.TlsIdentity;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;

/** TLS echo in this library: {@code TlsServer CHAIN KEY}. */
final class TlsServer {
  private TlsServer() {}

  public static void main(String[] args) throws IOException {
    var tls = ServerTls.of(TlsIdentity.load(Path.of(args[0]), Path.of(args[1])));
    run(() -> {
      var options = ServerOptions.defaults().withBacklog(4096).withTls(tls);
      try (var server = startServer(TlsServer::echo, "127.0.0.1", 0, options)) {
        String carrier = Asyncio.carrier().toString().toLowerCase(Locale.ROOT);
        System.out.println(server.port() + " this library, " + carrier);
        server.serveForever();
      }
    });
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
