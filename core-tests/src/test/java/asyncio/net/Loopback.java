package asyncio.net;

import static java.time.Duration.ofMillis;

import asyncio.Action;
import asyncio.Asyncio;
import asyncio.Clock;
import asyncio.ConnectOptions;
import asyncio.Connection;
import asyncio.ExceptionContext;
import asyncio.RunOptions;
import asyncio.Runner;
import asyncio.StreamReader;
import asyncio.StreamWriter;
import asyncio.support.Reports;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.util.function.BooleanSupplier;

/** One loop for one test, and what it reported and left open. Loopback only. */
final class Loopback {
  static final String HOST = "127.0.0.1";

  /** What reached the exception handler. The test takes what it expects; the rest fails it. */
  private final Reports reports = new Reports();

  private final ActivityClock clock = new ActivityClock();

  Loopback() {}

  interface Body {
    void run(Loopback here) throws Exception;
  }

  /**
   * Runs {@code body} as the main task; at its end every socket must be closed and every report
   * taken.
   */
  static void run(Body body) throws Exception {
    var here = new Loopback();
    here.run(() -> body.run(here));
  }

  /** As {@link #run(Body)}, and {@link NetTest} does it for a whole test. */
  void run(Action<?> body) throws Exception {
    try (var runner = new Runner(RunOptions.defaults().withClock(clock))) {
      runner.run(() -> {
        // The loop tells about itself when it is idle.
        until(() -> openHandles() == 0);
        Asyncio.runningLoop().setExceptionHandler(reports);
        body.run();
        untilOpenHandles(0);
      });
    }
    reports.assertNone();
  }

  /** The only report, which is taken. */
  ExceptionContext takeReport() {
    until(reports::areThere);
    return reports.takeOnly();
  }

  static InetSocketAddress inet(SocketAddress address) {
    return (InetSocketAddress) address;
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
  static final class Pair implements AutoCloseable {
    private Connection connection;
    private Socket peer;

    /** Connects; the peer's receive buffer is small, so that it fills soon. On the loop. */
    void open(ConnectOptions options) throws IOException {
      try (var listening = new ServerSocket()) {
        listening.setReceiveBufferSize(4096);
        listening.bind(new InetSocketAddress(InetAddress.getByName(HOST), 0));
        connection = Asyncio.openConnection(HOST, listening.getLocalPort(), options);
        // The connection stands in the backlog already, so this does not block.
        peer = listening.accept();
      }
    }

    Connection connection() {
      return connection;
    }

    StreamReader reader() {
      return connection.reader();
    }

    StreamWriter writer() {
      return connection.writer();
    }

    Socket peer() {
      return peer;
    }

    @Override
    public void close() throws IOException {
      peer.close();
      connection.abort();
    }
  }

  static Pair pair(ConnectOptions options) throws IOException {
    var pair = new Pair();
    pair.open(options);
    return pair;
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
