package asyncio.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;

import asyncio.support.Authority;
import asyncio.support.Program;
import asyncio.support.Texts;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** TlsEchoServer by itself, and with openssl as its client. */
class TlsEchoServerTest {
  @TempDir
  Path folder;

  private Path classes;

  @BeforeEach
  void compile() throws Exception {
    classes = Compiler.javac(ExamplesTest.example("TlsEchoServer"), folder.resolve("classes"));
  }

  private Program start(String... arguments) throws Exception {
    return Program.java(classes, "TlsEchoServer", arguments);
  }

  @Test
  void withoutArgumentsItTalksToItself() throws Exception {
    try (Program program = start()) {
      assertEquals(0, program.exitCode(), program::whatHappened);
      assertEquals("hello, over TLSv1.3\n", program.output());
    }
  }

  @Test
  void echoesToOpenssl() throws Exception {
    Authority authority = Authority.root("the test's");
    Authority.Issued issued = authority.issue().make("localhost");
    String ca = Files.writeString(folder.resolve("ca"), Authority.pem(authority.certificate()))
        .toString();
    String chain = Files.writeString(folder.resolve("chain"), issued.chainPem()).toString();
    String key = Files.writeString(folder.resolve("key"), issued.keyPem()).toString();
    try (Program server = start("0", chain, key)) {
      String port = server.line().replaceFirst(".*:(\\d+) .*", "$1");
      try (Program openssl = Program.peer(
          "openssl", "s_client", "-CAfile", ca, "-quiet", "-connect", "localhost:" + port)) {
        openssl.type("hello");
        assertEquals("hello", openssl.line());
      }
      server.interrupt();
      assertEquals(130, server.exitCode(), server::whatHappened);
    }
  }

  @Test
  void wrongArgumentsAreExplained() throws Exception {
    try (Program program = start("8443")) {
      assertEquals(2, program.exitCode());
      Texts.assertContains(program.errors(), "usage: TlsEchoServer [PORT CHAIN.pem KEY.pem]");
    }
    try (Program program = start("0", "missing.pem", "missing.key")) {
      assertEquals(1, program.exitCode());
      Texts.assertContains(program.errors(), "missing.pem");
    }
  }
}
