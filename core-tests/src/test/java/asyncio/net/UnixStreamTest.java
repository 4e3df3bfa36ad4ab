package asyncio.net;

import asyncio.Asyncio;
import asyncio.ConnectOptions;
import asyncio.Connection;
import asyncio.ConnectionPair;
import asyncio.Server;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;

class UnixStreamTest extends StreamContract {
  @TempDir
  Path folder;

  private final List<Server> servers = new ArrayList<>();

  @Override
  ConnectionPair open(ConnectOptions options) throws IOException {
    var accepted = Asyncio.runningLoop().<Connection>createFuture();
    Path path = folder.resolve("socket" + servers.size());
    servers.add(Asyncio.startUnixServer(
        client -> {
          accepted.setResult(client);
          Asyncio.runningLoop().createFuture().await(); // until the test has ended
        },
        path));
    Connection client = Asyncio.openUnixConnection(path, options);
    return new ConnectionPair(client, accepted.await());
  }

  @Override
  boolean tellsResets() {
    return false;
  }

  @Override
  void end() {
    servers.forEach(Server::close);
  }
}
