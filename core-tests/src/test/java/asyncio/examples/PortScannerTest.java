package asyncio.examples;

import static asyncio.support.Texts.assertContains;
import static asyncio.support.Texts.assertEndsWith;
import static asyncio.support.Texts.assertStartsWith;
import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;

import asyncio.support.Program;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** PortScanner and its twin in Python, on ports of which the test knows whether they are open. */
class PortScannerTest {
  @TempDir
  Path folder;

  private Path classes;

  @BeforeEach
  void compile() {
    classes = Compiler.javac(ExamplesTest.example("PortScanner"), folder);
  }

  private static ServerSocket listener() throws IOException {
    return new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
  }

  private static int closedPort() throws IOException {
    try (var socket = listener()) {
      return socket.getLocalPort();
    }
  }

  private static void prints(String expected, Program program) {
    int code = program.exitCode();
    assertAll(
        () -> assertEquals(expected, program.output()),
        () -> assertEquals("", program.errors()),
        () -> assertEquals(0, code));
  }

  private Program scan(int port) throws IOException {
    return Program.java(classes, "PortScanner", "127.0.0.1", "" + port, "" + port);
  }

  @Test
  void anOpenPortIsFound() throws IOException {
    try (var open = listener();
        var program = scan(open.getLocalPort())) {
      prints(open.getLocalPort() + " is open\n1 open\n", program);
    }
  }

  @Test
  void aClosedPortIsNotFound() throws IOException {
    try (var program = scan(closedPort())) {
      prints("0 open\n", program);
    }
  }

  @Test
  void itsTwinInPythonFindsTheSame() throws IOException {
    String script = Twins.script("PortScanner", folder).toString();
    try (var open = listener();
        var program =
            Twins.python(script, "127.0.0.1", "" + open.getLocalPort(), "" + open.getLocalPort())) {
      prints(open.getLocalPort() + " is open\n1 open\n", program);
    }
    String closed = "" + closedPort();
    try (var program = Twins.python(script, "127.0.0.1", closed, closed)) {
      prints("0 open\n", program);
    }
  }

  /** With a hundred connections at a time, 150 descriptors are enough for ten thousand ports. */
  @Test
  void noMoreConnectionsThanTheLimitAreOpenAtATime() throws IOException {
    try (var program =
        Program.javaWithFiles(150, classes, "PortScanner", "127.0.0.1", "1", "10000")) {
      int code = program.exitCode();
      assertAll(
          () -> assertEndsWith(program.output(), " open\n"),
          () -> assertEquals("", program.errors()),
          () -> assertEquals(0, code));
    }
  }

  @Test
  void aHostThatIsNotThereIsToldInOneLine() throws IOException {
    try (var program = Program.java(classes, "PortScanner", "no-such-host.invalid", "1", "100")) {
      int code = program.exitCode();
      assertAll(
          () -> assertEquals(1, program.errors().lines().count(), program.errors()),
          () -> assertContains(program.errors(), "no-such-host.invalid"),
          () -> assertEquals(1, code));
    }
  }

  @Test
  void aWrongArgumentIsToldInOneLine() throws IOException {
    try (var program = Program.java(classes, "PortScanner", "127.0.0.1", "0")) {
      int code = program.exitCode();
      assertAll(
          () -> assertStartsWith(program.errors(), "usage: PortScanner"),
          () -> assertEquals(1, program.errors().lines().count(), program.errors()),
          () -> assertEquals(2, code));
    }
  }
}
