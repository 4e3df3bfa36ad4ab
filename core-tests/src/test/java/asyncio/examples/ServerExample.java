package asyncio.examples;

import static asyncio.support.Texts.assertContains;
import static asyncio.support.Texts.assertStartsWith;
import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;

import asyncio.support.Program;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the examples that are servers have in common. */
abstract class ServerExample {
  @TempDir
  Path folder;

  private final String name;
  private Path classes;
  Program server;
  String port;

  ServerExample(String name) {
    this.name = name;
  }

  @BeforeEach
  void start() throws Exception {
    classes = Compiler.javac(ExamplesTest.example(name), folder.resolve("classes"));
    server = start("0");
    String listening = server.line();
    assertStartsWith(listening, "listening on 127.0.0.1:");
    port = listening.substring(listening.lastIndexOf(':') + 1);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private Program start(String... arguments) throws IOException {
    return Program.java(classes, name, arguments);
  }

  /** Ctrl-C, and what is to be seen then. */
  void endsOnCtrlC() throws Exception {
    server.interrupt();
    int code = server.exitCode();
    assertAll(
        () -> assertEquals("", server.errors()),
        () -> assertEquals(130, code),
        () -> Assertions.assertThrows(
            ConnectException.class, () -> new Socket("127.0.0.1", Integer.parseInt(port)).close()));
  }

  @Test
  void ctrlCEndsItWithAClientThere() throws Exception {
    try (var client = new Socket("127.0.0.1", Integer.parseInt(port))) {
      endsOnCtrlC();
      client.getInputStream().readAllBytes(); // it has hung up
    }
  }

  @Test
  void aPortInUseIsToldInOneLine() throws IOException {
    try (var taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"));
        var second = start("" + taken.getLocalPort())) {
      int code = second.exitCode();
      assertAll(
          () -> assertEquals(1, second.errors().lines().count(), second.errors()),
          () -> assertContains(second.errors(), "127.0.0.1:" + taken.getLocalPort()),
          () -> assertContains(second.errors(), "in use"),
          () -> assertEquals(1, code));
    }
  }

  @Test
  void aWrongArgumentIsToldInOneLine() throws IOException {
    for (String wrong : new String[] {"eight", "70000"}) {
      try (var second = start(wrong)) {
        int code = second.exitCode();
        assertAll(
            () -> assertEquals(1, second.errors().lines().count(), second.errors()),
            () -> assertStartsWith(second.errors(), "usage: " + name),
            () -> assertEquals(2, code));
      }
    }
  }
}
