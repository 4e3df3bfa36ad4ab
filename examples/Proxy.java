import static asyncio.Asyncio.*;

import asyncio.*;

// Forwards bytes between each client and another server until both have ended.
// Try it with `Proxy 8080 example.org:80`, then `curl -H 'Host: example.org' 127.0.0.1:8080`.

void main(String[] args) {
  try {
    if (args.length != 2) {
      exit(2, "usage: Proxy LISTEN HOST:PORT");
    }
    int colon = args[1].lastIndexOf(':');
    String host = args[1].substring(0, Math.max(colon, 0)).replaceAll("[\\[\\]]", ""); // [::1]:80
    int port = Integer.parseInt(args[1].substring(colon + 1));
    if (host.isEmpty()) {
      exit(2, "usage: Proxy LISTEN HOST:PORT; there is no host in '" + args[1] + "'");
    }
    int listen = Integer.parseInt(args[0]);
    run(() -> serve(listen, host, port));
  } catch (IllegalArgumentException wrong) {
    exit(2, "usage: Proxy LISTEN HOST:PORT; " + wrong.getMessage());
  } catch (IOException failure) {
    exit(1, failure.getMessage());
  }
}

void serve(int listen, String host, int port) throws IOException {
  try (var server = startServer(client -> forward(client, host, port), "127.0.0.1", listen)) {
    IO.println("listening on 127.0.0.1:" + server.port());
    server.serveForever();
  }
}

void forward(Connection client, String host, int port) {
  try (var upstream = openConnection(host, port)) {
    var moved = relay(client, upstream);
    IO.println(client.remoteAddress() + " sent " + moved.there() + ", got " + moved.back());
  } catch (IOException failure) { // one of the peers failed, not the proxy
    IO.println(client.remoteAddress() + " " + failure.getMessage());
  }
}

void exit(int code, String why) {
  System.err.println(why);
  System.exit(code);
}
