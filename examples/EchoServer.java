import static asyncio.Asyncio.*;

import asyncio.*;

// Sends every line back to the client that sent it. Try it with `nc 127.0.0.1 8888`; Ctrl-C ends
// it.

void main(String[] args) {
  try {
    int port = args.length == 0 ? 8888 : Integer.parseInt(args[0]);
    run(() -> serve(port));
  } catch (IllegalArgumentException wrong) {
    exit(2, "usage: EchoServer [port]; " + wrong.getMessage());
  } catch (IOException failure) {
    exit(1, failure.getMessage());
  }
}

void serve(int port) throws IOException {
  try (var server = startServer(this::echo, "127.0.0.1", port)) {
    IO.println("listening on 127.0.0.1:" + server.port());
    server.serveForever();
  }
}

void echo(Connection client) throws IOException {
  for (String line : client.reader().lines()) {
    client.writer().send(line + "\n"); // a client that doesn't read isn't read from either
  }
}

void exit(int code, String why) {
  System.err.println(why);
  System.exit(code);
}
