import static asyncio.Asyncio.*;
import static java.time.Duration.*;

import asyncio.*;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;

// Thousands of TLS connections at once that end in every way there is, for minutes; and large files
// and many small ones. In the end there must be as many descriptors, tasks and bytes of memory as in
// the beginning, and nobody may have seen a wrong byte or an error that was not meant.
//
//   ./asyncio soak [--connections N] [--seconds S] [--seed X]
//
// Both ends are in this process, on one loop.

static final int MESSAGE = 1000;
static final int LARGE = 300_000; // more than a socket holds, so that writers wait
static final int SPARE_DESCRIPTORS = 300;
static final long CONNECTION_MEMORY = 160 * 1024; // both ends, while their handshakes last
static final int HANDSHAKE_BYTES = 1200; // what a client sends until it is connected, and more

int connections = 10_000;
int seconds = 120;
long seed = System.nanoTime() & 0xffff;

Random random;
ConnectOptions connecting;
int port; // of the server
int cutter; // of the relay that breaks connections off

final Map<String, Integer> counts = new TreeMap<>();
final List<String> wrong = new ArrayList<>();
int open;
int mostOpen;
int nextCut;

void main(String[] args) throws IOException {
  try {
    parse(args);
  } catch (IllegalArgumentException e) {
    System.err.println("usage: ./asyncio soak [--connections N] [--seconds S] [--seed X]; "
        + e.getMessage());
    System.exit(2);
  }
  run(this::soak);
  if (!wrong.isEmpty()) {
    wrong.stream().limit(20).forEach(System.err::println);
    System.err.println(wrong.size() + " things went wrong; --seed " + seed + " does the same again");
    System.exit(1);
  }
  IO.println("all is as it was");
}

void parse(String[] args) {
  for (int i = 0; i < args.length; i += 2) {
    if (i + 1 == args.length) {
      throw new IllegalArgumentException(args[i] + " needs a number");
    }
    long number = Long.parseLong(args[i + 1]);
    switch (args[i]) {
      case "--connections" -> connections = Math.toIntExact(number);
      case "--seconds" -> seconds = Math.toIntExact(number);
      case "--seed" -> seed = number;
      default -> throw new IllegalArgumentException("there is no option " + args[i]);
    }
  }
  if (connections < 1 || connections > 10_000 || seconds < 1 || seconds > 3600) {
    throw new IllegalArgumentException("1 to 10,000 connections, for 1 to 3,600 seconds");
  }
}

void soak() throws IOException {
  random = new Random(seed);
  connections = asManyAsTheMachineAllows();
  IO.println("%,d connections at once, for %d s, seed %d".formatted(connections, seconds, seed));
  runningLoop().setExceptionHandler((_, context) ->
      wrong.add("reported: " + context.message() + " " + context.exception()));
  var identity = TlsIdentity.selfSigned("localhost");
  var tls = ClientTls.defaults().withTrust(TlsTrust.of(identity.chain().getFirst()));
  connecting = ConnectOptions.defaults().withTls(tls.withServerName("localhost"));
  var serving = ServerOptions.defaults()
      .withTls(ServerTls.of(identity).withHandshakeTimeout(ofSeconds(30)))
      .withBacklog(1000);

  long fileSize = Math.min(10L << 30, (long) seconds << 28);
  round(serving, Math.min(connections, 200), ofSeconds(Math.min(seconds, 3))); // fills caches
  files(fileSize / 8, 500);
  State before = settled(null);
  counts.clear();
  mostOpen = 0;

  round(serving, connections, ofSeconds(seconds));
  files(fileSize, Math.min(10_000, seconds * 1000));
  State after = settled(before);

  counts.forEach((what, times) -> IO.println("%,11d  %s".formatted(times, what)));
  IO.println("%,11d  at once".formatted(mostOpen));
  IO.println("before: " + before + "\nafter:  " + after);
  if (!after.isLike(before)) {
    wrong.add("something was left behind: before " + before + ", after " + after);
  }
}

int asManyAsTheMachineAllows() {
  var system = (com.sun.management.UnixOperatingSystemMXBean)
      ManagementFactory.getOperatingSystemMXBean();
  long byDescriptors = (system.getMaxFileDescriptorCount() - SPARE_DESCRIPTORS) / 4;
  long byMemory = Runtime.getRuntime().maxMemory() / 2 / CONNECTION_MEMORY;
  long allowed = Math.max(1, Math.min(byDescriptors, byMemory));
  if (allowed < connections) {
    IO.println("descriptors are for %,d connections, the heap for %,d"
        .formatted(byDescriptors, byMemory));
  }
  return (int) Math.min(allowed, connections);
}

