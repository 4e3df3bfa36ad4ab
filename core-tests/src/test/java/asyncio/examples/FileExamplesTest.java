package asyncio.examples;

import static asyncio.support.Texts.assertContains;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import asyncio.support.Program;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tail, SendFile and Proxy, as users start them. */
class FileExamplesTest {
  private static final String HOST = "127.0.0.1";

  @TempDir
  Path folder;

  private Program start(String name, String... arguments) throws Exception {
    Path classes = Compiler.javac(ExamplesTest.example(name), folder.resolve("classes"));
    return Program.java(classes, name, arguments);
  }

  private static int portOf(Program server) throws InterruptedException {
    return Integer.parseInt(server.line().replaceFirst(".*:", ""));
  }

  private void assertUsage(String name, String usage, String... arguments) throws Exception {
    try (Program program = start(name, arguments)) {
      assertEquals(2, program.exitCode(), program::whatHappened);
      assertContains(program.errors(), "usage: " + usage);
    }
  }

  // ---- Tail ----

  @Test
  void tailShowsWhatIsThereAndWhatIsAppended() throws Exception {
    Path file = Files.writeString(folder.resolve("log"), "one\ntwo\n");
    try (Program tail = start("Tail", file.toString())) {
      assertEquals("one", tail.line());
      assertEquals("two", tail.line());
      for (int i = 0; i < 3; i++) {
        Files.writeString(file, "line " + i + "\n", StandardOpenOption.APPEND);
        assertEquals("line " + i, tail.line());
      }
      Files.writeString(file, "short\n"); // empties it first
      assertEquals("short", tail.line());
      Path other = Files.writeString(folder.resolve("new"), "other\n");
      Files.move(other, file, StandardCopyOption.ATOMIC_MOVE);
      assertEquals("-- a new file --", tail.line());
      assertEquals("other", tail.line());
    }
  }

  @Test
  void tailEndsWithCtrlCAndSaysWhatIsWrong() throws Exception {
    Path file = Files.writeString(folder.resolve("log"), "one\n");
    try (Program tail = start("Tail", file.toString())) {
      assertEquals("one", tail.line());
      tail.interrupt();
      assertEquals(130, tail.exitCode(), tail::whatHappened);
    }
    try (Program tail = start("Tail", folder.resolve("none").toString())) {
      assertEquals(1, tail.exitCode(), tail::whatHappened);
      assertContains(tail.errors(), "NoSuchFileException", "none");
    }
    assertUsage("Tail", "Tail FILE");
  }

  // ---- SendFile ----

  @Test
  void sendFileFetchesFromItself() throws Exception {
    try (Program program = start("SendFile")) {
      assertEquals(0, program.exitCode(), program::whatHappened);
      assertEquals("11888896 bytes came\nthe copy is identical\n", program.output());
    }
  }

  @Test
  void sendFileServes() throws Exception {
    byte[] content = new byte[5_000_000];
    new Random(1).nextBytes(content);
    Path file = Files.write(folder.resolve("file"), content);
    try (Program server = start("SendFile", "0", file.toString())) {
      int port = portOf(server);
      for (int i = 0; i < 3; i++) {
        try (var client = new Socket(HOST, port)) {
          assertArrayEquals(content, client.getInputStream().readAllBytes());
        }
      }
      server.interrupt();
      assertEquals(130, server.exitCode(), server::whatHappened);
    }
    try (Program server = start("SendFile", "0", "none")) {
      assertEquals(1, server.exitCode(), server::whatHappened);
      assertContains(server.errors(), "NoSuchFileException: none");
    }
    assertUsage("SendFile", "SendFile [PORT FILE]", "1");
    assertUsage("SendFile", "SendFile [PORT FILE]", "http", "file");
  }

  // ---- Proxy ----

  @Test
  void proxyPassesBytesAndEndsBothWays() throws Exception {
    try (var target = new ServerSocket(0, 10, InetAddress.getByName(HOST));
        Program proxy = start("Proxy", "0", HOST + ":" + target.getLocalPort())) {
      int port = portOf(proxy);
      try (var client = new Socket(HOST, port);
          var upstream = target.accept()) {
        client.getOutputStream().write("question".getBytes());
        client.shutdownOutput();
        assertEquals("question", new String(upstream.getInputStream().readAllBytes()));
        upstream.getOutputStream().write("answer!".getBytes());
        upstream.shutdownOutput();
        assertEquals("answer!", new String(client.getInputStream().readAllBytes()));
      }
      assertContains(proxy.line(), "sent 8, got 7");
      proxy.interrupt();
      assertEquals(130, proxy.exitCode(), proxy::whatHappened);
    }
  }

  @Test
  void proxyLivesOnWhenNobodyIsThere() throws Exception {
    int nobody;
    try (var closed = new ServerSocket(0)) {
      nobody = closed.getLocalPort();
    }
    try (Program proxy = start("Proxy", "0", "localhost:" + nobody)) {
      int port = portOf(proxy);
      for (int i = 0; i < 2; i++) {
        try (var client = new Socket(HOST, port)) {
          assertEquals(-1, readOrReset(client));
        }
        assertContains(proxy.line(), "localhost", "refused");
      }
    }
    assertUsage("Proxy", "Proxy LISTEN HOST:PORT", "1");
    assertUsage("Proxy", "Proxy LISTEN HOST:PORT", "1", "host");
    assertUsage("Proxy", "Proxy LISTEN HOST:PORT", "1", ":80");
  }

  private static int readOrReset(Socket client) {
    try {
      return client.getInputStream().read();
    } catch (IOException reset) {
      return -1;
    }
  }
}
