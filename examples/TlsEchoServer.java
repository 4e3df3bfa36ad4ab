import static asyncio.Asyncio.*;

import asyncio.*;

// Sends every line back, over TLS. With arguments it serves, with a certificate of yours:
// TlsEchoServer 8443 chain.pem key.pem, then `openssl s_client -connect localhost:8443`.
// Without any it makes a certificate, serves on a free port, and talks to itself.

void main(String[] args) {
  try {
    switch (args.length) {
      case 0 -> run(this::talkToSelf);
      case 3 -> {
        var identity = TlsIdentity.load(Path.of(args[1]), Path.of(args[2]));
        int port = Integer.parseInt(args[0]);
        run(() -> serve(port, identity));
      }
      default -> exit(2, "usage: TlsEchoServer [PORT CHAIN.pem KEY.pem]");
    }
  } catch (IllegalArgumentException wrong) {
    exit(2, "usage: TlsEchoServer [PORT CHAIN.pem KEY.pem]; " + wrong.getMessage());
  } catch (IOException failure) {
    exit(1, failure.toString());
  }
}

void serve(int port, TlsIdentity identity) throws IOException {
  try (var server = start(port, identity)) {
    IO.println("listening on 127.0.0.1:" + server.port() + " as " + identity.names());
    server.serveForever();
  }
}

Server start(int port, TlsIdentity identity) throws IOException {
  var options = ServerOptions.defaults().withTls(ServerTls.of(identity));
  return startServer(this::echo, "127.0.0.1", port, options);
}

void echo(Connection client) throws IOException {
  for (String line : client.reader().lines()) {
    client.writer().send(line + "\n");
  }
}

void talkToSelf() throws IOException {
  var identity = TlsIdentity.selfSigned("localhost");
  var tls = ClientTls.defaults().withTrust(TlsTrust.of(identity.chain().getFirst()));
  var options = ConnectOptions.defaults().withTls(tls);
  try (var server = start(0, identity);
      var connection = openConnection("localhost", server.port(), options)) {
    connection.writer().send("hello\n");
    IO.println(connection.reader().readLine() + ", over " + connection.tls().protocol());
  }
}

void exit(int code, String why) {
  System.err.println(why);
  System.exit(code);
}
