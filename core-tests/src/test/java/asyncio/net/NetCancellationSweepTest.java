package asyncio.net;

import static asyncio.Asyncio.yieldNow;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Asyncio;
import asyncio.Connection;
import asyncio.ConnectionHandler;
import asyncio.IncompleteReadException;
import asyncio.Server;
import asyncio.support.Sweep;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The waits of streams, cancelled at every turn: nothing received is lost, no socket is left. */
@Timeout(120)
class NetCancellationSweepTest {
  /** A scenario with a server; afterwards only the server's socket is open. */
  private abstract static class Served implements Sweep.Scenario {
    private final Loopback here;
    private final int port;

    Served(Loopback here, int port) {
      this.here = here;
      this.port = port;
    }

    final Connection connect() throws Exception {
      return Asyncio.openConnection(Loopback.HOST, port);
    }

    @Override
    public void check() throws Exception {
      here.untilOpenHandles(1);
    }
  }

  private interface Scenarios {
    Sweep.Scenario make(Loopback here, int port) throws Exception;
  }

  private static void sweep(ConnectionHandler handler, Scenarios scenarios) throws Exception {
    Loopback.run(here -> {
      try (var server = Asyncio.startServer(handler, Loopback.HOST, 0)) {
        int turns = Sweep.play(() -> {
          try {
            return scenarios.make(here, server.port());
          } catch (Exception e) {
            throw new AssertionError(e);
          }
        });
        assertTrue(turns > 1, "it does not wait");
      }
    });
  }

  private static void echo(Connection client) throws Exception {
    for (String line : client.reader().lines()) {
      yieldNow();
      client.writer().write(line + "\n");
      client.writer().drain();
    }
  }

  @Test
  void connectAndClose() throws Exception {
    sweep(NetCancellationSweepTest::echo, (here, port) -> new Served(here, port) {
      @Override
      public void victim() throws Exception {
        try (var connection = connect()) {
          yieldNow();
          connection.writer().write("hello\n");
          connection.writer().drain();
          assertEquals("hello", connection.reader().readLine());
        }
      }
    });
  }

  /** Reads what a server sends to each connection, all of it, in spite of the cancel. */
  private abstract static class Reading extends Served {
    private final List<String> read = new ArrayList<>();
    final Connection connection;

    Reading(Loopback here, int port) throws Exception {
      super(here, port);
      connection = connect();
    }

    abstract String next() throws Exception;

    private void readOn() throws Exception {
      for (String part = next(); part != null; part = next()) {
        read.add(part);
      }
    }

    @Override
    public void victim() throws Exception {
      readOn();
    }

    @Override
    public void check() throws Exception {
      readOn();
      assertEquals(List.of("one", "two", "three"), read);
      connection.close();
      super.check();
    }
  }

  private static void send(Connection client) throws Exception {
    for (String line : List.of("on", "e\nt", "wo\nthree\n")) {
      client.writer().write(line);
      client.writer().drain();
      yieldNow();
    }
  }

  @Test
  void readLine() throws Exception {
    sweep(NetCancellationSweepTest::send, (here, port) -> new Reading(here, port) {
      @Override
      String next() throws Exception {
        return connection.reader().readLine();
      }
    });
  }

  @Test
  void readUntil() throws Exception {
    sweep(NetCancellationSweepTest::send, (here, port) -> new Reading(here, port) {
      @Override
      String next() throws Exception {
        try {
          return new String(connection.reader().readUntil(new byte[] {'\n'}), UTF_8).strip();
        } catch (IncompleteReadException end) {
          return null;
        }
      }
    });
  }

  @Test
  void readExactly() throws Exception {
    sweep(NetCancellationSweepTest::send, (here, port) -> new Reading(here, port) {
      private int parts;

      @Override
      String next() throws Exception {
        if (parts == 3) {
          return null;
        }
        byte[] part = connection.reader().readExactly(parts == 2 ? 6 : 4);
        parts++;
        return new String(part, UTF_8).strip();
      }
    });
  }

  @Test
  void read() throws Exception {
    sweep(NetCancellationSweepTest::send, (here, port) -> new Served(here, port) {
      private final Connection connection = connect();
      private final StringBuilder read = new StringBuilder();

      @Override
      public void victim() throws Exception {
        for (byte[] part = connection.reader().read(5);
            part.length > 0;
            part = connection.reader().read(5)) {
          read.append(new String(part, UTF_8));
        }
      }

      @Override
      public void check() throws Exception {
        victim();
        assertEquals("one\ntwo\nthree\n", read.toString());
        connection.close();
        super.check();
      }
    });
  }

  @Test
  void readIntoAnArray() throws Exception {
    sweep(NetCancellationSweepTest::send, (here, port) -> new Served(here, port) {
      private final Connection connection = connect();
      private final StringBuilder read = new StringBuilder();
      private final byte[] into = new byte[5];

      @Override
      public void victim() throws Exception {
        for (int count = connection.reader().read(into);
            count >= 0;
            count = connection.reader().read(into)) {
          read.append(new String(into, 0, count, UTF_8));
        }
      }

      @Override
      public void check() throws Exception {
        victim();
        assertEquals("one\ntwo\nthree\n", read.toString());
        connection.close();
        super.check();
      }
    });
  }

  @Test
  void writeAndDrain() throws Exception {
    byte[] block = new byte[4_000_000];
    long[] received = {0};
    sweep(
        client -> {
          for (byte[] part = client.reader().read(100_000);
              part.length > 0;
              part = client.reader().read(100_000)) {
            received[0] += part.length;
            yieldNow();
          }
        },
        (here, port) -> new Served(here, port) {
          private final Connection connection = connect();
          private final long before = received[0];
          private long written;

          @Override
          public void victim() throws Exception {
            for (int i = 0; i < 3; i++) {
              connection.writer().write(block);
              written += block.length;
              connection.writer().drain();
            }
          }

          @Override
          public void check() throws Exception {
            connection.close(); // flushes
            super.check();
            assertEquals(written, received[0] - before);
          }
        });
  }

  @Test
  void serveForever() throws Exception {
    sweep(NetCancellationSweepTest::echo, (here, port) -> new Served(here, port) {
      private Server server;

      @Override
      public void victim() throws Exception {
        try (var started = Asyncio.startServer(NetCancellationSweepTest::echo, Loopback.HOST, 0)) {
          server = started;
          started.serveForever();
        }
      }

      @Override
      public void others() throws Exception {
        for (int i = 0; i < 100 && server == null; i++) {
          yieldNow();
        }
        if (server == null) {
          return; // it was cancelled before it began
        }
        try (var connection = Asyncio.openConnection(Loopback.HOST, server.port())) {
          connection.writer().write("hello\n");
          connection.reader().readLine();
        } catch (java.io.IOException gone) {
          // The server was faster.
        }
        server.close();
      }
    });
  }
}
