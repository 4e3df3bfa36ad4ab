package asyncio.net;

import asyncio.Asyncio;
import asyncio.ConnectOptions;
import asyncio.Connection;
import asyncio.ConnectionPair;
import asyncio.Server;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

class TcpStreamTest extends StreamContract {
  private final List<Server> servers = new ArrayList<>();

  @Override
  ConnectionPair open(ConnectOptions options) throws IOException {
    var accepted = Asyncio.runningLoop().<Connection>createFuture();
    Server server = Asyncio.startServer(
        client -> {
          accepted.setResult(client);
          Asyncio.runningLoop().createFuture().await(); // until the test has ended
        },
        Loopback.HOST,
        0);
    servers.add(server);
    Connection client = Asyncio.openConnection(Loopback.HOST, server.port(), options);
    return new ConnectionPair(client, accepted.await());
  }

  @Override
  void end() {
    servers.forEach(Server::close);
  }
}
