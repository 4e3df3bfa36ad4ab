import static asyncio.Asyncio.*;
import static java.time.Duration.*;

import asyncio.*;
import com.sun.management.UnixOperatingSystemMXBean;
import java.lang.management.ManagementFactory;

// Ten thousand clients at once talk to one line-echo server, which is one thread. Each waits for
// the echo of a message before it sends the next one; each message is unlike all others, and every
// byte of its echo is compared.
//
//   TenThousandConnections [connections=10000] [messages per connection=50]
//
// The clients run in a second process: both ends of ten thousand connections are twenty thousand
// descriptors, as many as some systems allow a process, and so the server's CPU time and memory are
// the server's alone.

static final int MESSAGE_SIZE = 64; // bytes, with the end of the line
static final int SPARE_DESCRIPTORS = 100; // for jars, the selector, the pipes to the clients

final UnixOperatingSystemMXBean system =
    ManagementFactory.getPlatformMXBean(UnixOperatingSystemMXBean.class);

void main(String[] args) {
  try {
    if (args.length == 4 && args[0].equals("--clients")) {
      var ports = Arrays.stream(args[3].split(",")).map(Integer::parseInt).toList();
      var clients = new Clients(Integer.parseInt(args[1]), Integer.parseInt(args[2]), ports);
      run(() -> clients.talk());
    } else {
      int connections = args.length > 0 ? Integer.parseInt(args[0]) : 10_000;
      int messages = args.length > 1 ? Integer.parseInt(args[1]) : 50;
      if (args.length > 2 || connections < 1 || messages < 1) {
        throw new IllegalArgumentException("two numbers, both positive");
      }
      if ((long) connections * messages > 100_000_000) {
        throw new IllegalArgumentException("a hundred million messages are enough");
      }
      run(() -> serve(connections, messages));
    }
  } catch (IllegalArgumentException wrong) {
    exit(2, "usage: TenThousandConnections [connections] [messages]; " + wrong.getMessage());
  } catch (IOException | IllegalStateException failure) {
    exit(1, failure.getMessage());
  } catch (ExceptionGroup failures) {
    exit(1, failures.exceptions().getFirst().getMessage());
  }
}

void exit(int code, String why) {
  System.err.println(why);
  System.exit(code);
}

// ---- the server ----

long expected; // how many messages there will be
long echoed;
long firstEcho; // by System.nanoTime
long lastEcho;
long cpuNanos;
String memory;

void serve(int wanted, int messages) throws IOException {
  int connections = asManyAsTheMachineAllows(wanted);
  expected = (long) connections * messages;
  // A client's port is taken once for each port of the server: more connections than there are
  // such ports need a second port of the server.
  int perPort = ephemeralPorts() * 4 / 5;
  var servers = new ArrayList<Server>();
  Process clients = null;
  try {
    var options = ServerOptions.defaults().withBacklog(1000);
    for (int covered = 0; covered < connections; covered += perPort) {
      servers.add(startServer(this::echo, "127.0.0.1", 0, options));
    }
    var ports =
        servers.stream().map(server -> "" + server.port()).collect(Collectors.joining(","));
    IO.println("carrier " + carrier() + ", listening on 127.0.0.1, port " + ports);
    clients = toThread(() -> startClients("" + connections, "" + messages, ports));
    String latency = follow(clients);
    if (await(clients.onExit()).exitValue() != 0 || echoed != expected) {
      throw new IllegalStateException("it failed after "
          + echoed
          + " of "
          + expected
          + " messages; the clients may have said why");
    }
    report(connections, latency);
  } finally {
    if (clients != null) {
      clients.destroy();
      await(clients.onExit()); // before the server hangs up, or they would complain
    }
    servers.forEach(Server::close);
  }
}

void echo(Connection client) throws IOException {
  for (String line : client.reader().lines()) {
    if (echoed == 0) {
      firstEcho = System.nanoTime();
      cpuNanos = -system.getProcessCpuTime();
    }
    client.writer().send(line + "\n");
    if (++echoed == expected) { // all clients are connected still
      lastEcho = System.nanoTime();
      cpuNanos += system.getProcessCpuTime();
      memory = memory();
    }
  }
}

/** Shows how the clients get on; returns the last line they write. */
String follow(Process clients) throws IOException {
  boolean terminal = System.console() != null && System.console().isTerminal();
  var lines = clients.inputReader();
  String last = "";
  for (String line; (line = toThread(() -> lines.readLine())) != null; last = line) {
    if (terminal) {
      IO.print("\r" + line + "\033[K");
    } else if (line.endsWith(".")) {
      IO.println(line);
    }
  }
  IO.print(terminal ? "\r\033[K" : "");
  return last;
}

void report(int connections, String latency) {
  double seconds = (lastEcho - firstEcho) / 1e9;
  IO.println("""
    connections        %,d at once
    messages           %,d of %d bytes, every one echoed, every byte compared
    messages a second  %,.0f
    latency            %s
    server, CPU        %.1f s, %.1f µs a message
    server, memory     %s\
    """.formatted(
          connections,
          expected,
          MESSAGE_SIZE,
          expected / seconds,
          latency,
          cpuNanos / 1e9,
          cpuNanos / 1e3 / expected,
          memory));
}

