package asyncio.net;

import static java.time.Duration.ofMillis;
import static org.junit.jupiter.api.Assertions.assertEquals;

import asyncio.Asyncio;
import asyncio.Clock;
import asyncio.ExceptionContext;
import asyncio.RunOptions;
import asyncio.Runner;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/** One loop for one test, and what it reported and left open. Loopback only. */
final class Loopback {
  static final String HOST = "127.0.0.1";

  /** What reached the exception handler. The test takes what it expects; the rest fails it. */
  final List<ExceptionContext> reports = new ArrayList<>();

  private final ActivityClock clock = new ActivityClock();

  private Loopback() {}

  interface Body {
    void run(Loopback here) throws Exception;
  }

  /**
   * Runs {@code body} as the main task; at its end every socket must be closed and every report
   * taken.
   */
  static void run(Body body) throws Exception {
    var here = new Loopback();
    try (var runner = new Runner(RunOptions.defaults().withClock(here.clock))) {
      runner.run(
          () -> {
            // The loop tells about itself when it is idle.
            until(() -> here.openHandles() == 0);
            Asyncio.runningLoop().setExceptionHandler((loop, context) -> here.reports.add(context));
            body.run(here);
            here.untilOpenHandles(0);
          });
    }
    assertEquals(List.of(), here.reports, "failures that the test did not expect");
  }

  /** The only report, which is taken. */
  ExceptionContext takeReport() {
    until(() -> !reports.isEmpty());
    assertEquals(1, reports.size(), reports::toString);
    return reports.removeFirst();
  }

  /** How many sockets the loop has open. */
  int openHandles() {
    return clock.openHandles();
  }

  /** Waits until the loop has {@code count} sockets open, and returns that. */
  int openHandlesSoon(int count) {
    untilOpenHandles(count);
    return count;
  }

  void untilOpenHandles(int count) {
    until(
        () -> openHandles() == count,
        () -> "open handles: " + openHandles() + ", expected " + count);
  }

  /** Lets the loop go on until something outside it has happened. */
  static void until(BooleanSupplier condition) {
    until(condition, () -> "it did not happen within 20 s");
  }

  private static void until(
      BooleanSupplier condition, java.util.function.Supplier<String> message) {
    long deadline = System.nanoTime() + 20_000_000_000L;
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError(message.get());
      }
      Asyncio.sleep(ofMillis(1));
    }
  }

  /** A connection to a peer that is a plain blocking socket of the JDK. */
  record Pair(Connection connection, Socket peer) implements AutoCloseable {
    @Override
    public void close() throws IOException {
      peer.close();
      connection.abort();
    }
  }

  /** Connected; the peer's receive buffer is small, so that it fills soon. */
  static Pair pair(ConnectOptions options) throws IOException {
    try (var listening = new ServerSocket()) {
      listening.setReceiveBufferSize(4096);
      listening.bind(new java.net.InetSocketAddress(InetAddress.getByName(HOST), 0));
      Connection connection = Net.openConnection(HOST, listening.getLocalPort(), options);
      // The connection stands in the backlog already, so this does not block.
      return new Pair(connection, listening.accept());
    }
  }

  static Pair pair() throws IOException {
    return pair(ConnectOptions.defaults());
  }

  /** Ends a connection by a reset instead of an orderly end. */
  static void reset(Socket socket) throws IOException {
    socket.setSoLinger(true, 0);
    socket.close();
  }

  /** The system's clock, which also keeps what the loop tells about itself. */
  private static final class ActivityClock implements Clock {
    private volatile Activity activity;

    int openHandles() {
      Activity told = activity;
      return told == null ? -1 : told.openHandles();
    }

    @Override
    public long nanoTime() {
      return Clock.system().nanoTime();
    }

    @Override
    public long idle(long next, Activity current) {
      activity = current;
      return Clock.system().idle(next, current);
    }
  }
}