// ---- what must not grow ----

record State(int descriptors, int tasks, long heap, long direct) {
  static State now(int tasks) {
    System.gc();
    System.gc();
    long direct = ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
        .mapToLong(BufferPoolMXBean::getMemoryUsed)
        .sum();
    return new State(
        descriptorsNow(),
        tasks,
        ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() >> 20,
        direct >> 20);
  }

  static int descriptorsNow() {
    var system = (com.sun.management.UnixOperatingSystemMXBean)
        ManagementFactory.getOperatingSystemMXBean();
    return (int) system.getOpenFileDescriptorCount();
  }

  /** Sessions that could be resumed, and buffers that threads keep, are a few MiB. */
  boolean isLike(State before) {
    return descriptors <= before.descriptors
        && tasks == before.tasks
        && heap <= before.heap + 24
        && direct <= before.direct + 8;
  }

  @Override
  public String toString() {
    return descriptors + " descriptors, " + tasks + " tasks, " + heap + " MiB of heap, " + direct
        + " MiB outside";
  }
}

/** Waits until connections that linger have gone, and helpers have ended. */
State settled(State like) {
  State now = state();
  for (int i = 0; i < 30 && (like == null ? i < Math.min(seconds, 7) : !now.isLike(like)); i++) {
    sleep(ofSeconds(1));
    now = state();
  }
  return now;
}

State state() {
  int tasks = runningLoop().allTasks().size();
  return toThread(() -> State.now(tasks));
}

// ---- clients ----

void round(ServerOptions serving, int clients, Duration time) throws IOException {
  try (var server = startServer(this::serve, "127.0.0.1", 0, serving);
      var relay = startServer(this::cutOff, "127.0.0.1", 0)) {
    port = server.port();
    cutter = relay.port();
    Duration end = runningLoop().time().plus(time);
    var group = new TaskGroup();
    group.run(() -> {
      for (int i = 0; i < clients; i++) {
        group.createTask(() -> client(end));
      }
      group.createTask(() -> watch(end));
    });
    count("handshakes that failed at the server", (int) server.statistics().failedHandshakes());
  }
}

void watch(Duration end) {
  for (int i = 1; runningLoop().time().compareTo(end) < 0; i++) {
    sleep(ofSeconds(1));
    if (i % 10 == 0) {
      IO.println("%,9d open, %,9d connected so far"
          .formatted(open, counts.getOrDefault("connected", 0)));
    }
  }
}

void count(String what, int times) {
  counts.merge(what, times, Integer::sum);
}

void client(Duration end) {
  do {
    boolean broken = random.nextInt(10) == 0;
    try (var connection = openConnection("127.0.0.1", broken ? cutter : port, connecting)) {
      count("connected", 1);
      mostOpen = Math.max(mostOpen, ++open);
      try {
        talk(connection);
      } finally {
        open--;
      }
    } catch (IOException failure) {
      if (broken || wasMeant(failure)) {
        count("ended early by the other end", 1);
      } else {
        wrong.add("client: " + failure);
      }
    }
    sleep(ofMillis(random.nextInt(20)));
  } while (runningLoop().time().compareTo(end) < 0);
}

/** The server ends one in some connections in the middle. */
boolean wasMeant(IOException failure) {
  String text = failure.toString();
  return text.contains("was lost")
      || text.contains("closed on this side")
      || failure instanceof IncompleteReadException;
}

