package asyncio.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;

import asyncio.support.Program;
import org.junit.jupiter.api.Test;

/** EchoServer with programs of others as its clients. */
class EchoServerTest extends ServerExample {
  EchoServerTest() {
    super("EchoServer");
  }

  @Test
  void echoesToNetcat() throws Exception {
    try (var nc = Program.peer("nc", "127.0.0.1", port)) {
      nc.type("hello");
      assertEquals("hello", nc.line());
      nc.type("grüße, 世界");
      assertEquals("grüße, 世界", nc.line());
    }
    endsOnCtrlC();
  }

  @Test
  void echoesToPythonsAsyncio() throws Exception {
    String script = Program.script(folder, "echo_client.py").toString();
    try (var python = Program.peer("python3", script, port)) {
      assertEquals(0, python.exitCode(), python::whatHappened);
      assertEquals("100 clients, 2000 lines, all echoed\n", python.output());
    }
    endsOnCtrlC();
  }
}
