package asyncio.net;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.openConnection;
import static asyncio.Asyncio.startServer;

import asyncio.ClientTls;
import asyncio.ConnectOptions;
import asyncio.Connection;
import asyncio.ConnectionHandler;
import asyncio.ConnectionPair;
import asyncio.Server;
import asyncio.ServerOptions;
import asyncio.ServerTls;
import asyncio.Task;
import asyncio.TlsIdentity;
import asyncio.support.Authority;
import java.io.IOException;
import java.util.concurrent.CompletionException;

/** An authority with a server's certificate, and connections that use it. */
final class TlsPair {
  static final Authority AUTHORITY = Authority.root("the test's authority");
  static final TlsIdentity IDENTITY = AUTHORITY.issue("localhost", "127.0.0.1");
  static final ServerTls SERVER = ServerTls.of(IDENTITY);
  static final ClientTls CLIENT = ClientTls.defaults().withTrust(AUTHORITY.trust());

  private TlsPair() {}

  static final ConnectionHandler ECHO = client -> {
    for (String line : client.reader().lines()) {
      client.writer().send(line + "\n");
    }
  };

  static Server serve(ConnectionHandler handler, ServerTls tls) throws IOException {
    return startServer(handler, Loopback.HOST, 0, ServerOptions.defaults().withTls(tls));
  }

  static Connection connect(Server server, ClientTls tls) throws IOException {
    return openConnection("localhost", server.port(), ConnectOptions.defaults().withTls(tls));
  }

  /** Begins TLS on both ends of a new connection in memory. */
  static ConnectionPair inMemory(ServerTls server, ClientTls client) throws IOException {
    ConnectionPair pair = ConnectionPair.open();
    begin(pair, server, client);
    return pair;
  }

  /** Begins TLS on both ends; throws what the client's end throws, or else the server's. */
  static void begin(ConnectionPair pair, ServerTls server, ClientTls client) throws IOException {
    Task<?> serving = createTask(() -> pair.other().startTls(server));
    try {
      pair.one().startTls(client);
    } catch (IOException failure) {
      try {
        serving.await();
      } catch (CompletionException both) {
        failure.addSuppressed(both.getCause());
      }
      throw failure;
    }
    serving.awaitThrowing(IOException.class);
  }

  static void echoes(Connection client) throws IOException {
    client.writer().send("x\n");
    org.junit.jupiter.api.Assertions.assertEquals("x", client.reader().readLine());
  }

  static void says(String expected, String text) {
    asyncio.support.Texts.assertContains(text, expected);
  }
}
