package asyncio.net;

import static asyncio.Asyncio.openConnection;
import static asyncio.Asyncio.openUnixConnection;
import static asyncio.Asyncio.relay;
import static asyncio.Asyncio.startServer;
import static asyncio.Asyncio.startUnixServer;
import static asyncio.Asyncio.toThread;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import asyncio.Connection;
import asyncio.ConnectionHandler;
import asyncio.Server;
import asyncio.support.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Unix sockets, and connections that are passed on, with programs of others. */
class UnixPeersTest {
  private static final ConnectionHandler ECHO = client -> {
    for (String line : client.reader().lines()) {
      client.writer().send(line + "\n");
    }
  };

  private static final ConnectionHandler HTTP = client -> {
    for (String line : client.reader().lines()) {
      if (line.isEmpty()) {
        client.writer().send("HTTP/1.0 200 OK\r\n\r\nhello curl\n");
        return;
      }
    }
  };

  @TempDir
  Path folder;

  private Path socket() {
    return folder.resolve("socket");
  }

  private interface Talk {
    void run(Program program) throws InterruptedException;
  }

  private static void talk(Talk talk, String name, String... arguments) throws IOException {
    toThread(() -> {
      try (Program program = Program.peer(name, arguments)) {
        talk.run(program);
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    });
  }

  private static void echoes(Program program) throws InterruptedException {
    program.type("hello");
    assertEquals("hello", program.line());
    program.type("grüße");
    assertEquals("grüße", program.line());
  }

  @Test
  void ncAndSocatTalkToOurUnixSocket() throws Exception {
    Loopback.run(here -> {
      try (Server _ = startUnixServer(ECHO, socket())) {
        talk(UnixPeersTest::echoes, "nc", "-U", socket().toString());
        talk(UnixPeersTest::echoes, "socat", "-", "UNIX-CONNECT:" + socket());
      }
    });
  }

  @Test
  void curlFetchesFromOurUnixSocket() throws Exception {
    Loopback.run(here -> {
      try (Server _ = startUnixServer(HTTP, socket())) {
        talk(
            curl -> {
              assertEquals(0, curl.exitCode(), curl::whatHappened);
              assertEquals("hello curl\n", curl.output());
            },
            "curl",
            "-sS",
            "--unix-socket",
            socket().toString(),
            "http://any/");
      }
    });
  }

  @Test
  void weTalkToAUnixSocketOfSocat() throws Exception {
    try (Program _ = Program.peer("socat", "UNIX-LISTEN:" + socket() + ",fork", "EXEC:cat")) {
      Loopback.run(here -> {
        Loopback.until(() -> Files.exists(socket()));
        for (int i = 0; i < 3; i++) {
          try (Connection connection = openUnixConnection(socket())) {
            connection.writer().send("hello\n");
            assertEquals("hello", connection.reader().readLine());
            connection.writer().writeEof();
            assertNull(connection.reader().readLine());
          }
        }
      });
    }
  }

  @Test
  void aProxyBetweenProgramsPassesAllAndBothEnds() throws Exception {
    Loopback.run(here -> {
      try (Server _ = startUnixServer(HTTP, socket());
          Server proxy = startServer(
              client -> {
                try (Connection target = openUnixConnection(socket())) {
                  relay(client, target);
                }
              },
              Loopback.HOST,
              0);
          Server echo = startServer(ECHO, Loopback.HOST, 0);
          Server second = startServer(
              client -> {
                try (Connection target = openConnection(Loopback.HOST, echo.port())) {
                  relay(client, target);
                }
              },
              Loopback.HOST,
              0)) {
        talk(
            curl -> {
              assertEquals(0, curl.exitCode(), curl::whatHappened);
              assertEquals("hello curl\n", curl.output());
            },
            "curl",
            "-sS",
            "http://127.0.0.1:" + proxy.port() + "/");
        talk(
            socat -> {
              echoes(socat);
              socat.endInput(); // the end goes there, and comes back
              assertEquals(0, socat.exitCode(), socat::whatHappened);
            },
            "socat",
            "-",
            "TCP:127.0.0.1:" + second.port());
      }
    });
  }
}