// ---- the clients ----

final class Clients {
  final int connections;
  final int messages;
  final List<Integer> ports;

  final Semaphore connecting = new Semaphore(500); // fewer than the server's backlog
  final Event allConnected = new Event();
  final Event allEchoed = new Event();
  final int[] micros; // of each message
  int connected;
  int echoes;

  Clients(int connections, int messages, List<Integer> ports) {
    this.connections = connections;
    this.messages = messages;
    this.ports = ports;
    micros = new int[connections * messages];
  }

  void talk() {
    var progress = createTask(() -> tellProgress());
    var group = new TaskGroup();
    group.run(() -> {
      for (int i = 0; i < connections; i++) {
        int number = i;
        group.createTask(() -> talk(number));
      }
    });
    progress.cancel();
    toThread(() -> Arrays.sort(micros)); // many: not in the loop's time
    IO.println("p50 %,.1f ms, p99 %,.1f ms, max %,.1f ms"
        .formatted(percentile(50), percentile(99), percentile(100)));
  }

  void talk(int number) throws IOException {
    try (var connection = connect(ports.get(number % ports.size()))) {
      if (++connected == connections) {
        allConnected.set();
      }
      allConnected.await();
      for (int i = 0; i < messages; i++) {
        String message = message(number, i);
        long start = System.nanoTime();
        connection.writer().send(message + "\n");
        String echo = connection.reader().readLine();
        micros[echoes] = (int) ((System.nanoTime() - start) / 1000);
        if (!message.equals(echo)) {
          throw new IllegalStateException("the echo of '" + message + "' was '" + echo + "'");
        }
        if (++echoes == micros.length) {
          allEchoed.set();
        }
      }
      allEchoed.await();
    }
  }

  Connection connect(int port) throws IOException {
    try (var _ = connecting.acquire()) {
      return timeout(ofSeconds(30), () -> openConnection("127.0.0.1", port));
    }
  }

  /** Unlike all others, so that an echo that went astray is found out. */
  String message(int number, int i) {
    String message = "connection " + number + ", message " + i + " ";
    return message + "-".repeat(MESSAGE_SIZE - 1 - message.length());
  }

  double percentile(int percent) {
    return micros[(int) ((micros.length - 1L) * percent / 100)] / 1e3;
  }

  void tellProgress() {
    while (!allConnected.isSet()) {
      IO.println("%,d of %,d connected".formatted(connected, connections));
      sleep(ofMillis(200));
    }
    IO.println("%,d connected, now they talk.".formatted(connections));
    while (true) {
      sleep(ofMillis(200));
      IO.println("%,d of %,d messages echoed".formatted(echoes, micros.length));
    }
  }
}

// ---- the machine ----

int asManyAsTheMachineAllows(int wanted) {
  long limit = system.getMaxFileDescriptorCount();
  long possible = limit - system.getOpenFileDescriptorCount() - SPARE_DESCRIPTORS;
  if (wanted <= possible) {
    return wanted;
  }
  if (possible < 1) {
    throw new IllegalStateException("a process may open no more than " + limit + " files here");
  }
  IO.println(
      "A process may open %,d files here, which leaves %,d connections, not %,d. More: ulimit -n %d"
          .formatted(limit, possible, wanted, limit + wanted - possible));
  return (int) possible;
}

int ephemeralPorts() throws IOException {
  Path range = Path.of("/proc/sys/net/ipv4/ip_local_port_range"); // Linux
  if (!Files.exists(range)) {
    return 16_384; // 49152 to 65535, the range of the standard
  }
  String[] ends = Files.readAllLines(range).getFirst().split("\\s+");
  return Integer.parseInt(ends[1]) - Integer.parseInt(ends[0]) + 1;
}

/** This program once more, on the same JVM with the same options. */
Process startClients(String... args) throws IOException {
  var command = new ArrayList<String>();
  command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
  command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
  command.addAll(
      List.of("-cp", System.getProperty("java.class.path"), getClass().getName(), "--clients"));
  command.addAll(List.of(args));
  return new ProcessBuilder(command)
      .redirectError(ProcessBuilder.Redirect.INHERIT)
      .start();
}

String memory() throws IOException {
  var runtime = Runtime.getRuntime();
  long heap = (runtime.totalMemory() - runtime.freeMemory()) >> 20;
  Path status = Path.of("/proc/self/status"); // Linux
  String resident = "";
  if (Files.exists(status)) {
    for (String line : Files.readAllLines(status)) {
      if (line.startsWith("VmRSS:")) {
        resident = (Long.parseLong(line.replaceAll("\\D", "")) >> 10) + " MiB resident, ";
      }
    }
  }
  return resident + heap + " MiB of heap in use";
}
