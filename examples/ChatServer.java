import static asyncio.Asyncio.*;

import asyncio.*;

// A chat room: every line goes to all the others. Try it with several `nc 127.0.0.1 8888`; Ctrl-C
// ends it.
//
// Nobody waits for a slow reader. Each member has an outbox, and a task that sends what is in it.
// A member whose outbox is full is too slow for the room and is disconnected.

static final int OUTBOX = 100;

record Member(String name, Connection connection, Queue<String> outbox) {}

final Map<String, Member> room = new TreeMap<>();

void main(String[] args) {
  try {
    int port = args.length == 0 ? 8888 : Integer.parseInt(args[0]);
    run(() -> serve(port));
  } catch (IllegalArgumentException wrong) {
    exit(2, "usage: ChatServer [port]; " + wrong.getMessage());
  } catch (IOException failure) {
    exit(1, failure.getMessage());
  }
}

void serve(int port) throws IOException {
  try (var server = startServer(this::welcome, "127.0.0.1", port)) {
    IO.println("listening on 127.0.0.1:" + server.port());
    server.serveForever();
  }
}

void welcome(Connection connection) {
  try {
    String name = askName(connection);
    if (name != null) {
      chat(new Member(name, connection, new Queue<>(OUTBOX)));
    }
  } catch (IOException | UncheckedIOException gone) {
    // The connection is lost, or we have closed it: the member has left, and the others know.
  }
}

String askName(Connection connection) throws IOException {
  String question = "your name?";
  while (true) {
    connection.writer().write(question + "\n");
    String name = connection.reader().readLine();
    if (name == null) {
      return null;
    }
    name = name.strip();
    if (!name.isEmpty() && !room.containsKey(name)) {
      return name;
    }
    question = "that one is taken; your name?";
  }
}

void chat(Member member) {
  room.put(member.name, member); // nobody else can have taken the name: we haven't waited since
  member.outbox.tryPut("* here: " + String.join(", ", room.keySet()));
  tellOthers(member, "* " + member.name + " joined");
  var sender = createTask(() -> sendOutbox(member));
  try {
    for (String line : member.connection.reader().lines()) {
      tellOthers(member, member.name + ": " + line);
      yieldNow(); // many lines may be here already: the senders go first
    }
  } finally {
    sender.cancel();
    room.remove(member.name);
    tellOthers(member, "* " + member.name + " left");
  }
}

void tellOthers(Member from, String line) {
  for (Member member : room.values()) {
    if (member != from && !member.outbox.tryPut(line)) {
      member.connection.abort(); // ends its chat
    }
  }
}

void sendOutbox(Member member) {
  try {
    for (String line : member.outbox) {
      member.connection.writer().send(line + "\n");
    }
  } catch (IOException gone) {
    member.connection.abort();
  }
}

void exit(int code, String why) {
  System.err.println(why);
  System.exit(code);
}
