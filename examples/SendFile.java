import static asyncio.Asyncio.*;

import asyncio.*;

// Sends a file to everyone who connects; the operating system moves the bytes. To serve a file, run
// `SendFile 8080 FILE`, then `nc 127.0.0.1 8080 >copy`. Without arguments, it creates a file and
// fetches it from itself.

void main(String[] args) {
  try {
    switch (args.length) {
      case 0 -> run(this::fetchFromSelf);
      case 2 -> {
        int port = Integer.parseInt(args[0]);
        run(() -> serve(port, Path.of(args[1])));
      }
      default -> exit(2, "usage: SendFile [PORT FILE]");
    }
  } catch (IllegalArgumentException wrong) {
    exit(2, "usage: SendFile [PORT FILE]; " + wrong.getMessage());
  } catch (IOException failure) {
    exit(1, failure.toString());
  }
}

void serve(int port, Path path) throws IOException {
  AsyncFiles.size(path); // fails now if there is no such file
  try (var server = startServer(client -> client.writer().sendFile(path), "127.0.0.1", port)) {
    IO.println("listening on 127.0.0.1:" + server.port());
    server.serveForever();
  }
}

void fetchFromSelf() throws IOException {
  try (var directory = AsyncFiles.temporaryDirectory()) {
    Path path = directory.path().resolve("file");
    Path copy = directory.path().resolve("copy");
    try (var file = AsyncFiles.create(path)) {
      for (int i = 1; i <= 1_000_000; i++) {
        file.writer().send("line " + i + "\n");
      }
    }
    try (var server = startServer(client -> client.writer().sendFile(path), "127.0.0.1", 0);
        var connection = openConnection("127.0.0.1", server.port());
        var file = AsyncFiles.create(copy)) {
      IO.println(connection.reader().transferTo(file.writer()) + " bytes came");
    }
    boolean same = AsyncFiles.readString(path).equals(AsyncFiles.readString(copy));
    IO.println(same ? "the copy is identical" : "the copy differs");
  }
}

void exit(int code, String why) {
  System.err.println(why);
  System.exit(code);
}
