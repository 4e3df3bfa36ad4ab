package asyncio.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;

import asyncio.support.Program;
import org.junit.jupiter.api.Test;

/** ChatServer with programs of others as its members. */
class ChatServerTest extends ServerExample {
  ChatServerTest() {
    super("ChatServer");
  }

  @Test
  void netcatsChat() throws Exception {
    try (var ann = Program.peer("nc", "127.0.0.1", port)) {
      assertEquals("your name?", ann.line());
      ann.type("Ann");
      assertEquals("* here: Ann", ann.line());
      try (var bob = Program.peer("nc", "127.0.0.1", port)) {
        assertEquals("your name?", bob.line());
        bob.type("Ann");
        assertEquals("that one is taken; your name?", bob.line());
        bob.type("Bob");
        assertEquals("* here: Ann, Bob", bob.line());
        assertEquals("* Bob joined", ann.line());
        bob.type("hello");
        assertEquals("Bob: hello", ann.line());
        ann.type("hello yourself");
        assertEquals("Ann: hello yourself", bob.line());
      }
      assertEquals("* Bob left", ann.line());
    }
    endsOnCtrlC();
  }

  @Test
  void pythonsAsyncioChatsAndASlowReaderIsLeftBehind() throws Exception {
    String script = Program.script(folder, "chat_clients.py").toString();
    try (var python = Program.peer("python3", script, port)) {
      assertEquals(0, python.exitCode(), python::whatHappened);
    }
    endsOnCtrlC();
  }
}