/** One of the ways in which a client behaves; the first byte tells the server which. */
void talk(Connection connection) throws IOException {
  StreamReader reader = connection.reader();
  StreamWriter writer = connection.writer();
  switch (random.nextInt(9)) {
    case 0, 1, 2 -> { // talks, rests, talks
      writer.send("e");
      for (int i = random.nextInt(5); i >= 0; i--) {
        byte[] message = message(MESSAGE);
        writer.send(message);
        check(message, reader.readExactly(MESSAGE));
        sleep(ofMillis(random.nextInt(Math.min(2000, seconds * 50))));
      }
      count("talked", 1);
    }
    case 3 -> { // ends its output, and reads the rest
      writer.send("e");
      byte[] message = message(LARGE);
      writer.write(message);
      writer.writeEof();
      check(message, reader.readAll());
      count("half-closed", 1);
    }
    case 4 -> { // reads slowly
      writer.send("s");
      for (int left = LARGE; left > 0; ) {
        left -= reader.read(Math.min(left, 20_000)).length;
        sleep(ofMillis(random.nextInt(100)));
      }
      count("read slowly", 1);
    }
    case 5 -> { // goes without a word
      writer.send("e");
      writer.write(message(LARGE));
      count("reset", 1);
      connection.abort();
    }
    case 6 -> { // never reads, and closes
      writer.send("s");
      sleep(ofMillis(random.nextInt(500)));
      count("closed without reading", 1);
    }
    case 7 -> { // is cancelled somewhere
      try {
        timeout(ofMillis(random.nextInt(300)), () -> {
          writer.send("e");
          while (true) {
            byte[] message = message(MESSAGE);
            writer.send(message);
            check(message, reader.readExactly(MESSAGE));
          }
        });
      } catch (asyncio.TimeoutException cancelled) {
        count("cancelled", 1);
      }
    }
    default -> { // asks the server to end it
      writer.send(random.nextBoolean() ? "a" : "c");
      check(new byte[0], reader.readAll());
      count("ended by the server", 1);
    }
  }
}

byte[] message(int length) {
  byte[] bytes = new byte[length];
  Arrays.fill(bytes, (byte) random.nextInt());
  bytes[random.nextInt(length)]++;
  return bytes;
}

void check(byte[] sent, byte[] came) {
  if (!Arrays.equals(sent, came)) {
    wrong.add("sent " + sent.length + " bytes, and others came, " + came.length);
  }
}

// ---- servers ----

void serve(Connection client) {
  try {
    byte[] kind = client.reader().read(1);
    switch (kind.length == 0 ? '-' : (char) kind[0]) {
      case 'e' -> {
        var block = ByteBuffer.allocate(16 * 1024);
        while (client.reader().read(block.clear()) >= 0) {
          client.writer().send(block.flip());
        }
      }
      case 's' -> client.writer().send(new byte[LARGE]);
      case 'a' -> client.abort();
      default -> {}
    }
  } catch (IOException gone) {
    count("ended early by a client", 1);
  }
}

/** Passes a handshake on, one byte more each time, and then ends both connections somehow. */
void cutOff(Connection client) {
  int bytes = nextCut++ % HANDSHAKE_BYTES;
  try (var upstream = openConnection("127.0.0.1", port)) {
    var back = createTask(() -> passOn(upstream, client, Integer.MAX_VALUE));
    passOn(client, upstream, bytes);
    back.cancel();
    count("broken off after a number of bytes", 1);
    switch (random.nextInt(3)) {
      case 0 -> upstream.abort();
      case 1 -> client.abort();
      default -> {}
    }
  } catch (IOException gone) {
    count("broken off by an end", 1);
  }
}

void passOn(Connection from, Connection to, int bytes) {
  try {
    for (int left = bytes; left > 0; ) {
      byte[] came = from.reader().read(Math.min(left, 16 * 1024));
      if (came.length == 0) {
        return;
      }
      to.writer().send(came);
      left -= came.length;
    }
  } catch (IOException gone) {
    count("broken off by an end", 1);
  }
}

// ---- files ----

/** Sends a file of this many bytes, with holes, and reads small ones. */
void files(long size, int small) throws IOException {
  try (var directory = AsyncFiles.temporaryDirectory()) {
    Path large = directory.path().resolve("large");
    try (var file = AsyncFiles.create(large)) {
      file.write(ByteBuffer.wrap(new byte[] {1}), size - 1);
    }
    try (var server = startServer(client -> client.writer().sendFile(large), "127.0.0.1", 0);
        var connection = openConnection("127.0.0.1", server.port())) {
      var block = ByteBuffer.allocateDirect(256 * 1024);
      long came = 0;
      for (int more; (more = connection.reader().read(block.clear())) >= 0; ) {
        came += more;
      }
      if (came != size) {
        wrong.add(came + " of " + size + " bytes of a file came");
      }
      count("MiB of files sent", (int) (came >> 20));
    }
    var atOnce = new Semaphore(100);
    var group = new TaskGroup();
    group.run(() -> {
      for (int i = 0; i < small; i++) {
        Path path = directory.path().resolve("small" + i);
        var permit = atOnce.acquire();
        group.createTask(() -> {
          try (permit) {
            AsyncFiles.writeString(path, path.toString());
            try (var file = AsyncFiles.open(path)) {
              if (!path.toString().equals(file.reader().readLine())) {
                wrong.add("wrong content in " + path);
              }
            }
            count("small files written and read", 1);
          }
        });
      }
    });
  }
}
